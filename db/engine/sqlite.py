"""The door to SQLite: the engine and its PRAGMAs, transactions, migrations, backups, and what errors mean."""

import logging
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Table, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from db.engine import backups, functions, migrations
from db.engine.database import PATIENCE_MS, Database, Rows, is_indexing, unusable
from db.errors import LibraryBusyError, LibraryDamagedError, LibraryError, TroveError
from db.files import is_file, write_atomically

log = logging.getLogger(__name__)

_CHANGED = "what users made has changed"


class SqliteDatabase(Database):
    """The database of a library in a folder, as a file.

    Raises:
        LibraryError: the folder cannot be made or written, or the database cannot be opened.
    """

    def __init__(self, path: Path, *, moving: bool = False) -> None:
        """``moving``: open it for a move to fill it."""
        super().__init__(str(path.parent))
        self.path = path
        self._watch: Connection | None = None
        self._watching = threading.Lock()
        self._backups = path.with_name("backups")
        if _is_missing(path) and backups.every(self._backups):
            # A new one would pass for a library in which nobody has made anything.
            raise LibraryDamagedError(
                f"the library database {path} is gone, but not the backups of what you made",
                "Your media files are untouched. Make it anew: trove doctor --repair",
            )
        # The backup of an earlier process may have failed.
        self._is_backed_up = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise unusable(path.parent, exc) from exc
        try:
            self._open(URL.create("sqlite", database=str(path)), _FILLING if moving else _PRAGMAS)
        except LibraryError as exc:
            if not _can_only_be_read(path, exc):
                raise
            log.warning("the library cannot be written, it is opened as it is: %s", exc)
            query = {"immutable": "1", "mode": "ro", "uri": "true"}
            self._open(URL.create("sqlite", database=path.absolute().as_uri(), query=query), ())

    def _open(self, url: URL, pragmas: Sequence[str]) -> None:
        # Without a limit: who reads may have to write beside it, and would wait for itself.
        self._engine = create_engine(url, max_overflow=-1)
        event.listen(self._engine, "connect", partial(_configure, pragmas))
        event.listen(self._engine, "begin", _begin)
        event.listen(self._engine, "before_cursor_execute", _note_change)
        with self._translated():
            with self._connection(write=False) as connection:
                pending = migrations.pending(connection)
            if pending:
                self._migrate()

    def _migrate(self) -> None:
        """Bring the schema up to date in one transaction; what users made is kept aside before."""
        with self._engine.connect().execution_options(trove_write=True) as connection:
            # Between transactions: inside one SQLite ignores it. Tables that are rebuilt must not cascade.
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - SQLAlchemy's type is wider
            raw.execute("PRAGMA foreign_keys = OFF")
            try:
                with connection.begin():
                    if not migrations.pending(connection):  # another process was sooner
                        return
                    users, entries = backups.dump(connection)
                    if entries:
                        self._backups.mkdir(exist_ok=True)
                        aside = f"before-schema-{len(migrations.MIGRATIONS)}.json"
                        write_atomically(self._backups / aside, users)
                    migrations.migrate(connection)
                    self._check_references(connection)
            except OSError as exc:
                raise unusable(self.path.parent, exc) from exc
            finally:
                raw.execute("PRAGMA foreign_keys = ON")

    @contextmanager
    def write(self, *, patience_ms: int = PATIENCE_MS) -> Iterator[Session]:
        """As ``Database.write``; what users made is backed up after a change, and after the first of all."""
        with super().write(patience_ms=patience_ms) as session:
            yield session
            session.flush()
            changed = session.connection().info.pop(_CHANGED, False)
        if changed or not self._is_backed_up:
            self._is_backed_up = True
            backups.write(self._backups, self.read)

    def changes(self) -> int:
        """As ``Database.changes``."""
        with self._translated(), self._watching:
            self.require_open()
            if self._watch is None:  # only between two questions of one connection it tells anything
                self._watch = self._engine.connect()
            with self._watch.begin():
                return int(self._watch.exec_driver_sql("PRAGMA data_version").scalar_one())

    def check(self) -> list[str]:
        """The problems that SQLite's integrity check reports; empty if there are none."""
        with self._translated(), self._connection(write=False) as connection:
            lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars().all()
        return [str(line) for line in lines if line != "ok"]

    def software(self) -> str:
        """As ``Database.software``."""
        return f"SQLite {sqlite3.sqlite_version}"

    def size(self) -> int:
        """As ``Database.size``, with the journal."""
        beside = self.path.parent.glob(f"{self.path.name}*")
        return sum(path.stat().st_size for path in beside if is_file(path))

    def last_ids(self, connection: Connection) -> dict[str, int]:
        """As ``Database.last_ids``."""
        return dict(connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence").all())

    def start_ids_after(self, connection: Connection, ids: Mapping[str, int]) -> None:
        """As ``Database.start_ids_after``."""
        for table, last in ids.items():
            connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
            connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))

    def _cursor(self, driver: sqlite3.Connection) -> sqlite3.Cursor:
        return driver.cursor()

    def begin_filling(self, connection: Connection) -> None:
        """As ``Database.begin_filling``: a database that was opened for that does not look."""

    def put(self, connection: Connection, table: Table, rows: Rows) -> None:
        """As ``Database.put``."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        places = ", ".join("?" * len(table.columns))
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({places})'  # noqa: S608 - our own names
        connection.exec_driver_sql(statement, rows)

    def end_filling(self, connection: Connection) -> None:
        """As ``Database.end_filling``."""
        self._check_references(connection)

    def _check_references(self, connection: Connection) -> None:
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
            raise self._damaged(f"{len(broken)} rows refer to others that are lost")

    def scrub(self) -> None:
        """As ``Database.scrub``: the journal is emptied, too."""
        with self._engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - SQLAlchemy's type is wider
            raw.execute("PRAGMA secure_delete = ON")
            try:
                # The index of words keeps those of deleted texts until its parts are merged.
                raw.execute("INSERT INTO passage(passage) VALUES ('optimize')")
                raw.execute("VACUUM")
                is_busy = bool(raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0])
            except sqlite3.OperationalError as exc:
                log.info("the database is not scrubbed: %s", exc)
                is_busy = True
        if is_busy:
            raise LibraryBusyError(
                "something of it stays in the journal of the library while another process reads",
                "Close the app and other programs of Trove, then run the same command again.",
            )

    @contextmanager
    def indexing(self) -> Iterator[None]:
        with indexing(self.path):
            yield

    def close(self) -> None:
        """As ``Database.close``."""
        with self._watching:
            if self._watch is not None:
                self._watch.close()
            super().close()

    def _translate(self, exc: DatabaseError) -> TroveError:
        code = getattr(exc.orig, "sqlite_errorname", "")
        # SQLITE_ERROR: a statement of ours that an undamaged schema accepts, such as "no such column".
        # No code: Python itself could not decode the text.
        if not code or code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_ERROR")):
            return self._damaged(exc.orig)
        if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return LibraryBusyError(
                "the library database is locked by another program", "Close that program, then try again."
            )
        if isinstance(exc, OperationalError):
            return unusable(self.path.parent, exc.orig)
        return LibraryError(f"the library database refused an operation: {exc.orig}", "Please report this.")

    def _damaged(self, cause: object) -> LibraryDamagedError:
        return LibraryDamagedError(
            f"the library database {self.path} is damaged: {cause}",
            "Your media files are untouched. Mend it, with all that you made: trove doctor --repair",
        )


@contextmanager
def indexing(path: Path) -> Iterator[None]:
    """As ``Database.indexing``, of a database that cannot be opened."""
    from filelock import FileLock, Timeout  # who only searches should not wait for it

    lock = FileLock(path.with_name("index.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise is_indexing() from exc
    try:
        yield
    finally:
        lock.release()


_WAL_FIX = (3, 51, 3)


def problem() -> str:
    """What is wrong with this machine's SQLite; empty if nothing is."""
    if sqlite3.sqlite_version_info >= _WAL_FIX:
        return ""
    return (
        "before 3.51.3 two checkpoints at once can, very rarely, corrupt a database; Trove checkpoints "
        "from one process, and other programs should not write to its database"
    )


