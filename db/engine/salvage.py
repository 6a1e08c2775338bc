"""Salvage: copies the rows of a damaged database that SQLite can still read into a new one.

Table by table, in the order of the row ids, around pages that cannot be read. Rows whose parent is lost
are left out, and files that may lack a part are marked, so that the next indexing reads them again and
fills the gaps. What users made and is lost here is in their backups (``db.engine.backups``).
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
from sqlalchemy import create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from db.engine import backups, functions, migrations
from db.engine.schema import UNIT_TOLERANCE, AnalysisState, AssetState
from db.engine.users import METADATA
from db.errors import LibraryDamagedError

_STEPS = 4096
_HIGHEST = 1 << 62
_REVISION_LEAP = 1 << 32
"""Added to the revision, so that nothing that was kept of the old database passes for one of the new."""
# SQLite quotes the schema in its errors, and Python cannot decode that where it is damaged.
_BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)

Row = Sequence[object]


@dataclass
class Salvaged:
    """Result of a salvage, by table.

    ``rows``: how many came over. ``gaps``: ranges of row ids that could not be read; ``dropped``: how many
    rows were left out, since their parent is lost or their values are impossible.
    """

    rows: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)

    def is_whole(self, *tables: str) -> bool:
        """Whether all rows of these tables came over, or all rows if none is named."""
        lost = self.gaps.keys() | self.dropped.keys()
        return not (lost & set(tables) if tables else lost)

    def drop(self, table: str, count: int = 1) -> None:
        """Count rows that are left out."""
        if count:
            self.dropped[table] = self.dropped.get(table, 0) + count


def salvage(source: Path, target: Path) -> Salvaged:
    """Copy what can be read in the library ``source`` to the new database ``target``, of the newest schema.

    The source is not written to; what is only in its journal comes over.

    Raises:
        LibraryDamagedError: nothing of it can be read.
    """
    found = Salvaged()
    with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old:
        # Else SQLite refuses a file that is shorter than its header says, or whose schema is damaged in part.
        old.execute("PRAGMA writable_schema = ON")
        # Damaged text is decoded as far as possible.
        old.text_factory = lambda data: data.decode("utf-8", "replace")
        _migrate(target, _version(old))
        with _transaction(target) as new:
            for table in METADATA.sorted_tables:  # parents before their children
                _copy(old, new, table.name, found)
    _migrate(target)
    with _transaction(target) as new:
        _mend(new, found)
    return found


@contextmanager
def _transaction(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        functions.register(connection)
        connection.create_function("trove_is_direction", 1, _is_direction, deterministic=True)
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


def _version(old: sqlite3.Connection) -> int:
    try:
        tables = {row[0] for row in old.execute("SELECT name FROM sqlite_schema")}
        version = int(old.execute("PRAGMA user_version").fetchone()[0])
    except _BROKEN as exc:
        raise LibraryDamagedError(f"nothing of it can be read: {exc}") from exc
    if "unit" not in tables or not 0 < version <= len(migrations.MIGRATIONS):
        raise LibraryDamagedError("nothing in it is a library")
    return version


def _migrate(path: Path, version: int | None = None) -> None:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _record: functions.register(connection))
    try:
        with engine.begin() as connection:
            migrations.migrate(connection, version)
    except SQLAlchemyError as exc:
        raise LibraryDamagedError(
            f"what can be read cannot be brought up to date: {exc.__cause__ or exc}"
        ) from exc
    finally:
        engine.dispose()


def _is_direction(vector: object) -> bool:
    """Whether a stored vector has the unit length that the index demands."""
    if not isinstance(vector, bytes) or len(vector) % 2:
        return False
    return bool(abs(np.linalg.norm(np.frombuffer(vector, "<f2").astype(np.float32)) - 1) < UNIT_TOLERANCE)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    try:
        return [row[1] for row in connection.execute("SELECT * FROM pragma_table_info(?)", (table,))]
    except _BROKEN:
        return []


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str, found: Salvaged) -> None:
    known = _columns(old, table)
    columns = [name for name in _columns(new, table) if name in known]
    found.rows[table] = 0
    if not columns:
        if _columns(new, table):
            found.gaps[table] = [(1, _HIGHEST)]
        return
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    # The one row about the library is there already; of a row that a damaged page has twice the first counts.
    way = "REPLACE" if table == "library" else "IGNORE"
    insert = f'INSERT OR {way} INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608 - names of our schema
    for row in _readable(old, table, names, found):
        try:
            count = new.execute(insert, row).rowcount
        except sqlite3.IntegrityError:  # its parent is lost
            count = 0
        found.rows[table] += count
        found.drop(table, 1 - count)


def _readable(old: sqlite3.Connection, table: str, names: str, found: Salvaged) -> Iterator[Row]:
    """The rows of a table in the order of their ids, skipping what cannot be read."""
    select = f'SELECT rowid, {names} FROM "{table}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608
    last = 0
    while True:
        try:
            for rowid, *row in old.execute(select, (last,)):
                _require_after(rowid, last)
                yield row
                last = rowid
        except _BROKEN:
            start = _after_gap(old, select, last)
            found.gaps.setdefault(table, []).append((last + 1, start))
            last = start
            if start < _HIGHEST:
                continue
        return


def _require_after(rowid: int, last: int) -> None:
    """Refuse a row to which a damaged tree has led from a higher one: one would go in circles."""
    if rowid <= last:
        raise sqlite3.DatabaseError("the rows are not in their order")


def _after_gap(old: sqlite3.Connection, select: str, last: int) -> int:
    """The first row id after ``last`` from which reading goes on, or the highest possible one.

    Probed one by one at first, since the next page may be readable again; then in growing steps.
    """
    step = 1
    while (start := last + step) < _HIGHEST:
        try:
            if (row := old.execute(select, (start,)).fetchone()) is not None:
                _require_after(row[0], start)
        except _BROKEN:
            step = step + 1 if step < _STEPS else 2 * step
        else:
            return start
    return _HIGHEST


_IMPOSSIBLE = {
    "content": "kind NOT IN ('image', 'video', 'audio') OR typeof(sha256) <> 'blob' OR length(sha256) <> 32",
    "asset": f"state NOT IN {get_args(AssetState)} OR datetime(coalesce(taken_at, 0)) IS NULL "
    "OR datetime(coalesce(moment, 0)) IS NULL",
    "analysis": f"state NOT IN {get_args(AnalysisState)}",
    "unit": "kind GLOB '*[^a-z_]*'",
    "fact": "NOT json_valid(value) OR key GLOB '*[^a-z_]*'",
    "event": "datetime(first) IS NULL OR datetime(last) IS NULL",
    "embedding": "length(vector) IS NOT 2 * (SELECT dim FROM space WHERE id = space_id) "
    "OR NOT trove_is_direction(vector) "
    "OR typeof(revision) <> 'integer' OR revision > (SELECT revision FROM library)",
}
"""SQL conditions by table for rows with impossible values, from pages that were overwritten."""


def _drop_impossible(new: sqlite3.Connection, table: str) -> int:
    """Delete the rows of what users made that no backup would take; returns how many."""
    names = ["rowid", *_columns(new, table)]
    rows = new.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()  # noqa: S608
    plain = [backups.plain(dict(zip(names[1:], row[1:], strict=True))) for row in rows]
    wrong = [(rows[place][0],) for place in backups.impossible(table, plain)]
    new.executemany(f"DELETE FROM {table} WHERE rowid = ?", wrong)  # noqa: S608
    return len(wrong)


def _mend(new: sqlite3.Connection, found: Salvaged) -> None:
    """Delete impossible rows, and have the next indexing look again at what may lack a part."""
    new.execute("UPDATE library SET revision = revision + ?", (_REVISION_LEAP,))
    for table in backups.TABLES:
        found.drop(table, _drop_impossible(new, table))
    lost_contents = f"SELECT id FROM content WHERE {_IMPOSSIBLE['content']}"  # noqa: S608 - our own names
    new.execute(f"DELETE FROM asset WHERE content_id IN ({lost_contents})")  # noqa: S608
    for table, condition in _IMPOSSIBLE.items():
        found.drop(table, new.execute(f"DELETE FROM {table} WHERE {condition}").rowcount)  # noqa: S608
    for table in ("unit", "fact"):
        for first, last in found.gaps.get(table, ()):
            # What an analysis has made is stored in sequence: those with rows next to a gap may lack some.
            for edge in (f"< {first} ORDER BY id DESC", f"> {last} ORDER BY id"):
                beside = f"SELECT analysis_id FROM {table} WHERE id {edge} LIMIT 1"  # noqa: S608
                new.execute(f"DELETE FROM analysis WHERE id IN ({beside})")  # noqa: S608
    if found.is_whole():
        return
    # Who has lost all that it made looks again; a silent recording never had anything, and costs a look.
    new.execute(
        "DELETE FROM analysis WHERE state = 'done' AND id NOT IN (SELECT analysis_id FROM unit) "
        "AND id NOT IN (SELECT analysis_id FROM fact WHERE analysis_id IS NOT NULL)"
    )
    if not found.is_whole("unit"):
        # Facts that it has told beside its units stay until then: its file may be on a disk that is away.
        new.execute(
            "UPDATE analysis SET state = 'retry' "
            "WHERE state = 'done' AND id NOT IN (SELECT analysis_id FROM unit)"
        )
