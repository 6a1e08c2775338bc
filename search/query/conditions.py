"""Query conditions: translates their values into the filter rules of the database."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta

from db.catalog.filters import Circle, Period, Rule, Text, Type, Value
from db.paths import expanded

_TYPES: Mapping[str, Type] = {
    "image": Type(media="image"),
    "video": Type(media="video"),
    "audio": Type(media="audio"),
    "frame": Type(unit="frame"),
    "speech": Type(unit="speech"),
    "picture": Type(media="image"),
    "photo": Type(media="image"),
    "film": Type(media="video"),
    "sound": Type(media="audio"),
    "recording": Type(media="audio"),
}
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_NEAR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*(?:,\s*(\d+(?:\.\d+)?)\s*(km|m|mi)?\s*)?")
_KM = {"km": 1.0, "m": 0.001, "mi": 1.609344}
_NEAR_KM = 10.0
"""The default radius: a town and its surroundings."""


def rule(key: str, values: tuple[str, ...], *, negated: bool, today: date | None = None) -> Rule:
    """The filter rule of a condition.

    Raises:
        ValueError: a value is malformed; the message says what is valid.
    """
    read = _READERS[key]
    return Rule(tuple(read(value, today or date.today()) for value in values), negated)


def _type(value: str, _today: date) -> Value:
    try:
        return _TYPES[value.lower()]
    except KeyError:
        raise ValueError(f"a type is one of {', '.join(list(_TYPES)[:5])}") from None


def _near(value: str, _today: date) -> Value:
    match = _NEAR.fullmatch(value)
    latitude, longitude = (float(match[1]), float(match[2])) if match else (99.0, 0.0)
    if match is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError('a place is written "48.85,2.35,20km": degrees north and east, and a radius')
    return Circle(latitude, longitude, float(match[3]) * _KM[match[4] or "km"] if match[3] else _NEAR_KM)


def _date(value: str, today: date) -> Value:
    if ".." in value:
        first, _, last = value.partition("..")
        return Period(
            period(first, today).start if first else None, period(last, today).end if last else None
        )
    return period(value, today)


def _after(value: str, today: date) -> Value:
    return Period(period(value, today).start, None)


def _before(value: str, today: date) -> Value:
    return Period(None, period(value, today).start)


def _folder(value: str, _today: date) -> Value:
    return Text("in", str(expanded(value)) if value.startswith("~") else value)


_READERS: Mapping[str, Callable[[str, date], Value]] = {
    "type": _type,
    "date": _date,
    "after": _after,
    "before": _before,
    "near": _near,
    "in": _folder,
    "camera": lambda value, _: Text("camera", value),
    "name": lambda value, _: Text("name", value),
    "said": lambda value, _: Text("said", value),
}


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
