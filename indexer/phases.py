"""The phases of a run: what is cheap and wanted first is done for all files before the rest begins.

Phase 0 reads every new file once: hash, header, and of pictures the pixels, in threads. All later phases take
what is left of each content, one after the other, in the order of the files.
"""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from db.catalog import analyses, assets, contents
from db.catalog.switches import Switches
from db.engine.schema import MediaKind
from db.errors import MediaError
from db.library import Library
from indexer.analyse import failed, look
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.registry import work_of
from indexer.embed import Embedder
from indexer.flow import (
    Look,
    OnProgress,
    Outcome,
    Pending,
    Prepared,
    Progress,
    Read,
    Recognised,
    Refused,
    Task,
    Twin,
    Twins,
)
from indexer.media.formats import media_kind
from indexer.media.pool import DecodePool
from indexer.media.thumbnails import GRID_SIDE
from indexer.prefetch import look_ahead
from indexer.prepare import Preparer
from indexer.scan import Scan
from indexer.writer import Finished, Writer

log = logging.getLogger(__name__)

STORE_EVERY_S = 5.0
"""Longest time that finished work waits to be stored."""


@dataclass(frozen=True)
class _Job:
    """One analyser's look at a content, by the path of a file of it; or at that file, ``asset_id``."""

    analyser: Analyser
    path: Path
    content_id: int
    asset_id: int | None = None


