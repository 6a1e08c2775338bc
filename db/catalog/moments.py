"""Rules about moments as one query of PostgreSQL, which so evaluates them where the vectors are.

A content's moments become a multirange of microseconds, with which the spans of its units are compared in
logarithmic time: no join by time, which would grow with the square of a film's length. It says the same as
``db.catalog.live`` does with numpy on the other engine; a test holds them against each other.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Select,
    Subquery,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)

from db.catalog.filters import NEAR_S, OwnRule, UnitRule
from db.engine.schema import Unit

Marks = Select[*tuple[Any, ...]]
"""A statement that gives for each mark a content, and the first and last second there; NULL for all of it."""

APART_S = 1e8
"""Longer than any file, in seconds (three years)."""
INSTANT_S = 1e-3
"""How long something lasts that has only one time."""

_US = 1_000_000
_CLOSED: ColumnElement[str] = literal_column("'[]'")


def enough(rule: UnitRule | OwnRule, marks: Marks) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: it has as many marks near it as a rule asks for."""
    at_least = true() if rule.op == "<=" else _near(marks, rule.count)
    at_most = rule.most if isinstance(rule, UnitRule) else None
    most = at_most if rule.op == ">=" else rule.count
    return at_least if most is None else at_least & ~_near(marks, most + 1)


def _near(marks: Marks, least: int) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: it is near a moment with at least so many marks at once."""
    if least <= 0:
        return true()
    at_once = _at_once(marks, least)
    unit = Unit.__table__.alias()
    near = func.int8range(
        _us(unit.c.start_s, -NEAR_S, 0.0),
        _us(func.coalesce(unit.c.end_s, unit.c.start_s), NEAR_S, APART_S),
        _CLOSED,
    )
    joined = select(unit.c.id).join(at_once, at_once.c.content_id == unit.c.content_id)
    return Unit.id.in_(joined.where(at_once.c.moments.op("&&")(near)))


def _at_once(marks: Marks, least: int) -> Subquery:
    """When at least so many marks are there at once: a multirange for each content that has such a moment.

    A mark that ends when another one begins is not there with it.
    """
    mark = marks.subquery()
    content_id, first, last = list(mark.c)[:3]
    start = _us(first, 0.0, 0.0)
    end = func.greatest(_us(func.coalesce(last, first), 0.0, APART_S), start + round(INSTANT_S * _US))
    if least == 1:
        spans = select(content_id.label("content_id"), start.label("start"), end.label("end")).subquery()
    else:
        spans = _overlaps(content_id, start, end, least)
    each = func.int8range(spans.c.start, spans.c.end, _CLOSED)
    return (
        select(spans.c.content_id, func.range_agg(each).label("moments"))
        .group_by(spans.c.content_id)
        .subquery()
    )


def _overlaps(
    content_id: ColumnElement[int], start: ColumnElement[int], end: ColumnElement[int], least: int
) -> Subquery:
    """From each beginning or end of a mark to the next one, where at least so many are there."""

    def steps_of(at: ColumnElement[int], step: int) -> Select[int, int, int]:
        return select(content_id.label("content_id"), at.label("at"), literal(step).label("step"))

    steps = union_all(steps_of(start, 1), steps_of(end, -1)).subquery()
    # At the same time those that end come first.
    by_time: dict[str, Any] = {
        "partition_by": steps.c.content_id,
        "order_by": (steps.c.at, steps.c.step),
    }
    counted = select(
        steps.c.content_id,
        steps.c.at.label("start"),
        func.lead(steps.c.at).over(**by_time).label("end"),
        func.sum(steps.c.step).over(**by_time, rows=(None, 0)).label("there"),
    ).subquery()
    return (
        select(counted.c.content_id, counted.c.start, counted.c.end)
        .where(counted.c.there >= least)
        .subquery()
    )


def _us(seconds: ColumnElement[Any], more_s: float, otherwise_s: float) -> ColumnElement[int]:
    """Seconds and some more in microseconds, none below 0; others where there are none."""
    seconds = cast(seconds, Double)  # a NULL for all of a file has no type by itself
    shifted = case((seconds.is_(None), otherwise_s), else_=func.greatest(seconds + more_s, 0.0))
    return cast(func.round(shifted * _US), BigInteger)
