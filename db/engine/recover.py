"""What can still be read of a damaged library, in a new database beside it.

As SQLite's own ``.recover`` does, this never writes to the original and looks at every row apart;
unlike it, it needs no program and no extension, since it knows the schema: a new, empty library is
made by the same migrations, and filled table by table, in the order of the row ids and over the
pages that cannot be read. What then lacks what it belongs to is left out, and what may lack a part
is marked, so that the next indexing reads those files again and fills the holes.
"""

import logging
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import create_engine

from db.engine import functions, migrations
from db.engine.schema import UNIT_TOLERANCE
from db.errors import LibraryDamagedError, LibraryError

log = logging.getLogger(__name__)

_STEPS = 4096
_HIGHEST = 1 << 62
# SQLite quotes the schema in its errors, and Python cannot decode that where it is damaged.
_BROKEN = (sqlite3.DatabaseError, UnicodeDecodeError)
_PAGE_BYTES = slice(16, 18)
_INTERIOR = 5
_SAME_AGAIN = 1 << 32
"""Added to the revision, so that no saved index passes for one of the new database."""

Row = Sequence[object]


@dataclass
class Recovery:
    """What came over: ``rows`` by table.

    ``gaps``: stretches of row ids, by table, that could not be read; ``dropped``: rows that could be
    but were left out or cut loose, since what they belong to is lost or they are nonsense.
    """

    rows: dict[str, int] = field(default_factory=dict)
    gaps: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether nothing was lost."""
        return not self.gaps and not self.dropped

    def drop(self, table: str, count: int = 1) -> None:
        """Count rows that were left out."""
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
            found = _fill(copy, new)
            new.rename(target)
    except (OSError, sqlite3.OperationalError) as exc:
        raise LibraryError(
            f"the copy {target} cannot be made: {exc}", "Give a name in a folder with room."
        ) from exc
    return found


def _fill(copy: Path, new: Path) -> Recovery:
    version, is_grafted = _readable_version(copy)
    _make_empty(new, version)
    found = Recovery()
    with closing(_opened(copy)) as old, closing(_opened(new)) as fresh:
        fresh.execute("PRAGMA foreign_keys = OFF")
        # A row id that a damaged page has twice replaces the first one: in the full text too.
        fresh.execute("PRAGMA recursive_triggers = ON")
        fresh.execute("BEGIN")
        for table in _tables(fresh):
            _copy_table(old, fresh, table, found)
        if is_grafted and not any(count for table, count in found.rows.items() if table != "library"):
            raise LibraryDamagedError("nothing in the file is a library", "Restore a copy, or index again.")
        _mend(fresh, found)
        # Rows that replaced or cascaded away others may have left the full text out of step with them.
        fresh.execute("INSERT INTO passage (passage) VALUES ('rebuild')")
        _keep_ids_apart(old, fresh)
        fresh.execute("COMMIT")
        fresh.execute("PRAGMA journal_mode = DELETE")
    _make_newest(new)
    return found


def _readable_version(copy: Path) -> tuple[int, bool]:
    """The version of the old schema, and whether ours had to take the place of a damaged one."""
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
    """Put the schema of an empty library, whose tables begin at the same pages, over the lost one."""
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
    """The pages of the table of tables: the first, and the leaves below it where it has any (1.6)."""
    pages = [1]
    if data[100] == _INTERIOR:
        cells = int.from_bytes(data[103:105], "big")
        pages.append(int.from_bytes(data[108:112], "big"))
        for number in range(cells):
            cell = int.from_bytes(data[112 + 2 * number : 114 + 2 * number], "big")
            pages.append(int.from_bytes(data[cell : cell + 4], "big"))
    return pages


def _make_empty(path: Path, version: int) -> None:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            migrations.migrate(connection, version)
    finally:
        engine.dispose()


def _make_newest(path: Path) -> None:
    engine = create_engine(f"sqlite:///{path}")
    try:
        with engine.begin() as connection:
            migrations.migrate(connection)
    finally:
        engine.dispose()


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    # Text that is damaged comes over as far as it is text.
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
    """The tables that hold rows of their own; those of full text are filled by their triggers."""
    listed = connection.execute("PRAGMA table_list").fetchall()
    return [
        name
        for schema, name, kind, *_ in listed
        if schema == "main" and kind == "table" and not name.startswith("sqlite_")
    ]


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute("SELECT * FROM pragma_table_info(?)", (table,))]


def _copy_table(old: sqlite3.Connection, fresh: sqlite3.Connection, table: str, found: Recovery) -> None:
    known = _old_columns(old, table)
    columns = [name for name in _columns(fresh, table) if name in known]
    found.rows[table] = 0
    if not columns:
        return
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" for _ in columns)
    insert = f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({places})'  # noqa: S608 - names of our schema
    for row in _readable(old, table, names, found):
        try:
            fresh.execute(insert, row)
        except sqlite3.IntegrityError:  # a value that a damaged page made up
            found.drop(table)
        else:
            found.rows[table] += 1


def _old_columns(old: sqlite3.Connection, table: str) -> list[str]:
    try:
        return _columns(old, table)
    except _BROKEN:
        return []


def _readable(old: sqlite3.Connection, table: str, names: str, found: Recovery) -> Iterator[Row]:
    """The rows of a table in the order of their ids, over what cannot be read."""
    select = f'SELECT rowid, {names} FROM "{table}" WHERE rowid > ? ORDER BY rowid'  # noqa: S608
    last = 0
    while True:
        try:
            for rowid, *row in old.execute(select, (last,)):
                yield row
                last = rowid
        except _BROKEN:
            start = _behind_gap(old, select, last)
            found.gaps.setdefault(table, []).append((last + 1, start))
            last = start
            if start < _HIGHEST:
                continue
        return


def _behind_gap(old: sqlite3.Connection, select: str, last: int) -> int:
    """The first row id after ``last`` behind which there is something to read, or the highest there is.

    One by one at first, since the next page may be as good as this one is bad; then in leaps.
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


