"""The library as one object: its settings, folders, database and vector indexes.

Internal code takes this object in place of paths and connections, so that what a library consists of is
known in one place. Users take ``trove.Library``, which holds one of these and adds the operations; nothing
below ``trove`` names that one.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout
from sqlalchemy.orm import Session

from db.engine.database import Database
from db.engine.schema import Space
from db.errors import LibraryBusyError, LibraryClosedError
from db.paths import Paths
from db.settings import Settings, load_settings

if TYPE_CHECKING:
    from db.vectors.store import VectorStore


class Library:
    """An open library. Cheap to make and safe to share between threads; closed, it refuses to be used.

    Raises:
        LibraryError: its folder cannot be made or written, or its database cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._database = Database(settings.paths.database)
        self._stores: dict[int, VectorStore] = {}
        self._lock = threading.Lock()
        self._closed = False

    @classmethod
    def open(cls, settings: Settings | None = None) -> Self:
        """Open the library that the settings name, by default those of the environment."""
        return cls(settings or load_settings())

    @property
    def paths(self) -> Paths:
        """Its files and folders."""
        return self.settings.paths

    @property
    def database(self) -> Database:
        """Its database; it refuses sessions once the library is closed."""
        return self._database

    def read(self) -> AbstractContextManager[Session]:
        """A session for reading: one consistent snapshot, never waiting for a writer."""
        return self._database.read()

    def write(self) -> AbstractContextManager[Session]:
        """A session for writing: commits at the end, rolls back on an exception."""
        return self._database.write()

    def vectors(self, space: Space) -> "VectorStore":
        """The vector indexes of a space: the same object for all who ask, since an index takes memory.

        Raises:
            LibraryClosedError: the library is closed.
        """
        from db.vectors.store import VectorStore  # imports FAISS, of no use to most commands

        with self._lock:
            if self._closed:
                raise LibraryClosedError("the library is closed", "Open it again: Library.open().")
            if space.id not in self._stores:
                self._stores[space.id] = VectorStore(
                    self._database, self.paths.vectors, space.id, space.dim, self.settings.device
                )
            return self._stores[space.id]

    def drop_vectors(self, space: Space) -> None:
        """Delete the vector indexes of a space; its rows in the database are left to the caller."""
        self.vectors(space).delete()
        with self._lock:
            self._stores.pop(space.id, None)

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """Hold the right to write media into the library; at most one process has it.

        Raises:
            LibraryBusyError: another process has it.
        """
        lock = FileLock(self.paths.index_lock)
        try:
            lock.acquire(timeout=0)
        except Timeout as exc:
            raise LibraryBusyError(
                "another process is indexing into this library",
                "Wait until it has finished; searching goes on meanwhile.",
            ) from exc
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Close the database and let go of the indexes. Closing twice does no harm."""
        with self._lock:
            self._closed = True
            self._stores.clear()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
