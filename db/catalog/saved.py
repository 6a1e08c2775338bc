"""Saved searches and the judgements on their hits. Functions take an open session.

These are the user's own data, which Trove cannot make again: only the user removes them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db import kinds
from db.catalog import revision
from db.catalog.units import UnitRow, region_of, rows_changed, same_region
from db.engine.clock import utc_now
from db.engine.dialect import is_seen
from db.engine.schema import Content, Unit, UnitKind
from db.engine.users import Judgement, SavedSearchRow
from db.errors import LibraryError

NEAR_S = 3.0
"""A unit that begins this near to a judged one counts as the same after a new transcript or segmentation."""


@dataclass(frozen=True)
class SavedSearch:
    """A query that a user has saved under a name, see ``SavedSearchRow``."""

    id: int
    name: str
    query: str
    kind: UnitKind | None
    created_at: datetime
    seen: int
    said_by: str | None


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
        SavedSearchRow(
            name=name,
            query=query,
            kind=kind,
            created_at=utc_now(),
            seen=revision.current(session),
        )
    )
    session.flush()


def named(session: Session, name: str) -> SavedSearch | None:
    """The saved search of that name, or None."""
    mine = select(SavedSearchRow).where(SavedSearchRow.name == name, is_seen(SavedSearchRow.owner))
    row = session.scalar(mine.order_by(SavedSearchRow.owner.desc()).limit(1))  # one's own before a shared one
    return None if row is None else row.values(SavedSearch)


def every(session: Session) -> list[SavedSearch]:
    """All saved searches, by name."""
    each = (
        row.values(SavedSearch)
        for row in session.scalars(select(SavedSearchRow).where(is_seen(SavedSearchRow.owner)))
    )
    return sorted(each, key=lambda saved: saved.name.casefold())


def rename(session: Session, saved_id: int, name: str) -> None:
    """Give it another name."""
    mine = update(SavedSearchRow).where(SavedSearchRow.id == saved_id)
    _require_one(rows_changed(session.execute(mine.values(name=name))))


def remove(session: Session, saved_id: int) -> None:
    """Delete a saved search with its judgements."""
    _require_one(rows_changed(session.execute(delete(SavedSearchRow).where(SavedSearchRow.id == saved_id))))


def _require_one(count: int) -> None:
    if not count:
        raise LibraryError(
            "this saved search is shared by all, and you may not change it",
            "Save it under another name, which is then your own.",
        )


def mark_seen(session: Session, saved_id: int, seen: int) -> None:
    """Note that all hits up to this revision of the library were seen. What was seen stays seen."""
    statement = update(SavedSearchRow).where(SavedSearchRow.id == saved_id, SavedSearchRow.seen < seen)
    session.execute(statement.values(seen=seen))


def arrived(session: Session, content_ids: Iterable[int], after: int) -> set[int]:
    """Those of these contents that arrived after a revision of the library."""
    statement = select(Content.id).where(Content.id.in_(set(content_ids)), Content.arrived > after)
    return set(session.scalars(statement))


def judge(session: Session, saved_id: int, unit: UnitRow, *, up: bool) -> None:
    """Store a thumb up or down on a unit, in place of an earlier one."""
    unjudge(session, [item.id for item in judged(session, saved_id) if item.unit_id == unit.id])
    session.add(
        Judgement(
            saved_id=saved_id,
            sha256=session.scalars(select(Content.sha256).where(Content.id == unit.content_id)).one(),
            kind=unit.kind,
            start_s=unit.start_s,
            up=up,
            path=unit.path,
            **(unit.region._asdict() if unit.region else {}),
        )
    )
    session.flush()


def unjudge(session: Session, ids: Sequence[int]) -> None:
    """Delete judgements by their ids."""
    session.execute(delete(Judgement).where(Judgement.id.in_(ids)))


def judged(session: Session, saved_id: int) -> list[Judged]:
    """All judgements of a saved search, the latest first."""
    gap_s = func.abs(func.coalesce(Unit.start_s, 0.0) - func.coalesce(Judgement.start_s, 0.0))
    # An animation was a picture in older libraries, and has frames now.
    seen = kinds.proving("shows")
    alike = or_(Unit.kind == Judgement.kind, and_(Unit.kind.in_(seen), Judgement.kind.in_(seen)))
    statement = (
        select(Judgement, Unit)
        .outerjoin(Content, Content.sha256 == Judgement.sha256)
        .outerjoin(Unit, and_(Unit.content_id == Content.id, alike, gap_s <= NEAR_S))
        .where(Judgement.saved_id == saved_id, is_seen(Judgement.owner))
        .order_by(Judgement.id.desc(), gap_s, Unit.id)
    )
    nearest: dict[int, Judged] = {}
    for row, unit in session.execute(statement):
        is_same = unit is not None and same_region(region_of(row), region_of(unit))
        unit_id = unit.id if is_same else None
        known = nearest.get(row.id)
        if known is None or (known.unit_id is None and unit_id is not None):
            nearest[row.id] = Judged(row.id, row.path, row.kind, row.start_s, row.up, unit_id)
    return list(nearest.values())
