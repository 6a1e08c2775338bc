"""Condition on what is heard in films and recordings: ``sound:``."""

from functools import partial

from db.catalog import facets
from db.catalog.filters import Rule, UnitRule
from indexer.analysers.sounds import CLASSES, Sounds
from search.query.conditions.facts import counted
from search.query.conditions.table import Condition, Context

_KIND = Sounds.kinds[0].name


def _sound(value: str, _context: Context) -> Rule:
    name = value.strip().casefold()
    if name not in CLASSES:
        raise ValueError(f"a sound is one of {', '.join(CLASSES)}")
    return UnitRule((_KIND,), name)


CONDITIONS = (
    Condition(
        "sound",
        "in which speech, singing or music is heard, as a machine tells",
        ("sound:music", "sound:singing"),
        _sound,
        counted(partial(facets.texts, kind=_KIND)),
        facet="Sound",
        also=("hears", "heard", "sounds"),
        by_machine=True,
    ),
)
