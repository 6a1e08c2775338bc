"""Index folders: scan, plan, decode, encode, store, FAISS.

Threads prepare files ahead of the one consumer that encodes and stores; how far ahead is bounded,
so memory stays flat however large the library is. A file enters the library whole, in one
transaction with the rest of its batch, or not at all: after a kill the next run simply goes on.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from db.catalog import assets, spaces, units
from db.catalog.units import UnitDraft
from db.engine.database import Database, indexer_lock
from db.engine.schema import Content
from db.errors import SettingsError
from db.paths import expanded, is_under
from db.settings import Settings
from db.vectors.store import VectorStore
from indexer import null_model
from indexer.analysers.timed import TimedReader
from indexer.analysers.whisper import Transcriber, load_transcriber
from indexer.encoders.active import encoder_for
from indexer.encoders.base import Encoder
from indexer.media.pool import DecodePool
from indexer.media.types import Metadata
from indexer.plan import Plan, Task, plan
from indexer.prefetch import look_ahead
from indexer.prepare import Picture, Prepared, Preparer, Recognised, Refused, Timed, Twin, as_media_error
from indexer.runs import recorded
from indexer.scan import Scan, scan
from indexer.writer import Ready, Report, Writer, settle

STORE_EVERY_S = 5.0
"""Longest time that finished work waits to be stored."""


@dataclass(frozen=True)
class Progress:
    """How far a run is. ``share``: how much of the current file is done, 0 to 1."""

    done: int
    total: int
    current: Path
    share: float = 0.0


OnProgress = Callable[[Progress], None]


def index(
    database: Database,
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    on_progress: OnProgress = lambda _progress: None,
) -> Report:
    """Index or refresh files and folders; without ``paths``, all that were ever given.

    Raises:
        SettingsError: a path does not exist and never did.
        LibraryBusyError: another process is indexing into this library.
        ModelError: a model is missing, or is another one than the library was indexed with.
        LibraryError: the library cannot be written (what was stored before stays).
    """
    started = time.monotonic()
    with indexer_lock(settings.library):
        with _uncollected():
            found, todo = _survey(database, settings, paths)
        with database.write() as session:
            report = settle(session, found, todo)
            space = spaces.active(session)
        with recorded(database, len(todo.tasks)) as run:
            if todo.tasks or space is not None:
                encoder = encoder_for(settings, space)
                with database.write() as session:
                    space = spaces.active(session) or spaces.add(
                        session, encoder.name, encoder.fingerprint, encoder.dim, "active"
                    )
                if todo.tasks:
                    writer = Writer(database, space.id, run.id, report)
                    _Consumer(database, settings, encoder, space.id, writer, on_progress).run(todo.tasks)
                folder = settings.library / "vectors"
                store = VectorStore(database, folder, space.id, space.dim, settings.device)
                store.save()
                null_model.fitted(database, space.id, store, encoder, settings.cache)
            with database.read() as session:
                report.units = units.counts(session)
            report.seconds = round(time.monotonic() - started, 2)
            run.report = asdict(report)
    return report


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looks for garbage, which take a seventh of a survey of many files and find none."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _survey(database: Database, settings: Settings, paths: Sequence[Path]) -> tuple[Scan, Plan]:
    """Look at the disk and compare it with what the library remembers."""
    with database.read() as session:
        roots = assets.roots(session)
    given = [expanded(path).resolve() for path in paths] or roots
    missing = [path for path in given if not path.exists()]
    for path in missing:
        if not is_under(path, roots):
            raise SettingsError(f"there is no file or folder {path}", "Check the spelling.")
    # A whole root that is missing is the folder of an unplugged drive, and keeps its pictures.
    unplugged = [path for path in missing if is_under(path, [root for root in roots if not root.exists()])]
    own = [settings.library, settings.cache]
    found = scan([path for path in given if path not in missing], leave_out=own)
    with database.read() as session:
        space = spaces.active(session)
        known = assets.known_files(
            session,
            space.id if space else None,
            transcribing=settings.whisper != "none",
            seen=[file.path for file in found.files],
        )
    hidden = unplugged + [item.stat.path for item in found.unreadable]
    return found, plan(found.files, known, roots=found.roots + missing, hidden=hidden)


class _Consumer:
    """Encodes what the threads prepare, and hands it to the writer batch by batch."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        encoder: Encoder,
        space_id: int,
        writer: Writer,
        on_progress: OnProgress,
    ) -> None:
        self._database = database
        self._settings = settings
        self._encoder = encoder
        self._space_id = space_id
        self._writer = writer
        self._on_progress = on_progress
        self._transcriber: Transcriber | None = load_transcriber(
            settings.whisper, device=settings.device, cache=settings.cache
        )
        self._pictures: list[Picture] = []
        self._ready: list[Ready] = []
        self._refused: dict[bytes, Refused] = {}
        self._twins: list[Twin] = []
        self._stored_at = time.monotonic()
        self._done = 0

    def run(self, tasks: Sequence[Task]) -> None:
        """Make of each task what can be made of it."""
        settings = self._settings
        with DecodePool(settings.workers, settings.decode_timeout_s, settings.decode_memory_mb) as pool:
            preparer = Preparer(pool, self._encoder, settings, self._recognise)
            reader = TimedReader(pool, self._encoder, self._transcriber, settings.batch)
            threads = settings.workers + 2
            for prepared in look_ahead(preparer, tasks, settings.batch + threads, threads):
                path = prepared.task.stat.path

                def tell(share: float, path: Path = path) -> None:
                    self._on_progress(Progress(self._done, len(tasks), path, share))

                tell(0.0)
                self._take(prepared, reader, tell)
                self._done += 1
                tell(0.0)
                if len(self._pictures) + len(self._ready) >= settings.batch or self._is_due():
                    self._store()
            self._store()
        for twin in self._twins:
            self._resolve(twin)
        with self._database.write() as session:
            assets.drop_orphans(session)

    def _take(self, prepared: Prepared, reader: TimedReader, tell: Callable[[float], None]) -> None:
        match prepared:
            case Picture():
                self._pictures.append(prepared)
            case Timed():
                self._read(prepared, reader, tell)
            case Twin():
                self._twins.append(prepared)
            case Recognised():
                self._writer.reuse(prepared.task, prepared.content_id)
            case Refused():
                self._refuse(prepared)

    def _read(self, timed: Timed, reader: TimedReader, tell: Callable[[float], None]) -> None:
        # A long film must not hold back what was finished before it.
        self._store()
        try:
            units = reader.units(timed.task.stat.path, timed.metadata, tell)
        except Exception as exc:
            error = as_media_error(exc, timed.task.stat.path)
            self._refuse(Refused(timed.task, timed.sha256, str(error), error))
        else:
            self._ready.append(Ready(timed.task, self._content(timed.sha256, timed.metadata), units))

    def _resolve(self, twin: Twin) -> None:
        """What the file that claimed this content became decides.

        That file may come after this one in the order of the run, since threads race for the claim:
        only when all are taken is it sure to have been.
        """
        content_id = self._recognise(twin.sha256)
        if content_id is not None:
            self._writer.reuse(twin.task, content_id)
        else:
            first = self._refused[twin.sha256]
            self._refuse(Refused(twin.task, twin.sha256, first.reason, first.error))

    def _refuse(self, refused: Refused) -> None:
        if refused.sha256 is not None:
            self._refused[refused.sha256] = refused
        self._writer.refuse(refused)

    def _store(self) -> None:
        """Encode the waiting pictures, and store all that is ready."""
        if self._pictures:
            vectors = self._encoder.encode_pixels(np.stack([picture.pixels for picture in self._pictures]))
            for picture, vector in zip(self._pictures, vectors, strict=True):
                content = self._content(picture.sha256, picture.metadata)
                self._ready.append(Ready(picture.task, content, [UnitDraft("image", vector)]))
        self._writer.store(self._ready, self._done)
        self._pictures, self._ready = [], []
        self._stored_at = time.monotonic()

    def _is_due(self) -> bool:
        return time.monotonic() - self._stored_at > STORE_EVERY_S

    def _recognise(self, sha256: bytes) -> int | None:
        """The content with this hash, if nothing is left to make of it."""
        transcribing = self._transcriber is not None
        with self._database.read() as session:
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
