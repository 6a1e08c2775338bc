"""Dates as people write them: ``2023-07``, ``July 2023``, ``14.07.2023``, a range, or ``last summer``.

A small grammar of its own: parsers of dates that are libraries give one instant for whatever they are given,
filling in today where nothing is said. Here a text is a whole day, month or year, and what could be two days
is refused with both readings.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import NamedTuple

from search.query.errors import RefusedValueError

_MONTHS = "january february march april may june july august september october november december".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
"""The months in which they begin, of the northern hemisphere."""
_NUMBERS = {word: at for at, word in enumerate("one two three four five six seven eight nine ten".split(), 1)}
_NUMBERS |= {"a": 1, "an": 1}
_UNITS = ("day", "week", "month", "year")

_YEAR_FIRST = re.compile(r"(\d{4})(?:([-./])(\d{1,2})(?:\2(\d{1,2}))?)?")
_MONTH_DAY = re.compile(r"(\d{1,2})-(\d{1,2})")
_LEAP_YEAR = 2000
_MONTH_YEAR = re.compile(r"(\d{1,2})[-./](\d{4})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})")
_BETWEEN = re.compile(
    r"\s*(?:\.{2,}|…)[\s.]*|(?<=\S)\s*[–—]\s*(?=\S)|(?<=\S)\s+(?:-|to|until|till)\s+|(?<=^\d{4})\s*-\s*(?=\d{4}$)",
    re.IGNORECASE,
)
"""What stands between two dates: dots, a dash, or a word; a hyphen needs spaces, but between two years."""
_LAST_YEAR = 9998
"""The last one that ends within the calendar."""
_DECADE = re.compile(r"(?:(\d{2})|')?(\d)0s")
_ORDINAL = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?")
_VALID = (
    'a date is written 2023, 2023-07, 2023-07-14, "14 July 2023", 2023-06..2023-08, "last month", or unknown'
)


class Period(NamedTuple):
    """Half-open interval of local time: ``start`` included, ``end`` not; None leaves that side open."""

    start: datetime | None
    end: datetime | None


def between(value: str, today: date) -> Period:
    """A period, or two of them with ``..`` between, either of which may be missing.

    Two may have a dash, "to" or "until" between them, too: ``2019-2021``, ``2019 to 2021``. The second is
    included. A year that only the second has is that of the first: ``June to August 2023``.

    Raises:
        ValueError: as ``period``, both are missing, or the first is the later one.
    """
    first, *rest = _BETWEEN.split(value.strip(), maxsplit=1)
    if not rest:
        return period(value, today)
    last = rest[0]
    if not first and not last:
        raise ValueError(_VALID)
    end = period(last, today).end if last else None
    start = _begun(first, last, today) if first else None
    if start is not None and end is not None and start >= end:
        raise RefusedValueError(f"{first} is later than {last}; write the earlier one first, and both years")
    return Period(start, end)


def _begun(first: str, last: str, today: date) -> datetime | None:
    """When the first of two dates begins, in the year of the last one if it has none."""
    if (year := re.search(r"\d{4}", last)) and not re.search(r"\d{4}", first):
        with suppress(ValueError):
            return period(f"{first} {year.group()}", today).start
    return period(first, today).start


def period(value: str, today: date) -> Period:
    """A day, month, year or season, in figures or in words; see the tests for what is understood.

    A month, season or weekday without a year is the latest that has begun. A winter goes by the year in which
    it begins.

    Raises:
        ValueError: it is none of these, or could be more than one time.
    """
    words = re.sub(r"[,\s]+", " ", value.lower()).strip()
    try:
        for read in (_in_figures, _in_words, _counted, _named):
            if (found := read(words, today)) is not None:
                return found
    except OverflowError as exc:
        raise RefusedValueError("that date is out of all calendars") from exc
    raise ValueError(_VALID)


def day_of_year(value: str, today: date) -> tuple[int, int]:
    """Month and day of ``11-29``, or of a day as ``period`` reads it.

    Raises:
        ValueError: as ``period``, or it is no single day.
    """
    if match := _MONTH_DAY.fullmatch(value.strip()):
        found = _of(_LEAP_YEAR, int(match[1]), int(match[2]))
    else:
        found = period(value, today)
    start, end = found
    if start is None or end is None or end - start != timedelta(days=1):
        raise ValueError('a day of the year is written 11-29, "29 November", or today')
    return start.month, start.day


def _in_figures(words: str, _today: date) -> Period | None:
    """2023, 2023-07-14, 07/2023, 14.07.2023; decades, too."""
    if match := _YEAR_FIRST.fullmatch(words):
        return _of(*(int(part) for part in match.group(1, 3, 4) if part))
    if match := _MONTH_YEAR.fullmatch(words):
        return _of(int(match[2]), int(match[1]))
    if match := _YEAR_LAST.fullmatch(words):
        return _year_last(int(match[1]), int(match[3]), int(match[4]), dots=match[2] == ".")
    if match := _DECADE.fullmatch(words.removeprefix("the ")):
        tens = int(match[2])
        year = 10 * tens + (100 * int(match[1]) if match[1] else 1900 if tens >= 3 else 2000)
        return Period(_of(year).start, _of(year + 9).end)
    return None


def _year_last(first: int, second: int, year: int, *, dots: bool) -> Period:
    """A day whose year stands last: with dots the day is first, else it must be plain which one it is.

    Raises:
        RefusedValueError: there is no such day, or there are two.
    """
    if dots or first > 12 or first == second:
        return _of(year, second, first)
    if second > 12:
        return _of(year, first, second)
    _of(year)  # there must be such a year
    one, other = date(year, second, first), date(year, first, second)
    raise RefusedValueError(f"that is {_day(one)} or {_day(other)}; write {one} or {other}")


def _in_words(words: str, today: date) -> Period | None:
    """July 2023, 2023 July, 14 July 2023, July 14th 2023, summer 2023; without a year, the latest begun."""
    parts = [part.strip(".") for part in words.split() if part not in ("the", "of", "in", "on")]
    years = [int(part) for part in parts if re.fullmatch(r"\d{4}", part)]
    rest = [part for part in parts if not re.fullmatch(r"\d{4}", part)]
    if len(years) > 1 or not 1 <= len(rest) <= 2:
        return None
    year = years[0] if years else None
    if len(rest) == 1 and rest[0] in _SEASONS:
        return _latest(lambda year: _season(rest[0], year), year, today)
    months = [month for part in rest if (month := _month(part))]
    days = [int(match[1]) for part in rest if (match := _ORDINAL.fullmatch(part))]
    if len(months) != 1 or len(months) + len(days) != len(rest):
        return None
    day = days[0] if days else None
    return _latest(lambda year: _of(year, months[0], day), year, today)


def _counted(words: str, today: date) -> Period | None:
    """Three days ago, a week ago; the last 7 days, which end with today."""
    if match := re.fullmatch(r"(\w+) (day|week|month|year)s? ago", words):
        return None if (count := _number(match[1])) is None else _back(today, count, match[2])
    if match := re.fullmatch(r"(?:the )?(?:last|past) (\w+) (day|week|month|year)s?", words):
        if (count := _number(match[1])) is None:
            return None
        first = _back(today, count, match[2], exact=True).start
        tomorrow = _midnight(today + timedelta(days=1))
        return Period(first + timedelta(days=1) if first else None, tomorrow)
    return None


def _named(words: str, today: date) -> Period | None:
    """Today, yesterday, last Monday, this week, last summer."""
    if words in ("today", "yesterday"):
        return _period(today - timedelta(days=words == "yesterday"), "day")
    if (weekday := _index(words.removeprefix("last "), _WEEKDAYS)) is not None:
        back = (today.weekday() - weekday) % 7
        return _period(today - timedelta(days=back or 7 * words.startswith("last ")), "day")
    which, _, unit = words.partition(" ")
    if which not in ("this", "last"):
        return None
    if unit in _UNITS:
        return _back(today, int(which == "last"), unit)
    if unit == "weekend":
        saturday = today + timedelta(days=5 - today.weekday() - 7 * (which == "last"))
        return Period(_midnight(saturday), _midnight(saturday + timedelta(days=2)))
    if unit in _SEASONS:
        return _last_season(unit, today) if which == "last" else _this_season(unit, today)
    if month := _month(unit):
        year = today.year - (which == "last" and month >= today.month)
        return _of(year, month)
    return None


def _month(word: str) -> int | None:
    """The number of a month by its name or three letters of it and more; None for other words."""
    at = _index(word, _MONTHS) if len(word) >= 3 else None
    return None if at is None else at + 1


def _index(word: str, names: Sequence[str]) -> int | None:
    return next((at for at, name in enumerate(names) if len(word) >= 3 and name.startswith(word)), None)


def _number(word: str) -> int | None:
    return int(word) if re.fullmatch(r"\d{1,5}", word) else _NUMBERS.get(word)


def _latest(named: Callable[[int], Period], year: int | None, today: date) -> Period:
    """What is named in a year; without one, the latest that has begun.

    Raises:
        RefusedValueError: there is no such day.
    """
    if year is not None:
        return named(year)
    # The 29th of February is in one year of four, and once in eight.
    for candidate in range(today.year, today.year - 9, -1):
        try:
            found = named(candidate)
        except ValueError:
            continue
        if found.start is not None and found.start.date() <= today:
            return found
    raise RefusedValueError("there is no such day")


def _season(name: str, year: int) -> Period:
    month = _SEASONS[name]
    _of(year)  # there must be such a year
    start, end = date(year, month, 1), date(year + (month == 12), (month + 2) % 12 + 1, 1)
    return Period(_midnight(start), _midnight(end))


def _this_season(name: str, today: date) -> Period:
    """The one that is now, or else that which begins in this year."""
    before = _season(name, today.year - 1)
    return before if before.end is not None and today < before.end.date() else _season(name, today.year)


def _last_season(name: str, today: date) -> Period:
    """The latest season of that name that is over.

    Raises:
        RefusedValueError: it is that season now, and people may mean this one or the one a year ago.
    """
    found = _latest(lambda year: _season(name, year), None, today)
    if found.start is not None and found.end is not None and today < found.end.date():
        raise RefusedValueError(f'"last {name}" could be this one; write {found.start:%Y-%m}..{today:%Y-%m}')
    return found


def _back(today: date, count: int, unit: str, *, exact: bool = False) -> Period:
    """The day, week, month or year so many of them ago; with ``exact``, the day on which that was."""
    if unit in ("day", "week"):
        day = today - timedelta(days=count * (7 if unit == "week" else 1))
    else:
        months = 12 * today.year + today.month - 1 - count * (12 if unit == "year" else 1)
        year, month = divmod(months, 12)
        if year < 1:
            raise OverflowError
        day = date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))
    return _period(day, "day" if exact else unit)


def _of(year: int, month: int | None = None, day: int | None = None) -> Period:
    """A day, month or year by its numbers.

    Raises:
        RefusedValueError: there is no such day.
    """
    if not 1 <= year <= _LAST_YEAR:
        raise RefusedValueError(f"there is no year {year}; a year is one of 1 to {_LAST_YEAR}")
    if month is not None and not 1 <= month <= 12:
        raise RefusedValueError(f"there is no month {month}; a month is one of 1 to 12")
    if month is not None and day is not None and not 1 <= day <= monthrange(year, month)[1]:
        raise RefusedValueError(f"there is no day {day} in {_MONTHS[month - 1].capitalize()} {year}")
    start = date(year, 1 if month is None else month, 1 if day is None else day)
    return _period(start, "year" if month is None else "month" if day is None else "day")


def _period(day: date, unit: str) -> Period:
    if unit == "day":
        return Period(_midnight(day), _midnight(day + timedelta(days=1)))
    if unit == "week":
        monday = day - timedelta(days=day.weekday())
        return Period(_midnight(monday), _midnight(monday + timedelta(days=7)))
    if unit == "month":
        following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        return Period(_midnight(day.replace(day=1)), _midnight(following))
    return Period(_midnight(date(day.year, 1, 1)), _midnight(date(day.year + 1, 1, 1)))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1].capitalize()} {day.year}"
