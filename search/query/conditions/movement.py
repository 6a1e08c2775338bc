"""Conditions on what happens in films, whatever it is that moves: ``motion:`` and ``shots:``."""

import re
from collections.abc import Sequence

from db.catalog import facets
from db.catalog.filters import Rule, UnitRule
from indexer.analysers.movement import FAST, PAN, SHOT, SLOW, STILL, ZOOM
from search.query.conditions.table import Condition, Context, Suggestion, begins

_LABELS = {
    STILL: "Nothing moves",
    SLOW: "Slow motion in it",
    FAST: "Fast motion in it",
    PAN: "The camera pans",
    ZOOM: "The camera zooms",
}
_COUNT = re.compile(r"(>=|<=|>|<|≥|≤|)\s*(\d{1,6})")


def _motion(value: str, _context: Context) -> Rule:
    name = value.strip().casefold()
    if name not in _LABELS:
        raise ValueError(f"a motion is one of {', '.join(_LABELS)}")
    return UnitRule((name,))


def _offered(prefix: str, context: Context) -> Sequence[Suggestion]:
    counts = {} if context.session is None else facets.of_kinds(context.session, tuple(_LABELS))
    known = [Suggestion(name, _LABELS[name], counts[name]) for name in _LABELS if name in counts]
    return [item for item in known if begins(prefix, item.value, item.label)]


def _shots(value: str, _context: Context) -> Rule:
    if (match := _COUNT.fullmatch(value.strip())) is None:
        raise ValueError("a number of shots is written shots:>20, shots:<5 or shots:1")
    count = int(match[2])
    match match[1]:
        case ">" | ">=" | "≥":
            return UnitRule((SHOT,), count=count + (match[1] == ">"), anywhere=True)
        case "<" | "<=" | "≤":
            return UnitRule((SHOT,), count=1, most=count - (match[1] == "<"), anywhere=True)
        case _:
            return UnitRule((SHOT,), op="=", count=count, anywhere=True)


CONDITIONS = (
    Condition(
        "motion",
        "where a film is still, slow or fast, or the camera pans or zooms",
        ("motion:pan", "motion:still"),
        _motion,
        _offered,
        facet="Motion",
        also=("moves", "moving", "movement"),
        by_machine=True,
    ),
    Condition(
        "shots",
        "films with so many shots",
        ("shots:>20", "shots:1"),
        _shots,
        also=("cuts", "scenes"),
        by_machine=True,
    ),
)
