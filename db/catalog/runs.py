"""Queries on indexing runs: their progress and reports, for other processes and later."""

from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine.clock import utc_now
from db.engine.schema import Run


def start_run(session: Session, pid: int, total: int) -> int:
    """Record that a run has started; returns its id."""
    moment = utc_now()
    run = Run(pid=pid, started_at=moment, updated_at=moment, total=total, done=0)
    session.add(run)
    session.flush()
    return run.id


def update_run(session: Session, run_id: int, done: int) -> None:
    """Record how far a run is."""
    session.execute(update(Run).where(Run.id == run_id).values(done=done, updated_at=utc_now()))


def end_run(session: Session, run_id: int, report: str) -> None:
    """Record how a run has ended, as JSON."""
    moment = utc_now()
    session.execute(
        update(Run).where(Run.id == run_id).values(updated_at=moment, finished_at=moment, report=report)
    )


def last_run(session: Session) -> Run | None:
    """The run that started last, or None."""
    return session.scalar(select(Run).order_by(Run.id.desc()).limit(1))


def changes(session: Session) -> Sequence[Run]:
    """The finished changes of the model, in their order."""
    statement = select(Run).where(Run.finished_at.is_not(None), Run.report.contains('"embedded"'))
    return session.scalars(statement.order_by(Run.id)).all()
