"""Full text as each engine keeps it and is asked: FTS5 on SQLite, ``tsvector`` and ``tsquery`` on PostgreSQL.

What is asked is a ``db.engine.matching.Match`` for both.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import Integer, String, TypeDecorator, bindparam, column, table, text
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement, FromClause

from db.engine import matching
from db.engine.dialect import POSTGRESQL, Written, is_postgresql
from db.engine.matching import Match, Terms
from db.words.grammar import languages

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


def _quoted(terms: Terms) -> str:
    return f'"{" ".join(terms)}"'


MOST_LETTERS = 500
"""Of a term in PostgreSQL's full text, which takes no more than 2,046 bytes."""
_MOST_PLACES = 16_383
"""Of the terms of a text there: what comes later is left out."""


def tsvector(terms: Sequence[str]) -> str:
    """The terms of a text, with their places, as PostgreSQL takes them."""
    places: dict[str, list[str]] = defaultdict(list)
    for place, term in enumerate(terms[:_MOST_PLACES], start=1):
        places[term].append(str(place))
    return " ".join(f"{_lexeme(term)}:{','.join(own)}" for term, own in places.items())


def _lexeme(term: str) -> str:
    quoted = term[:MOST_LETTERS].replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}'"


def tsquery(match: Match) -> str:
    """A question to the full text in PostgreSQL's syntax; of terms near each other those that have them all.

    Empty for one that no text answers.
    """
    runs = [_run(terms) for terms in match.runs]
    begun = [f"{_run(terms)}:*" for terms in match.begun]
    near = [" & ".join(f"({_run(terms)})" for terms in several) for several in match.near]
    return " | ".join(f"({each})" for each in (*runs, *begun, *near))


def _run(terms: Terms) -> str:
    return " <-> ".join(map(_lexeme, terms))


def _asked(match: Match) -> str:
    """A question as the SQL around it takes it apart."""
    near = [[list(terms) for terms in several] for several in match.near] or None
    return json.dumps({"query": tsquery(match), "near": near, "apart": match.apart})


class MatchText(TypeDecorator[Match]):
    """A question to the full text, as the engine takes it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Match | None, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return _asked(value) if dialect.name == POSTGRESQL else fts5(value)


class _Words(TypeDecorator[str]):
    """Words as people write them; PostgreSQL takes the question that they are, in all languages.

    A term is marked with its language, so that those of languages that no text is in find nothing more.
    """

    impl = String
    cache_ok = True

    def __init__(self, question: Callable[[str, Iterable[str]], Match | None] = matching.phrase) -> None:
        super().__init__()
        self.question = question

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is None or dialect.name != POSTGRESQL:
            return value
        return _asked(self.question(value, languages()) or matching.NOTHING)


class _Languages(Written):
    type = String()
    sqlite = """(WITH RECURSIVE told (language) AS (
        SELECT min(language) FROM unit WHERE text IS NOT NULL
        UNION ALL
        SELECT (SELECT min(language) FROM unit WHERE text IS NOT NULL AND language > told.language)
        FROM told WHERE told.language IS NOT NULL)
    SELECT group_concat(language) FROM told)"""
    postgresql = sqlite.replace("group_concat(language)", "string_agg(language, ',')")


LANGUAGES: ColumnElement[str] = _Languages()
"""The languages of the texts, with commas between: one step of an index for each."""


class _Phrase(Written):
    type = MatchText()
    sqlite = "trove_phrase({0}, {1})"
    postgresql = "{0}"


def phrase(asked: str) -> ColumnElement[Match]:
    """The question for words that follow each other, in any language of the library."""
    return _Phrase(bindparam(None, asked, _Words()), LANGUAGES)


class _Begun(Written):
    type = MatchText()
    sqlite = "trove_begun({0}, {1})"
    postgresql = "{0}"


def begun(number: str) -> ColumnElement[Match]:
    """The question for the first group of a long number, however it is grouped."""
    return _Begun(bindparam(None, number, _Words(matching.begun)), LANGUAGES)


class _IsMatched(Written):
    type = Integer()
    sqlite = "passage MATCH {0}"
    postgresql = """(written @@ trove_query({0}) AND trove_near(written, {0})
        OR otherwise @@ trove_query({0}) AND trove_near(otherwise, {0}))"""


def is_matched(match: Match | ColumnElement[Match]) -> ColumnElement[bool]:
    """SQL condition on ``PASSAGE``: its text answers a question."""
    return _IsMatched(bindparam(None, match, MatchText()) if isinstance(match, Match) else match)


def terms(session: Session) -> FromClause:
    """The terms in the index of full texts, as a table with the column ``term``."""
    if is_postgresql(session):
        return table("passage_term", column("term", String))
    session.execute(
        text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.passage_words USING fts5vocab(main, passage, row)")
    )
    return table("passage_words", column("term", String))
