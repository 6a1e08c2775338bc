"""Conditions of the query box: the open table of its keys, such as ``date:`` and ``said:``.

A condition turns a value into a rule of the database, says how it is written, and suggests values. One that
is registered is parsed, explained and offered among the app's filters without another line anywhere.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from db import kinds
from db.catalog import assets, facets, saved
from db.catalog.filters import FactRule, Filter, OwnRule, Rule, UnitRule
from db.paths import expanded
from db.registry import Registry
from search.query import dates

_NEAR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*(?:,\s*(\d+(?:\.\d+)?)\s*(km|m|mi)?\s*)?")
_KM = {"km": 1.0, "m": 0.001, "mi": 1.609344}
_NEAR_KM = 10.0
"""The default radius: a town and its surroundings."""


@dataclass(frozen=True)
class Context:
    """What a condition may look at: the day, and for suggestions the library."""

    today: date = field(default_factory=date.today)
    session: Session | None = None


@dataclass(frozen=True)
class Suggestion:
    """A value to choose. ``label``: for people; ``count``: how many files it leaves, where that is known."""

    value: str
    label: str
    count: int | None = None


def _nothing(_prefix: str, _context: Context) -> Sequence[Suggestion]:
    return ()


@dataclass(frozen=True)
class Condition:
    """A key of the query box. ``help``: it finds …, in a few words; ``examples``: as they are typed.

    ``rule`` raises a ``ValueError`` that says what would be understood. ``suggest`` gives the values that
    begin with a prefix, the most useful first. ``one_value``: commas belong to the value. ``facet``: the
    title under which the app offers the suggestions as a filter; empty for none.
    """

    key: str
    help: str
    examples: tuple[str, ...]
    rule: Callable[[str, Context], Rule]
    suggest: Callable[[str, Context], Sequence[Suggestion]] = _nothing
    one_value: bool = False
    facet: str = ""


_KEY = re.compile(r"[a-z]+")

TERM_KEYS = ("image", "text")
"""Keys of the query box that are no conditions: a picture, or words whatever they look like."""

_table: Registry[Condition] = Registry("conditions")
unregister, every = _table.unregister, _table.every


def register(condition: Condition) -> None:
    """Add a condition by its key; the same one again does no harm.

    Raises:
        ValueError: there is another one of that key, or it cannot be typed.
    """
    if condition.key in TERM_KEYS or not _KEY.fullmatch(condition.key):
        raise ValueError(f"{condition.key}: cannot be the key of a condition")
    _table.register(condition.key, condition)


def filter_of(key: str, values: Iterable[str], *, negated: bool, context: Context | None = None) -> Filter:
    """The filter for some values of a key.

    Raises:
        ValueError: a value is malformed; the message says what is valid.
    """
    context = context or Context()
    return Filter(tuple(every()[key].rule(value, context) for value in values), negated)


_MEDIA = {
    "image": "image",
    "video": "video",
    "audio": "audio",
    "picture": "image",
    "photo": "image",
    "film": "video",
    "sound": "audio",
    "recording": "audio",
}
"""Words for the three kinds of files."""


def type_of(value: str) -> str:
    """The name of the kind of files, or of what is found, that a word means.

    Raises:
        ValueError: it means none.
    """
    name, names = value.lower(), list(dict.fromkeys([*_MEDIA.values(), *kinds.every()]))
    if name not in names and name not in _MEDIA:
        raise ValueError(f"a type is one of {', '.join(names)}")
    return name if name in names else _MEDIA[name]


def _type(value: str, _context: Context) -> Rule:
    name = type_of(value)
    return FactRule("media" if name in _MEDIA.values() else "kind", "=", name)


def _types(prefix: str, _context: Context) -> Sequence[Suggestion]:
    names = {name: kind.plural.capitalize() for name, kind in kinds.every().items()}
    names |= {"audio": "Recordings"}
    return [Suggestion(name, label) for name, label in names.items() if name.startswith(prefix.lower())]


def _near(value: str, _context: Context) -> Rule:
    match = _NEAR.fullmatch(value)
    latitude, longitude = (float(match[1]), float(match[2])) if match else (99.0, 0.0)
    if match is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError('a place is written "48.85,2.35,20km": degrees north and east, and a radius')
    radius_km = float(match[3]) * _KM[match[4] or "km"] if match[3] else _NEAR_KM
    return FactRule("place", "within", (latitude, longitude, radius_km))


def _date(value: str, context: Context) -> Rule:
    return FactRule("moment", "between", dates.between(value, context.today))


def _after(value: str, context: Context) -> Rule:
    return FactRule("moment", "between", (dates.period(value, context.today).start, None))


def _before(value: str, context: Context) -> Rule:
    return FactRule("moment", "between", (None, dates.period(value, context.today).start))


def _folder(value: str, _context: Context) -> Rule:
    return FactRule("folder", "matches", str(expanded(value)) if value.startswith("~") else value)


def _folders(prefix: str, context: Context) -> Sequence[Suggestion]:
    if context.session is None:
        return ()
    counts = facets.folders(context.session, assets.roots(context.session))
    short = {path: "/".join(path.parts[-2:]) if len(path.parts) > 3 else str(path) for path in counts}
    return [
        Suggestion(str(path), short[path], count)
        for path, count in counts.items()
        if _begins(prefix, str(path), path.name)
    ]


def _cameras(prefix: str, context: Context) -> Sequence[Suggestion]:
    counts = {} if context.session is None else facets.cameras(context.session)
    return [Suggestion(name, name, count) for name, count in counts.items() if _begins(prefix, name)]


def _words(*proofs: kinds.Proof) -> Callable[[str, Context], Rule]:
    """A rule about the words of all kinds that prove something, those registered later included."""
    return lambda value, _context: UnitRule(kinds.proving(*proofs), value)


def _searches(prefix: str, context: Context) -> Sequence[Suggestion]:
    names = [] if context.session is None else [row.name for row in saved.every(context.session)]
    return [Suggestion(name, name) for name in names if _begins(prefix, name)]


def _begins(prefix: str, *texts: str) -> bool:
    return any(text.casefold().startswith(prefix.casefold()) for text in texts)


for _condition in (
    Condition("type", "only such files or things", ("type:video",), _type, _types, facet="What"),
    Condition("date", "of a day, month or year, or between two", ("date:2023-06..2023-08",), _date),
    Condition("after", "since then", ("after:2023-06",), _after),
    Condition("before", "up to then", ('before:"last month"',), _before),
    Condition("near", "taken around a place", ("near:48.85,2.35,20km",), _near, one_value=True),
    Condition(
        "camera",
        "by a camera",
        ("camera:Canon",),
        lambda value, _context: FactRule("camera", "contains", value),
        _cameras,
        facet="Camera",
    ),
    Condition("in", "in a folder", ("in:Holidays",), _folder, _folders, facet="Folder"),
    Condition(
        "name",
        "by the file's name",
        ("name:*.jpg",),
        lambda value, _context: FactRule("name", "matches", value),
    ),
    Condition(
        "said", "where exactly this was said", ('said:"happy birthday"',), _words("said"), one_value=True
    ),
    Condition(
        "written",
        "where exactly this is written in the picture",
        ('written:"platform 9"', "written:receipt"),
        _words("in_picture"),
        one_value=True,
    ),
    Condition(
        "liked",
        "with a thumb up in a saved search",
        ("liked:Rex",),
        lambda value, _context: OwnRule("liked", value),
        _searches,
    ),
):
    register(_condition)
