"""Dates as files keep them: which of them can be true, and how ISO 8601, XMP and EXIF write them."""

import re
from datetime import UTC, datetime, timedelta, timezone

_FIRST_YEAR = 1826
"""Of the oldest photograph that there is."""

_EPOCHS = {(1903, 12, 31), (1904, 1, 1), (1969, 12, 31), (1970, 1, 1), (1980, 1, 1)}
"""The days at which formats and cameras begin to count: what shows one has no clock."""

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_DAY_ALONE = re.compile(r"\d{4}-?\d{2}-?\d{2}")


def believable(moment: datetime | None, first_year: int = _FIRST_YEAR) -> datetime | None:
    """The moment, if something can have been taken then; None for epochs, and for what is after tomorrow.

    A day later than today is not yet wrong: it may be tomorrow where the camera is.
    """
    if moment is None:
        return None
    is_possible = first_year <= moment.year and (moment.year, moment.month, moment.day) not in _EPOCHS
    return moment if is_possible and moment.date() <= (datetime.now() + timedelta(days=1)).date() else None


def of_iso(text: object, first_year: int = _FIRST_YEAR) -> datetime | None:
    """The moment of a text in ISO 8601, with the offset that it names; None where it is missing or absurd.

    A month or a year alone is no day, and so is none.
    """
    text = str(text or "").strip()
    if len(text) < 11 and not _DAY_ALONE.fullmatch(text):
        return None
    try:
        return believable(datetime.fromisoformat(text), first_year)
    except ValueError:
        return None


def of_exif(text: object, part: object = None, offset: object = None) -> datetime | None:
    """The moment of a text as EXIF writes it, ``2023:07:14 18:05:00``; None where it is missing or absurd.

    ``part``: digits of a second, as many as the camera counts. ``offset``: from UTC, ``+02:00``.
    """
    try:
        moment = datetime.strptime(str(text)[:19].replace("-", ":"), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = str(part).strip("\0 ")
    if re.fullmatch(r"[0-9]+", digits):
        moment = moment.replace(microsecond=int(f"{digits:0<6}"[:6]))
    return believable(moment.replace(tzinfo=of_offset(offset)))


def of_offset(text: object) -> timezone | None:
    """The zone of an offset from UTC, such as ``+02:00``; None where it is none."""
    match = _OFFSET.fullmatch(str(text or "").strip("\0 "))
    if match is None:
        return UTC if str(text or "").strip("\0 ") == "Z" else None
    minutes = 60 * int(match[2]) + int(match[3])
    if minutes > 14 * 60:
        return None
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))
