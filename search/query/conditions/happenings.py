"""Condition on events: ``event:``."""

from collections.abc import Sequence

from db.catalog import events
from db.catalog.filters import FactRule, Rule
from search.query.conditions.table import Condition, Context, Suggestion, begins


def _event(value: str, _context: Context) -> Rule:
    if not value.strip():
        raise ValueError("an event is written by its name, or a part of it: event:Porto, event:none")
    return FactRule("event", "=", value.strip())


def _events(prefix: str, context: Context) -> Sequence[Suggestion]:
    """The events, the latest first, each with how many files it has."""
    counts = {} if context.session is None else events.counts(context.session)
    return [Suggestion(name, name, files) for name, files in counts.items() if begins(prefix, name)]


CONDITIONS = (
    Condition(
        "event",
        "of a journey, a party or another event, by its name or a part of it",
        ("event:Porto", 'event:"Porto, 3–7 May 2019"', "event:none"),
        _event,
        _events,
        one_value=True,
        facet="Event",
        also=("trip", "journey", "events"),
    ),
)
