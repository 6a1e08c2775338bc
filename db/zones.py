"""Time zones of places: what the clock showed there, of a moment that a file keeps in UTC.

The outlines of the zones come with the package tzfpy, which loads them when the first place is asked for
(34 MB of memory, a tenth of a second).
"""

from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

Place = tuple[float, float]
"""Latitude and longitude, in degrees north and east."""


@lru_cache(maxsize=1_000)
def zone(name: str) -> ZoneInfo | None:
    """The time zone of a name such as ``Europe/Lisbon``; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_at(place: Place) -> ZoneInfo | None:
    """The time zone of a place; None where nobody knows."""
    from tzfpy import get_tz

    name: str = get_tz(place[1], place[0])
    return zone(name) if name else None


def local(moment: datetime, there: ZoneInfo | None) -> datetime:
    """A moment by the clock of a zone, or of this machine; as it is where that is out of the calendar."""
    try:
        return moment.astimezone(there)
    except (OverflowError, ValueError, OSError):
        return moment
