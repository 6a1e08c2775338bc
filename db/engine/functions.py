"""SQL functions that SQLite lacks, in Python: case folding, great-circle distance, paths."""

import math
import os
import unicodedata
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePath
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


def _text(stored: str | bytes) -> str:
    return stored.decode(errors="replace") if isinstance(stored, bytes) else stored


def _is_in(stored: str | bytes, pattern: str) -> bool:
    """Whether consecutive folders of a path match ``pattern``, from the root if it is absolute."""
    return _folder_is_in(os.path.dirname(_text(stored)), pattern)  # noqa: PTH120 - many times as fast


@lru_cache(maxsize=100_000)
def _folder_is_in(folder: str, pattern: str) -> bool:
    """The same of a folder, which is asked again for every file in it."""
    folders = [fold(part) for part in PurePath(folder).parts]
    run = [part for part in PurePath(pattern).parts if part != "."]
    starts = range(1) if PurePath(pattern).is_absolute() else range(len(folders) - len(run) + 1)
    return any(
        len(folders) >= start + len(run)
        and all(fnmatchcase(folder, part) for folder, part in zip(folders[start:], run, strict=False))
        for start in starts
    )


def _is_named(stored: str | bytes, pattern: str) -> bool:
    name = fold(os.path.basename(_text(stored)))  # noqa: PTH119 - as above
    return fnmatchcase(name, pattern) if "*" in pattern else pattern in name
