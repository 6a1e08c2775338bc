"""Queries on indexing runs: their progress and reports, for other processes and later."""

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine.clock import utc_now
from db.engine.schema import RunRow

_MOST_LOOKED_AT = 200
"""Runs, the last ones: watching makes many."""


@dataclass(frozen=True)
class Run:
    """One indexing run as it was when it was read, see ``RunRow``."""

    id: int
    pid: int
    started_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    total: int
    done: int
    report: str | None

    @property
    def told(self) -> dict[str, Any]:
        """The report, or what a run that is under way tells of itself."""
        return dict(json.loads(self.report or "{}"))

    @property
    def waiting(self) -> str | None:
        """Why a run that is under way does not go on."""
        return self.told.get("waiting")

    def left(self) -> dict[str, float]:
        """Seconds left by the steps of a run that is under way, less those since it told them.

        Between two things that it tells a minute may pass, which is that of its next steps.
        """
        told: dict[str, float] = self.told.get("left", {})
        if not told or self.waiting is not None:
            return told
        passed_s = (utc_now() - datetime.fromisoformat(self.told["at"])).total_seconds()
        left: dict[str, float] = {}
        for name, seconds in told.items():
            if seconds > passed_s:
                left[name] = seconds - passed_s
            passed_s = max(0.0, passed_s - seconds)
        return left


def start_run(session: Session, pid: int, total: int) -> int:
    """Record that a run has started; returns its id."""
    moment = utc_now()
    run = RunRow(pid=pid, started_at=moment, updated_at=moment, total=total, done=0)
    session.add(run)
    session.flush()
    return run.id


def update_run(session: Session, run_id: int, done: int) -> None:
    """Record how far a run is."""
    session.execute(update(RunRow).where(RunRow.id == run_id).values(done=done, updated_at=utc_now()))


def tell(session: Session, run_id: int, left: Mapping[str, float], waiting: str | None) -> None:
    """Record the seconds left of the steps of a run that is under way, and why it waits."""
    report = json.dumps({"left": left, "waiting": waiting, "at": utc_now().isoformat()})
    session.execute(
        update(RunRow)
        .where(RunRow.id == run_id, RunRow.finished_at.is_(None))
        .values(report=report, updated_at=utc_now())
    )


def progress(session: Session, run_id: int) -> tuple[int, int]:
    """How many files of how many of a run are done."""
    row = session.execute(select(RunRow.done, RunRow.total).where(RunRow.id == run_id)).one_or_none()
    return (0, 0) if row is None else (row.done, row.total)


def end_run(session: Session, run_id: int, report: str) -> None:
    """Record how a run has ended, as JSON."""
    moment = utc_now()
    session.execute(
        update(RunRow).where(RunRow.id == run_id).values(updated_at=moment, finished_at=moment, report=report)
    )


def last_run(session: Session) -> Run | None:
    """The run that started last, or None."""
    row = session.scalar(select(RunRow).order_by(RunRow.id.desc()).limit(1))
    return None if row is None else row.values(Run)


def changes(session: Session) -> list[Run]:
    """The finished changes of the model, in their order."""
    statement = select(RunRow).where(RunRow.finished_at.is_not(None), RunRow.report.contains('"embedded"'))
    return [row.values(Run) for row in session.scalars(statement.order_by(RunRow.id))]


def costs(session: Session, computer: str) -> dict[str, float]:
    """What looks have cost on a computer, as the last run there that measured any has reported it."""
    statement = select(RunRow.report).where(
        RunRow.finished_at.is_not(None), RunRow.report.contains('"costs"'), RunRow.report.contains(computer)
    )
    report = session.scalar(statement.order_by(RunRow.id.desc()).limit(1))
    return dict(json.loads(report)["costs"]) if report else {}


def passed_over(session: Session, roots: Collection[Path]) -> Counter[str]:
    """By their endings how many files of kinds that are not read the roots had when last walked."""
    statement = select(RunRow.report).where(RunRow.report.contains('"passed_over"'))
    left, counts = set(map(str, roots)), Counter[str]()
    for report in session.scalars(statement.order_by(RunRow.id.desc()).limit(_MOST_LOOKED_AT)):
        by_root = json.loads(report or "{}").get("passed_over", {})
        for root in left & by_root.keys():
            counts.update(by_root[root])
        left -= by_root.keys()
        if not left:
            break
    return counts
