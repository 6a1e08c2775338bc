"""The open table of conditions: what one is, and how another is added."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from db.catalog.filters import Filter, Rule
from db.registry import Registry


@dataclass(frozen=True)
class Context:
    """What a condition may look at: the day, and for suggestions the library."""

    today: date = field(default_factory=date.today)
    session: Session | None = None


@dataclass(frozen=True)
class Suggestion:
    """A value to choose. ``label``: for people; ``count``: how many files it leaves, where that is known."""

    value: str
    label: str
    count: int | None = None


def nothing(_prefix: str, _context: Context) -> Sequence[Suggestion]:
    """No suggestions: whatever is typed."""
    return ()


Suggest = Callable[[str, Context], Sequence[Suggestion]]


@dataclass(frozen=True)
class Condition:
    """A key of the query box. ``help``: it finds …, in a few words; ``examples``: as they are typed.

    ``rule`` gives a rule, or several of which one must hold, and raises a ``ValueError`` that says what would
    be understood. ``suggest`` gives the values that begin with a prefix, the most useful first.
    ``one_value``: commas belong to the value. ``words``: the most words that a value may have without quotes;
    of more than one, only a rule that refuses what it does not know can tell how many. ``facet``: the title
    under which the app offers the suggestions as a filter; empty for none. ``also``: what else people call
    the key; who types one of these is told the key. ``by_machine``: what fulfils it is what a machine tells,
    which may be wrong.
    """

    key: str
    help: str
    examples: tuple[str, ...]
    rule: Callable[[str, Context], Rule | tuple[Rule, ...]]
    suggest: Suggest = nothing
    one_value: bool = False
    facet: str = ""
    words: int = 1
    also: tuple[str, ...] = ()
    by_machine: bool = False


_KEY = re.compile(r"[a-z]+")

TERM_KEYS = ("image", "text")
"""Keys of the query box that are no conditions: a picture, or words whatever they look like."""

_table: Registry[Condition] = Registry("conditions")
unregister, every = _table.unregister, _table.every


def register(*conditions: Condition) -> None:
    """Add conditions by their keys; the same one again does no harm.

    Raises:
        ValueError: there is another one of a key, or it cannot be typed.
    """
    for condition in conditions:
        if condition.key in TERM_KEYS or not _KEY.fullmatch(condition.key):
            raise ValueError(f"{condition.key}: cannot be the key of a condition")
        _table.register(condition.key, condition)


def filter_of(key: str, values: Iterable[str], *, negated: bool, context: Context | None = None) -> Filter:
    """The filter for some values of a key.

    Raises:
        ValueError: a value is malformed; the message says what is valid.
    """
    context = context or Context()
    rules: list[Rule] = []
    for value in values:
        made = every()[key].rule(value, context)
        rules += made if isinstance(made, tuple) else (made,)
    return Filter(tuple(rules), negated)


def meant_by(word: str) -> str | None:
    """The key that people mean who type another word for it, such as ``since``; None for no such word."""
    return next((key for key, condition in every().items() if word in condition.also), None)


def understands(key: str, value: str) -> bool:
    """Whether a condition has a rule for a value."""
    try:
        filter_of(key, (value,), negated=False)
    except ValueError:
        return False
    return True


def begins(prefix: str, *texts: str) -> bool:
    """Whether one of the texts begins so, whatever the case."""
    return any(text.casefold().startswith(prefix.casefold()) for text in texts)


def offered(values: Iterable[tuple[str, str]]) -> Suggest:
    """Suggestions from (value, label) that are always the same."""
    known = [Suggestion(value, label) for value, label in values]
    return lambda prefix, _context: [item for item in known if begins(prefix, item.value, item.label)]
