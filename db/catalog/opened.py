"""What was opened among the hits of a question, noted only where the user has asked for that.

These are the user's own data: only the user removes them. Functions take an open session.
"""

from collections import defaultdict

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.catalog import switches
from db.catalog.saved import NEAR_S
from db.catalog.units import UnitRow
from db.engine.clock import utc_now
from db.engine.dialect import OWNER, overwrite_deleted
from db.engine.schema import (
    Content,
    LibraryState,
    Unit,
)
from db.engine.users import (
    OpenedRow,
)


def is_on(session: Session) -> bool:
    """Whether what is opened is to be noted."""
    return session.scalars(select(LibraryState.remembers_opened)).one()


def turn(session: Session, *, on: bool) -> None:
    """Have it noted from now on, or no more; what was noted stays."""
    session.execute(update(LibraryState).values(remembers_opened=on))


def put(session: Session, query: str, unit: UnitRow, rank: int) -> None:
    """Note that a hit was opened, in place of an earlier note of the same question and moment."""
    sha256 = session.scalars(select(Content.sha256).where(Content.id == unit.content_id)).one()
    session.execute(
        delete(OpenedRow).where(
            OpenedRow.owner == OWNER,
            OpenedRow.query == query,
            OpenedRow.sha256 == sha256,
            OpenedRow.start_s.is_not_distinct_from(unit.start_s),
        )
    )
    session.add(OpenedRow(query=query, sha256=sha256, start_s=unit.start_s, rank=rank, opened_at=utc_now()))
    session.flush()


def count(session: Session) -> int:
    """How many openings are noted."""
    return session.scalars(select(func.count()).select_from(OpenedRow).where(OpenedRow.owner == OWNER)).one()


def forget(session: Session) -> None:
    """Delete all that was noted, and overwrite it."""
    overwrite_deleted(session)
    session.execute(delete(OpenedRow).where(OpenedRow.owner == OWNER))


def found_by(session: Session) -> dict[str, list[frozenset[int]]]:
    """For each question the ids of the units by which what was opened for it can be found, one set each.

    Of a film or recording these are the units at that second or within ``NEAR_S`` of it, of whatever kind:
    another model may show the same moment by another one. What the library has no more is left out.
    """
    is_at = or_(
        OpenedRow.start_s.is_(None),
        func.abs(Unit.start_s - OpenedRow.start_s) <= NEAR_S,
        and_(Unit.start_s <= OpenedRow.start_s, OpenedRow.start_s < Unit.end_s),
    )
    statement = (
        select(OpenedRow.id, OpenedRow.query, Unit.id)
        .join(Content, Content.sha256 == OpenedRow.sha256)
        .join(Unit, and_(Unit.content_id == Content.id, is_at))
        .where(switches.each_findable(session), OpenedRow.owner == OWNER)
        .order_by(OpenedRow.id)
    )
    units: dict[tuple[int, str], set[int]] = defaultdict(set)
    for opened_id, query, unit_id in session.execute(statement):
        units[opened_id, query].add(unit_id)
    found: dict[str, list[frozenset[int]]] = defaultdict(list)
    for (_, query), ids in units.items():
        found[query].append(frozenset(ids))
    return dict(found)