def _mend(fresh: sqlite3.Connection, found: Recovery) -> None:
    """Leave out nonsense and what belongs to nothing; have files read again that may lack a part."""
    for table, wrong in _NONSENSE.items():
        found.drop(table, fresh.execute(f"DELETE FROM {table} WHERE {wrong}").rowcount)  # noqa: S608
    while broken := fresh.execute("PRAGMA foreign_key_check").fetchall():
        for table, rowid, _parent, number in broken:
            _cut_loose(fresh, table, rowid, number)
            found.drop(table)
    _mark_holes(fresh, [content for gap in found.gaps.get("unit", ()) for content in _around(fresh, gap)])
    if not found.whole:
        # A picture or film without units has lost them all; a silent recording never had any.
        empty = "SELECT id FROM content WHERE id NOT IN (SELECT content_id FROM unit)"
        fresh.execute(f"UPDATE asset SET content_id = NULL WHERE content_id IN ({empty})")  # noqa: S608
        fresh.execute("DELETE FROM content WHERE id NOT IN (SELECT content_id FROM unit)")
        fresh.execute(
            "UPDATE asset SET retry = 1 WHERE state IN ('indexed', 'offline') AND content_id IS NULL"
        )


_NONSENSE = {
    "content": "kind NOT IN ('image', 'video', 'audio') OR typeof(sha256) <> 'blob' OR length(sha256) <> 32",
    "asset": "state NOT IN ('indexed', 'failed', 'skipped', 'gone', 'offline')",
    "unit": "kind NOT IN ('image', 'frame', 'speech')",
    "embedding": "length(vector) IS NOT 2 * (SELECT dim FROM space WHERE id = space_id) "
    "OR NOT trove_is_direction(vector)",
}
"""Rows of pages that can be read but were written over."""


def _cut_loose(fresh: sqlite3.Connection, table: str, rowid: int, number: int) -> None:
    """Take away a reference that leads nowhere, or its row where it cannot be without."""
    keys = fresh.execute("SELECT * FROM pragma_foreign_key_list(?)", (table,)).fetchall()
    column = next(key[3] for key in keys if key[0] == number)
    described = fresh.execute("SELECT * FROM pragma_table_info(?)", (table,)).fetchall()
    optional = next(not row[3] and not row[5] for row in described if row[1] == column)
    change = f'UPDATE "{table}" SET "{column}" = NULL' if optional else f'DELETE FROM "{table}"'  # noqa: S608
    fresh.execute(f"{change} WHERE rowid = ?", (rowid,))


def _around(fresh: sqlite3.Connection, gap: tuple[int, int]) -> Iterator[int]:
    """The contents whose units stand before and behind a gap: units of one content are stored in a row."""
    first, last = gap
    for query, edge in (
        ("SELECT content_id FROM unit WHERE id < ? ORDER BY id DESC LIMIT 1", first),
        ("SELECT content_id FROM unit WHERE id > ? ORDER BY id LIMIT 1", last),
    ):
        yield from (row[0] for row in fresh.execute(query, (edge,)))


def _mark_holes(fresh: sqlite3.Connection, contents: Sequence[int]) -> None:
    """A content that has a unit without a vector is read again as soon as its file is there."""
    fresh.executemany(
        "DELETE FROM embedding WHERE unit_id = (SELECT max(id) FROM unit WHERE content_id = ?)",
        [(content,) for content in contents],
    )


def _keep_ids_apart(old: sqlite3.Connection, fresh: sqlite3.Connection) -> None:
    """Ids of lost rows are not given again, and no saved index passes for one of this database."""
    fresh.execute("UPDATE library SET revision = revision + ?", (_SAME_AGAIN,))
    try:
        sequences = dict(old.execute("SELECT name, seq FROM sqlite_sequence"))
    except _BROKEN:
        sequences = {}
    for name, last in fresh.execute("SELECT name, seq FROM sqlite_sequence").fetchall():
        known = sequences.get(name)
        highest = max(int(known), last) if isinstance(known, int) else last + (1 << 24)
        fresh.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", (highest, name))
