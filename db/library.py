"""The library as one object: its settings, folders, database and vector indexes.

Internal code takes this object in place of paths and connections, so that what a library consists of is
known in one place. Users take ``trove.Library``, which holds one of these and adds the operations; nothing
below ``trove`` names that one.
"""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy.orm import Session

from db import mounts
from db.catalog.spaces import Space
from db.engine.database import PATIENCE_MS, Database, missing, unusable
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryBusyError, LibraryError
from db.paths import Paths
from db.settings import Settings, load_settings

if TYPE_CHECKING:
    from db.vectors.store import VectorStore


log = logging.getLogger(__name__)

NO_EXTENSION = "the server has no extension pgvector: vectors are searched in a copy on this machine"


class Library:
    """An open library. Cheap to make and safe to share between threads; closed, it refuses to be used.

    Raises:
        LibraryError: its folder cannot be made or written, or its database cannot be opened.
    """

    def __init__(self, settings: Settings, *, make: bool = True) -> None:
        """``make``: a library where there is none; else that is an error."""
        self.settings = settings
        self.database = _database(settings, make=make)

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Open the library that the settings name, by default those of the environment."""
        return cls(settings or load_settings())

    @property
    def paths(self) -> Paths:
        """Its files and folders."""
        return self.settings.paths

    def read(self) -> AbstractContextManager[Session]:
        """A session for reading: one consistent snapshot, never waiting for a writer."""
        return self.database.read()

    def write(self, *, patience_ms: int = PATIENCE_MS) -> AbstractContextManager[Session]:
        """A session for writing: commits at the end, rolls back on an exception; see ``Database.write``."""
        return self.database.write(patience_ms=patience_ms)

    def vectors(self, space: Space) -> "VectorStore":
        """A store of the vectors of a space; what it has in memory stays as long as the caller holds it.

        Threads that search the same space share one.

        Raises:
            LibraryClosedError: the library is closed.
        """
        from db.vectors.faiss_store import FaissStore  # of no use to most commands

        self.require_open()
        if self.settings.vectors == "server" and (served := self._served(space)) is not None:
            return served
        device = self.settings.device
        return FaissStore(self.database, self.paths.vectors, space.id, space.dim, device, space.role)

    def _served(self, space: Space) -> "VectorStore | None":
        """The store on the server's own search; None where it has none, and a copy is searched here."""
        if self.settings.shared is None:
            return None
        from db.engine.postgres import PostgresDatabase
        from db.vectors.server_store import ServerStore

        database = self.database
        if not isinstance(database, PostgresDatabase) or not database.compares_vectors():
            log.warning("%s", NO_EXTENSION)
            return None
        store = ServerStore(database, space.id, space.dim, space.role)
        if not store.is_kept():
            try:
                store.save()
            except LibraryError as exc:  # who may only read cannot have them made
                log.warning("vectors are searched in a copy on this machine: %s", exc)
                return None
        return store

    def require_open(self) -> None:
        """Refuse to go on with a closed library.

        Raises:
            LibraryClosedError: it is closed.
        """
        self.database.require_open()

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Hold the right to write media into the library; at most one process has it.

        Raises:
            LibraryBusyError: another process has it.
        """
        self.require_open()
        with ExitStack() as stack:
            try:
                stack.enter_context(self.database.indexing())
            except LibraryBusyError as exc:
                if not self.paths.pause_switch.exists():
                    raise
                raise LibraryBusyError(f"{exc}, and is paused", "To let it go on: trove resume") from exc
            if self.settings.shared is not None:
                from db.catalog import queue

                # Of a run that was stopped: who still works on it must not store what it made.
                with self.database.beside() as session:
                    queue.clear(session)
            yield

    def close(self) -> None:
        """Close the database. Closing twice does no harm."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def has_library(settings: Settings) -> bool:
    """Whether there is a library, or at least what people made in one; on a server only asking tells."""
    return settings.shared is not None or settings.paths.database.exists() or settings.paths.backups.exists()


def _database(settings: Settings, *, make: bool) -> Database:
    if settings.shared is None:
        if not make and not has_library(settings):
            raise missing(settings.shown)
        return SqliteDatabase(settings.paths.database)
    return shared_database(settings, make=make)


def shared_database(settings: Settings, *, make: bool = True, moving: bool = False) -> Database:
    """The database of a library on a server, with the folder for what this machine has of it.

    Args:
        make: make a library where there is none; else that is an error.
        moving: open it although a move has not filled it yet.
    """
    from db.engine.postgres import PostgresDatabase  # whose driver few have

    try:
        settings.paths.folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise unusable(settings.paths.folder, exc) from exc
    own = mounts.load(settings.paths.mounts)
    return PostgresDatabase(str(settings.shared), make=make, moving=moving, mounts=own)
