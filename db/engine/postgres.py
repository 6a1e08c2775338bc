"""The door to PostgreSQL: addresses, connections, transactions, the schema, and what errors mean.

Who asks reads one snapshot, and who writes is alone, as on SQLite: a lock of the server says whose turn it
is, since much of the catalogue reads what it is about to change.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from statistics import median
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Table,
    create_engine,
    event,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from db import addresses
from db.engine import halves, tables
from db.engine.database import PATIENCE_MS, Database, Rows, ServerFacts, is_indexing, missing
from db.engine.users import METADATA
from db.errors import (
    LibraryBusyError,
    LibraryDamagedError,
    LibraryError,
    TroveError,
    first_line,
)
from db.mounts import UNMOVED, Mounts

_TROVE = tables.LOCKS
_WRITING, _INDEXING = 1, 2

_OLDEST = 160_000
"""The number of the oldest version of the server that is tried: 16.0."""

_REWORDED = "texts have changed"
_EMBEDDED = "vectors have changed"
_VECTORS = re.compile(r"\s*(INSERT INTO|UPDATE) embedding\b", re.IGNORECASE)
_TEXTS = re.compile(r"\s*(INSERT INTO|UPDATE) unit\b", re.IGNORECASE)

_SEQUENCE = "_id_seq"
"""What the server adds to the name of a table, for that of the sequence of its ids."""

_BINARY: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (LargeBinary, "bytea"),
    (Boolean, "bool"),
    (DateTime, "timestamp"),
    (Float, "float8"),
    (Integer, "int8"),
)
"""The types of columns as a binary COPY names them; all others are text."""

_ASKED = 5
"""How often a server is asked to tell how long that takes."""
_FACTS = """SELECT
    coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true),
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()),
    (SELECT sum(numbackends)::integer FROM pg_stat_database),
    current_setting('max_connections')::integer,
    has_table_privilege('unit', 'INSERT') AND has_table_privilege('unit', 'DELETE'),
    current_setting('autovacuum')::boolean AND current_setting('track_counts')::boolean"""

_KEEPALIVE = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 3}


class PostgresDatabase(Database):
    """The database of a library that machines share, on a server.

    Raises:
        LibraryError: the server cannot be reached, or cannot hold a library.
        LibraryDamagedError: the database holds another program's tables.
        LibraryNewerError: a newer Trove wrote the library.
    """

    def __init__(
        self, address: str, *, make: bool = True, moving: bool = False, mounts: Mounts = UNMOVED
    ) -> None:
        """``make``: a library where there is none; else that is an error.

        ``moving``: open it although a move has not filled it yet.
        ``mounts``: folders that are elsewhere here.
        """
        super().__init__(addresses.shown(address))
        # Without a limit: who reads may have to write beside it, and would wait for itself. A connection
        # that the server has closed meanwhile is told before it is used, and made anew.
        try:
            self._engine = create_engine(
                make_url(address).set(drivername="postgresql+psycopg"),
                max_overflow=-1,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10, "application_name": "trove", **_KEEPALIVE},
            )
        except ImportError as exc:
            raise LibraryError(
                "a library on a server needs packages that are not installed",
                'Install them: pip install "trove-search[shared]"',
            ) from exc
        self._engine.dialect.trove_mounts = mounts  # type: ignore[attr-defined]
        event.listen(self._engine, "begin", _begin)
        event.listen(self._engine, "before_cursor_execute", _index_before_asking)
        event.listen(self._engine, "checkin", self._let_go)
        try:
            with self._translated():
                self._migrate(make=make, moving=moving)
        except BaseException:
            self._engine.dispose()
            raise

    def _migrate(self, *, make: bool, moving: bool) -> None:
        """Make the schema, or bring it up to date, in one transaction."""
        with self._connection(write=False) as connection:
            _require_new_enough(connection)
            if not make and tables.version(connection) is None:
                raise missing(self.name)
            if not moving and tables.is_moving(connection):
                raise LibraryError(
                    f"a library is still being moved to {self.name}",
                    "Wait until that is done; if it was stopped, move it again: it goes on where it was.",
                )
            pending = tables.pending(connection)
        if pending:
            with self._connection(write=True) as connection:
                if tables.pending(connection):  # no other process was sooner
                    tables.migrate(connection)

    @contextmanager
    def write(self, *, patience_ms: int = PATIENCE_MS) -> Iterator[Session]:
        """As ``Database.write``; the terms of new texts are made at the end."""
        with super().write(patience_ms=patience_ms) as session:
            yield session
            session.flush()
            _index(session.connection())
            if session.connection().info.pop(_EMBEDDED, False):
                halves.catch_up(session.connection())

    def changes(self) -> int:
        """As ``Database.changes``."""
        with self._translated(), self._connection(write=False) as connection:
            told = "SELECT hashtextextended(pg_current_snapshot()::text, 0)"
            return int(connection.exec_driver_sql(told).scalar_one())

    def check(self) -> None:
        """As ``Database.check``: who keeps the server has tools for its files."""

    def software(self) -> str:
        """As ``Database.software``."""
        with self._translated(), self._connection(write=False) as connection:
            version = str(connection.exec_driver_sql("SHOW server_version").scalar_one())
        return f"PostgreSQL {version.split()[0]}"

    def server(self) -> ServerFacts:
        """As ``Database.server``."""
        with self._translated(), self._connection(write=False) as connection:
            took = [_round_trip_ms(connection) for _ in range(_ASKED)]
            return ServerFacts(median(took), *connection.exec_driver_sql(_FACTS).one())

    def size(self) -> int:
        """As ``Database.size``."""
        with self._translated(), self._connection(write=False) as connection:
            asked = "SELECT pg_database_size(current_database())"
            return int(connection.exec_driver_sql(asked).scalar_one())

    def compares_vectors(self) -> bool:
        """As ``Database.compares_vectors``: it has the extension pgvector."""
        with self._translated(), self._connection(write=False) as connection:
            return halves.has_extension(connection)

    def execute_alone(self, *statements: str) -> None:
        """Run statements that must not be in a transaction, one after the other, on one connection."""
        self.require_open()
        with self._translated():
            plain = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", trove_plain=True)
            with plain:
                for statement in statements:
                    plain.exec_driver_sql(statement)
                plain.exec_driver_sql("RESET ALL")

    def last_ids(self, connection: Connection) -> dict[str, int]:
        """As ``Database.last_ids``."""
        told = connection.exec_driver_sql(
            "SELECT sequencename, last_value FROM pg_sequences "
            "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
        )
        ids = {name.removesuffix(_SEQUENCE): last for name, last in told}
        return {table: last for table, last in ids.items() if table in METADATA.tables}

    def start_ids_after(self, connection: Connection, ids: Mapping[str, int]) -> None:
        """As ``Database.start_ids_after``."""
        for table, last in ids.items():
            if last > 0:
                connection.exec_driver_sql("SELECT setval(%s, %s)", (f"{table}{_SEQUENCE}", last))

    def _cursor(self, driver: Any) -> Any:
        return driver.cursor("many", binary=True)

    def begin_filling(self, connection: Connection) -> None:
        """As ``Database.begin_filling``."""
        tables.drop_foreign_keys(connection)

    def put(self, connection: Connection, table: Table, rows: Rows) -> None:
        """As ``Database.put``."""
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        statement = f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)'
        driver: Any = connection.connection.driver_connection
        try:
            with driver.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types([_binary(column.type) for column in table.columns])
                for row in rows:
                    copy.write_row(row)
        except self._engine.dialect.loaded_dbapi.Error as exc:
            raise DatabaseError(statement, None, exc) from exc
        if table.name == "unit":
            tables.index_texts(connection)

    def end_filling(self, connection: Connection) -> None:
        """As ``Database.end_filling``."""
        tables.add_foreign_keys(connection)
        connection.exec_driver_sql("ANALYZE")  # else it plans as for empty tables until it looks by itself

    @contextmanager
    def indexing(self) -> Iterator[None]:
        """As ``Database.indexing``; the right ends with the connection, whatever becomes of this machine."""
        with self._holding(_INDEXING, is_indexing):
            yield

    @contextmanager
    def attending(self, worker: int) -> Iterator[None]:
        """As ``Database.attending``."""
        with self._holding(tables.WORKERS + worker, is_indexing):
            yield

    @contextmanager
    def _holding(self, lock: int, refusal: Callable[[], LibraryBusyError]) -> Iterator[None]:
        """Hold a lock of the server's with a connection of its own; who comes second is refused."""
        self.require_open()
        with self._translated():
            held = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT", trove_plain=True)
        try:
            with self._translated():
                if not _asked(held, "pg_try_advisory_lock", lock):
                    raise refusal()
            yield
        finally:
            with suppress(SQLAlchemyError):  # a connection that is lost has given it up
                _asked(held, "pg_advisory_unlock", lock)
            held.close()

    def scrub(self) -> None:
        """As ``Database.scrub``; its journal and its backups are the server's own."""
        with self._translated():
            with self.write() as session:
                tables.forget_terms(session.connection())
            with self._engine.connect().execution_options(
                isolation_level="AUTOCOMMIT", trove_plain=True
            ) as own:
                for table in ("unit", "embedding", "passage", "passage_term"):
                    own.exec_driver_sql(f"VACUUM FULL {table}")

    def _let_go(self, _driver: object, connection: ConnectionPoolEntry) -> None:
        """Close what was in use when the library was closed, as soon as it is not."""
        if self._closed:
            connection.invalidate()

    def _translate(self, exc: DatabaseError) -> TroveError:
        """Trove's error for one of the server, by its SQLSTATE; without one there was no connection."""
        state = getattr(exc.orig, "sqlstate", None) or ""
        said = _said(exc.orig)
        if state in ("55P03", "40001", "40P01"):
            return LibraryBusyError(
                "another process has been writing to the library for long", "Wait a little, then try again."
            )
        if state == "42501":
            return LibraryError(
                f"you may not do that in the library {self.name}: {said}",
                "Ask who keeps the server: your user needs to read and write the tables of the library.",
            )
        if state.startswith("XX"):
            return self._damaged(said)
        if state.startswith("53"):
            return LibraryError(f"the server of the library has no room: {said}", "Make room there.")
        if not state or state.startswith(("08", "28", "3D", "57P")):
            return LibraryError(
                f"the library {self.name} cannot be reached: {said}",
                "Check that the server runs, the address, and your password in ~/.pgpass or PGPASSWORD.",
            )
        return LibraryError(f"the library database refused an operation: {said}", "Please report this.")

    def _damaged(self, cause: object) -> LibraryDamagedError:
        return LibraryDamagedError(
            f"the library {self.name} is damaged: {cause}",
            "Your media files are untouched. Restore the database from a backup of the server.",
        )