_PRAGMAS = (
    "journal_mode = WAL",
    # In WAL mode a power cut may lose the last commits but never tears the database.
    "synchronous = NORMAL",
    "foreign_keys = ON",
)
_FILLING = (*_PRAGMAS[:-1], "foreign_keys = OFF")
"""While a move fills the database: all references are checked in the end."""


def _configure(pragmas: Sequence[str], connection: sqlite3.Connection, _record: object) -> None:
    # Without this the sqlite3 module opens transactions of its own, late and never IMMEDIATE.
    connection.isolation_level = None
    functions.register(connection)
    for pragma in (f"busy_timeout = {PATIENCE_MS}", *pragmas):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A write transaction that starts as a reader can fail half-way with SQLITE_BUSY, whatever the time-out.
    options = connection.get_execution_options()
    if not options.get("trove_write", False):
        connection.exec_driver_sql("BEGIN")
        return
    patience_ms = options.get("trove_patience", PATIENCE_MS)
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {patience_ms}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {PATIENCE_MS}")


def _note_change(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
    if backups.CHANGES.match(statement):
        connection.info[_CHANGED] = True


def _can_only_be_read(path: Path, exc: LibraryError) -> bool:
    """Whether the database cannot be opened only because SQLite cannot write its journal.

    As on a full disk or in a read-only folder. A journal that holds changes must not be ignored.
    """
    code = getattr(getattr(exc.__cause__, "orig", None), "sqlite_errorname", "")
    journal = path.with_name(f"{path.name}-wal")
    return (
        path.exists()
        and code.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_FULL"))
        and not (journal.exists() and journal.stat().st_size)
    )


def _is_missing(path: Path) -> bool:
    """Whether there is no database; SQLite takes an empty file for a new one."""
    return not is_file(path) or path.stat().st_size == 0
