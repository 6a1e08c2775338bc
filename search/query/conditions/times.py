"""Conditions on time: ``date:``, ``on:``, ``after:``, ``before:``, ``added:``."""

from datetime import UTC, datetime

from db.catalog.filters import FactRule, Rule
from search.query import dates
from search.query.conditions.table import Condition, Context, offered

_WORDS = 5
"""The most words of a date: ``the 1st of July 2023``."""
_WORDS_OF_TWO = 2 * _WORDS + 1
"""Of two, with a word between them."""


_UNKNOWN = ("unknown", "none", "undated")
"""What people call the date of what has none; the first is what is offered."""


def _date(value: str, context: Context) -> Rule:
    if value.strip().casefold() in _UNKNOWN:
        return FactRule("taken_at", "unknown")
    return FactRule("taken_at", "between", dates.between(value, context.today))


def _on(value: str, context: Context) -> Rule:
    month, day = dates.day_of_year(value, context.today)
    return FactRule("day", "=", f"{month:02}-{day:02}")


def _after(value: str, context: Context) -> Rule:
    return FactRule("taken_at", "between", (dates.period(value, context.today).start, None))


def _before(value: str, context: Context) -> Rule:
    return FactRule("taken_at", "between", (None, dates.period(value, context.today).start))


def _added(value: str, context: Context) -> Rule:
    start, end = dates.between(value, context.today)
    return FactRule("added", "between", (_utc(start), _utc(end)))


def _utc(local: datetime | None) -> datetime | None:
    """A moment of local time in UTC, as the library keeps it; as it is where no clock has been.

    Both without a zone.
    """
    try:
        return local and local.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError, OSError):
        return local


CONDITIONS = (
    Condition(
        "date",
        "taken on a day, in a month or year, or between two; unknown where nobody says when",
        ("date:2023-06..2023-08", 'date:"July 2023"'),
        _date,
        offered([(_UNKNOWN[0], "Nobody says when")]),
        words=_WORDS_OF_TWO,
        also=("year", "month", "day", "when", "taken"),
    ),
    Condition(
        "on",
        "taken on that day of any year",
        ("on:11-29", "on:today"),
        _on,
        words=_WORDS,
        also=("anniversary",),
    ),
    Condition("after", "taken since then", ("after:2023-06",), _after, words=_WORDS, also=("since", "from")),
    Condition(
        "before", "taken up to then", ('before:"last month"',), _before, words=_WORDS, also=("until", "till")
    ),
    Condition(
        "added",
        "that came into the library then",
        ("added:today",),
        _added,
        words=_WORDS_OF_TWO,
        also=("imported",),
    ),
)
