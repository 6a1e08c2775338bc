"""Dates as people write them: ``2023-07``, a range, or words such as ``last summer``."""

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}


class Period(NamedTuple):
    """Half-open interval of local time: ``start`` included, ``end`` not; None leaves that side open."""

    start: datetime | None
    end: datetime | None


def between(value: str, today: date) -> Period:
    """A period, or two of them with ``..`` between, either of which may be missing.

    Raises:
        ValueError: as ``period``.
    """
    if ".." not in value:
        return period(value, today)
    first, _, last = value.partition("..")
    return Period(period(first, today).start if first else None, period(last, today).end if last else None)


def period(value: str, today: date) -> Period:
    """A year, month or day (``2023``, ``2023-07``, ``2023-07-14``), or words such as ``last summer``.

    Raises:
        ValueError: it is none of these, or could be more than one time.
    """
    try:
        if match := _DATE.fullmatch(value.strip()):
            year, month, day = (int(part) if part else None for part in match.groups())
            start = date(year or 1, month or 1, day or 1)
            return _period(start, "day" if day else "month" if month else "year")
        return _in_words(" ".join(value.lower().split()), today)
    except OverflowError as exc:
        raise ValueError("that date is out of all calendars") from exc


def _in_words(words: str, today: date) -> Period:
    if words in ("today", "yesterday"):
        return _period(today - timedelta(days=words == "yesterday"), "day")
    which, _, unit = words.partition(" ")
    if which in ("this", "last") and unit in ("week", "month", "year"):
        now = _period(today, unit)
        if which == "this" or now.start is None:
            return now
        return _period((now.start - timedelta(days=1)).date(), unit)
    if which == "last" and unit in _SEASONS:
        return _season(unit, today)
    raise ValueError('a date is written 2023, 2023-07, 2023-07-14, 2023-06..2023-08, or "last month"')


def _season(name: str, today: date) -> Period:
    """The latest season of that name that is over, by the months of the northern hemisphere.

    Raises:
        ValueError: it is that season now, and people may mean this one or the one a year ago.
    """
    month = _SEASONS[name]
    for year in (today.year, today.year - 1, today.year - 2):
        start = date(year, month, 1)
        end = date(year + (month == 12), (month + 2) % 12 + 1, 1)
        if start <= today < end:
            raise ValueError(f'"last {name}" could be this one; write date:{year}-{month:02}..{today:%Y-%m}')
        if end <= today:
            return Period(_midnight(start), _midnight(end))
    raise AssertionError("every season has ended within two years")


def _period(day: date, unit: str) -> Period:
    if unit == "day":
        return Period(_midnight(day), _midnight(day + timedelta(days=1)))
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(_midnight(monday), _midnight(monday + timedelta(days=7)))
    if unit == "month":
        return Period(
            _midnight(day.replace(day=1)), _midnight(date(day.year + day.month // 12, day.month % 12 + 1, 1))
        )
    return Period(_midnight(date(day.year, 1, 1)), _midnight(date(day.year + 1, 1, 1)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)
