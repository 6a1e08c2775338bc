"""Dates in the names of files, as phones, messengers, scanners and people write them there."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from db.names import composed
from indexer.media.dates import believable

_YEAR, _MONTH, _DAY = r"(?P<year>(?:19|20)\d\d)", r"(?P<month>0[1-9]|1[0-2])", r"(?P<day>0[1-9]|[12]\d|3[01])"
_AT = r"(?:at|um|om|kl|klo|alle|a las|à|às|в|o|ob)"
"""Between the day and the time of day, in the languages of systems that name pictures of the screen."""

_CLOCK = (
    rf"(?:[-_ t.,]*{_AT}?[-_ .]*(?:(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)"
    r"|(?P<hour2>[01]?\d|2[0-3])(?P<between>[-_.:h])(?P<minute2>[0-5]\d)(?:(?P=between)(?P<second2>[0-5]\d))?)"
    r"(?:[-_.]?\d{1,3})?(?:\W?(?P<half>[ap])\.?m\b)?)?"
)
"""The time of day, with parts of a second that nobody needs; without signs between only with seconds."""

_END = r"(?!\d)"

_DAYS = re.compile(rf"(?<!\d){_YEAR}(?P<sign>[-_. ]?){_MONTH}(?P=sign){_DAY}(?:{_CLOCK}{_END}|{_END})", re.I)
_EUROPEAN = re.compile(
    rf"(?<!\d)(?P<day>\d{{1,2}})(?P<sign>[-_.])(?P<month>\d{{1,2}})(?P=sign){_YEAR}(?:{_CLOCK}{_END}|{_END})",
    re.I,
)
_COUNTED = re.compile(r"(?:fb_(?:img|vid)_|mmexport|wx_camera_|screenshot_|^)(1\d{12})(?!\d)", re.I)
"""Milliseconds since 1970: Facebook, WeChat, some phones, and names that are nothing else."""


def taken_at(stem: str) -> datetime | None:
    """The date that the name of a file says, without its suffix; None where it says none, or one of two.

    A day alone is its midnight. Pixel phones name files by UTC; all others by the clock of where they are.

    >>> taken_at("IMG_20180704_153000")
    datetime.datetime(2018, 7, 4, 15, 30)
    """
    stem = composed(stem)
    is_utc = stem.casefold().startswith("pxl_")
    for match in _matches(stem):
        if (moment := believable(_moment(match))) is not None:
            return moment.replace(tzinfo=UTC) if is_utc and moment.time() != datetime.min.time() else moment
    counted = _COUNTED.search(stem)
    return believable(datetime.fromtimestamp(int(counted[1]) / 1000, UTC)) if counted else None


def _matches(stem: str) -> Iterator[re.Match[str]]:
    yield from _DAYS.finditer(stem)
    yield from _EUROPEAN.finditer(stem)


def _moment(match: re.Match[str]) -> datetime | None:
    """The moment that is written there; None for the 30th of February, and for 04-07-2023: two days."""
    parts = match.groupdict()
    day, month = int(parts["day"]), int(parts["month"])
    if match.re is _EUROPEAN and parts["sign"] != "." and day != month:
        if month > 12:
            day, month = month, day
        elif day <= 12:
            return None
    hour, minute = (int(parts[name] or parts[f"{name}2"] or 0) for name in ("hour", "minute"))
    if parts["half"]:
        hour = hour % 12 + 12 * (parts["half"].casefold() == "p")
    try:
        return datetime(
            int(parts["year"]), month, day, hour, minute, int(parts["second"] or parts["second2"] or 0)
        )
    except ValueError:
        return None
