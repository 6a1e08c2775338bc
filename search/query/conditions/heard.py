"""Conditions on what is heard and what happens in films and recordings: ``sound:`` and ``action:``."""

from functools import partial

from db.catalog import facets
from db.catalog.filters import Rule, UnitRule
from indexer.analysers.actions import Actions
from indexer.analysers.sounds import CLASSES, Sounds
from search.query.conditions.facts import counted
from search.query.conditions.table import Condition, Context

_KIND = Sounds.kinds[0].name
_ACTION = Actions.kinds[0].name


def _sound(value: str, _context: Context) -> Rule:
    if not (name := value.strip()):
        raise ValueError(f"a sound is one of {', '.join(CLASSES)}, or a name that a tagger has for it")
    return UnitRule((_KIND,), name)


def _action(value: str, _context: Context) -> Rule:
    if not (name := value.strip()):
        raise ValueError('an action is written by its name: action:"opening a door"')
    return UnitRule((_ACTION,), name)


CONDITIONS = (
    Condition(
        "sound",
        "in which speech, singing, music or another sound is heard, as a machine tells",
        ("sound:music", "sound:singing"),
        _sound,
        counted(partial(facets.texts, kind=_KIND)),
        one_value=True,
        facet="Sound",
        also=("hears", "heard", "sounds"),
        by_machine=True,
    ),
    Condition(
        "action",
        "in which something happens, as a machine tells",
        ('action:"opening a door"',),
        _action,
        counted(partial(facets.texts, kind=_ACTION)),
        one_value=True,
        facet="What happens",
        also=("actions", "happens", "doing", "activity"),
        by_machine=True,
    ),
)
