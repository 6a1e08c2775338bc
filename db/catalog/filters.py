"""Search filters: what must hold for a hit, put together from rules of three general forms.

So a new condition of the query box writes no SQL. Rules about facts become SQL conditions here; rules about
units, and about what users made, are evaluated in ``db.catalog.live``. Filters apply before anything is
ranked (pre-filtering).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, String, and_, case, false, func, or_, true, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from db import kinds
from db.catalog import events
from db.catalog.hidden import is_hidden
from db.catalog.tags import tagged
from db.engine.dialect import ANY_OF, date_text, in_folder, is_named
from db.engine.schema import Asset, Content, Unit
from db.words.forms import fold

NEAR_S = 5.0
"""A rule about units holds for what is this near in time to a unit that fulfils it."""

Op = Literal[
    "=", "<", "<=", ">", ">=", "between", "contains", "matches", "within", "inside", "known", "unknown"
]

CountOp = Literal[">=", "<=", "="]

Value = (
    str
    | float
    | datetime
    | tuple[str, ...]
    | tuple[datetime | None, datetime | None]
    | tuple[float | None, float | None]
    | tuple[float, float, float]
    | tuple[float, float, float, float]
)


@dataclass(frozen=True)
class FactRule:
    """A comparison of a fact of the file, of its content, or of the unit itself; see ``FACTS``.

    ``value`` by ``op``: ``between`` takes (start, end), a half-open interval of which None leaves a side
    open; ``contains`` a part of a text; ``matches`` a pattern of folders or of a file's name, where ``*``
    stands for anything, or several of which one must match; ``within`` (latitude, longitude, radius) in
    degrees and kilometres; ``inside`` the south, west, north and east edge of a rectangle, in degrees, which
    crosses the date line where west is the larger one; ``known`` and ``unknown`` nothing. Case, accents and
    Unicode normalisation form of texts do not matter. An unknown fact fulfils no rule but ``unknown``.

    Raises:
        ValueError: there is no such fact, or it cannot be compared in this way.
    """

    key: str
    op: Op
    value: Value = ""

    def __post_init__(self) -> None:
        if self.key not in FACTS or self.op not in FACTS[self.key].ops:
            raise ValueError(f"there is no rule {self.key!r} {self.op}")


@dataclass(frozen=True)
class UnitRule:
    """A number of units of some kinds, near what is found: within ``NEAR_S`` of it, or without a time.

    ``match``: words that their text has, as a phrase; ``*`` at the end makes it a prefix query. None: any.
    ``anywhere``: all of them in a film or recording count, whenever they are. ``most``: no more than so many
    of them, where ``op`` says how many at least.
    """

    kinds: tuple[str, ...]
    match: str | None = None
    op: CountOp = ">="
    count: int = 1
    anywhere: bool = False
    most: int | None = None


@dataclass(frozen=True)
class OwnRule:
    """So many things that users made or named, such as hits that they liked; see ``db.catalog.live.OWN``."""

    table: str
    name: str
    op: CountOp = ">="
    count: int = 1


Rule = FactRule | UnitRule | OwnRule


@dataclass(frozen=True)
class Filter:
    """One of ``rules`` must hold; none of them where ``negated``."""

    rules: tuple[Rule, ...]
    negated: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which units may be found: those of some kinds, or of all, for which all filters hold."""

    kinds: tuple[str, ...] | None = None
    filters: tuple[Filter, ...] = ()

    @property
    def among_hidden(self) -> bool:
        """Whether they are looked for among hidden files, too: only where a filter asks for these."""
        return asks_for_hidden(self.filters)


ALL = Wanted()


@dataclass(frozen=True)
class _Fact:
    """A fact that rules compare: the columns that hold it, and its own way of matching a pattern or a value.

    ``of``: what of the columns is compared, where it is not the first.
    """

    columns: tuple[InstrumentedAttribute[Any], ...]
    ops: tuple[Op, ...]
    matches: Callable[[Any, str], ColumnElement[Any]] | None = None
    of: Callable[..., ColumnElement[Any]] | None = None

    @property
    def of_file(self) -> bool:
        return self.columns[0].class_ is Asset


