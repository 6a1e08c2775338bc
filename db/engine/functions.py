"""SQL functions that SQLite lacks, in Python: case folding, terms of texts, great-circle distance, paths."""

import math
import os
import re
from functools import lru_cache
from pathlib import PurePath
from sqlite3 import Connection

from db.engine import matching
from db.engine.dialect import ANY_OF
from db.engine.textsearch import fts5
from db.words.forms import fold, indexed

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def register(connection: Connection) -> None:
    """Register the functions on a new connection."""
    # Triggers call them, which some builds of SQLite allow only of a schema that is trusted.
    connection.execute("PRAGMA trusted_schema = ON")
    connection.create_function("trove_km", 4, _km, deterministic=True)
    connection.create_function("trove_fold", 1, _fold, deterministic=True)
    connection.create_function("trove_in", 2, _is_in, deterministic=True)
    connection.create_function("trove_named", 2, _is_named, deterministic=True)
    connection.create_function("trove_written", 2, _written, deterministic=True)
    connection.create_function("trove_otherwise", 2, _otherwise, deterministic=True)
    connection.create_function("trove_phrase", 2, _phrase, deterministic=True)
    connection.create_function("trove_begun", 2, _begun, deterministic=True)


@lru_cache(maxsize=1000)
def _pattern(pattern: str) -> re.Pattern[str]:
    """One or more patterns, in which ``*`` stands for anything and all else for itself."""
    each = (".*".join(map(re.escape, one.split("*"))) for one in pattern.split(ANY_OF))
    return re.compile("|".join(each), re.S)


def _fold(value: str | None) -> str | None:
    return None if value is None else fold(value)


def _km(latitude: float | None, longitude: float | None, *to: float) -> float | None:
    return None if latitude is None or longitude is None else distance_km(latitude, longitude, *to)


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance between points in degrees, by the haversine formula (Sinnott 1984)."""
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


def _written(text: str | None, language: str | None) -> str | None:
    """The terms of a text as it is written."""
    return indexed(text, language)[0]


def _otherwise(text: str | None, language: str | None) -> str | None:
    """Its terms in other ways in which it is asked for."""
    return indexed(text, language)[1]


def _phrase(asked: str, languages: str | None) -> str:
    """The query of the full text for words in any of these languages, which have commas between."""
    return fts5(matching.phrase(asked, _listed(languages)) or matching.NOTHING)


def _begun(number: str, languages: str | None) -> str:
    return fts5(matching.begun(number, _listed(languages)))


def _listed(languages: str | None) -> list[str]:
    return languages.split(",") if languages else []
