"""Conditions with a word that means two things, such as ``is:portrait``: what it finds, and the other."""

from collections.abc import Iterator
from dataclasses import replace

from search.answer import Note
from search.query.language import Clause, Parsed

_OTHERS = {
    ("is", "portrait"): (
        "is:portrait finds what is higher than wide. People from near are found by is:headshot.",
        Clause("is", ("headshot",)),
    )
}
"""By key and value: what to say, and what else may be meant."""


def double_notes(parsed: Parsed) -> Iterator[Note]:
    """What to say of each such condition, with the question as it is with the other meaning."""
    for at, clause in enumerate(parsed.conditions):
        for value in clause.values:
            if (other := _OTHERS.get((clause.key, value.casefold()))) is not None:
                says, meant = other
                clauses = list(parsed.conditions)
                clauses[at] = replace(meant, negated=clause.negated)
                yield Note("two meanings", says, (str(replace(parsed, conditions=tuple(clauses))),))