_TEXT: tuple[Op, ...] = ("=", "contains", "known")
_NUMBER: tuple[Op, ...] = ("=", "<", "<=", ">", ">=", "between")

_SQUARE = 1.02
"""How much longer than the other a side of a square may be: a pixel or two are soon cut off."""


def _orientation(width: ColumnElement[Any], height: ColumnElement[Any]) -> ColumnElement[Any]:
    return case(
        (width > _SQUARE * height, "landscape"),
        (height > _SQUARE * width, "portrait"),
        (width.is_not(None), "square"),
    )


def _day(date: ColumnElement[Any]) -> ColumnElement[Any]:
    """Month and day, ``11-29``."""
    return func.substr(date_text(date), 6, 5)


def _town(city: ColumnElement[Any], country: ColumnElement[Any]) -> ColumnElement[Any]:
    """A city with its country: ``Porto, Portugal``."""
    return city.concat(", ").concat(func.coalesce(country, ""))


def _is_called(name: ColumnElement[Any], value: str) -> ColumnElement[Any]:
    """Whether a name is this one, whatever the case and accents."""
    return func.trove_fold(name) == fold(value)


FACTS: Mapping[str, _Fact] = {
    "taken_at": _Fact((Asset.taken_at,), ("between", "<", ">=", "known", "unknown")),
    "day": _Fact((Asset.taken_at,), ("=",), of=_day),
    "place": _Fact((Asset.latitude, Asset.longitude), ("within", "inside", "known")),
    "city": _Fact((Asset.city,), ("=",), _is_called),
    "state": _Fact((Asset.region,), ("=",), _is_called),
    "country": _Fact((Asset.country,), ("=",), _is_called),
    "town": _Fact((Asset.city, Asset.country), ("=",), _is_called, of=_town),
    "camera": _Fact((Asset.camera,), _TEXT),
    "lens": _Fact((Asset.lens,), _TEXT),
    "colours": _Fact((Asset.colours,), ("contains",)),
    "screenshot": _Fact((Asset.screenshot,), ("=",)),
    "rating": _Fact((Asset.rating,), ("=", "between", "known")),
    "label": _Fact((Asset.label,), ("=", "known")),
    "pick": _Fact((Asset.pick,), ("=",)),
    "favourite": _Fact((Asset.favourite,), ("=",)),
    "tags": _Fact((Asset.id,), ("=",), tagged),
    "event": _Fact((Asset.content_id,), ("=",), events.is_of),
    "folder": _Fact((Asset.path,), ("matches",), in_folder),
    "name": _Fact((Asset.path,), ("matches",), is_named),
    "width": _Fact((Asset.width,), _NUMBER),
    "height": _Fact((Asset.height,), _NUMBER),
    "orientation": _Fact((Asset.width, Asset.height), ("=",), of=_orientation),
    "duration_s": _Fact((Asset.duration_s,), _NUMBER),
    "bytes": _Fact((Asset.size,), _NUMBER),
    "hidden": _Fact((Asset.path,), ("=",), of=lambda _path: is_hidden()),
    "media": _Fact((Content.kind,), ("=",)),
    "arrived": _Fact((Content.arrived,), _NUMBER),
    "added": _Fact((Content.added_at,), ("between", "known")),
    "kind": _Fact((Unit.kind,), ("=",)),
}
"""The facts by their keys: of the file (its effective row), its content (``media``, ``arrived``, the revision
of the library with which it came, and ``added``, when that was), and the unit (``kind``)."""


def of_files(filters: tuple[Filter, ...]) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Asset``: filters about files. They must hold for one file: copies do not help."""
    return [_holds(item) for item in filters if _is_of_file(item)]


def of_units(filters: tuple[Filter, ...]) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Unit`` joined with ``Content``: filters about facts of these alone."""
    return [_holds(item) for item in filters if _is_of_unit(item)]


