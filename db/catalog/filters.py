"""Search filters as SQL conditions, applied before ranking (pre-filtering)."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    and_,
    column,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
    type_coerce,
)
from sqlalchemy.orm import Session, aliased

from db.catalog.switches import each_findable
from db.engine.functions import fold
from db.engine.schema import Asset, Content, MediaKind, Unit, UnitKind

PASSAGE = table("passage", column("rowid", Integer), column("passage", String))
"""The full text of units, by their ids."""

_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Scripts without spaces between words: Thai, Lao, Burmese, Khmer, Japanese and Chinese."""


@dataclass(frozen=True)
class Period:
    """Half-open interval of local time: ``start`` included, ``end`` not; None leaves that side open."""

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True)
class Circle:
    """A place in degrees with a radius."""

    latitude: float
    longitude: float
    radius_km: float


@dataclass(frozen=True)
class Type:
    """A kind of media, or of units within it."""

    media: MediaKind | None = None
    unit: UnitKind | None = None


@dataclass(frozen=True)
class Text:
    """A text condition on the camera's name, a folder, a file's name, or the spoken words.

    ``*`` matches anything in folders and names; at the end of spoken words it makes a prefix query.
    Case and Unicode normalisation form do not matter.
    """

    field: Literal["camera", "in", "name", "said"]
    value: str


@dataclass(frozen=True)
class Arrived:
    """Contents that came into the library after this revision of it."""

    after: int


Value = Period | Circle | Type | Text | Arrived


@dataclass(frozen=True)
class Rule:
    """One of ``values`` must hold; none of them where ``negated``."""

    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which units a search is to find: those of some ``kinds``, or of all, that meet the rules."""

    kinds: tuple[UnitKind, ...] | None = None
    rules: tuple[Rule, ...] = ()


ALL = Wanted()


def of_files(rules: tuple[Rule, ...]) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Asset``: the rules about files. They must hold for one file: copies do not help."""
    return [_rule(rule) for rule in rules if _is_of_file(rule)]


def of_units(session: Session, rules: tuple[Rule, ...]) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Unit`` joined with ``Content``: all other rules."""
    return [_rule(rule, session) for rule in rules if not _is_of_file(rule)]


def _is_of_file(rule: Rule) -> bool:
    return all(
        isinstance(value, Period | Circle) or (isinstance(value, Text) and value.field != "said")
        for value in rule.values
    )


def _rule(rule: Rule, session: Session | None = None) -> ColumnElement[bool]:
    condition = or_(false(), *(_value(value, session) for value in rule.values))
    # An unknown value, such as the camera of a drawing, fails a rule and passes its negation.
    holds = func.coalesce(condition, literal_column("0")) == literal_column("1")
    return ~holds if rule.negated else holds


def _value(value: Value, session: Session | None) -> ColumnElement[bool]:
    match value:
        case Period():
            return _during(value)
        case Circle():
            distance = func.trove_km(Asset.latitude, Asset.longitude, value.latitude, value.longitude)
            return and_(Asset.latitude.is_not(None), distance <= value.radius_km)
        case Type():
            media = [Content.kind == value.media] if value.media else []
            return and_(*media, *([Unit.kind == value.unit] if value.unit else []))
        case Arrived():
            return Content.arrived > value.after
        case Text(field="camera"):
            return func.instr(func.trove_fold(Asset.camera), fold(value.value)) > 0
        case Text(field="said"):
            assert session is not None  # noqa: S101 - a rule about units
            return _said(session, value.value)
        case _:
            matches = func.trove_in if value.field == "in" else func.trove_named
            return matches(type_coerce(Asset.path, String), fold(value.value)) == 1


def _during(period: Period) -> ColumnElement[bool]:
    when = Asset.moment
    bounds = [when >= period.start] if period.start else []
    return and_(*bounds, *([when < period.end] if period.end else []))


def _said(session: Session, value: str) -> ColumnElement[bool]:
    """Passages that contain the words, and the images and frames of files with such a passage."""
    other = aliased(Unit)
    said = select(other.id).where(each_findable(session, other))
    if (match := phrase_match(value)) is not None:
        said = said.join(PASSAGE, PASSAGE.c.rowid == other.id).where(PASSAGE.c.passage.op("MATCH")(match))
    else:
        # Scripts without spaces are one long word to the index.
        said = said.where(func.instr(func.trove_fold(other.text), fold(value)) > 0)
    files = select(other.content_id).where(other.id.in_(said)).correlate(None)
    return or_(Unit.id.in_(said.correlate(None)), and_(Unit.kind != "speech", Unit.content_id.in_(files)))


def phrase_match(value: str) -> str | None:
    """The text as an FTS5 phrase, a prefix query if it ends with ``*``; None if FTS5 cannot split it."""
    if not re.search(r"\w", value) or _NO_SPACES.search(value):
        return None
    quoted = value.rstrip("*").replace('"', " ").replace("\0", " ")
    return f'"{quoted}"{"*" if value.endswith("*") else ""}'
