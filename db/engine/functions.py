"""SQL functions in Python, for comparisons that SQLite has none of: folded text, distances, paths."""

import math
import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from sqlite3 import Connection

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def register(connection: Connection) -> None:
    """Teach a new connection the functions that conditions use."""
    connection.create_function("trove_km", 4, distance_km, deterministic=True)
    connection.create_function("trove_fold", 1, _fold, deterministic=True)
    connection.create_function("trove_in", 2, _is_in, deterministic=True)
    connection.create_function("trove_named", 2, _is_named, deterministic=True)


def fold(text: str) -> str:
    """Text as it is compared: without case, accents in one encoding."""
    return unicodedata.normalize("NFC", text).casefold()


def _fold(value: str | None) -> str | None:
    return None if value is None else fold(value)


def distance_km(
    latitude: float | None, longitude: float | None, to_latitude: float, to_longitude: float
) -> float | None:
    """Along the great circle, by the haversine formula (Sinnott 1984)."""
    if latitude is None or longitude is None:
        return None
    one, other = math.radians(latitude), math.radians(to_latitude)
    east = math.radians(to_longitude - longitude)
    half = math.sin((other - one) / 2) ** 2 + math.cos(one) * math.cos(other) * math.sin(east / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _path(stored: str | bytes) -> PurePath:
    return Path(stored.decode(errors="replace") if isinstance(stored, bytes) else stored)


def _is_in(stored: str | bytes, wanted: str) -> bool:
    """Whether the folders of a path have a run like ``wanted``, from the root where it is absolute."""
    folders = [fold(part) for part in _path(stored).parent.parts]
    run = [part for part in PurePath(wanted).parts if part != "."]
    starts = range(1) if PurePath(wanted).is_absolute() else range(len(folders) - len(run) + 1)
    return any(
        len(folders) >= at + len(run)
        and all(fnmatchcase(folder, part) for folder, part in zip(folders[at:], run, strict=False))
        for at in starts
    )


def _is_named(stored: str | bytes, wanted: str) -> bool:
    name = fold(_path(stored).name)
    return fnmatchcase(name, wanted) if "*" in wanted else wanted in name