def others(filters: tuple[Filter, ...]) -> list[Filter]:
    """All other filters: about units near by, what users made, or a mixture."""
    return [item for item in filters if not _is_of_file(item) and not _is_of_unit(item)]


def _is_of_file(item: Filter) -> bool:
    """Whether a filter is about facts of a file alone."""
    return all(isinstance(rule, FactRule) and FACTS[rule.key].of_file for rule in item.rules)


def asks_for_hidden(filters: tuple[Filter, ...]) -> bool:
    """Whether a filter asks for what is hidden, which is looked at only then."""
    return any(
        isinstance(rule, FactRule) and rule.key == "hidden"
        for item in filters
        if not item.negated
        for rule in item.rules
    )


def asks_for_words(rule: Rule) -> bool:
    """Whether a rule asks for words: units that have them are worth showing by themselves."""
    return isinstance(rule, UnitRule) and rule.match is not None and rule.op != "<=" and rule.count > 0


def asked_words(filters: tuple[Filter, ...]) -> list[UnitRule]:
    """The rules of the filters that ask for words and nothing else."""
    return [
        rule
        for item in filters
        if not item.negated and all(map(asks_for_words, item.rules))
        for rule in item.rules
        if isinstance(rule, UnitRule)
    ]


def but_for_kinds(filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """The filters without those that choose kinds of units: what is shown for these is of another kind."""
    return tuple(
        item
        for item in filters
        if item.negated or not all(isinstance(rule, FactRule) and rule.key == "kind" for rule in item.rules)
    )


def of_what_stands(filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
    """The filters about facts, which hold for what stands for others as for what was found.

    Left out are those about units near by, about what users made, and for kinds that are never shown by
    themselves.
    """
    return tuple(
        item
        for item in filters
        if all(
            isinstance(rule, FactRule)
            and (rule.key != "kind" or item.negated or kinds.named(str(rule.value)).stands)
            for rule in item.rules
        )
    )


def _is_of_unit(item: Filter) -> bool:
    return all(isinstance(rule, FactRule) and not FACTS[rule.key].of_file for rule in item.rules)


def _holds(item: Filter) -> ColumnElement[bool]:
    rules = (_fact(rule) for rule in item.rules if isinstance(rule, FactRule))
    # An unknown fact, such as the camera of a drawing, fails a rule and passes its negation.
    holds = or_(false(), *rules).is_(true())
    return ~holds if item.negated else holds


def _fact(rule: FactRule) -> ColumnElement[bool]:
    fact, value = FACTS[rule.key], cast(Any, rule.value)
    column = fact.of(*fact.columns) if fact.of else fact.columns[0]
    match rule.op:
        case "known":
            return column.is_not(None)
        case "unknown":
            return column.is_(None)
        case "between":
            start, end = value
            bounds = [column >= start] if start is not None else []
            return and_(column.is_not(None), *bounds, *([column < end] if end is not None else []))
        case "contains":
            return func.instr(func.trove_fold(column), fold(value)) > 0
        case "matches" if fact.matches is not None:
            patterns = value if isinstance(value, tuple) else (value,)
            return fact.matches(type_coerce(column, String), ANY_OF.join(map(fold, patterns))) == 1
        case "within":
            latitude, longitude, radius_km = value
            return and_(column.is_not(None), func.trove_km(*fact.columns, latitude, longitude) <= radius_km)
        case "inside":
            return and_(*_inside(fact.columns, *value))
        case "=" if fact.matches is not None:
            return fact.matches(column, value)
        case _:
            return column.op(rule.op, is_comparison=True)(value)


def _inside(
    columns: Sequence[InstrumentedAttribute[Any]], south: float, west: float, north: float, east: float
) -> Iterator[ColumnElement[bool]]:
    latitude, longitude = columns
    yield latitude.between(south, north)
    both = and_ if west <= east else or_
    yield both(longitude >= west, longitude <= east)
