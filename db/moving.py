"""Moving a library to another place, into a folder or onto a server; nothing is decoded or embedded again."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine import backups
from db.engine.database import Database, unusable
from db.engine.sqlite import SqliteDatabase
from db.engine.transfer import OnProgress, transfer
from db.errors import LibraryError, SettingsError
from db.library import Library, shared_database
from db.paths import Paths
from db.settings import Settings


@dataclass(frozen=True)
class Moved:
    """What became of a move. ``rows``: how many the library has; the old one is left as it was."""

    rows: int
    to: str


def move(library: Library, to: Settings, on_progress: OnProgress) -> Moved:
    """Copy a library, with the ids of all that is in it, to where another one is to be.

    A move that was stopped goes on where it was, unless the library has changed meanwhile: then it begins
    anew. Until it is done, the new library cannot be opened. What belongs to a machine stays: the password
    of the app, and whether folders are watched.

    Raises:
        SettingsError: it is there already.
        LibraryError: there is a library in the other place, or it cannot be written.
        LibraryBusyError: a process is indexing into one of the two.
    """
    if to.named == library.settings.named:
        raise SettingsError("the library is there already", "Name another folder, or another address.")
    with (
        library.indexing(),
        _opened(to) as target,
        target.indexing(),
        library.read() as session,
    ):
        rows = transfer(library.database, session, target, _state(library, session), on_progress)
        try:
            _copy_files(library.paths, to.paths)
        except OSError as exc:
            raise unusable(to.paths.folder, exc) from exc
    return Moved(rows, to.shown)


@contextmanager
def _opened(to: Settings) -> Iterator[Database]:
    """The database of the new library; that of a folder is in its place only once all is in it."""
    if to.shared is not None:
        with closing(shared_database(to, moving=True)) as database:
            yield database
        return
    if to.paths.database.exists():
        raise LibraryError(
            f"there is a library in {to.shown} already", "Name another folder, where there is none."
        )
    unfinished = to.paths.folder / ".moving" / to.paths.database.name
    with closing(SqliteDatabase(unfinished, moving=True)) as database:
        yield database
    unfinished.rename(to.paths.database)
    shutil.rmtree(unfinished.parent, ignore_errors=True)


def _state(library: Library, session: Session) -> str:
    """Tells the library as it is now from what it was, or another one is."""
    users, _ = backups.dump(session.connection())
    told = f"{library.settings.named}\n{revision.current(session)}\n".encode() + users
    return hashlib.sha256(told).hexdigest()


def _copy_files(here: Paths, there: Paths) -> None:
    """Copy what a library has beside its database."""
    for folder in ("vectors", "query_pictures", "drawings"):
        if (own := getattr(here, folder)).is_dir():
            shutil.copytree(own, getattr(there, folder), dirs_exist_ok=True)
    for file in ("results", "measured"):
        own, new = getattr(here, file), getattr(there, file)
        if own.is_file() and not new.exists():
            shutil.copy2(own, new)
