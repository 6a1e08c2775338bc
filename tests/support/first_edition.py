"""Libraries that commit 54b0975 made, moved to where a test wants them: see its README."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support import ROOT

FIRST_EDITION = ROOT / "tests" / "db" / "engine" / "first_edition"
_OLD = "/media-first-edition"


def first_edition(name: str, folder: Path) -> Path:
    """A copy of the library ``heard`` or ``deaf`` in ``folder``, with its media beside it."""
    media, library = folder.resolve() / "media", folder / "library"
    shutil.copytree(FIRST_EDITION / "media", media)
    shutil.copytree(FIRST_EDITION / name, library)
    with closing(sqlite3.connect(library / "trove.db")) as connection, connection:
        for table in ("root", "asset", "judgement"):
            moved = f"UPDATE {table} SET path = ? || substr(path, ?)"  # noqa: S608 - names of our own
            connection.execute(moved, (str(media), len(_OLD) + 1))
        for path, mtime_ns in connection.execute("SELECT path, mtime_ns FROM asset"):
            os.utime(path, ns=(mtime_ns, mtime_ns))
    return library
