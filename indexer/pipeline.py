"""Index folders: scan, plan, decode, encode, store, FAISS.

Threads prepare files ahead of the one consumer that encodes and stores; how far ahead is bounded,
so memory stays flat however large the library is. A file enters the library whole, in one
transaction with the rest of its batch, or not at all: after a kill the next run simply goes on.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from db.catalog import assets, spaces, units
from db.engine.schema import Content
from db.errors import SettingsError
from db.library import Library
from db.paths import expanded, is_under
from indexer import null_model
from indexer.analysers.whisper import Transcriber, load_transcriber
from indexer.embed import Embedder
from indexer.encoders.active import encoder_for
from indexer.encoders.base import Encoder
from indexer.flow import (
    DecodedPicture,
    OnProgress,
    Prepared,
    Progress,
    Ready,
    Recognised,
    Refused,
    Report,
    Task,
    Timed,
    Twin,
    Twins,
)
from indexer.media.pool import DecodePool
from indexer.media.types import Metadata
from indexer.plan import Plan, plan
from indexer.prefetch import look_ahead
from indexer.prepare import Preparer, as_media_error
from indexer.runs import recorded
from indexer.scan import Scan, scan
from indexer.writer import Writer, settle

STORE_EVERY_S = 5.0
"""Longest time that finished work waits to be stored."""


def index(
    library: Library, paths: Sequence[Path] = (), *, on_progress: OnProgress = lambda _progress: None
) -> Report:
    """Index files and folders, or update what changed in them; without ``paths``, in all roots.

    Raises:
        SettingsError: a path does not exist and is not in the library.
        LibraryBusyError: another process is indexing into this library.
        ModelError: a model is missing, or is another one than the library was indexed with.
        LibraryError: the library cannot be written (what was stored before stays).
    """
    started = time.monotonic()
    with library.indexing():
        with _without_gc():
            scanned, todo = _survey(library, paths)
        with library.write() as session:
            report = settle(session, scanned, todo)
            space = spaces.active(session)
        with recorded(library, len(todo.tasks)) as run:
            if todo.tasks or space is not None:
                encoder = encoder_for(library, space)
                with library.write() as session:
                    space = spaces.active(session) or spaces.add(
                        session, encoder.name, encoder.fingerprint, encoder.dim, "active"
                    )
                if todo.tasks:
                    writer = Writer(library, space.id, run.id, report)
                    _Consumer(library, encoder, space.id, writer, on_progress).run(todo.tasks)
                store = library.vectors(space)
                store.save()
                null_model.fitted(library, store, encoder)
            with library.read() as session:
                report.units = units.counts(session)
            report.seconds = round(time.monotonic() - started, 2)
            run.report = asdict(report)
    return report


@contextmanager
def _without_gc() -> Iterator[None]:
    """Turn the garbage collector off: it takes a seventh of a survey of many files and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _survey(library: Library, paths: Sequence[Path]) -> tuple[Scan, Plan]:
    """Scan the disk and compare it with what the library remembers."""
    with library.read() as session:
        roots = assets.roots(session)
    targets = [expanded(path).resolve() for path in paths] or roots
    missing = [path for path in targets if not path.exists()]
    for path in missing:
        if not is_under(path, roots):
            raise SettingsError(f"there is no file or folder {path}", "Check the spelling.")
    # A whole root that is missing is the folder of an unplugged drive, and keeps its pictures.
    unplugged = [path for path in missing if is_under(path, [root for root in roots if not root.exists()])]
    own = [library.paths.folder, library.paths.cache]
    scanned = scan([path for path in targets if path not in missing], leave_out=own)
    with library.read() as session:
        space = spaces.active(session)
        known = assets.known_files(
            session,
            space.id if space else None,
            transcribing=library.settings.whisper != "none",
            seen=[file.path for file in scanned.files],
        )
    hidden = unplugged + [item.stat.path for item in scanned.unreadable]
    return scanned, plan(scanned.files, known, roots=scanned.roots + missing, hidden=hidden)


