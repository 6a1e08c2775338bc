"""The ids of units that can be found, under all filters: the restriction of every search.

Facts of files, contents and units are left to SQL. Rules about units near by, and about what users made, are
evaluated on the spans of all files at once: a join by time would grow with the square of a film's length.
Where the server searches vectors, it evaluates these rules, too (``db.catalog.moments``).
Functions take an open session.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Select, and_, exists, false, func, null, or_, select
from sqlalchemy.orm import Session, aliased

from db import kinds
from db.arrays import Doubles, Ids
from db.catalog import fulltext, moments, people, revision, switches
from db.catalog.filters import (
    FACTS,
    NEAR_S,
    FactRule,
    Filter,
    OwnRule,
    Rule,
    UnitRule,
    Wanted,
    asks_for_hidden,
    asks_for_words,
    of_files,
    of_units,
    others,
)
from db.catalog.moments import APART_S, INSTANT_S, Marks
from db.engine.dialect import id_table, is_seen
from db.engine.schema import (
    Asset,
    Content,
    Embedding,
    Unit,
    UnitKind,
)
from db.engine.users import (
    Judgement,
    SavedSearchRow,
)
from db.words.forms import fold


def ids(
    session: Session,
    of_kinds: Collection[UnitKind],
    filters: tuple[Filter, ...] = (),
    *,
    space_id: int | None = None,
    among_hidden: bool = False,
) -> Ids:
    """The ids, ascending, of live units of these kinds for which all filters hold.

    ``space_id``: only those with a vector in that space. ``among_hidden``: also of hidden files, as where a
    filter asks for them.
    """
    among_hidden = among_hidden or asks_for_hidden(filters)
    statement = _live(session, of_kinds, filters, among_hidden=among_hidden)
    if space_id is not None:
        statement = statement.join(
            Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id)
        )
    live = np.fromiter(session.scalars(statement.order_by(Unit.id)), dtype=np.int64)
    for item in others(filters):
        asked = _Asked(item.negated, of_files(filters), among_hidden)
        each = (_fulfilling(session, rule, live, asked) for rule in item.rules)
        fulfilling = reduce(np.union1d, each, np.empty(0, np.int64))
        live = np.setdiff1d(live, fulfilling, assume_unique=True) if item.negated else fulfilling
    return live


def rule(session: Session, of_kinds: Collection[UnitKind], filters: tuple[Filter, ...]) -> Select[int]:
    """As ``ids``, as a query of PostgreSQL for their ids."""
    found = _live(session, of_kinds, filters, among_hidden=asks_for_hidden(filters))
    return found.where(*_holding(session, filters, among_hidden=asks_for_hidden(filters)))


def among(
    session: Session,
    unit_ids: Ids,
    of_kinds: Collection[UnitKind],
    filters: tuple[Filter, ...] = (),
    *,
    among_hidden: bool = False,
) -> Ids:
    """As ``rule``, of some units: each is looked at by itself."""
    among_hidden = among_hidden or asks_for_hidden(filters)
    each = id_table(unit_ids.tolist())
    found = switches.each_findable(session, of_file=of_files(filters), among_hidden=among_hidden)
    statement = select(Unit.id).join(each, each.c.value == Unit.id)
    statement = statement.join(Content, Content.id == Unit.content_id)
    statement = statement.where(Unit.kind.in_(of_kinds), found, *of_units(filters))
    statement = statement.where(*_holding(session, filters, among_hidden=among_hidden)).order_by(Unit.id)
    return np.fromiter(session.scalars(statement), dtype=np.int64)


def _live(
    session: Session, of_kinds: Collection[UnitKind], filters: tuple[Filter, ...], *, among_hidden: bool
) -> Select[int]:
    found = switches.findable(session, of_files(filters), among_hidden=among_hidden)
    statement = select(Unit.id).where(Unit.kind.in_(of_kinds), found)
    if of_unit := of_units(filters):
        statement = statement.join(Content, Content.id == Unit.content_id).where(*of_unit)
    return statement


def wanted_ids(session: Session, wanted: Wanted) -> Ids:
    """The ids, ascending, of all wanted live units, with a vector or without; asked once a snapshot."""
    of_kinds = [kind for kind in kinds.every() if wanted.kinds is None or kind in wanted.kinds]
    return revision.remembered(session, wanted, lambda: ids(session, of_kinds, wanted.filters))


def contents(session: Session, unit_ids: Ids) -> int:
    """How many contents these units are of."""
    each = id_table(unit_ids.tolist())
    statement = select(func.count(Unit.content_id.distinct())).join(each, each.c.value == Unit.id)
    return session.scalar(statement) or 0


def having(session: Session, rule: UnitRule) -> Ids:
    """The ids, ascending, of the live units that a rule about units counts: those with the words.

    Hidden ones, too: what of it may be found is known to who asks.
    """
    statement = _having(session, rule)
    return np.fromiter(session.scalars(statement.order_by(statement.selected_columns[0])), dtype=np.int64)


def _having(session: Session, rule: UnitRule) -> Select[int]:
    unit = aliased(Unit)
    return _counted(session, rule, unit, _Asked(among_hidden=True), unit.id)


def of_file(filters: tuple[Filter, ...]) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Asset``: what of the filters one of several files with a content can fulfil alone.

    That is all about files, and that units with the words are found with this file, not with another one.
    """
    of_words = [_of_words(item) for item in others(filters) if all(map(_is_known, item.rules))]
    return [*of_files(filters), *of_words]


