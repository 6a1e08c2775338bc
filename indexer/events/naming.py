"""Names of events: where and when they were, as far as it is known: Porto, 3–7 May 2019."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from db.catalog.events import EventFile

_MOST = 0.5
"""The share of the files with a place that must be from a town, or a country, for it to stand in the name."""


def named(files: Sequence[EventFile]) -> str:
    """The name of an event by its files: the town or country that most are from, and its days."""
    taken = [file.taken_at.date() for file in files if file.taken_at]
    when = days(min(taken), max(taken)) if taken else ""
    return ", ".join(filter(None, (where(files), when))) or "Without a date"


def where(files: Sequence[EventFile]) -> str:
    """The town that most files are from, or else the country; empty where neither is known of enough."""
    placed = [(file.city, file.country) for file in files if file.city or file.country]
    for names in (Counter(city for city, _ in placed), Counter(country for _, country in placed)):
        name, count = max(names.items(), key=lambda item: (item[1], item[0] or ""), default=(None, 0))
        if name and count >= _MOST * len(placed):
            return name
    return ""


def days(first: date, last: date) -> str:
    """Days as people write them, with what is the same said once: 3–7 May 2019, 30 April – 2 May 2019."""
    end = f"{last.day} {last:%B %Y}"
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    if first.year == last.year:
        return f"{first.day} {first:%B} – {end}"
    return f"{first.day} {first:%B %Y} – {end}"
