"""Conditions on who is in a picture or film: ``person:``, ``people:``."""

import re

from db.catalog import people
from db.catalog.filters import CountOp, OwnRule, Rule
from search.query.conditions.facts import counted
from search.query.conditions.table import Condition, Context

_COUNT = re.compile(r"(>=|<=|>|<|=|≥|≤)?\s*(\d{1,3})")
_NOBODY = OwnRule("people", "", "<=", 0)


def _person(value: str, _context: Context) -> Rule:
    if not value.strip():
        raise ValueError("a person is written by the name: person:Anna")
    return OwnRule("person", " ".join(value.split()))


def _people(value: str, _context: Context) -> Rule:
    match = _COUNT.fullmatch(value.strip())
    if match is None:
        raise ValueError("a number of people is written people:2, people:>=3 or people:<=1")
    number = int(match[2])
    op, number = _COUNTED[match[1] or "="](number)
    return _NOBODY if number < 0 else OwnRule("people", "", op, number)


def _by(op: CountOp, more: int = 0):  # type: ignore[no-untyped-def]
    return lambda number: (op, number + more)


_COUNTED = {
    "=": _by("="),
    ">=": _by(">="),
    "≥": _by(">="),
    ">": _by(">=", 1),
    "<=": _by("<="),
    "≤": _by("<="),
    "<": _by("<=", -1),
}

CONDITIONS = (
    Condition(
        "person",
        "in which somebody is, by the name that you gave or that is written in the file",
        ("person:Anna", 'person:"Anna Berg"'),
        _person,
        counted(people.counts),
        one_value=True,
        facet="Person",
        also=("face", "faces", "who", "persons"),
        by_machine=True,
    ),
    Condition(
        "people",
        "with so many people in it",
        ("people:2", "people:>=3"),
        _people,
        by_machine=True,
    ),
)
