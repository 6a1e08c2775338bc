"""Conditions on what was said and written, and on what users made: ``said:``, ``written:``, ``liked:``."""

from collections.abc import Callable, Sequence

from db import kinds
from db.catalog import saved
from db.catalog.filters import OwnRule, Rule, UnitRule
from search.query.conditions.table import Condition, Context, Suggestion, begins


def _words(*proofs: kinds.Proof) -> Callable[[str, Context], Rule]:
    """A rule about the words of all kinds that prove something, those registered later included."""
    return lambda value, _context: UnitRule(kinds.proving(*proofs), value)


def _searches(prefix: str, context: Context) -> Sequence[Suggestion]:
    names = [] if context.session is None else [row.name for row in saved.every(context.session)]
    return [Suggestion(name, name) for name in names if begins(prefix, name)]


CONDITIONS = (
    Condition(
        "said",
        "where exactly this was said",
        ('said:"happy birthday"',),
        _words("said"),
        one_value=True,
        also=("says", "speech", "spoken"),
    ),
    Condition(
        "written",
        "where exactly this is written in the picture",
        ('written:"platform 9"', "written:receipt"),
        _words("in_picture"),
        one_value=True,
        also=("ocr",),
    ),
    Condition(
        "liked",
        "with a thumb up in a saved search",
        ("liked:Rex",),
        lambda value, _context: OwnRule("liked", value),
        _searches,
    ),
)
