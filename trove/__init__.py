"""Trove: find pictures, moments in films and spoken passages in your own library by what is in them.

This module is the whole Python API; the command line and the app are written on it.

    import trove

    with trove.Library.open() as library:
        library.index(["~/Pictures"])
        answer = library.search("a dog on the beach", k=5)
        for hit in answer.hits:
            print(hit.path, hit.start_s, hit.score)

Everything raised on purpose is a ``TroveError`` with a ``hint``: what the user can do about it.
"""

from db.errors import (
    DecodeError,
    GenerateError,
    LibraryBusyError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryNewerError,
    MediaError,
    ModelError,
    ModelMismatchError,
    ModelMissingError,
    QueryError,
    SettingsError,
    TroveError,
    UnreadableError,
    VectorError,
)
from db.settings import Settings
from indexer.flow import Progress, Report, Switch
from search.answer import Answer, Evidence, Hit
from search.query.query import Query
from trove.library import Library

__all__ = [
    "Answer",
    "DecodeError",
    "Evidence",
    "GenerateError",
    "Hit",
    "Library",
    "LibraryBusyError",
    "LibraryClosedError",
    "LibraryDamagedError",
    "LibraryError",
    "LibraryNewerError",
    "MediaError",
    "ModelError",
    "ModelMismatchError",
    "ModelMissingError",
    "Progress",
    "Query",
    "QueryError",
    "Report",
    "Settings",
    "SettingsError",
    "Switch",
    "TroveError",
    "UnreadableError",
    "VectorError",
]
