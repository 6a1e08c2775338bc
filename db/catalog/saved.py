"""Saved searches and the judgements on their hits. Functions take an open session.

These are the user's own data, which Trove cannot make again: only the user removes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from db.catalog.units import UnitRow
from db.engine.clock import utc_now
from db.engine.schema import Content, Judgement, SavedSearch, Unit, UnitKind

NEAR_S = 3.0
"""A unit that begins this near to a judged one counts as the same after a new transcript or segmentation."""


@dataclass(frozen=True)
class Judged:
    """A thumb up or down. ``unit_id``: what it is on; None where the library no longer has it."""

    id: int
    path: Path
    kind: UnitKind
    start_s: float | None
    up: bool
    unit_id: int | None


def add(session: Session, name: str, query: str, kind: UnitKind | None) -> None:
    """Save a query; nothing that the library has now counts as new to it."""
    session.add(
        SavedSearch(
            name=name,
            query=query,
            kind=kind,
            created_at=utc_now(),
            seen_content_id=newest_content(session),
        )
    )
    session.flush()


def named(session: Session, name: str) -> SavedSearch | None:
    """The saved search of that name, or None."""
    return session.scalar(select(SavedSearch).where(SavedSearch.name == name))


def every(session: Session) -> list[SavedSearch]:
    """All saved searches, by name."""
    return sorted(session.scalars(select(SavedSearch)), key=lambda saved: saved.name.casefold())


def rename(session: Session, saved_id: int, name: str) -> None:
    """Give it another name."""
    session.execute(update(SavedSearch).where(SavedSearch.id == saved_id).values(name=name))


def remove(session: Session, saved_id: int) -> None:
    """Delete a saved search with its judgements."""
    session.execute(delete(SavedSearch).where(SavedSearch.id == saved_id))


def newest_content(session: Session) -> int:
    """The id of the content that arrived last; 0 in an empty library."""
    return session.scalar(select(func.max(Content.id))) or 0


def mark_seen(session: Session, saved_id: int, content_id: int) -> None:
    """Note that all hits up to this content were seen. What was seen stays seen."""
    statement = update(SavedSearch).where(
        SavedSearch.id == saved_id, SavedSearch.seen_content_id < content_id
    )
    session.execute(statement.values(seen_content_id=content_id))


def judge(session: Session, saved_id: int, unit: UnitRow, *, up: bool) -> None:
    """Store a thumb up or down on a unit, in place of an earlier one."""
    unjudge(session, [item.id for item in judged(session, saved_id) if item.unit_id == unit.id])
    session.add(
        Judgement(
            saved_id=saved_id,
            sha256=session.scalars(select(Content.sha256).where(Content.id == unit.content_id)).one(),
            kind=unit.kind,
            start_s=unit.start_s or 0.0,
            up=up,
            path=unit.paths[0],
        )
    )
    session.flush()


def unjudge(session: Session, ids: Sequence[int]) -> None:
    """Delete judgements by their ids."""
    session.execute(delete(Judgement).where(Judgement.id.in_(ids)))


def judged(session: Session, saved_id: int) -> list[Judged]:
    """All judgements of a saved search, the latest first."""
    gap_s = func.abs(func.coalesce(Unit.start_s, 0.0) - Judgement.start_s)
    statement = (
        select(Judgement, Unit.id)
        .outerjoin(Content, Content.sha256 == Judgement.sha256)
        .outerjoin(Unit, and_(Unit.content_id == Content.id, Unit.kind == Judgement.kind, gap_s <= NEAR_S))
        .where(Judgement.saved_id == saved_id)
        .order_by(Judgement.id.desc(), gap_s, Unit.id)
    )
    nearest: dict[int, Judged] = {}
    for row, unit_id in session.execute(statement):
        start_s = None if row.kind == "image" else row.start_s
        nearest.setdefault(row.id, Judged(row.id, row.path, row.kind, start_s, row.up, unit_id))
    return list(nearest.values())
