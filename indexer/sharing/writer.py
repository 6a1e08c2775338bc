"""Writes what one worker has made of its jobs, if they are still its own."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import contents, queue
from db.catalog.queue import HeldJob
from db.errors import UnfinishedError, UnreadableError
from db.library import Library
from indexer.flow import Refused, Task
from indexer.sharing.needs import SURVEYOR
from indexer.writer import Admitted, Finished, Made, Word, Writer


class JobWriter(Writer):
    """As ``Writer``, and notes with each transaction what became of the jobs.

    Raises:
        LeaseLostError: another worker has one of them by now; nothing of the transaction is stored.
    """

    def __init__(
        self, library: Library, run_id: int, worker: int, jobs: Sequence[HeldJob], *, surveys: bool
    ) -> None:
        super().__init__(library, run_id, [job.path for job in jobs])
        self._worker = worker
        self._surveys = surveys
        self._of_file = {job.path: job for job in jobs if job.analyser == queue.READING}
        self._of_look = {
            (job.analyser, job.content_id, job.asset_id): job for job in jobs if job.analyser != queue.READING
        }
        self._open = {job.id: job for job in jobs}
        self._looked_through: dict[Path, HeldJob] = {}

    def look_through(self, path: Path, job: HeldJob) -> None:
        """Note that a file is one of those that a look may take."""
        self._looked_through.setdefault(path, job)

    def leave(self, jobs: Sequence[HeldJob]) -> None:
        """Leave jobs to who surveys."""
        if jobs:
            with self._library.database.beside() as session:
                queue.leave_to_surveyor(session, self._worker, [job.id for job in jobs], SURVEYOR)
            for job in jobs:
                self._open.pop(job.id, None)

    def close(self) -> None:
        """Note that nothing came of the jobs that are left, such as looks that others had done before."""
        if self._open:
            with self._library.database.beside() as session:
                self._finish(session, dict.fromkeys(self._open, "unchanged"))

    def refuse(self, refused: Refused) -> None:
        """As ``Writer.refuse``; what cannot be read here is left to who surveys."""
        is_away = isinstance(refused.error, UnreadableError) and not isinstance(
            refused.error, UnfinishedError
        )
        if is_away and not self._surveys:
            self.leave([self._of_file[refused.task.stat.path]])
        else:
            super().refuse(refused)

    def _begin(self, session: Session, tasks: Sequence[Task]) -> None:
        queue.require_held(
            session, self._worker, {self._of(task.stat.path).id for task in tasks} & self._open.keys()
        )

    def _admit(self, session: Session, batch: Sequence[Finished], made: Made) -> Admitted:
        """Of what another machine has stored meanwhile the file is only one more copy."""
        admitted, vectors = [], []
        for finished, own in zip(batch, made, strict=True):
            known = None
            if finished.content_id is None and finished.sha256 is not None:
                known = contents.find(session, finished.sha256)
            if known is None:
                admitted.append(finished)
                vectors.append(own)
                continue
            kept = [place for place, (look, _) in enumerate(finished.looks) if look.signature is not None]
            looks = [finished.looks[place] for place in kept]
            admitted.append(replace(finished, content_id=known, is_copy=True, kind=None, looks=looks))
            vectors.append([own[place] for place in kept])
        return admitted, vectors

    def _tell(self, session: Session, words: Mapping[Finished, Word], done: int) -> None:  # noqa: ARG002
        self._finish(session, {self._job_of(finished).id: word for finished, word in words.items()})

    def _settle(self, session: Session, task: Task, word: Word) -> None:
        job = self._of(task.stat.path)
        if job.id in self._open:
            self._finish(session, {job.id: word})

    def _of(self, path: Path) -> HeldJob:
        return self._of_file.get(path) or self._looked_through[path]

    def _job_of(self, finished: Finished) -> HeldJob:
        if job := self._of_file.get(finished.task.stat.path):
            return job
        look, _ = finished.looks[0]
        return self._of_look[look.analyser, finished.content_id, finished.asset_id]

    def _finish(self, session: Session, words: Mapping[int, Word]) -> None:
        queue.finish(session, self._worker, words)
        done = sum(self._open.pop(job_id).files for job_id in words)
        queue.advance(session, self._run_id, done)
