"""Conditions of the query box: the open table of its keys, such as ``date:`` and ``said:``.

A condition turns a value into rules of the database, says how it is written, and suggests values. One that
is registered is parsed, explained and offered among the app's filters without another line anywhere. Each
module here registers those of one subject, in the order in which help lists them.
"""

from search.query.conditions import (
    facts,
    files,
    happenings,
    heard,
    movement,
    persons,
    places,
    seen,
    table,
    texts,
    times,
    what,
    words,
)
from search.query.conditions.table import (
    TERM_KEYS,
    Condition,
    Context,
    Suggestion,
    every,
    filter_of,
    meant_by,
    register,
    understands,
    unregister,
)
from search.query.conditions.what import type_of

table.register(
    *what.CONDITIONS,
    *times.CONDITIONS,
    *places.CONDITIONS,
    *happenings.CONDITIONS,
    *files.CONDITIONS,
    *facts.CONDITIONS,
    *words.CONDITIONS,
    *seen.CONDITIONS,
    *persons.CONDITIONS,
    *heard.CONDITIONS,
    *movement.CONDITIONS,
    *texts.CONDITIONS,
)

__all__ = [
    "TERM_KEYS",
    "Condition",
    "Context",
    "Suggestion",
    "every",
    "filter_of",
    "meant_by",
    "register",
    "type_of",
    "understands",
    "unregister",
]
