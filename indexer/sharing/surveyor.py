"""Sharing a survey out: files to be read, and then, phase by phase, what is left for the analysers.

Who surveys works, too, and is the only one that says what becomes of a file that cannot be read. The next
phase begins when the one before is done everywhere, as it does on one machine.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import analyses, assets, queue, runs
from db.catalog.queue import HeldJob, NewJob
from db.errors import UnreadableError
from db.paths import PathSet
from indexer.analysers.base import Analyser
from indexer.flow import OnProgress, Refused, Task
from indexer.jobs import Job, in_order, jobs_left, pictures_first
from indexer.media.formats import media_kind
from indexer.sharing.attendance import attending
from indexer.sharing.needs import needs_of
from indexer.sharing.worker import Station, Worker
from indexer.survey import Survey
from indexer.writer import Writer

_POLL_S = 0.3
"""How often is looked whether the others are done."""

_ENDED = f"{queue.MOST_ATTEMPTS} processes have ended while they worked on it"


def share_out(station: Station, found: Survey, run_id: int, writer: Writer, on_progress: OnProgress) -> None:
    """Have the tasks of a survey done, by whoever is there, and note in ``writer`` what became of them.

    Raises:
        LeaseLostError: this machine was taken to be gone.
        TroveError: an error that is about more than single files.
    """
    with attending(station.library, surveys=True) as attendance:
        worker = Worker(station, attendance, on_progress, surveys=True)
        _Sharing(station, found, run_id, writer, worker).over()


class _Sharing:
    def __init__(self, station: Station, found: Survey, run_id: int, writer: Writer, worker: Worker) -> None:
        self._station = station
        self._library = station.library
        self._found = found
        self._run_id = run_id
        self._writer = writer
        self._worker = worker
        with self._library.read() as session:
            self._roots = PathSet(assets.roots(session))

    def over(self) -> None:
        """All phases, one after the other."""
        self._put(self._readings())
        analysers = self._station.analysers
        for wave in sorted({_wave(analyser) for analyser in analysers}):
            self._put(self._looks(wave))
        with self._library.write() as session:
            for _, path, word in queue.words(session):
                self._writer.note(path, word)
            queue.clear(session)
            runs.update_run(session, self._run_id, len(self._found.plan.tasks))

    def _put(self, jobs: Sequence[NewJob]) -> None:
        """Put jobs into the queue, and work until all of it is done."""
        with self._library.database.beside() as session:
            queue.put(session, self._run_id, jobs)
        while not self._is_done():
            if not self._worker.once():
                self._give_up()
                self._worker.wait(_POLL_S)

    def _is_done(self) -> bool:
        with self._library.read() as session:
            return not queue.has_open(session)

    def _readings(self) -> list[NewJob]:
        plan, analysers = self._found.plan, self._station.analysers
        needs = needs_of([each for each in analysers if each.phase == 0], self._station.models)
        return [
            NewJob(
                *task.stat,
                self._root(task),
                needs,
                content_id=task.content_id,
                asset_id=task.asset_id,
                may_be_copy=task.stat.size in plan.sizes,
                files=int(not self._has_more(task)),
            )
            for task in sorted(plan.tasks, key=pictures_first)
        ]

    def _has_more(self, task: Task) -> bool:
        path, kind = task.stat.path, media_kind(task.stat.path)
        return any(
            each.phase > 0 and kind in each.media and self._station.switched.is_on(each.name, path)
            for each in self._station.analysers
        )

    def _looks(self, wave: tuple[int, bool]) -> list[NewJob]:
        """What is left for the analysers of a phase; those that need others come after them."""
        contents: dict[int, dict[Task, None]] = defaultdict(dict)
        with self._library.read() as session:
            for content_id, asset_id, stat in queue.stored(session):
                contents[content_id][Task(stat, asset_id)] = None
        station = self._station
        left = list(jobs_left(self._library, station.analysers, station.switched, contents))
        last = {job.content_id: job for job in sorted(left, key=lambda job: _wave(job.analyser))}
        with self._library.write() as session:
            more = sum(len(contents[content_id]) for content_id in last)
            runs.update_run(session, self._run_id, len(self._found.plan.tasks) - more)
        jobs = in_order(self._library, station.embedder, [job for job in left if _wave(job.analyser) == wave])
        return list(self._new(jobs, {id(job): len(contents[job.content_id]) for job in last.values()}))

    def _new(self, jobs: Sequence[Job], files: dict[int, int]) -> Iterator[NewJob]:
        needs: dict[str, str] = {}
        for job in jobs:
            analyser, task = job.analyser, job.tasks[0]
            if analyser.name not in needs:
                needs[analyser.name] = needs_of([analyser], self._station.models)
            yield NewJob(
                *task.stat,
                self._root(task),
                needs[analyser.name],
                analyser.name,
                job.content_id,
                job.asset_id,
                files=files.get(id(job), 0),
            )

    def _root(self, task: Task) -> Path:
        return self._roots.deepest(task.stat.path) or task.stat.path.parent

    def _give_up(self) -> None:
        """Let jobs be with which too many workers have gone: the next run tries them again."""
        with self._library.read() as session:
            hopeless = queue.hopeless(session)
        for job in hopeless:
            if job.analyser == queue.READING:
                task = Task(job.stat, job.asset_id, job.content_id)
                self._writer.refuse(Refused(task, None, _ENDED, UnreadableError(_ENDED)))
            with self._library.write() as session:
                if job.analyser != queue.READING:
                    self._put_off(session, job)
                queue.settle(session, job.id, "failed" if job.analyser == queue.READING else "unchanged")

    def _put_off(self, session: Session, job: HeldJob) -> None:
        fingerprint = next(each.fingerprint for each in self._station.analysers if each.name == job.analyser)
        analyses.record(
            session,
            job.analyser,
            fingerprint,
            "retry",
            content_id=job.content_id,
            asset_id=job.asset_id,
            error=_ENDED,
        )


def _wave(analyser: Analyser) -> tuple[int, bool]:
    return analyser.phase, bool(analyser.needs)