def _is_known(rule: Rule) -> bool:
    """Whether it can be said of a file by itself that a rule holds."""
    return asks_for_words(rule) or (isinstance(rule, FactRule) and FACTS[rule.key].of_file)


def _of_words(item: Filter) -> ColumnElement[bool]:
    unit = aliased(Unit)
    words = [
        exists()
        .where(
            unit.content_id == Asset.content_id,
            or_(unit.asset_id.is_(None), unit.asset_id == Asset.id),
            unit.kind.in_(rule.kinds),
            fulltext.has(unit, rule.match or ""),
        )
        .correlate(Asset)
        for rule in item.rules
        if isinstance(rule, UnitRule)
    ]
    facts = tuple(rule for rule in item.rules if isinstance(rule, FactRule))
    holds = or_(*words, *of_files((Filter(facts),) if facts else ()))
    return ~holds if item.negated else holds


class _Asked(NamedTuple):
    """How a rule is asked for: in a negation or not, what holds for the files, and among which of these.

    What belongs to another file does not count.
    """

    negated: bool = False
    of_file: Sequence[ColumnElement[bool]] = ()
    among_hidden: bool = False


def _fulfilling(session: Session, rule: Rule, among: Ids, asked: _Asked) -> Ids:
    """Those of these units for which a rule holds, ascending.

    Who asks for words wants the passage that has them, not the next one: of the rule's own kinds only
    those hold that have the words themselves. In a negation they go with all that is near.
    """
    match rule:
        case FactRule():
            statement = _with_fact(session, rule, asked).order_by(Unit.id)
            holding = np.fromiter(session.scalars(statement), dtype=np.int64)
            return np.intersect1d(among, holding, assume_unique=True)
        case OwnRule():
            return _counting(session, rule, OWN[rule.table](session, rule.name), among)
        case UnitRule():
            marks = _marks(session, rule, asked)
            near = _counting(session, rule, marks, among)
            if asked.negated or not asks_for_words(rule):
                return near
            statement = select(Unit.id).where(Unit.kind.in_(rule.kinds), _is_marked(marks))
            of_its_kinds = np.fromiter(session.scalars(statement), dtype=np.int64)
            return near[~np.isin(near, np.setdiff1d(of_its_kinds, having(session, rule)))]


def _holding(
    session: Session, filters: tuple[Filter, ...], *, among_hidden: bool
) -> list[ColumnElement[bool]]:
    """What ``others`` of the filters say, as SQL conditions on ``Unit`` that PostgreSQL evaluates."""
    conditions = []
    for item in others(filters):
        asked = _Asked(item.negated, of_files(filters), among_hidden)
        holds = or_(false(), *(_holds(session, rule, asked) for rule in item.rules))
        conditions.append(~holds if item.negated else holds)
    return conditions


def _holds(session: Session, rule: Rule, asked: _Asked) -> ColumnElement[bool]:
    """As ``_fulfilling``, as an SQL condition on ``Unit``."""
    match rule:
        case FactRule():
            return Unit.id.in_(_with_fact(session, rule, asked).correlate(None))
        case OwnRule():
            return moments.enough(rule, OWN[rule.table](session, rule.name))
        case UnitRule():
            near = moments.enough(rule, _marks(session, rule, asked))
            if asked.negated or not asks_for_words(rule):
                return near
            return near & (Unit.kind.not_in(rule.kinds) | Unit.id.in_(_having(session, rule)))


def _with_fact(session: Session, rule: FactRule, asked: _Asked) -> Select[int]:
    """The live units of which a fact holds."""
    of_fact = (Filter((rule,)),)
    found = switches.findable(session, of_files(of_fact), among_hidden=asked.among_hidden)
    statement = select(Unit.id).join(Content, Content.id == Unit.content_id)
    return statement.where(found, *of_units(of_fact))


def _marks(session: Session, rule: UnitRule, asked: _Asked) -> Marks:
    """Where the units are that a rule counts."""
    unit = aliased(Unit)
    columns: tuple[Any, ...] = (unit.content_id, unit.start_s, unit.end_s)
    if rule.anywhere:
        columns = (unit.content_id, null().label("start_s"), null().label("end_s"))
    return _counted(session, rule, unit, asked, *columns)


