"""Recovery of a damaged library: copies every readable row into a new database.

As SQLite's own ``.recover`` does, this never writes to the original and reads every row by itself;
unlike it, it needs no program and no extension, since it knows the schema: a new, empty library is
made by the same migrations, and filled table by table, in the order of the row ids, skipping
pages that cannot be read. Rows whose parent is lost are left out, and files that may lack a part
are marked, so that the next indexing reads them again and fills the gaps.
"""

import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import numpy as np
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from db.engine import functions, migrations, steps
from db.engine.schema import UNIT_TOLERANCE, AnalysisState, AssetState
from db.errors import LibraryDamagedError, LibraryError

log = logging.getLogger(__name__)

_STEPS = 4096
_HIGHEST = 1 << 62
# SQLite quotes the schema in its errors, and Python cannot decode that where it is damaged.
_BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
_PAGE_BYTES = slice(16, 18)
_INTERIOR = 5
_REVISION_LEAP = 1 << 32
"""Added to the revision, so that no saved index passes for one of the new database."""

Row = Sequence[object]


@dataclass
class Recovery:
    """Result of a recovery. ``rows``: recovered rows by table.

    ``gaps``: ranges of row ids, by table, that could not be read; ``dropped``: readable rows that were
    left out or detached, since their parent is lost or their values are invalid.
    """

    rows: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing was lost."""
        return not self.gaps and not self.dropped

    def drop(self, table: str, count: int = 1) -> None:
        """Count rows that are left out."""
        if count:
            self.dropped[table] = self.dropped.get(table, 0) + count


def recover(source: Path, target: Path) -> Recovery:
    """Copy all that is readable in the library ``source`` to the new database ``target``.

    Raises:
        LibraryError: there is no such file, the target exists or cannot be written.
        LibraryDamagedError: nothing of it is a library.
    """
    if not source.is_file():
        raise LibraryError(f"there is no database {source}", "Name the library with --library.")
    if target.exists():
        raise LibraryError(f"{target} exists and is left alone", "Give another name for the copy.")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".recover-") as folder:
            copy, new = Path(folder) / "old.db", Path(folder) / "new.db"
            # The journal belongs to the database: what was committed last is in there.
            for suffix in ("", "-wal"):
                if (part := source.with_name(source.name + suffix)).exists():
                    shutil.copyfile(part, copy.with_name(copy.name + suffix))
            recovery = _fill(copy, new)
            new.rename(target)
    except SQLAlchemyError as exc:
        raise LibraryDamagedError(
            f"what can be read cannot be brought up to date: {exc.__cause__ or exc}", "Restore a copy."
        ) from exc
    except (OSError, sqlite3.OperationalError) as exc:
        raise LibraryError(
            f"the copy {target} cannot be made: {exc}", "Give a name in a folder with room."
        ) from exc
    return recovery


def _fill(copy: Path, new: Path) -> Recovery:
    version, is_grafted = _readable_version(copy)
    _make_empty(new, version)
    recovery = Recovery()
    with closing(_opened(copy)) as old, closing(_opened(new)) as fresh:
        fresh.execute("PRAGMA foreign_keys = OFF")
        # A row id that a damaged page has twice replaces the first one: in the full text too.
        fresh.execute("PRAGMA recursive_triggers = ON")
        fresh.execute("BEGIN")
        for table in _tables(fresh):
            _copy_table(old, fresh, table, recovery)
        if is_grafted and not any(count for table, count in recovery.rows.items() if table != "library"):
            raise LibraryDamagedError("nothing in the file is a library", "Restore a copy, or index again.")
        _keep_ids_apart(old, fresh)
        fresh.execute("COMMIT")
    _make_newest(new)
    with closing(_opened(new)) as fresh:
        fresh.execute("BEGIN")
        _mend(fresh, recovery)
        # Rows that replaced or cascaded away others may have left the full text out of step with them.
        fresh.execute("DELETE FROM passage")
        fresh.execute(steps.FILL_WORDS)
        fresh.execute("COMMIT")
        fresh.execute("PRAGMA journal_mode = DELETE")
    return recovery


def _readable_version(copy: Path) -> tuple[int, bool]:
    """The schema version, and whether a damaged schema had to be replaced."""
    try:
        return _version(copy), False
    except _BROKEN:
        log.warning("the schema of the database is damaged; that of a new library takes its place")
    for version in range(len(migrations.MIGRATIONS), 0, -1):
        _graft(copy, version)
        try:
            return _version(copy), True
        except _BROKEN:
            continue
    raise LibraryDamagedError("nothing in the file is a library", "Restore a copy, or index again.")


def _version(path: Path) -> int:
    with closing(_opened(path)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if "unit" not in tables or not 0 < version <= len(migrations.MIGRATIONS):
        raise sqlite3.DatabaseError("the schema is damaged")
    return version


def _graft(copy: Path, version: int) -> None:
    """Overwrite the damaged schema with that of an empty library, whose tables begin at the same pages."""
    empty = copy.with_name(f"empty-{version}.db")
    _make_empty(empty, version)
    data = bytearray(empty.read_bytes())
    size = int.from_bytes(data[_PAGE_BYTES], "big")
    # The number of pages in the header counts where the two counters of changes agree (file format, 1.3.7).
    data[28:32] = (copy.stat().st_size // size).to_bytes(4, "big")
    data[92:96] = data[24:28]
    with copy.open("r+b") as file:
        for page in _schema_pages(data):
            file.seek((page - 1) * size)
            file.write(data[(page - 1) * size : page * size])


def _schema_pages(data: bytearray) -> list[int]:
    """The page numbers of ``sqlite_schema``: the root, and its leaves if it has any (file format, 1.6)."""
    pages = [1]
    if data[100] == _INTERIOR:
        cells = int.from_bytes(data[103:105], "big")
        pages.append(int.from_bytes(data[108:112], "big"))
        for number in range(cells):
            cell = int.from_bytes(data[112 + 2 * number : 114 + 2 * number], "big")
            pages.append(int.from_bytes(data[cell : cell + 4], "big"))
    return pages


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")
    event.listen(engine, "connect", lambda connection, _record: functions.register(connection))
    return engine


def _make_empty(path: Path, version: int) -> None:
    engine = _engine(path)
    try:
        with engine.begin() as connection:
            migrations.migrate(connection, version)
    finally:
        engine.dispose()


def _make_newest(path: Path) -> None:
    engine = _engine(path)
    try:
        with engine.begin() as connection:
            migrations.migrate(connection)
    finally:
        engine.dispose()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    # Damaged text is decoded as far as possible.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    functions.register(connection)
    connection.create_function("trove_is_direction", 1, _is_direction, deterministic=True)
    return connection


def _is_direction(vector: object) -> bool:
    """Whether a stored vector has the unit length that the index demands."""
    if not isinstance(vector, bytes) or len(vector) % 2:
        return False
    return bool(abs(np.linalg.norm(np.frombuffer(vector, "<f2").astype(np.float32)) - 1) < UNIT_TOLERANCE)


def _tables(connection: sqlite3.Connection) -> list[str]:
    """The ordinary tables; those of full text are filled by triggers."""
    listed = connection.execute("PRAGMA table_list").fetchall()
    return [
        name
        for schema, name, kind, *_ in listed
        if schema == "main" and kind == "table" and not name.startswith("sqlite_")
    ]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute("SELECT * FROM pragma_table_info(?)", (table,))]


def _copy_table(old: sqlite3.Connection, fresh: sqlite3.Connection, table: str, recovery: Recovery) -> None:
    known = _old_columns(old, table)
    columns = [name for name in _columns(fresh, table) if name in known]
    recovery.rows[table] = 0
    if not columns:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    insert = f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608 - names of our schema
    for row in _readable(old, table, names, recovery):
        try:
            fresh.execute(insert, row)
        except sqlite3.IntegrityError:  # a value that a damaged page made up
            recovery.drop(table)
        else:
            recovery.rows[table] += 1


def _old_columns(old: sqlite3.Connection, table: str) -> list[str]:
    try:
        return _columns(old, table)
    except _BROKEN:
        return []


def _readable(old: sqlite3.Connection, table: str, names: str, recovery: Recovery) -> Iterator[Row]:
    """The rows of a table in the order of their ids, skipping what cannot be read."""
    select = f'SELECT rowid, {names} FROM "{table}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608
    last = 0
    while True:
        try:
            for rowid, *row in old.execute(select, (last,)):
                yield row
                last = rowid
        except _BROKEN:
            start = _after_gap(old, select, last)
            recovery.gaps.setdefault(table, []).append((last + 1, start))
            last = start
            if start < _HIGHEST:
                continue
        return


def _after_gap(old: sqlite3.Connection, select: str, last: int) -> int:
    """The first row id after ``last`` from which reading goes on, or the highest possible one.

    Probed one by one at first, since the next page may be readable again; then in growing steps.
    """
    step = 1
    while (start := last + step) < _HIGHEST:
        try:
            old.execute(select, (start,)).fetchone()
        except _BROKEN:
            step = step + 1 if step < _STEPS else 2 * step
        else:
            return start
    return _HIGHEST


def _mend(fresh: sqlite3.Connection, recovery: Recovery) -> None:
    """Delete invalid and orphaned rows, and have the next indexing look again at what may lack a part."""
    for table, condition in _INVALID.items():
        recovery.drop(table, fresh.execute(f"DELETE FROM {table} WHERE {condition}").rowcount)  # noqa: S608
    for table in ("unit", "fact"):
        for gap in recovery.gaps.get(table, ()):
            fresh.executemany("DELETE FROM analysis WHERE id = ?", _around(fresh, table, gap))
    _drop_orphans(fresh, recovery)
    if recovery.whole:
        return
    # Who has lost all that it made looks again; a silent recording never had anything, and costs a look.
    fresh.execute(
        "DELETE FROM analysis WHERE state = 'done' AND id NOT IN (SELECT analysis_id FROM unit) "
        "AND id NOT IN (SELECT analysis_id FROM fact WHERE analysis_id IS NOT NULL)"
    )
    if "unit" in recovery.gaps or "unit" in recovery.dropped:
        # Facts that it has told beside its units stay until then: its file may be on a disk that is away.
        fresh.execute(
            "UPDATE analysis SET state = 'retry' "
            "WHERE state = 'done' AND id NOT IN (SELECT analysis_id FROM unit)"
        )
    fresh.execute("UPDATE asset SET retry = 1 WHERE state IN ('indexed', 'offline') AND content_id IS NULL")


def _drop_orphans(fresh: sqlite3.Connection, recovery: Recovery) -> None:
    while violations := fresh.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, _parent, number in violations:
            _detach(fresh, table, rowid, number)
            recovery.drop(table)


_INVALID = {
    "content": "kind NOT IN ('image', 'video', 'audio') OR typeof(sha256) <> 'blob' OR length(sha256) <> 32",
    "asset": f"state NOT IN {get_args(AssetState)}",
    "analysis": f"state NOT IN {get_args(AnalysisState)}",
    "hidden": "sha256 IS NOT NULL AND (typeof(sha256) <> 'blob' OR length(sha256) <> 32)",
    "unit": "kind GLOB '*[^a-z_]*'",
    "fact": "NOT json_valid(value) OR key GLOB '*[^a-z_]*'",
    "embedding": "length(vector) IS NOT 2 * (SELECT dim FROM space WHERE id = space_id) "
    "OR NOT trove_is_direction(vector) "
    "OR typeof(revision) <> 'integer' OR revision > (SELECT revision FROM library)",
}
"""SQL conditions by table for rows with impossible values, from pages that were overwritten."""


def _detach(fresh: sqlite3.Connection, table: str, rowid: int, number: int) -> None:
    """What SQLite itself does with a row whose parent is deleted: delete it too, or set its key to NULL."""
    keys = fresh.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)).fetchall()
    column, action = next((key[3], key[6]) for key in keys if key[0] == number)
    change = f'DELETE FROM "{table}"' if action == "CASCADE" else f'UPDATE "{table}" SET "{column}" = NULL'  # noqa: S608
    fresh.execute(f"{change} WHERE rowid = ?", (rowid,))


def _around(fresh: sqlite3.Connection, table: str, gap: tuple[int, int]) -> list[tuple[int]]:
    """The analyses with rows next to a gap, since what one has made is stored in sequence."""
    first, last = gap
    found: list[tuple[int]] = []
    for condition, edge in (("< ? ORDER BY id DESC", first), ("> ? ORDER BY id", last)):
        query = f"SELECT analysis_id FROM {table} WHERE id {condition} LIMIT 1"  # noqa: S608 - our own names
        found += fresh.execute(query, (edge,)).fetchall()
    return found


def _keep_ids_apart(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    """Raise the id sequences and the revision: no lost id is reused, and no saved index looks current."""
    fresh.execute("UPDATE library SET revision = revision + ?", (_REVISION_LEAP,))
    try:
        sequences = dict(old.execute("SELECT name, seq FROM sqlite_sequence"))
    except _BROKEN:
        sequences = {}
    for name, last in fresh.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
        known = sequences.get(name)
        highest = max(int(known), last) if isinstance(known, int) else last + (1 << 24)
        fresh.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (highest, name))
