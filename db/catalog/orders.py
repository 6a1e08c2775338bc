"""Orders of a library: by date, name, size, or when files came. Functions take an open session."""

import os
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, and_, case, func, select, type_coerce
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids
from db.catalog import copies
from db.catalog.copies import FileRow
from db.engine.batches import chunks
from db.engine.dialect import id_table, stored_name, unindexed
from db.engine.schema import LIVE, Asset, Content, Unit

_DIGITS = re.compile(r"(\d+)")


class Facts(NamedTuple):
    """What files are sorted by. ``added_at`` and ``arrived`` are of the content, the others of one file.

    ``path`` as it is stored: of a hundred thousand files names are only made where these are sorted by.
    """

    path: str | bytes
    size: int
    taken_at: datetime | None
    moment: datetime | None
    added_at: datetime | None = None
    arrived: int = 0

    @classmethod
    def of(cls, file: FileRow, added_at: datetime | None = None, arrived: int = 0) -> "Facts":
        """Those of a file."""
        return cls(str(file.path), file.size, file.taken_at, file.moment, added_at, arrived)


@dataclass(frozen=True)
class Order:
    """A way to sort: ``key`` of the facts, the highest first where ``falling``.

    ``day`` gives the day under whose heading people look for a file, None where that is not known; without
    it there are no days.
    """

    key: Callable[[Facts], Any]
    falling: bool = True
    day: Callable[[Facts], date | None] | None = None


def _taken(facts: Facts) -> tuple[datetime, datetime]:
    """What has no date comes after all that have one, by when the file changed: that is an order, no date."""
    return facts.taken_at or datetime.min, facts.moment or datetime.min


def _day_taken(facts: Facts) -> date | None:
    return facts.taken_at and facts.taken_at.date()


def _day_added(facts: Facts) -> date | None:
    """In local time, as people remember it."""
    return facts.added_at and facts.added_at.replace(tzinfo=UTC).astimezone().date()


def _name(facts: Facts) -> list[str | int]:
    """Numbers in names by their value: ``IMG_9`` comes before ``IMG_10``."""
    name = os.path.basename(stored_name(facts.path))  # noqa: PTH119 - many times as fast as pathlib
    parts = _DIGITS.split(name.casefold())
    return [int(part) if at % 2 else part for at, part in enumerate(parts)]


LATEST = Order(_taken)
"""By when it was taken, and what nobody has a date of last."""

ORDERS: Mapping[str, Order] = {
    "date": Order(_taken, day=_day_taken),
    "name": Order(_name, falling=False),
    "size": Order(lambda facts: facts.size),
    "added": Order(lambda facts: (facts.added_at or datetime.min, facts.arrived), day=_day_added),
}
"""The orders that people choose: ``date``, the latest first and what has none last; ``name``; ``size``, the
largest first; ``added``, what came last first."""


class Placed(NamedTuple):
    """A content in its place: the first of its units, and what it was sorted by."""

    unit_id: int
    content_id: int
    facts: Facts


def arranged(
    session: Session,
    ids: Ids,
    order: Order,
    of_file: Sequence[ColumnElement[bool]] = (),
    *,
    among_hidden: bool = False,
) -> list[Placed]:
    """The contents of these units in an order, each with the first of the units.

    First are units that stand by themselves: the title of a film is not what is shown of it. What is equal
    comes in the order of the units. Of several files with a content that counts which answers; ``of_file``
    and ``among_hidden`` as in ``db.catalog.units.rows``.
    """
    found: dict[int, Placed] = {}
    several: set[int] = set()
    for batch in chunks(ids.tolist()):
        # By the connection: a session would make more of each of many rows.
        rows = session.connection().execute(_first_of(batch)).all()
        for content_id, unit_id, has_copies, *facts in rows:
            before = found.get(content_id)
            unit_id = min(unit_id, before.unit_id) if before else unit_id
            found[content_id] = Placed(unit_id, content_id, Facts(*facts))
            if has_copies:
                several.add(content_id)
    files = copies.of_contents(session, several, of_file, among_hidden=among_hidden)
    for content_id, (shown, *_) in files.items():
        placed = found[content_id]
        own = Facts.of(shown, placed.facts.added_at, placed.facts.arrived)
        found[content_id] = placed._replace(facts=own)
    by_unit = sorted(found.values())
    return sorted(by_unit, key=lambda placed: order.key(placed.facts), reverse=order.falling)


def _first_of(unit_ids: Sequence[int]) -> Any:
    """The statement for the contents of units: the first unit, whether there are copies, and the facts."""
    # Neither by an index of states nor by a long list: both take time quadratic in the library.
    ids = id_table(unit_ids)
    standing = func.min(case((Unit.kind.in_(kinds.proving(*kinds.STANDING)), Unit.id)))
    return (
        select(
            Unit.content_id,
            func.coalesce(standing, func.min(Unit.id)),
            func.min(Asset.id) < func.max(Asset.id),
            func.min(type_coerce(Asset.path, String)),
            func.min(Asset.size),
            func.min(Asset.taken_at),
            func.min(Asset.moment),
            func.min(Content.added_at),
            func.min(Content.arrived),
        )
        .select_from(ids)
        .join(Unit, Unit.id == ids.c.value)
        .join(Content, Content.id == Unit.content_id)
        .join(Asset, and_(Asset.content_id == Unit.content_id, unindexed(Asset.state).in_(LIVE)))
        .group_by(Unit.content_id)
    )


def added(session: Session, content_ids: Collection[int]) -> dict[int, tuple[datetime | None, int]]:
    """When contents came, in UTC, and with which revision, by their ids."""
    found: dict[int, tuple[datetime | None, int]] = {}
    for batch in chunks(list(content_ids)):
        statement = select(Content.id, Content.added_at, Content.arrived).where(Content.id.in_(batch))
        for content_id, added_at, arrived in session.execute(statement):
            found[content_id] = (added_at, arrived)
    return found
