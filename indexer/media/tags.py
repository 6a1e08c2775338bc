"""Facts from the tags of containers: when and where a film or recording was made, and with what."""

import re
from collections.abc import Mapping
from datetime import datetime

from indexer.media.types import Metadata


def facts_of(tags: Mapping[str, str]) -> Metadata:
    """Date, place and camera from the tags of phones and cameras (QuickTime's and FFmpeg's names)."""
    tags = {name.lower(): value for name, value in tags.items()}
    apple = "com.apple.quicktime."
    place = tags.get(apple + "location.iso6709") or tags.get("location") or ""
    latitude, longitude = _position(place)
    make, model = tags.get(apple + "make", ""), tags.get(apple + "model", "")
    by_apple = _local_time(tags.get(apple + "creationdate"))
    return Metadata(
        kind="video",
        taken_at=by_apple or _local_time(tags.get("creation_time")),
        taken_from="apple" if by_apple else "container",
        described_by="apple" if apple + "location.iso6709" in tags or make else "container",
        latitude=latitude,
        longitude=longitude,
        camera=f"{make} {model}".strip() or None,
        live=tags.get(apple + "content.identifier") or None,
    )


def _local_time(text: str | None) -> datetime | None:
    """Local time of an ISO 8601 timestamp; None where it is missing or implausible.

    An offset from UTC is the camera's own, so its local time is kept; UTC itself is what containers
    without a zone store, and is converted to this machine's zone.
    """
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # Cameras without a clock write the container's epoch, 1904 or 1970.
    if moment.year < 1980:
        return None
    zone = moment.utcoffset()
    if zone is not None and not zone:
        moment = moment.astimezone()
    return moment.replace(tzinfo=None)


def _position(text: str) -> tuple[float, float] | tuple[None, None]:
    """Latitude and longitude from ISO 6709 in decimal degrees, such as ``+52.5163+013.3777/``."""
    match = re.match(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)", text)
    if match is None:
        return None, None
    latitude, longitude = float(match[1]), float(match[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else (None, None)