class _Consumer:
    """Encodes what the threads prepare, and hands it to the writer batch by batch."""

    def __init__(
        self, library: Library, encoder: Encoder, space_id: int, writer: Writer, on_progress: OnProgress
    ) -> None:
        self._library = library
        self._settings = library.settings
        self._encoder = encoder
        self._space_id = space_id
        self._writer = writer
        self._on_progress = on_progress
        self._transcriber: Transcriber | None = load_transcriber(
            self._settings.whisper, device=self._settings.device, cache=self._settings.cache
        )
        self._twins = Twins()
        self._pictures: list[DecodedPicture] = []
        self._ready: list[Ready] = []
        self._stored_at = time.monotonic()
        self._done = 0

    def run(self, tasks: Sequence[Task]) -> None:
        """Process all tasks: each is stored, or refused with a reason."""
        settings = self._settings
        with DecodePool.of(settings) as pool:
            preparer = Preparer(pool, self._encoder, settings, self._recognise, self._twins)
            embedder = Embedder(self._encoder, self._transcriber, pool, settings.batch)
            threads = settings.workers + 2
            for prepared in look_ahead(preparer, tasks, settings.batch + threads, threads):
                path = prepared.task.stat.path

                def tell(share: float, path: Path = path) -> None:
                    self._on_progress(Progress(self._done, len(tasks), path, share))

                tell(0.0)
                self._take(prepared, embedder, tell)
                self._done += 1
                tell(0.0)
                if len(self._pictures) + len(self._ready) >= settings.batch or self._is_due():
                    self._store(embedder)
            self._store(embedder)
        for outcome in self._twins.outcomes(self._recognise):
            match outcome:
                case Recognised():
                    self._writer.reuse(outcome.task, outcome.content_id)
                case Refused():
                    self._writer.refuse(outcome)
        with self._library.write() as session:
            assets.drop_orphans(session)

    def _take(self, prepared: Prepared, embedder: Embedder, tell: Callable[[float], None]) -> None:
        match prepared:
            case DecodedPicture():
                self._pictures.append(prepared)
            case Timed():
                self._read(prepared, embedder, tell)
            case Twin():
                self._twins.hold(prepared)
            case Recognised():
                self._writer.reuse(prepared.task, prepared.content_id)
            case Refused():
                self._refuse(prepared)

    def _read(self, timed: Timed, embedder: Embedder, tell: Callable[[float], None]) -> None:
        # A long film must not hold back what was finished before it.
        self._store(embedder)
        path = timed.task.stat.path
        try:
            drafts = embedder.timed(path, timed.metadata, tell)
        except Exception as exc:
            error = as_media_error(exc, path)
            self._refuse(Refused(timed.task, timed.sha256, str(error), error))
        else:
            self._ready.append(Ready(timed.task, self._content(timed.sha256, timed.metadata), drafts))

    def _refuse(self, refused: Refused) -> None:
        self._twins.note_refused(refused)
        self._writer.refuse(refused)

    def _store(self, embedder: Embedder) -> None:
        """Encode the waiting pictures, and store all that is ready."""
        if self._pictures:
            for picture, draft in zip(self._pictures, embedder.pictures(self._pictures), strict=True):
                content = self._content(picture.sha256, picture.metadata)
                self._ready.append(Ready(picture.task, content, [draft]))
        self._writer.store(self._ready, self._done)
        self._pictures, self._ready = [], []
        self._stored_at = time.monotonic()

    def _is_due(self) -> bool:
        return time.monotonic() - self._stored_at > STORE_EVERY_S

    def _recognise(self, sha256: bytes) -> int | None:
        """Id of the content with this hash if it is fully indexed, else None."""
        transcribing = self._transcriber is not None
        with self._library.read() as session:
            return units.content_id(session, sha256, self._space_id, transcribing=transcribing)

    def _content(self, sha256: bytes, metadata: Metadata) -> Content:
        heard_by = self._transcriber.name if self._transcriber and metadata.has_audio else None
        return Content(
            sha256=sha256,
            kind=metadata.kind,
            width=metadata.width,
            height=metadata.height,
            duration_s=metadata.duration_s,
            taken_at=metadata.taken_at,
            latitude=metadata.latitude,
            longitude=metadata.longitude,
            camera=metadata.camera,
            has_audio=metadata.has_audio,
            transcriber=heard_by,
        )
