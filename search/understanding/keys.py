"""Conditions in a question that there are none of, such as tag:dog: they are words of the description."""

import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType

from db.errors import QueryError
from search.answer import Note
from search.query import conditions
from search.query.language import Clause, parse
from search.understanding.asked import Asked, Finding, Known, quoted

_KEYED = re.compile(r"(?<!\S)(?P<key>[a-z]{2,}):(?P<value>[^\s:/]\S*)")
_MEANT = MappingProxyType(
    {
        "from": "date",
        "taken": "date",
        "year": "date",
        "since": "after",
        "until": "before",
        "kind": "type",
        "media": "type",
        "format": "ext",
        "place": "in",
        "folder": "in",
    }
)
"""What people call conditions elsewhere, and what they are called here."""


def read(asked: Asked, _known: Known) -> Sequence[Finding]:
    """A note on the first word with a colon that looks like a condition and is none."""
    every = conditions.every()
    match = next((it for it in _KEYED.finditer(asked.text) if it["key"] not in every), None)
    if match is None:
        return ()
    says = f"There is no condition {match['key']}: here; {quoted(match.group())} was searched as words."
    return [Finding("partly", Note("condition", says, tuple(_offers(asked, match))), (match["key"],))]


def _offers(asked: Asked, match: re.Match[str]) -> Iterator[str]:
    clause = Clause(_MEANT.get(match["key"], ""), (match["value"],))
    if clause.key and _is_understood(clause):
        rest = f"{asked.text[: match.start()]} {asked.text[match.end() :]}"
        yield asked.saying(rest, conditions=[clause])


def _is_understood(clause: Clause) -> bool:
    try:
        return parse(str(clause)).conditions == (clause,)
    except QueryError:
        return False
