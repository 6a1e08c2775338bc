"""The phases of a run: what is cheap and wanted first is done for all files before the rest begins.

Phase 0 reads every new file once: hash, header, and of pictures the pixels, in threads. All later phases take
what is left of each content, one after the other, in the order of the files.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

from db.catalog import assets, contents
from db.catalog.assets import FileStat
from db.catalog.switches import Switches
from db.engine.schema import MediaKind
from db.errors import ChangedError, UnfinishedError, UnreadableError
from db.library import Library
from indexer.analyse import failed, look, require_unchanged
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
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
from indexer.forecast import Outlook
from indexer.jobs import Job, in_order, is_short, jobs_left, pictures_first
from indexer.media.formats import media_kind
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.prefetch import look_ahead
from indexer.prepare import Preparer
from indexer.survey import Survey
from indexer.writer import Finished, Writer

log = logging.getLogger(__name__)

READINGS = 2
"""How often a run reads a file that changes while it is read, before it leaves it for the next run."""

STORE_EVERY_S = 5.0
"""Longest time that finished work waits to be stored."""


class Phases:
    """Takes files through all phases; each ends stored, or refused with a reason."""

    def __init__(
        self,
        library: Library,
        analysers: Sequence[Analyser],
        switched: Switches,
        found: Survey,
        pool: DecodePool,
        embedder: Embedder,
        writer: Writer,
        pace: Pace,
        outlook: Outlook,
        on_progress: OnProgress,
    ) -> None:
        self._library = library
        self._analysers = analysers
        self._switched = switched
        self._found = found
        self._pool = pool
        self._embedder = embedder
        self._writer = writer
        self._pace = pace
        self._outlook = outlook
        self._on_progress = on_progress
        self._twins = Twins()
        self._ready: list[Finished] = []
        self._stored_at: float | None = None
        self._started_at = pace.clock()
        self._contents: dict[int, dict[Task, None]] = defaultdict(dict)
        """The files of each content that was read or recognised, in order: later phases go on from there."""
        self._tried: set[int] = set()
        """Contents with which an analyser of the first phase has failed in this run."""
        self._claims = threading.Lock()
        self._claimed: dict[int, Path] = {}
        self._changed: dict[Path, Task] = {}
        """Files that changed while they were read."""
        self._total, self._done = len(found.plan.tasks), 0

    def run(self) -> None:
        """Process all tasks of the survey, and again those whose files have changed meanwhile."""
        self._outlook.begin(self._pool, self._found.plan.tasks)
        self._until_unchanged(self._process)

    def read(self) -> None:
        """Take them through the first phase alone."""
        self._until_unchanged(self._read_all)

    def look(self, jobs: Sequence[Job]) -> None:
        """Do these jobs of a later phase alone."""
        for job in self._analysed(jobs):
            self._tell(job.tasks[0].stat.path)
        self._put_off()

    def _until_unchanged(self, process: Callable[[Sequence[Task]], None]) -> None:
        process(self._found.plan.tasks)
        for _ in range(READINGS - 1):
            if self._changed:
                process(self._as_they_are())
        self._put_off()

    def _put_off(self) -> None:
        for task in self._changed.values():
            self._writer.put_off(task, "it is still being written")

    def _as_they_are(self) -> list[Task]:
        """The files that have changed, to be read again."""
        tasks = []
        with self._library.read() as session:
            for path, task in self._changed.items():
                stat = task.stat
                with suppress(OSError):  # what is gone meanwhile is told by reading it
                    status = path.stat()
                    stat = FileStat(path, status.st_size, status.st_mtime_ns)
                tasks.append(Task(stat, task.asset_id or assets.id_at(session, path)))
        self._total += len(tasks)
        self._twins = Twins()
        self._contents.clear()
        self._changed.clear()
        return tasks

    def _process(self, tasks: Sequence[Task]) -> None:
        """Take files through all phases."""
        self._read_all(sorted(tasks, key=pictures_first))
        left = jobs_left(self._library, self._analysers, self._switched, self._contents)
        jobs = in_order(self._library, self._embedder, [job for job in left if not self._is_tried(job)])
        self._outlook.plan(jobs)
        last = {job.content_id: place for place, job in enumerate(jobs)}
        self._done = self._total - sum(len(self._contents[content_id]) for content_id in last)
        for place, job in enumerate(self._analysed(jobs)):
            if last[job.content_id] == place:
                self._done += len(self._contents[job.content_id])
            self._tell(job.tasks[0].stat.path)
        self._store()

    def _is_tried(self, job: Job) -> bool:
        """Whether the first phase has tried that in this run, and will not again."""
        return job.analyser.phase == 0 and job.content_id in self._tried

    # --- phase 0

    def _read_all(self, tasks: Sequence[Task]) -> None:
        settings = self._library.settings
        preparer = Preparer(
            self._pool,
            self._embedder,
            settings,
            self._twins,
            recognise=self._recognise,
            wanted=self._wanted,
            beside=self._beside,
            sizes=self._found.plan.sizes,
        )
        threads = settings.workers + 2
        ahead = settings.batch + threads
        for outcome in look_ahead(preparer, tasks, ahead, threads):
            path = outcome.task.stat.path
            self._tell(path)
            self._take(outcome)
            self._outlook.has_read(outcome.task)
            self._done += isinstance(outcome, Refused) or not self._has_more(outcome, path)
            self._tell(path)
            if self._is_full():
                self._store(self._wall_time())
        self._store()
        of_twin = partial(self._twins.outcome, recognised=preparer.recognised)
        for outcome in look_ahead(of_twin, self._twins.waiting(), ahead, threads):
            self._take(outcome)
            if self._is_full():
                self._store()
        self._store()

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
                looks = [(found, self._submit(found)) for found in outcome.looks]
                self._ready.append(Finished(outcome.task, looks, outcome.content_id, is_copy=True))
            case Refused():
                self._twins.note_refused(outcome)
                if isinstance(outcome.error, ChangedError):
                    self._changed[outcome.task.stat.path] = outcome.task
                elif isinstance(outcome.error, UnfinishedError):
                    self._writer.put_off(outcome.task, outcome.reason)
                else:
                    self._refuse(outcome)

    def _refuse(self, refused: Refused) -> None:
        """A file that cannot be read now keeps what was made of it, where that is known."""
        content_id, error = refused.task.content_id, refused.error
        if content_id is None or error is None:
            self._writer.refuse(refused)
            return
        wanted = self._wanted(refused.task, media_kind(refused.task.stat.path) or "image")
        looks = [(failed(analyser, error), ()) for analyser in wanted]
        self._ready.append(Finished(refused.task, looks, content_id))

    def _wanted(self, task: Task, kind: MediaKind) -> list[Analyser]:
        """The analysers of the first phase for a file; for a known content those that are left."""
        wanted = [
            analyser
            for analyser in self._analysers
            if analyser.phase == 0
            and analyser.scope == "content"
            and kind in analyser.media
            and self._switched.is_on(analyser.name, task.stat.path)
        ]
        if task.content_id is None or not wanted:
            return wanted
        with self._claims:  # one copy of it is enough
            if self._claimed.setdefault(task.content_id, task.stat.path) != task.stat.path:
                return []
        return [analyser for analyser in wanted if task.content_id in self._found.left[analyser.name]]

    def _beside(self, task: Task, kind: MediaKind) -> list[Look]:
        """What the analysers of the first phase make of a new file by its name and what is beside it.

        With the file itself, so that it is whole when it is stored; what fails is tried once more, and told,
        after that.
        """
        looks = (
            self._looked_at(analyser, task, self._prepare)
            for analyser in self._analysers
            if analyser.phase == 0
            and analyser.scope == "asset"
            and kind in analyser.media
            and self._switched.is_on(analyser.name, task.stat.path)
        )
        return [found for found in looks if found.error is None]

    def _has_more(self, outcome: Outcome, path: Path) -> bool:
        """Whether, by its name, a file has more to come."""
        kind = media_kind(path)
        return any(
            (analyser.phase > 0 or not isinstance(outcome, Read))
            and kind in analyser.media
            and self._switched.is_on(analyser.name, path)
            for analyser in self._analysers
        )

    def _recognise(self, sha256: bytes) -> int | None:
        with self._library.read() as session:
            return contents.find(session, sha256)

    # --- later phases

    def _analysed(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """The jobs as they are done: pictures side by side; films, which are decoded ahead, one by one."""
        for side_by_side, group in groupby(jobs, key=is_short):
            analysed = self._side_by_side if side_by_side else self._one_by_one
            yield from analysed(list(group))

    def _side_by_side(self, jobs: Sequence[Job]) -> Iterator[Job]:
        threads = self._library.settings.workers
        looks = look_ahead(lambda job: self._look(job, self._prepare), jobs, 2 * threads, threads)
        for job, (task, found) in zip(jobs, looks, strict=True):
            self._keep(job, task, found, self._submit(found))
            self._outlook.has_looked(job)
            if self._is_full():
                self._store(self._wall_time())
            yield job
        self._store(self._wall_time())

    def _one_by_one(self, jobs: Iterable[Job]) -> Iterator[Job]:
        for job in jobs:
            if job.analyser.needs:
                self._store()  # what it needs may just have been made
            pending: list[Pending] = []

            def embed(draft: Draft, pending: list[Pending] = pending) -> Prepared:
                pending.append(self._embedder.submit(self._prepare(draft)))
                return {}

            def tell(path: Path, share: float, job: Job = job) -> None:
                self._outlook.has_looked(job, share)
                self._outlook.settle_some()
                self._tell(path, share)

            waited_s = self._pace.waited_s
            task, found = self._look(job, embed, tell)
            waited_ms = round(1000 * (self._pace.waited_s - waited_s))
            found = replace(found, took_ms=max(0, found.took_ms - waited_ms))
            self._outlook.has_looked(job)
            # What a look had made before it failed does not count.
            self._keep(job, task, found, pending if found.error is None else [])
            if self._is_full():
                self._store()
            yield job
        self._store()  # before others, whose time they would be given

    def _prepare(self, draft: Draft) -> Prepared:
        return self._embedder.prepare(draft.unit.kind, draft.payload)

    def _look(
        self,
        job: Job,
        embed: Callable[[Draft], Prepared],
        tell: Callable[[Path, float], None] = lambda _path, _share: None,
    ) -> tuple[Task, Look]:
        """An analyser's look at a content, by the first of its files that can be read, or at a file."""
        for task in job.tasks:
            path = task.stat.path
            found = self._looked_at(job.analyser, task, embed, partial(tell, path))
            try:
                require_unchanged(task.stat)
            except UnreadableError as exc:
                found = replace(failed(job.analyser, exc), signature=found.signature)
                if isinstance(exc, ChangedError):
                    self._changed[path] = task
            if not isinstance(found.error, UnreadableError):
                break
        return task, found

    def _looked_at(
        self,
        analyser: Analyser,
        task: Task,
        embed: Callable[[Draft], Prepared],
        tell: Callable[[float], None] = lambda _share: None,
    ) -> Look:
        """What an analyser makes of a file, as it is and with what belongs to it."""
        path, scanned = task.stat.path, self._found.scanned
        of_file = analyser.scope == "asset"
        medium = Medium(
            path,
            self._pool,
            side=self._embedder.side,
            max_megapixels=self._library.settings.max_megapixels,
            companions=[other.path for other in scanned.companions(path, analyser.beside)] if of_file else (),
            root=scanned.leaving.outermost_root(path) if of_file else None,
        )
        found = look(analyser, medium, embed, self._library.paths.thumbnails, tell)
        if not of_file:
            return found
        return replace(found, signature=scanned.signature(path, analyser.beside, placed=analyser.placed))

    def _keep(self, job: Job, task: Task, found: Look, pending: Sequence[Pending]) -> None:
        """Have the result of a look stored with the next ones."""
        path = task.stat.path
        if isinstance(found.error, ChangedError):
            return  # its content is another one by now
        if found.error is not None:
            log.warning("%s: without %s: %s", path, job.analyser.label, found.error)
        self._ready.append(Finished(task, [(found, pending)], job.content_id, asset_id=job.asset_id))

    # --- storing

    def _submit(self, found: Look) -> list[Pending]:
        return [self._embedder.submit(prepared) for _, prepared in found.units]

    def _store(self, took_ms: int | None = None) -> None:
        """Store what is ready; ``took_ms``: how long each of the files took, where that is known better."""
        self._embedder.flush()
        if took_ms is not None:
            self._ready = [_timed(finished, took_ms) for finished in self._ready]
        stored = self._writer.store(self._ready, self._done)
        for content_id, finished in zip(stored, self._ready, strict=True):
            self._contents[content_id][finished.task] = None
            if any(found.error for found, _ in finished.looks):
                self._tried.add(content_id)
        self._ready = []
        self._stored_at = self._pace.clock()
        self._outlook.settle()

    def _wall_time(self) -> int | None:
        """Milliseconds for each file since the last time; None at first, when models are loaded."""
        if self._stored_at is None or not self._ready:
            return None
        return round(1000 * (self._pace.clock() - self._stored_at) / len(self._ready))

    def _is_full(self) -> bool:
        """Whether what is ready fills a batch, or has waited long enough to be stored."""
        waited = self._pace.clock() - (self._stored_at or self._started_at)
        return len(self._ready) >= self._library.settings.batch or waited > STORE_EVERY_S

    def _tell(self, path: Path, share: float = 0.0) -> None:
        """Say how far the run is, and wait as long as it may not go on."""
        step = Progress(self._done, self._total, path, share, self._outlook.left())
        self._pace.wait(lambda reason: self._idle(replace(step, waiting=reason)))
        self._on_progress(step)

    def _idle(self, step: Progress) -> None:
        """While the run waits: what is done is stored, and can be found."""
        if self._ready:
            self._store()
        self._on_progress(step)


def _timed(finished: Finished, took_ms: int) -> Finished:
    """The looks of one reading share its time, but for those at what is beside the file."""
    shared = [found for found, _ in finished.looks if found.signature is None]
    each = round(took_ms / max(1, len(shared)))
    looks = [
        (replace(found, took_ms=each) if found.signature is None else found, pending)
        for found, pending in finished.looks
    ]
    return replace(finished, looks=looks)
