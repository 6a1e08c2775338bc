"""SQL functions that SQLite lacks, in Python: case folding, great-circle distance, paths."""

import math
import os
import re
import unicodedata
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


_ACCENTS = dict.fromkeys(range(0x300, 0x370))
"""Combining marks of Latin, Greek and Cyrillic; those of other scripts make other letters."""


def fold(text: str) -> str:
    """Text for comparison: case-folded, without accents, in Unicode normalisation form C."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFD", text).translate(_ACCENTS)
    return unicodedata.normalize("NFC", bare).casefold()


ANY_OF = "\0"
"""Between patterns of which one must match."""


@lru_cache(maxsize=1000)
def _pattern(pattern: str) -> re.Pattern[str]:
    """One or more patterns, in which ``*`` stands for anything and all else for itself."""
    each = (".*".join(map(re.escape, one.split("*"))) for one in pattern.split(ANY_OF))
    return re.compile("|".join(each), re.S)


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
    if ANY_OF in pattern:
        return any(_folder_is_in(folder, one) for one in pattern.split(ANY_OF))
    folders = [fold(part) for part in PurePath(folder).parts]
    run = [part for part in PurePath(pattern).parts if part != "."]
    starts = range(1) if PurePath(pattern).is_absolute() else range(len(folders) - len(run) + 1)
    return any(
        len(folders) >= start + len(run)
        and all(_pattern(part).fullmatch(folder) for folder, part in zip(folders[start:], run, strict=False))
        for start in starts
    )


def _is_named(stored: str | bytes, pattern: str) -> bool:
    name = fold(os.path.basename(_text(stored)))  # noqa: PTH119 - as above
    return _pattern(pattern).fullmatch(name) is not None if "*" in pattern else pattern in name
