"""SQL that differs by engine: the one place that says what each database calls it.

Queries name what they need (a table of ids, a path as it is compared, the words of a text), and the compiler
of the engine that they run on writes it. So the catalogue is written once.
"""

import json
import os
from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from sqlalchemy import (
    Integer,
    LargeBinary,
    SQLColumnExpression,
    String,
    TypeDecorator,
    bindparam,
    column,
    func,
    table,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql import ColumnElement, FromClause
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from db.engine.matching import Match


class _Written(FunctionElement[Any]):
    """An expression that each engine writes in its own way: by a template named after the engine."""

    sqlite: ClassVar[str]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.inherit_cache = True  # the template is of the class, the rest in the clauses


@compiles(_Written)
def _write(element: _Written, compiler: SQLCompiler, **options: Any) -> str:
    template: str = getattr(element, compiler.dialect.name)
    return template.format(*(compiler.process(clause, **options) for clause in element.clauses))


# --- rows


def upsert(session: Session, model: type[DeclarativeBase]) -> sqlite.Insert:  # noqa: ARG001
    """An INSERT that says what happens where the row is there already: ``on_conflict_do_…``."""
    return sqlite.insert(model)


class _IdTable(_Written):
    name = "ids"
    sqlite = "json_each({0})"


def id_table(ids: Collection[int]) -> Any:
    """Ids as a table with the column ``value``: one parameter, however many they are."""
    return _IdTable(bindparam(None, json.dumps(list(ids)), String)).table_valued(column("value", Integer))


def unindexed(values: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A column of texts of which no index is used, as where nearly all rows have the same one."""
    return func.coalesce(values, "")


def overwrite_deleted(session: Session) -> None:
    """Have what the session deletes from here on overwritten: else its words stay in the file."""
    session.execute(text("PRAGMA secure_delete = ON"))


# --- values


class _DateText(_Written):
    type = String()
    sqlite = "{0}"


def date_text(date: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A date and time as text, ``2023-07-14 18:30:00``, of which a part can be taken."""
    return _DateText(date)


class PathKey(TypeDecorator[str]):
    """A path as it is compared: by its bytes, whatever its names are."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002
        return None if value is None else os.fsencode(value)


class _PathKey(_Written):
    type = PathKey()
    sqlite = "CAST({0} AS BLOB)"


def path_key(path: SQLColumnExpression[Any]) -> ColumnElement[str]:
    """A stored path to compare by its bytes with others, and with text."""
    return _PathKey(path)


# --- full text

TOKENS = "ascii tokenchars '_'"
"""How SQLite's FTS5 takes terms apart: at spaces. All that is not ASCII belongs to a term."""

PASSAGE = table("passage", column("rowid", Integer))
"""The full text of units, by their ids."""


def fts5(match: Match) -> str:
    """A question to the full text in the syntax of SQLite's FTS5."""
    # One that no text answers; an empty one would be an error.
    return " OR ".join(_fts5(match)) or '""'


def _fts5(match: Match) -> Iterator[str]:
    for terms in match.runs:
        yield _quoted(terms)
    for terms in match.begun:
        yield f"{_quoted(terms)} *"
    for several in match.near:
        yield f"NEAR({' '.join(map(_quoted, several))}, {match.apart})"


def _quoted(terms: tuple[str, ...]) -> str:
    return f'"{" ".join(terms)}"'


class MatchText(TypeDecorator[Match]):
    """A question to the full text, as the engine takes it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Match | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else fts5(value)


class _Languages(_Written):
    type = String()
    sqlite = """(WITH RECURSIVE told (language) AS (
        SELECT min(language) FROM unit WHERE text IS NOT NULL
        UNION ALL
        SELECT (SELECT min(language) FROM unit WHERE text IS NOT NULL AND language > told.language)
        FROM told WHERE told.language IS NOT NULL)
    SELECT group_concat(language) FROM told)"""


LANGUAGES: ColumnElement[str] = _Languages()
"""The languages of the texts, with commas between: one step of an index for each."""


class _Phrase(_Written):
    type = MatchText()
    sqlite = "trove_phrase({0}, {1})"


def phrase(asked: str) -> ColumnElement[Match]:
    """The question for words that follow each other, in any language of the library."""
    return _Phrase(bindparam(None, asked, String), LANGUAGES)


class _Begun(_Written):
    type = MatchText()
    sqlite = "trove_begun({0}, {1})"


def begun(number: str) -> ColumnElement[Match]:
    """The question for the first group of a long number, however it is grouped."""
    return _Begun(bindparam(None, number, String), LANGUAGES)


class _IsMatched(_Written):
    type = Integer()
    sqlite = "passage MATCH {0}"


def is_matched(match: Match | ColumnElement[Match]) -> ColumnElement[bool]:
    """SQL condition on ``PASSAGE``: its text answers a question."""
    return _IsMatched(bindparam(None, match, MatchText()) if isinstance(match, Match) else match)


def terms(session: Session) -> FromClause:
    """The terms in the index of full texts, as a table with the column ``term``."""
    session.execute(
        text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.passage_words USING fts5vocab(main, passage, row)")
    )
    return table("passage_words", column("term", String))
