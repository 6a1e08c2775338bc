"""Copies of libraries that other processes may have open."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from db.settings import Settings


def copy_library(folder: Path, to: Path) -> Path:
    """Copy a library's folder; of what is only there while somebody has it open, nothing is missed.

    Returns the copy.
    """
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*.db*", "*.tmp"))
    for database in folder.glob("*.db"):
        with (
            closing(sqlite3.connect(database)) as source,
            closing(sqlite3.connect(to / database.name)) as target,
        ):
            source.backup(target)
    return to


def own_copy(settings: Settings, to: Path) -> Settings:
    """A copy of a library that a test may change; returns its settings."""
    return settings.model_copy(update={"library": copy_library(settings.paths.folder, to)})
