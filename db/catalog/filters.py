"""Conditions on what may be found, as SQL: they restrict a search before it ranks anything."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    column,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    table,
    type_coerce,
)
from sqlalchemy.orm import aliased

from db.engine.functions import fold
from db.engine.schema import LIVE, Asset, Content, MediaKind, Unit, UnitKind

_NO_SPACES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese, which do not part words."""


@dataclass(frozen=True)
class Period:
    """Local time from ``start`` up to, without, ``end``; None is without a bound."""

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
    """Something written: the camera's name, a folder, a file's name, or words that were said.

    ``*`` stands for anything in folders and names, and ends the beginning of a word in what was said.
    Letters' case and accents' encoding do not matter.
    """

    field: Literal["camera", "in", "name", "said"]
    value: str


@dataclass(frozen=True)
class Arrived:
    """Contents that came into the library after the one with this id."""

    after: int


Value = Period | Circle | Type | Text | Arrived


@dataclass(frozen=True)
class Rule:
    """One of ``values`` must hold; none of them where ``negated``."""

    values: tuple[Value, ...]
    negated: bool = False


def matching(rules: tuple[Rule, ...]) -> ColumnElement[bool]:
    """The condition on ``Unit`` that all rules hold for it and for one file with its content.

    All that is about files must hold for the same file: a copy elsewhere does not help.
    """
    rows = [_rule(rule) for rule in rules]
    return exists().where(
        Content.id == Unit.content_id,
        Asset.content_id == Unit.content_id,
        Asset.state.in_(LIVE),
        *rows,
    )


def _rule(rule: Rule) -> ColumnElement[bool]:
    found = or_(false(), *(_value(value) for value in rule.values))
    # What is unknown, such as the camera of a drawing, is not what was asked for; nor is it left out.
    known = func.coalesce(found, literal_column("0")) == literal_column("1")
    return ~known if rule.negated else known


def _value(value: Value) -> ColumnElement[bool]:
    match value:
        case Period():
            return _during(value)
        case Circle():
            distance = func.trove_km(Content.latitude, Content.longitude, value.latitude, value.longitude)
            return and_(Content.latitude.is_not(None), distance <= value.radius_km)
        case Type():
            wanted = [Content.kind == value.media] if value.media else []
            return and_(*wanted, *([Unit.kind == value.unit] if value.unit else []))
        case Arrived():
            return Content.id > value.after
        case Text(field="camera"):
            return func.instr(func.trove_fold(Content.camera), fold(value.value)) > 0
        case Text(field="said"):
            return _said(value.value)
        case _:
            test = func.trove_in if value.field == "in" else func.trove_named
            return test(type_coerce(Asset.path, String), fold(value.value)) == 1


def _during(period: Period) -> ColumnElement[bool]:
    when = moment_of_file()
    bounds = [when >= _as_text(period.start)] if period.start else []
    return and_(*bounds, *([when < _as_text(period.end)] if period.end else []))


def moment_of_file() -> ColumnElement[str]:
    """Local time as text that sorts: when it was taken or, where nobody knows, the file changed.

    To be used where Content and Asset are joined.
    """
    changed = func.strftime(
        "%Y-%m-%d %H:%M:%f", Asset.mtime_ns / literal_column("1e9"), "unixepoch", "localtime"
    )
    return func.coalesce(type_coerce(Content.taken_at, String), changed)


def _said(value: str) -> ColumnElement[bool]:
    """The passage itself, or a picture out of a file in which it is said."""
    other = aliased(Unit)
    if (match := phrase_match(value)) is not None:
        passage = table("passage", column("rowid", Integer), column("passage", String))
        said: Select[int] = select(passage.c.rowid).where(passage.c.passage.op("MATCH")(match))
    else:
        # Scripts without spaces are one long word to the index.
        said = select(other.id).where(func.instr(func.trove_fold(other.text), fold(value)) > 0)
    files = select(other.content_id).where(other.id.in_(said)).correlate(None)
    return or_(Unit.id.in_(said.correlate(None)), and_(Unit.kind != "speech", Unit.content_id.in_(files)))


def phrase_match(value: str) -> str | None:
    """A phrase in the words of FTS5, ``*`` at its end for the beginning of a word; None for other scripts."""
    if not re.search(r"\w", value) or _NO_SPACES.search(value):
        return None
    quoted = value.rstrip("*").replace('"', " ").replace("\0", " ")
    return f'"{quoted}"{"*" if value.endswith("*") else ""}'


def _as_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
