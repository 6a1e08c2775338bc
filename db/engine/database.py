"""An open library database: sessions for reading and for writing, whatever engine it is on.

Each engine has a door of its own, which says how connections are made, how transactions begin and what its
errors mean. All else asks for a session and knows none of them.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from db.errors import LibraryBusyError, LibraryClosedError, LibraryDamagedError, LibraryError, TroveError

PATIENCE_MS = 30_000
"""How long one waits for another who writes."""


Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class ServerFacts:
    """What a server tells of itself, and of the way to it."""

    round_trip_ms: float
    """How long it takes to ask it anything."""
    is_here: bool
    """Whether it is reached within this machine."""
    encryption: str | None
    """The protocol that the connection is encrypted by, such as ``TLSv1.3``; None where it is not."""
    connections: int
    """Of all programs."""
    most_connections: int
    may_write: bool
    keeps_statistics: bool
    """Whether it counts rows by itself; else it plans queries by what it does not know."""


class Database(ABC):
    """An open library database. Cheap to make; safe to share between threads."""

    name: str
    """Where it is, as it is told."""
    _engine: Engine

    def __init__(self, name: str) -> None:
        self.name = name
        self._closed = False

    @property
    def dialect(self) -> Dialect:
        """How the engine writes SQL and values."""
        return self._engine.dialect

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for reading: one consistent snapshot, never waiting for the writer."""
        with self._session(write=False) as session:
            yield session

    @contextmanager
    def write(self, *, patience_ms: int = PATIENCE_MS) -> Iterator[Session]:
        """A session for writing: commits at the end, rolls back on an exception.

        ``patience_ms``: how long it waits for another writer before it raises a ``LibraryBusyError``.
        """
        with self._session(write=True, trove_patience=patience_ms) as session:
            yield session

    @contextmanager
    def beside(self) -> Iterator[Session]:
        """A session for writing that waits for no other one, for rows that are locked one by one."""
        with self._session(write=True, trove_beside=True) as session:
            yield session

    @abstractmethod
    def changes(self) -> int:
        """A number that is another one after each commit, of whichever process.

        What takes long to count is counted once for each.
        """

    @abstractmethod
    def check(self) -> list[str] | None:
        """The problems that the engine finds in its files; None where it cannot look."""

    @abstractmethod
    def software(self) -> str:
        """The engine and its version."""

    def server(self) -> ServerFacts | None:
        """What is known of the server; None where there is none."""
        return None

    def compares_vectors(self) -> bool:
        """Whether the engine can search vectors by itself."""
        return False

    @abstractmethod
    def size(self) -> int:
        """Bytes on disk."""

    @abstractmethod
    def scrub(self) -> None:
        """Leave nothing of deleted rows and words in the files of the database, as far as it can.

        Raises:
            LibraryBusyError: another process uses the library, so that some of it stays for now.
        """

    @abstractmethod
    def indexing(self) -> AbstractContextManager[None]:
        """Hold the right to write media into the library; at most one process has it.

        Raises:
            LibraryBusyError: another process has it.
        """

    def attending(self, worker: int) -> AbstractContextManager[None]:  # noqa: ARG002 - of a server
        """Show that a worker is there, to all that ask the server: until its connection ends, whyever.

        Raises:
            LibraryError: machines do not share the library.
        """
        raise LibraryError(
            "only a library on a server can be indexed by several machines",
            "Move it there: trove move postgresql://HOST/NAME",
        )

    @abstractmethod
    def last_ids(self, connection: Connection) -> dict[str, int]:
        """The highest id that each table has ever given: none is given again, not even after a move."""

    @abstractmethod
    def start_ids_after(self, connection: Connection, ids: Mapping[str, int]) -> None:
        """Let the tables give ids above these."""

    def rows(self, connection: Connection, statement: Select[*tuple[Any, ...]], size: int) -> Iterator[Rows]:
        """The rows of a query, so many at a time, with values as the driver gives them: the fastest way."""
        asked = str(statement.compile(dialect=self.dialect, compile_kwargs={"literal_binds": True}))
        cursor = self._cursor(connection.connection.driver_connection)
        try:
            cursor.execute(asked)
            while rows := cursor.fetchmany(size):
                yield rows
        except self.dialect.loaded_dbapi.Error as exc:
            raise DatabaseError(asked, None, exc) from exc
        finally:
            cursor.close()

    @abstractmethod
    def _cursor(self, driver: Any) -> Any:
        """The driver's cursor for many rows, of which it does not keep all."""

    @abstractmethod
    def begin_filling(self, connection: Connection) -> None:
        """Let rows come without a look at what they refer to, which takes long, until ``end_filling``."""

    @abstractmethod
    def put(self, connection: Connection, table: Table, rows: Rows) -> None:
        """Add many rows to a table, with values for all columns as the driver takes them."""

    @abstractmethod
    def end_filling(self, connection: Connection) -> None:
        """Check all that rows refer to, and each row from here on.

        Raises:
            LibraryError: they refer to others that are not there.
        """

    def is_being_indexed(self) -> bool:
        """Whether some process, on whichever machine, has the right to index now."""
        try:
            with self.indexing():
                return False
        except LibraryBusyError:
            return True

    def close(self) -> None:
        """Close all connections; whoever asks again gets a ``LibraryClosedError``."""
        self._closed = True
        self._engine.dispose()

    def require_open(self) -> None:
        """Refuse to go on once closed.

        Raises:
            LibraryClosedError: it is closed.
        """
        if self._closed:
            raise LibraryClosedError("the library is closed", "Open it again: Library.open().")

    @abstractmethod
    def _translate(self, exc: DatabaseError) -> TroveError:
        """Trove's error for one of the engine. SQLAlchemy's message would add the statement."""

    @abstractmethod
    def _damaged(self, cause: object) -> LibraryDamagedError:
        """The error for what can only be read in a database that was damaged."""

    @contextmanager
    def _session(self, *, write: bool, **options: int) -> Iterator[Session]:
        with (
            self._translated(),
            self._connection(write=write, **options) as connection,
            # Its rows end with it, so that nobody reads them when they are no longer so.
            Session(connection) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def _connection(self, *, write: bool, **options: int) -> Iterator[Connection]:
        self.require_open()
        opened = self._engine.connect().execution_options(trove_write=write, **options)
        with opened as connection, connection.begin():
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as exc:
            raise self._translate(exc) from exc
        except ValueError as exc:
            if not _is_of_a_row(exc):
                raise
            raise self._damaged(exc) from exc


def is_indexing() -> LibraryBusyError:
    """The error for who wants to index meanwhile."""
    return LibraryBusyError(
        "another process is indexing into this library",
        "Wait until it has finished; searching goes on meanwhile.",
    )


def missing(name: str) -> LibraryError:
    """The error for who asks where there is no library."""
    return LibraryError(
        f"there is no library in {name}",
        "Make one: trove index FOLDER; or name another with --library or TROVE_LIBRARY.",
    )


def unusable(folder: Path, cause: object) -> LibraryError:
    """The error for a folder in which nothing can be kept."""
    return LibraryError(
        f"cannot use the library folder {folder}: {cause}",
        "Check its permissions and free space, or name another with --library or TROVE_LIBRARY.",
    )


def _is_of_a_row(exc: ValueError) -> bool:
    """Whether the error is about a malformed value in the database, such as a date or invalid UTF-8.

    Told by the module that raised it, since callers' code within a session may raise ``ValueError``, too.
    """
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return name == __name__ or name.startswith("sqlalchemy.")
