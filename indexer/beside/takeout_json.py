"""What the JSON files of Google Photos' exports (Takeout) say about a picture, a film or an album.

They may be anything that is called so: what is not of the expected type is left out, and a file that is too
large for one, damaged, or of another program gives nothing.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from db.errors import UnreadableError
from indexer.media import dates
from indexer.media.degrees import known

log = logging.getLogger(__name__)

LARGEST_BYTES = 1 << 20
"""Real ones have some kilobytes; an album with many comments has some hundred."""


@dataclass(frozen=True)
class Photo:
    """A picture or film as Google Photos has it; None and empty where it does not say.

    ``title``: the name of the file when it was uploaded. ``taken_at``: a moment in UTC, as Google keeps
    it. ``place``: (latitude, longitude) in degrees. ``people``: their
    names.
    """

    title: str = ""
    description: str = ""
    taken_at: datetime | None = None
    place: tuple[float, float] | None = None
    people: tuple[str, ...] = ()
    favourite: bool = False
    archived: bool = False
    trashed: bool = False


@dataclass(frozen=True)
class Album:
    """An album, which is a folder of an export."""

    title: str = ""
    description: str = ""


def read(path: Path) -> Photo | Album | None:
    """What a JSON file says; None, and a line in the log, where it is none of Google's.

    Raises:
        UnreadableError: it cannot be read now.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as exc:
        raise UnreadableError(f"{path.name}: {(exc.strerror or str(exc)).lower()}") from exc
    if len(content) > LARGEST_BYTES:
        log.warning("%s: ignored: too large for a file of Google Takeout", path)
        return None
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        log.warning("%s: ignored: no JSON", path)
        return None
    found = said(data)
    if found is None:
        log.info("%s: ignored: no file of Google Takeout", path)
    return found


def said(data: object) -> Photo | Album | None:
    """What parsed JSON says, if it is Google's."""
    if not isinstance(data, dict) or not isinstance(data.get("title", ""), str):
        return None
    if isinstance(data.get("photoTakenTime"), dict):
        return _photo(data)
    # Albums of before 2020 have it one level down.
    album = data.get("albumData") if isinstance(data.get("albumData"), dict) else data
    if isinstance(album, dict) and ("date" in album or "access" in album or album is not data):
        return Album(_text(album.get("title")), _text(album.get("description")))
    return None


def _photo(data: Mapping[str, Any]) -> Photo:
    people = data.get("people")
    people = people if isinstance(people, list) else []
    names = [_text(person.get("name")) for person in people if isinstance(person, dict)]
    return Photo(
        title=_text(data.get("title")),
        description=_text(data.get("description")),
        taken_at=_moment(data["photoTakenTime"].get("timestamp")),
        place=_place(data.get("geoData")) or _place(data.get("geoDataExif")),
        people=tuple(dict.fromkeys(filter(None, names))),
        favourite=data.get("favorited") is True,
        archived=data.get("archived") is True,
        trashed=data.get("trashed") is True,
    )


def _text(value: object) -> str:
    return " ".join(value.replace("\0", " ").split()) if isinstance(value, str) else ""


def _moment(value: object) -> datetime | None:
    """The moment of seconds since 1970, which are a text; 0 is that nobody knows."""
    try:
        seconds = int(value) if isinstance(value, str | int) else 0
        return dates.believable(datetime.fromtimestamp(seconds, UTC)) if seconds else None
    except (ValueError, OverflowError, OSError):
        return None


def _place(value: object) -> tuple[float, float] | None:
    """Degrees; (0, 0) is that there is none."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return None
    return known(float(latitude), float(longitude))