def _round_trip_ms(connection: Connection) -> float:
    began = time.perf_counter()
    connection.exec_driver_sql("SELECT 1")
    return 1e3 * (time.perf_counter() - began)


def _require_new_enough(connection: Connection) -> None:
    version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if version < _OLDEST:
        raise LibraryError(
            f"the server of the library is PostgreSQL {version // 10_000}",
            f"Trove needs PostgreSQL {_OLDEST // 10_000} or newer.",
        )


def _binary(kind: TypeEngine[Any]) -> str:
    return next((name for each, name in _BINARY if isinstance(kind, each)), "text")


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("trove_plain", False):
        return
    driver: Any = connection.connection.driver_connection
    driver.read_only = not options.get("trove_write", False)
    levels: Any = connection.dialect.loaded_dbapi.IsolationLevel
    driver.isolation_level = levels.REPEATABLE_READ if driver.read_only else levels.READ_COMMITTED
    if driver.read_only or options.get("trove_beside", False):
        return
    patience_ms = int(options.get("trove_patience", PATIENCE_MS))
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience_ms}")
    _asked(connection, "pg_advisory_xact_lock", _WRITING)


def _asked(connection: Connection, function: str, number: int) -> Any:
    return connection.exec_driver_sql(f"SELECT {function}({_TROVE}, {number})").scalar()


def _index_before_asking(connection: Connection, _cursor: object, statement: str, *_more: object) -> None:
    """Note which transactions change texts; what these ask for, too, has its terms."""
    if _TEXTS.match(statement):
        connection.info[_REWORDED] = True
    elif _VECTORS.match(statement):
        connection.info[_EMBEDDED] = True
    elif "passage" in statement and _REWORDED in connection.info:
        _index(connection)


def _index(connection: Connection) -> None:
    if connection.info.pop(_REWORDED, False):
        tables.index_texts(connection)


def _said(cause: BaseException | None) -> str:
    """What the server says, in one line, without what the driver puts before it."""
    line = first_line(cause) if cause is not None else ""
    return line.rpartition("FATAL:")[2].rpartition(" failed: ")[2].strip() or line
