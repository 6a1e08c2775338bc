"""A worker: takes jobs from the queue and does them as an ordinary run would, some files at a time."""

import os
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from db.catalog import analyses, assets, queue, runs
from db.catalog.queue import HeldJob, Open
from db.catalog.switches import Switches
from db.files import is_there
from db.library import Library
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.embed import Embedder, Model
from indexer.flow import OnProgress, Progress, Task
from indexer.forecast import Outlook
from indexer.jobs import Job, jobs_left
from indexer.media.formats import media_kind
from indexer.media.pool import DecodePool
from indexer.pace import Pace
from indexer.phases import Phases
from indexer.plan import Plan
from indexer.scan import Scan, look_beside
from indexer.sharing.attendance import Attendance
from indexer.sharing.needs import SURVEYOR, asked_for, met
from indexer.sharing.writer import JobWriter
from indexer.survey import Survey, beside
from indexer.targets import leaving_out

_SHARE = 8
"""One takes so small a part of what is left: as a run nears its end, nobody waits long for another."""
_FEWEST, _MOST_LOOKS = 4, 16
_BATCHES = 4

_GLANCE_S = 5.0
"""How often is looked at what is left; it takes long where that is much."""


@dataclass(frozen=True)
class Station:
    """What a worker works with, on its machine."""

    library: Library
    analysers: Sequence[Analyser]
    switched: Switches
    models: Sequence[Model]
    pool: DecodePool
    embedder: Embedder
    pace: Pace


class Worker:
    """Does jobs, of those that its machine can do. ``surveys``: also those that are left to who surveys."""

    def __init__(
        self, station: Station, attendance: Attendance, on_progress: OnProgress, *, surveys: bool = False
    ) -> None:
        self.station = station
        self._attendance = attendance
        self._on_progress = on_progress
        self._surveys = surveys
        self._left: list[Open] = []
        self._roots: list[Path] = []
        self._looked_at = -_GLANCE_S

    def once(self) -> int:
        """Take some jobs and do them; returns how many. 0 where there is none that it can do now.

        Raises:
            LeaseLostError: others have taken them over.
            TroveError: an error that is about more than single files.
        """
        library = self.station.library
        self.station.pace.wait(lambda _reason: self._attendance.get_on())
        if time.monotonic() - self._looked_at >= _GLANCE_S:
            self._glance()
        held = self._take()
        if not held:
            self._glance()
            held = self._take()
        if not held:
            return 0
        self._attendance.get_on()
        with library.read() as session:
            run_id = queue.run_of(session) or 0
            done, total = runs.progress(session, run_id)
        writer = JobWriter(library, run_id, self._attendance.number, held, surveys=self._surveys)

        def tell(step: Progress) -> None:
            # Who is paused for long leaves to others what it holds, unless they wait for it anyway.
            if step.waiting is None or self._surveys:
                self._attendance.get_on()
            self._on_progress(replace(step, done=min(done + step.done, total), total=total, left={}))

        if held[0].analyser == queue.READING:
            self._read(held, writer, tell)
        else:
            self._look(held, writer, tell)
        writer.close()
        return len(held)

    def wait(self, seconds: float) -> None:
        """Wait for others, which is not being stuck."""
        self._attendance.get_on()
        time.sleep(seconds)

    def could_do(self) -> bool:
        """Whether there is something that it could do, in whoever's hands."""
        return bool(self._needs(self._left))

    def _glance(self) -> None:
        with self.station.library.read() as session:
            self._left, self._roots = queue.left(session), queue.roots(session)
        self._looked_at = time.monotonic()

    def _needs(self, left: Sequence[Open]) -> list[str]:
        every = dict.fromkeys(each.needs for each in left if each.needs != SURVEYOR)
        own = met(every, self.station.analysers, self.station.models)
        return [*own, SURVEYOR] if self._surveys else own

    def _take(self) -> list[HeldJob]:
        if not self._left:
            return []
        here = [root for root in self._roots if is_there(root) or self._surveys]
        with self.station.library.database.beside() as session:
            return queue.take(session, self._attendance.number, self._needs(self._left), here, self._at_once)

    def _at_once(self, analyser: str, path: Path) -> int:
        """How many jobs are taken, of which this is the first: of films one, of pictures a share."""
        part = sum(each.count - each.held for each in self._left if each.analyser == analyser) // _SHARE
        if analyser == queue.READING:
            return max(_FEWEST, min(part, _BATCHES * self.station.library.settings.batch))
        return max(1, min(part, _MOST_LOOKS)) if media_kind(path) == "image" else 1

    @cached_property
    def _scanned(self) -> Scan:
        with self.station.library.read() as session:
            patterns = assets.patterns(session)
        return Scan([], leaving_out(self.station.library, patterns))

    def _phases(
        self, held: Sequence[HeldJob], plan: Plan, writer: JobWriter, on_progress: OnProgress
    ) -> Phases:
        station = self.station
        analysers = asked_for(held[0].needs, station.analysers)
        look_beside(self._scanned, [job.path.parent for job in held], beside(analysers))
        self._scanned.files.clear()
        known = [job.content_id for job in held if job.content_id is not None]
        with station.library.read() as session:
            left = {each.name: analyses.left(session, work_of(each), within=known) for each in analysers}
        found = Survey(self._scanned, plan, left)
        return Phases(
            station.library,
            analysers,
            station.switched,
            found,
            station.pool,
            station.embedder,
            writer,
            station.pace,
            Outlook(analysers, station.switched, station.pace.clock, {}),
            on_progress,
        )

    def _read(self, held: Sequence[HeldJob], writer: JobWriter, on_progress: OnProgress) -> None:
        plan = Plan(
            tasks=[Task(job.stat, job.asset_id, job.content_id) for job in held],
            sizes={job.size for job in held if job.may_be_copy},
        )
        self._phases(held, plan, writer, on_progress).read()

    def _look(self, held: Sequence[HeldJob], writer: JobWriter, on_progress: OnProgress) -> None:
        due = {(job.content_id, job.asset_id): job for job in held}
        jobs: list[tuple[int, Job]] = []
        away: list[HeldJob] = []
        for job in self._jobs(held):
            if (own := due.get((job.content_id, job.asset_id))) is None:
                continue  # another file with the same content
            if not self._surveys and not any(os.access(task.stat.path, os.R_OK) for task in job.tasks):
                away.append(own)
                continue
            jobs.append((own.id, job))
            for task in job.tasks:
                writer.look_through(task.stat.path, own)
        writer.leave(away)
        in_order = [job for _, job in sorted(jobs, key=lambda each: each[0])]
        self._phases(held, Plan(), writer, on_progress).look(in_order)

    def _jobs(self, held: Sequence[HeldJob]) -> list[Job]:
        """What is left of these jobs, with the files that they can be done by."""
        station = self.station
        contents: dict[int, dict[Task, None]] = defaultdict(dict)
        with station.library.read() as session:
            for content_id in {job.content_id for job in held if job.content_id is not None}:
                for asset_id, stat in assets.readable(session, content_id).items():
                    contents[content_id][Task(stat, asset_id)] = None
        analysers = [each for each in station.analysers if each.name == held[0].analyser]
        return list(jobs_left(station.library, analysers, station.switched, contents))
