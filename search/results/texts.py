"""What is written in a picture or film, which of its words were asked for, and what a model says of it."""

from dataclasses import dataclass
from pathlib import Path

from db import kinds
from db.catalog import units
from db.catalog.units import Region
from db.library import Library
from db.words.spans import spans as spans_of
from search.answer import Mark
from search.engine.marks import marks
from search.query.asked import asked
from search.query.language import Parsed
from search.translation.router import language_asked_in


@dataclass(frozen=True)
class Written:
    """A text that stands in a picture, or in a film for a while, with where its lines and words are.

    ``spans`` and ``marks``: of what was asked for, as in ``search.answer.Evidence``. ``at_s``: the second in
    which it was read.
    """

    unit_id: int
    text: str
    region: Region | None
    start_s: float | None
    end_s: float | None
    at_s: float | None
    lines: tuple[Mark, ...]
    spans: tuple[tuple[int, int], ...]
    marks: tuple[Mark, ...]


def written(library: Library, path: Path, parsed: Parsed | None = None) -> list[Written]:
    """The texts of a file in the library whose places are known, in reading order, or by time."""
    with library.read() as session:
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True)
        details = units.details(session, rows)
    own = [row for row in rows.values() if row.text and "lines" in details.get(row.id, ())]
    own.sort(key=lambda row: (row.start_s or 0.0, row.id))
    texts = [row.text or "" for row in own]
    words = asked(parsed, language_asked_in) if parsed is not None else ()
    found = spans_of(texts, words, [row.language for row in own])
    return [
        Written(
            row.id,
            text,
            row.region,
            row.start_s,
            row.end_s,
            row.at_s,
            # Of a film, whose texts may be thousands, none is laid over it.
            marks(text, details[row.id], [(0, len(text))]) if row.start_s is None else (),
            tuple(spans),
            marks(text, details[row.id], spans),
        )
        for row, text, spans in zip(own, texts, found, strict=True)
    ]


@dataclass(frozen=True)
class Described:
    """What a model says that a picture, or a film for a while, shows; or a user in its place.

    ``said_by``: that user, None where it is who asks.
    """

    unit_id: int
    text: str
    start_s: float | None
    end_s: float | None
    is_corrected: bool
    said_by: str | None = None


def described(library: Library, path: Path) -> list[Described]:
    """What is said of a file by machines, or by users in their place, by time."""
    with library.read() as session:
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True)
    told = kinds.described()
    own = [row for row in rows.values() if row.text and row.kind in told]
    own.sort(key=lambda row: (row.start_s or 0.0, row.id))
    return [
        Described(row.id, row.text or "", row.start_s, row.end_s, row.is_corrected, row.said_by)
        for row in own
    ]
