"""Human-readable sizes, durations and facts."""

from collections.abc import Mapping
from datetime import datetime

SOURCES: Mapping[str, str] = {
    "user": "you say so",
    "sidecar": "by the XMP file beside it",
    "exif": "by its EXIF data",
    "xmp": "by its XMP data",
    "iptc": "by its IPTC data",
    "apple": "by its header, as Apple writes it",
    "container": "by its header, in UTC",
    "takeout": "by Google Takeout's file",
    "name": "by its name",
    "modified": "by its EXIF data: when it was last edited",
    "decoder": "measured",
    "first edition": "by an older Trove, which kept no source",
}
"""Who says a fact, in words, by the names of ``db.catalog.facts.Source``."""


def size(count: float) -> str:
    """Bytes: 3.4 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def duration(seconds: float) -> str:
    """A length of time: 40 s, 3 min, 1.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def clock(seconds: float | None) -> str:
    """Seconds as a person reads them on a player: 1:02 or 1:02:03."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def moment(value: datetime) -> str:
    """A date with its time of day: 14 July 2023, 18:05."""
    return f"{value.day} {value:%B %Y, %H:%M}"


def fact(key: str, value: object) -> tuple[str, str]:
    """The name and the value of a fact in words, by the keys of ``db.catalog.facts.Fact``."""
    match key, value:
        case "taken_at", datetime():
            return "Taken", moment(value)
        case "place", (latitude, longitude):
            return "Place", f"{latitude:.5f}, {longitude:.5f}"
        case "size", (width, height):
            return "Pixels", f"{width} × {height} ({width * height / 1e6:.1f} megapixels)"
        case "duration", float() | int():
            return "Length", clock(value)
    return key.capitalize(), str(value)
