"""SQL functions that SQLite lacks, in Python: case folding, great-circle distance, paths."""

import math
import unicodedata
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from sqlite3 import Connection

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def register(connection: Connection) -> None:
    """Register the functions on a new connection."""
    connection.create_function("trove_km", 4, distance_km, deterministic=True)
    connection.create_function("trove_fold", 1, _fold, deterministic=True)
    connection.create_function("trove_in", 2, _is_in, deterministic=True)
    connection.create_function("trove_named", 2, _is_named, deterministic=True)


def fold(text: str) -> str:
    """Text for comparison: case-folded, in Unicode normalisation form C."""
    return unicodedata.normalize("NFC", text).casefold()


def _fold(value: str | None) -> str | None:
    return None if value is None else fold(value)


def distance_km(
    latitude: float | None, longitude: float | None, to_latitude: float, to_longitude: float
) -> float | None:
    """Great-circle distance between points in degrees, by the haversine formula (Sinnott 1984)."""
    if latitude is None or longitude is None:
        return None
    start, end = math.radians(latitude), math.radians(to_latitude)
    east = math.radians(to_longitude - longitude)
    half = math.sin((end - start) / 2) ** 2 + math.cos(start) * math.cos(end) * math.sin(east / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def _path(stored: str | bytes) -> PurePath:
    return Path(stored.decode(errors="replace") if isinstance(stored, bytes) else stored)


def _is_in(stored: str | bytes, pattern: str) -> bool:
    """Whether consecutive folders of a path match ``pattern``, from the root if it is absolute."""
    folders = [fold(part) for part in _path(stored).parent.parts]
    run = [part for part in PurePath(pattern).parts if part != "."]
    starts = range(1) if PurePath(pattern).is_absolute() else range(len(folders) - len(run) + 1)
    return any(
        len(folders) >= start + len(run)
        and all(fnmatchcase(folder, part) for folder, part in zip(folders[start:], run, strict=False))
        for start in starts
    )


def _is_named(stored: str | bytes, pattern: str) -> bool:
    name = fold(_path(stored).name)
    return fnmatchcase(name, pattern) if "*" in pattern else pattern in name
