"""The queue of a run that several machines share: jobs, who holds them, what became of each.

A job is held by one worker until it is finished. Who works says so now and then; the jobs of one that has
not for long, or whose connection is gone, are taken by others. A finish is refused to who does not hold the
job any more (fencing), in the transaction that stores what was made: so nothing is stored twice, however
late somebody comes back. Functions take an open session of a library on a server.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, extract, func, insert, or_, select, text, update
from sqlalchemy.orm import Session

from db.catalog.assets import FileStat
from db.catalog.units import rows_changed
from db.engine.jobs import JobRow, WorkerRow
from db.engine.schema import Asset, RunRow
from db.errors import LeaseLostError

READING = ""
"""In the place of an analyser: the file is read for the first time, or again."""

ALIVE_S = 60.0
"""How long somebody counts as there who has last said so."""

MOST_ATTEMPTS = 3
"""So many workers may go with a job in their hands, before it is given up."""

_BATCH = 10_000


@dataclass(frozen=True)
class NewJob:
    """A job before it is in the queue, see ``JobRow``."""

    path: Path
    size: int
    mtime_ns: int
    root: Path
    needs: str
    analyser: str = READING
    content_id: int | None = None
    asset_id: int | None = None
    may_be_copy: bool = False
    files: int = 0


@dataclass(frozen=True)
class HeldJob:
    """A job in somebody's hands."""

    id: int
    analyser: str
    needs: str
    path: Path
    size: int
    mtime_ns: int
    content_id: int | None
    asset_id: int | None
    may_be_copy: bool
    files: int

    @property
    def stat(self) -> FileStat:
        """The file as it was when it was listed."""
        return FileStat(self.path, self.size, self.mtime_ns)


@dataclass(frozen=True)
class Open:
    """Jobs that are to be done: how many of one analyser with the same needs."""

    analyser: str
    needs: str
    count: int
    held: int


def _now() -> Any:
    return extract("epoch", func.clock_timestamp())


def next_worker(session: Session) -> int:
    """A number for a new worker, which nobody has had."""
    return int(session.execute(text("SELECT nextval('worker_id_seq')")).scalar_one())


def join(session: Session, worker: int, machine: str, *, surveys: bool) -> None:
    """Note that a worker is there; its connection holds ``Database.attending`` by now."""
    session.add(WorkerRow(id=worker, machine=machine, surveys=surveys, alive_until=0.0))
    session.flush()
    renew(session, worker)


def renew(session: Session, worker: int) -> None:
    """Note that a worker is still there.

    Raises:
        LeaseLostError: it has counted as gone meanwhile.
    """
    mine = update(WorkerRow).where(WorkerRow.id == worker)
    if not rows_changed(session.execute(mine.values(alive_until=_now() + ALIVE_S))):
        raise LeaseLostError("this machine was taken to be gone", "It goes on with other files.")


def leave(session: Session, worker: int) -> None:
    """Note that a worker is no longer there, and give back what it holds, as for all that are gone."""
    # In this order, as all do: two that wait for each other would never end.
    session.execute(delete(WorkerRow).where(WorkerRow.id == worker))
    session.execute(update(JobRow).where(_held_by([worker])).values(holder=None))
    _give_back(session)


def workers(session: Session) -> list[str]:
    """The machines on which somebody works."""
    return list(session.scalars(select(WorkerRow.machine).where(~_is_gone()).order_by(WorkerRow.id)))


def has_surveyor(session: Session) -> bool:
    """Whether somebody is there who may share out more jobs."""
    statement = select(WorkerRow.id).where(WorkerRow.surveys, ~_is_gone()).limit(1)
    return session.scalar(statement) is not None


def clear(session: Session) -> None:
    """Take all jobs out of the queue: what was held is held by nobody, and cannot be finished."""
    session.execute(delete(JobRow))


def put(session: Session, run_id: int, jobs: Sequence[NewJob]) -> None:
    """Add jobs of a run, behind those that are there."""
    rows = [{**asdict(job), "run_id": run_id, "attempts": 0} for job in jobs]
    for start in range(0, len(rows), _BATCH):
        session.execute(insert(JobRow), rows[start : start + _BATCH])


