"""What people type to correct a date, a time zone or a place: ``14 July 2023 18:05``, ``+2h``, ``Porto``."""

import re
from datetime import date, datetime, timedelta

from db.gazetteer import Place, named
from search.query import dates

_TIME = re.compile(r"(.+?)[ T]\s*(\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?", re.I)
_SPAN = re.compile(r"(\d+(?:[.,]\d+)?)\s*(d|h|m|s)(?:ays?|ours?|rs?|in(?:ute)?s?|ec(?:ond)?s?)?", re.I)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_DEGREES = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*")


def moment(text: str, today: date) -> datetime:
    """A day as ``dates.period`` reads it, with a time of day and an offset from UTC where they are given.

    A day alone is its midnight.

    Raises:
        ValueError: it is none, or more than one day.
    """
    match = _TIME.fullmatch(text.strip())
    start, end = dates.period(match[1] if match else text, today)
    if start is None or end is None or end - start != timedelta(days=1):
        raise ValueError('a date is written 2023-07-14, or "14 July 2023 18:05"')
    if match is None:
        return start
    hour, _, rest = match[2].partition(":")
    try:
        return datetime.fromisoformat(f"{start:%Y-%m-%d}T{int(hour):02}:{rest}{(match[3] or '').upper()}")
    except ValueError as exc:
        raise ValueError("a time of day is written 18:05, or 18:05:30+02:00") from exc


def shift(text: str) -> timedelta:
    """By how much a clock was wrong: ``+2h``, ``-1h 30min``, ``+1 day``, ``-02:00``.

    Raises:
        ValueError: it is none of these.
    """
    plain = text.strip().replace("\u2212", "-")
    sign, rest = (-1 if plain.startswith("-") else 1), plain.lstrip("+-").strip()
    if clock := _CLOCK.fullmatch(rest):
        return sign * timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    found = [(match[1].replace(",", "."), match[2].lower()) for match in _SPAN.finditer(rest)]
    if not found or _SPAN.sub("", rest).strip(" ,"):
        raise ValueError("a shift is written +2h, -30min, or +1d")
    try:
        return sign * sum((timedelta(**{_UNITS[unit]: float(count)}) for count, unit in found), timedelta())
    except OverflowError as exc:
        raise ValueError("that is out of all calendars") from exc


def place(text: str) -> Place:
    """Degrees north and east, or the centre of a town: ``41.15,-8.61``, ``Porto``, ``Paris, United States``.

    Raises:
        ValueError: it is neither.
    """
    if match := _DEGREES.fullmatch(text):
        north, east = float(match[1]), float(match[2])
        if abs(north) <= 90 and abs(east) <= 180:
            return north, east
    elif (town := named(text)) is not None:
        return town.at
    raise ValueError(
        f"{text.strip() or 'that'} is no town of 15,000 people; a place is written Porto, or 41.15,-8.61"
    )
