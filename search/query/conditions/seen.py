"""Condition on things that a model sees in pictures: ``thing:``."""

from functools import partial

from db.catalog import facets
from db.catalog.filters import CountOp, Rule, UnitRule
from indexer.analysers.things import Things
from search.query.conditions.facts import counted
from search.query.conditions.table import Condition, Context

_KIND = Things.kinds[0].name
_OPERATORS: tuple[CountOp, ...] = (">=", "<=")


def _thing(value: str, _context: Context) -> Rule:
    for op in _OPERATORS:
        name, found, count = value.partition(op)
        if found and not (name.strip() and count.strip().isdecimal()):
            raise ValueError("a number of things is written dog>=2 or dog<=1")
        if found:
            return UnitRule((_KIND,), name.strip(), op, int(count))
    if not value.strip():
        raise ValueError("a thing is written by its name: thing:dog, thing:dog>=2")
    return UnitRule((_KIND,), value.strip())


CONDITIONS = (
    Condition(
        "thing",
        "in which a model sees such a thing, or so many of them",
        ("thing:dog", "thing:dog>=2"),
        _thing,
        counted(partial(facets.texts, kind=_KIND)),
        one_value=True,
        facet="Thing",
        also=("object", "objects", "things"),
        by_machine=True,
    ),
)