def take(
    session: Session,
    worker: int,
    needs: Collection[str],
    roots: Collection[Path],
    at_once: Callable[[str, Path], int],
) -> list[HeldJob]:
    """Take the next jobs of one analyser that a machine can do.

    What somebody went with is taken by itself: perhaps it was to blame.

    Args:
        needs: those that the machine meets.
        roots: those that are there on it.
        at_once: how many, by the analyser and the file of the first.
    """
    _give_back(session)
    mine = (
        JobRow.word.is_(None),
        JobRow.holder.is_(None),
        JobRow.needs.in_(needs),
        JobRow.root.in_(roots),
        JobRow.attempts < MOST_ATTEMPTS,
    )
    left = select(JobRow.id).where(*mine).order_by(JobRow.id)
    first = session.execute(
        left.add_columns(JobRow.analyser, JobRow.needs, JobRow.path, JobRow.attempts)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if first is None:
        return []
    same = (JobRow.analyser == first.analyser, JobRow.needs == first.needs, JobRow.attempts == 0)
    most = at_once(first.analyser, first.path)
    ids = [first.id]
    if not first.attempts:
        ids = list(session.scalars(left.where(*same).limit(most).with_for_update(skip_locked=True)))
    session.execute(update(JobRow).where(JobRow.id.in_(ids)).values(holder=worker))
    rows = session.scalars(select(JobRow).where(JobRow.id.in_(ids)).order_by(JobRow.id))
    return [row_values(row) for row in rows]


def row_values(row: JobRow) -> HeldJob:
    """A row as it is handed on."""
    return HeldJob(**{name: getattr(row, name) for name in HeldJob.__dataclass_fields__})


def _give_back(session: Session) -> None:
    """Free the jobs of workers that are gone."""
    statement = select(WorkerRow.id).where(_is_gone()).with_for_update(skip_locked=True)
    if gone := list(session.scalars(statement)):
        freed = update(JobRow).where(_held_by(gone))
        session.execute(freed.values(holder=None, attempts=JobRow.attempts + 1))
        session.execute(delete(WorkerRow).where(WorkerRow.id.in_(gone)))


def _held_by(worker_ids: Sequence[int]) -> ColumnElement[bool]:
    return JobRow.word.is_(None) & JobRow.holder.in_(worker_ids)


def _is_gone() -> ColumnElement[bool]:
    """SQL condition on ``WorkerRow``: it has said nothing for long, or its connection is closed."""
    return or_(WorkerRow.alive_until < _now(), ~func.trove_attends(WorkerRow.id))


def require_held(session: Session, worker: int, ids: Collection[int]) -> None:
    """Make sure that jobs are a worker's until the transaction ends.

    Raises:
        LeaseLostError: it does not hold all of them any more.
    """
    held = select(JobRow.id).where(_held_by([worker]), JobRow.id.in_(ids)).with_for_update()
    if len(session.scalars(held).all()) != len(ids):
        raise _taken_over()


def _taken_over() -> LeaseLostError:
    return LeaseLostError("others have taken over these files", "It goes on with other files.")


def finish(session: Session, worker: int, words: Mapping[int, str]) -> None:
    """Note what became of jobs, by their ids, in the transaction that stores what was made of them.

    Raises:
        LeaseLostError: the worker does not hold all of them any more.
    """
    by_word: dict[str, list[int]] = defaultdict(list)
    for job_id, word in words.items():
        by_word[word].append(job_id)
    for word, ids in by_word.items():
        held = update(JobRow).where(_held_by([worker]), JobRow.id.in_(ids))
        if rows_changed(session.execute(held.values(word=word))) != len(ids):
            raise _taken_over()


def advance(session: Session, run_id: int, files: int) -> None:
    """Note that so many more files of a run are done."""
    if files:
        session.execute(update(RunRow).where(RunRow.id == run_id).values(done=RunRow.done + files))


def give_back(session: Session, worker: int, ids: Iterable[int]) -> None:
    """Let others take jobs that a worker holds and does not do."""
    session.execute(update(JobRow).where(_held_by([worker]), JobRow.id.in_(list(ids))).values(holder=None))


def leave_to_surveyor(session: Session, worker: int, ids: Iterable[int], needs: str) -> None:
    """Give back jobs so that only who meets these other needs takes them."""
    mine = update(JobRow).where(_held_by([worker]), JobRow.id.in_(list(ids)))
    session.execute(mine.values(holder=None, needs=needs))


def run_of(session: Session) -> int | None:
    """The run whose jobs are in the queue; None where it is empty."""
    return session.scalar(select(func.max(JobRow.run_id)))


def left(session: Session) -> list[Open]:
    """What is to be done, in its order; held or not."""
    statement = (
        select(JobRow.analyser, JobRow.needs, func.count(), func.count(JobRow.holder))
        .where(JobRow.word.is_(None))
        .group_by(JobRow.analyser, JobRow.needs)
        .order_by(func.min(JobRow.id))
    )
    return [Open(*row) for row in session.execute(statement)]


def has_open(session: Session) -> bool:
    """Whether anything is to be done, in whoever's hands."""
    return session.scalar(select(JobRow.id).where(JobRow.word.is_(None)).limit(1)) is not None


def stored(session: Session) -> list[tuple[int, int, FileStat]]:
    """The contents and assets of the files that were to be read, of those that can be found by now."""
    statement = (
        select(Asset.content_id, Asset.id, Asset.path, Asset.size, Asset.mtime_ns)
        .join(JobRow, JobRow.path == Asset.path)
        .where(JobRow.analyser == READING, Asset.state == "indexed", Asset.content_id.is_not(None))
        .order_by(JobRow.id)
    )
    return [
        (content_id or 0, asset_id, FileStat(path, size, mtime_ns))
        for content_id, asset_id, path, size, mtime_ns in session.execute(statement)
    ]


def hopeless(session: Session) -> list[HeldJob]:
    """Jobs that nobody takes any more: too many have gone with them."""
    statement = select(JobRow).where(
        JobRow.word.is_(None), JobRow.holder.is_(None), JobRow.attempts >= MOST_ATTEMPTS
    )
    return [row_values(row) for row in session.scalars(statement.order_by(JobRow.id))]


def settle(session: Session, job_id: int, word: str) -> None:
    """Note what becomes of a job that nobody holds."""
    free = update(JobRow).where(JobRow.id == job_id, JobRow.word.is_(None), JobRow.holder.is_(None))
    session.execute(free.values(word=word))


def words(session: Session) -> list[tuple[str, Path, str]]:
    """What became of all jobs: the analyser, the path of the file, and the word; in their order."""
    statement = select(JobRow.analyser, JobRow.path, JobRow.word).where(JobRow.word.is_not(None))
    return [
        (analyser, path, word or "")
        for analyser, path, word in session.execute(statement.order_by(JobRow.id))
    ]


def roots(session: Session) -> list[Path]:
    """The folders that jobs are in."""
    return list(session.scalars(select(JobRow.root).where(JobRow.word.is_(None)).distinct()))