def _counting(session: Session, rule: UnitRule | OwnRule, marks: Marks, among: Ids) -> Ids:
    """Those of these units that have as many marks near them as a rule asks for."""
    enough = among if rule.op == "<=" else _with_marks(session, marks, rule.count, among)
    at_least = rule.most if isinstance(rule, UnitRule) else None
    most = at_least if rule.op == ">=" else rule.count
    if most is None:
        return enough
    return np.setdiff1d(enough, _with_marks(session, marks, most + 1, among), assume_unique=True)


def _counted(session: Session, rule: UnitRule, unit: Any, asked: _Asked, *columns: Any) -> Marks:
    """Columns of the live units of the rule's kinds with its words."""
    found = switches.each_findable(session, unit, among_hidden=asked.among_hidden)
    statement = select(*columns).where(unit.kind.in_(rule.kinds), found)
    if asked.of_file:
        files = select(Asset.id).where(*asked.of_file)
        statement = statement.where(or_(unit.asset_id.is_(None), unit.asset_id.in_(files)))
    return statement if rule.match is None else statement.where(fulltext.has(unit, rule.match))


def _is_marked(marks: Marks) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: its content has a mark."""
    return Unit.content_id.in_(marks.with_only_columns(marks.selected_columns[0]))


class _Spans(NamedTuple):
    """Spans of n units or marks: (n,) content ids, first and last seconds; NaN where they have no time."""

    contents: Ids
    starts: Doubles
    ends: Doubles

    @classmethod
    def of(cls, rows: npt.NDArray[np.void]) -> "_Spans":
        starts, ends = rows["start_s"], rows["end_s"]
        return cls(rows["content_id"], starts, np.where(np.isnan(ends), starts, ends))

    def on_one_axis(self, contents: Ids, margin_s: float = 0.0) -> tuple[Doubles, Doubles]:
        """The spans with the files one after the other; without a time they take all of their file."""
        origins = np.searchsorted(contents, self.contents) * 2 * APART_S
        starts: Doubles = np.where(np.isnan(self.starts), 0.0, np.maximum(self.starts - margin_s, 0.0))
        ends: Doubles = np.where(np.isnan(self.starts), APART_S, self.ends + margin_s)
        return origins + starts, origins + ends


_ROW = np.dtype([("content_id", np.int64), ("start_s", np.float64), ("end_s", np.float64)])


def _with_marks(session: Session, marks: Marks, least: int, among: Ids) -> Ids:
    """Those of these units near a moment with at least so many marks at once, ascending."""
    if least <= 0:
        return among
    spans = _Spans.of(np.array([tuple(row) for row in session.execute(marks)], dtype=_ROW))
    contents = np.unique(spans.contents)
    starts, ends = _at_once(*spans.on_one_axis(contents), least)
    statement = select(Unit.id, Unit.content_id, Unit.start_s, Unit.end_s).where(_is_marked(marks))
    rows = session.execute(statement.order_by(Unit.id)).all()
    units = _Spans.of(np.array([tuple(row[1:]) for row in rows], dtype=_ROW))
    first, last = units.on_one_axis(contents, NEAR_S)
    # Moments that have begun by a unit's end, less those that were over before its beginning.
    near = np.searchsorted(starts, last, "right") - np.searchsorted(ends, first, "left")
    found = np.array([row[0] for row in rows], np.int64)[near > 0]
    return np.intersect1d(among, found, assume_unique=True)


def _at_once(starts: Doubles, ends: Doubles, least: int) -> tuple[Doubles, Doubles]:
    """When at least so many of n spans are there at once: (m,) beginnings and ends, ascending, disjoint.

    A span that ends when another one begins is not there with it: the same dog in the next frame is one dog.
    """
    ends = np.maximum(ends, starts + INSTANT_S)
    times = np.concatenate([ends, starts])
    steps = np.concatenate([np.full(len(ends), -1), np.full(len(starts), 1)])
    order = np.argsort(times, kind="stable")  # at the same time those that end come first
    times, count = times[order], np.cumsum(steps[order])
    begins = (steps[order] > 0) & (count == least)
    over = (steps[order] < 0) & (count == least - 1)
    return times[begins], times[over]


def _liked(_session: Session, name: str) -> Marks:
    """Where there is a thumb up in the saved search of a name."""
    return (
        select(Content.id, Judgement.start_s, Judgement.start_s)
        .join(Judgement, Judgement.sha256 == Content.sha256)
        .join(SavedSearchRow, SavedSearchRow.id == Judgement.saved_id)
        .where(
            func.trove_fold(SavedSearchRow.name) == fold(name),
            Judgement.up,
            is_seen(SavedSearchRow.owner),
            is_seen(Judgement.owner),
        )
    )


OWN: Mapping[str, Callable[[Session, str], Marks]] = {
    "liked": _liked,
    "person": people.seen,
    "people": people.anybody,
    "headshot": people.large,
}
"""The marks that users made, or that are of whom they know, by their table."""
