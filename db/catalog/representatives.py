"""Which unit is shown for what was found: the picture that a text is in, the frame in which it is said.

Functions take an open session.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids
from db.catalog import switches
from db.catalog.units import UnitRow, rows
from db.engine.batches import chunks
from db.engine.schema import Unit


def of_evidence(
    session: Session,
    evidence: Sequence[UnitRow],
    among: Ids | None = None,
    of_file: Sequence[ColumnElement[bool]] = (),
    *,
    among_hidden: bool = False,
) -> dict[int, UnitRow]:
    """What is shown for units that are evidence of others, by their ids: the picture that they are in.

    Of a film the frame that they have most of their time in common with. Units without one are left out.
    ``among``: the only units that may be shown, ascending; ``of_file`` and ``among_hidden`` as in
    ``rows``.
    """
    pictures: dict[int, list[_Span]] = defaultdict(list)
    for batch in chunks(list({row.content_id for row in evidence})):
        statement = select(Unit.content_id, Unit.id, Unit.start_s, Unit.end_s).where(
            Unit.content_id.in_(batch),
            Unit.kind.in_(kinds.proving("shows")),
            Unit.asset_id.is_(None),
            Unit.x.is_(None),
            switches.each_findable(session, among_hidden=among_hidden),
        )
        for content_id, unit_id, start_s, end_s in session.execute(statement.order_by(Unit.id)):
            if among is None or _is_in(among, unit_id):
                pictures[content_id].append(_Span(start_s, end_s, unit_id))
    frames = {
        content_id: timed
        for content_id, spans in pictures.items()
        if (timed := sorted(span for span in spans if span.start_s is not None))
    }
    nearest = {
        row.id: _whole(pictures[row.content_id])
        if row.start_s is None or row.content_id not in frames
        else _nearest(row.start_s, row.end_s or row.start_s, frames[row.content_id])
        for row in evidence
    }
    found = {unit_id for unit_id in nearest.values() if unit_id is not None}
    live = rows(session, found, of_file, among_hidden=among_hidden)
    return {unit_id: live[picture] for unit_id, picture in nearest.items() if picture in live}


def of_contents(
    session: Session,
    content_ids: Iterable[int],
    among: Ids | None = None,
    *,
    among_hidden: bool = False,
) -> dict[int, int]:
    """The first unit of each of these contents that can be shown by itself: the picture, the first frame.

    ``among``: the only units that may be, ascending; ``among_hidden`` as in ``rows``. Contents without one
    are left out.
    """
    first: dict[int, int] = {}
    for batch in chunks(list(content_ids)):
        statement = select(Unit.content_id, Unit.id).where(
            Unit.content_id.in_(batch),
            Unit.kind.in_(kinds.proving(*kinds.STANDING)),
            Unit.x.is_(None),
            switches.each_findable(session, among_hidden=among_hidden),
        )
        for content_id, unit_id in session.execute(
            statement.order_by(Unit.kind.in_(kinds.proving("said")), Unit.id)
        ):
            if among is None or _is_in(among, unit_id):
                first.setdefault(content_id, unit_id)
    return first


class _Span(NamedTuple):
    start_s: float | None
    end_s: float | None
    unit_id: int


def _is_in(ascending: Ids, unit_id: int) -> bool:
    place = int(np.searchsorted(ascending, unit_id))
    return place < len(ascending) and int(ascending[place]) == unit_id


def _whole(pictures: Sequence[_Span]) -> int | None:
    return next((picture.unit_id for picture in pictures if picture.start_s is None), None)


def _nearest(start_s: float, end_s: float, frames: Sequence[_Span]) -> int | None:
    """The frame, of those in the order of time, with most of a span; frames do not overlap."""
    place = bisect_right(frames, end_s, key=lambda frame: frame.start_s or 0.0)
    best: tuple[float, int] | None = None
    for frame in reversed(frames[:place]):
        first, last = frame.start_s or 0.0, frame.end_s or frame.start_s or 0.0
        common = min(end_s, last) - max(start_s, first)
        if common < 0:
            break
        if best is None or common >= best[0]:
            best = (common, frame.unit_id)
    return None if best is None else best[1]