class Phases:
    """Takes files through all phases; each ends stored, or refused with a reason."""

    def __init__(
        self,
        library: Library,
        pool: DecodePool,
        embedder: Embedder,
        writer: Writer,
        analysers: Sequence[Analyser],
        switched: Switches,
        scanned: Scan,
        on_progress: OnProgress,
    ) -> None:
        self._library = library
        self._scanned = scanned
        self._pool = pool
        self._embedder = embedder
        self._writer = writer
        self._analysers = analysers
        self._switched = switched
        self._on_progress = on_progress
        self._twins = Twins()
        self._ready: list[Finished] = []
        self._stored_at = time.monotonic()
        self._contents: dict[int, list[Task]] = defaultdict(list)
        """The files of each content that was read or recognised: later phases take it from there."""
        self._errors: dict[int, MediaError] = {}
        self._total = self._done = 0

    def run(self, tasks: Sequence[Task], sizes: Iterable[int]) -> None:
        """Process all tasks. ``sizes``: those of which there is more than one file."""
        self._total = len(tasks)
        self._read_all(sorted(tasks, key=_pictures_first), frozenset(sizes))
        left = sorted(self._left(), key=lambda job: (job.analyser.phase, job.path))
        last = {job.content_id: place for place, job in enumerate(left)}
        self._done = self._total - sum(len(self._contents[content_id]) for content_id in last)
        for place, job in enumerate(left):
            self._analyse(job)
            if last[job.content_id] == place:
                self._done += len(self._contents[job.content_id])
            self._tell(job.path)
        self._store()
        self._give_up()
        with self._library.write() as session:
            contents.drop_orphans(session)

    # --- phase 0

    def _read_all(self, tasks: Sequence[Task], sizes: frozenset[int]) -> None:
        settings = self._library.settings
        preparer = Preparer(
            self._pool,
            self._embedder,
            settings,
            self._twins,
            recognise=self._recognise,
            wanted=self._wanted,
            sizes=sizes,
        )
        threads = settings.workers + 2
        for outcome in look_ahead(preparer, tasks, settings.batch + threads, threads):
            path = outcome.task.stat.path
            self._tell(path)
            self._take(outcome)
            later = not isinstance(outcome, Refused) and self._has_later(path)
            self._done += not later
            self._tell(path)
            if len(self._ready) >= settings.batch or self._is_due():
                self._store()
        self._store()
        for outcome in self._twins.outcomes(self._recognise):
            self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        match outcome:
            case Read():
                looks = [(found, self._submit(found)) for found in outcome.looks]
                self._ready.append(
                    Finished(outcome.task, looks, outcome.task.content_id, outcome.sha256, outcome.kind)
                )
            case Twin():
                self._twins.hold(outcome)
            case Recognised():
                self._writer.reuse(outcome.task, outcome.content_id)
                self._contents[outcome.content_id].append(outcome.task)
            case Refused():
                self._twins.note_refused(outcome)
                self._refuse(outcome)

    def _refuse(self, refused: Refused) -> None:
        """A file that cannot be read now keeps what was made of it, where that is known."""
        content_id = refused.task.content_id
        if content_id is None or refused.error is None:
            self._writer.refuse(refused)
            return
        looks = [
            (failed(analyser, refused.error), ())
            for analyser in self._wanted(refused.task, media_kind(refused.task.stat.path) or "image")
        ]
        self._ready.append(Finished(refused.task, looks, content_id))

    def _wanted(self, task: Task, kind: MediaKind) -> list[Analyser]:
        """The analysers of the first phase for a file; for a known content those that are left."""
        found = [
            analyser
            for analyser in self._analysers
            if analyser.phase == 0
            and kind in analyser.media
            and self._switched.is_on(analyser.name, task.stat.path)
        ]
        if task.content_id is None or not found:
            return found
        with self._library.read() as session:
            return [
                analyser
                for analyser in found
                if analyses.left(session, work_of(analyser), within=[task.content_id])
            ]

    def _has_later(self, path: Path) -> bool:
        """Whether, by its name, a file has more to come."""
        kind = media_kind(path)
        return any(
            analyser.phase > 0 and kind in analyser.media and self._switched.is_on(analyser.name, path)
            for analyser in self._analysers
        )

    def _recognise(self, sha256: bytes) -> int | None:
        with self._library.read() as session:
            return contents.find(session, sha256)

    # --- later phases

    def _left(self) -> Iterator["_Job"]:
        """What is left for the analysers of this run, of the contents and files that it has read."""
        ours = {task.stat.path for tasks in self._contents.values() for task in tasks}
        with self._library.read() as session:
            files = assets.at(session, self._contents)
            for analyser in self._analysers:
                work = work_of(analyser)
                if analyser.scope == "content":
                    jobs = [
                        _Job(analyser, self._contents[content_id][0].stat.path, content_id)
                        for content_id in analyses.left(session, work, within=self._contents)
                    ]
                else:
                    of_ours = [asset_id for asset_id, (path, _) in files.items() if path in ours]
                    jobs = [
                        _Job(analyser, *files[asset_id], asset_id)
                        for asset_id in analyses.left(session, work, within=of_ours)
                    ]
                for job in jobs:
                    tried = analyser.phase == 0 and job.content_id in self._errors
                    if not tried and self._switched.is_on(analyser.name, job.path):
                        yield job

    def _analyse(self, job: "_Job") -> None:
        """Let an analyser look at a content or a file."""
        analyser, path = job.analyser, job.path
        if analyser.needs:
            self._store()  # what it needs may just have been made
        medium = Medium(
            path,
            self._pool,
            side=max(self._embedder.side, GRID_SIDE),
            max_megapixels=self._library.settings.max_megapixels,
            companions=[other.path for other in self._scanned.companions(path)],
        )
        pending: list[Pending] = []

        def embed(draft: Draft) -> Prepared:
            prepared = self._embedder.prepare(draft.unit.kind, draft.payload)
            pending.append(self._embedder.submit(prepared))
            return {}

        found = look(
            analyser, medium, embed, self._library.paths.thumbnails, lambda share: self._tell(path, share)
        )
        if found.error is not None:
            log.warning("%s: without %s: %s", path, analyser.label, found.error)
        signature = None if job.asset_id is None else self._scanned.signature(path)
        task = self._contents[job.content_id][0]
        self._ready.append(
            Finished(task, [(found, pending)], job.content_id, asset_id=job.asset_id, signature=signature)
        )
        if len(self._ready) >= self._library.settings.batch or self._is_due():
            self._store()

    def _give_up(self) -> None:
        """Files of which nothing at all could be made have failed."""
        makers = [analyser.name for analyser in self._analysers if analyser.kinds]
        for content_id, error in self._errors.items():
            with self._library.read() as session:
                gave_something = analyses.has_done(session, content_id, makers)
            if not gave_something:
                self._writer.give_up(content_id, error)

    # --- storing

    def _submit(self, found: Look) -> list[Pending]:
        return [self._embedder.submit(prepared) for _, prepared in found.units]

    def _store(self) -> None:
        self._embedder.flush()
        stored = self._writer.store(self._ready, self._done)
        for content_id, finished in zip(stored, self._ready, strict=True):
            if finished.task not in self._contents[content_id]:
                self._contents[content_id].append(finished.task)
            for found, _ in finished.looks:
                if found.error is not None and finished.asset_id is None:
                    self._errors.setdefault(content_id, found.error)
        self._ready = []
        self._stored_at = time.monotonic()

    def _is_due(self) -> bool:
        return time.monotonic() - self._stored_at > STORE_EVERY_S

    def _tell(self, path: Path, share: float = 0.0) -> None:
        self._on_progress(Progress(self._done, self._total, path, share))


def _pictures_first(task: Task) -> tuple[bool, Path]:
    return media_kind(task.stat.path) != "image", task.stat.path
