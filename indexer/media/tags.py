"""Facts from the tags of containers: when and where a film or recording was made, and with what."""

from collections.abc import Mapping

from indexer.media import dates
from indexer.media.degrees import of_iso_6709
from indexer.media.types import Metadata

_APPLE = "com.apple.quicktime."

_FIRST_YEAR = 1980
"""Cameras without a clock write the container's epoch, 1904 or 1970, or a little later."""


def facts_of(tags: Mapping[str, str]) -> Metadata:
    """Date, place and camera from the tags of phones and cameras (QuickTime's and FFmpeg's names)."""
    tags = {name.lower(): value for name, value in tags.items()}
    latitude, longitude = next(filter(None, map(of_iso_6709, _places(tags))), (None, None))
    make, model = tags.get(_APPLE + "make", ""), tags.get(_APPLE + "model", "")
    by_apple = dates.of_iso(tags.get(_APPLE + "creationdate"), _FIRST_YEAR)
    return Metadata(
        kind="video",
        taken_at=by_apple or dates.of_iso(tags.get("creation_time"), _FIRST_YEAR),
        taken_from="apple" if by_apple else "container",
        described_by="apple" if _APPLE + "location.iso6709" in tags or make else "container",
        latitude=latitude,
        longitude=longitude,
        camera=f"{make} {model}".strip() or None,
        live=tags.get(_APPLE + "content.identifier") or None,
    )


def _places(tags: Mapping[str, str]) -> list[str]:
    """What may be a place: Apple's key first, then others', some with a language: ``location-eng``."""
    named = [name for name in tags if name == "location" or name.startswith("location-")]
    return [tags[name] for name in (_APPLE + "location.iso6709", *named) if name in tags]
