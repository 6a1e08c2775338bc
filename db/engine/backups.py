"""Backups of what users made: a small JSON file, rewritten after each change, one a day, kept by age.

Everything else in the database can be made again from the media; this cannot. It is keyed by content hash
and by path, and so means the same in a new database, and in a library on another machine.
"""

import json
import logging
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, DateTime, Float, Integer, LargeBinary, Table, inspect
from sqlalchemy.orm import Session

from db.engine import migrations, tables
from db.engine.dialect import POSTGRESQL, damage, stored_name
from db.engine.pathtext import PathText
from db.engine.users import METADATA
from db.errors import LibraryDamagedError, LibraryError, LibraryNewerError
from db.files import write_atomically
from db.printable import is_printable

log = logging.getLogger(__name__)

TABLES = (
    "root",
    "switch",
    "saved_search",
    "judgement",
    "correction",
    "opened",
    "stack_choice",
    "hidden",
    "event_said",
    "event_picture",
    "person",
    "person_face",
)
"""The tables of what users made, children after parents: nobody but they could make it again."""

CHANGES = re.compile(
    rf"\s*(INSERT (OR \w+ )?INTO|UPDATE|DELETE FROM) ({'|'.join(TABLES)}|library SET remembers_opened)\b",
    re.IGNORECASE,
)
"""SQL statements that change one of them, or whether it is noted what people open."""

DAYS, WEEKS, MONTHS = 7, 4, 12
"""How many backups are kept: the latest ones, and the last of each of the latest weeks and months."""

_FORMS = {
    "name": re.compile(r".{1,100}"),
    "kind": re.compile(r"[a-z_]+"),
    "subject": re.compile(r"[a-z_]+"),
    "analyser": re.compile(r"[\w-]+"),
}
"""How values of some columns look."""

_PATIENCE_S = 10.0
"""How long one waits for another who writes a backup; the next change takes this one along."""

_FORMAT = "trove backup"
_SINCE = 13
"""The oldest schema whose columns are those of today."""
_OF_A_DAY = re.compile(r"\d{4}-\d\d-\d\d")

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Backup:
    """What a backup holds: rows by table, with values as the tables' columns have them.

    ``remembers_opened``: whether it was noted what people open. ``more``: what else stands in the file.
    """

    rows: Rows
    remembers_opened: bool
    more: Mapping[str, Any]


def dump(connection: Connection, **more: object) -> tuple[bytes, int]:
    """What users made, as JSON, and how many entries that are.

    Raises:
        LibraryDamagedError: a table of it is damaged: what can be read of it may not be all, or not right.
    """
    known = set(inspect(connection).get_table_names())
    rows = {table: _rows(connection, table) for table in TABLES if table in known}
    library: Mapping[str, Any] = {}
    if "library" in known:
        library = dict(connection.exec_driver_sql("SELECT * FROM library").mappings().one())
    is_shared = connection.dialect.name == POSTGRESQL
    schema = tables.version(connection) if is_shared else migrations.version(connection)
    if schema == len(migrations.MIGRATIONS) and (
        wrong := [name for name in rows if impossible(name, rows[name])]
    ):
        raise LibraryDamagedError(
            f"the table {wrong[0]} has values that cannot be", "Run: trove doctor --repair"
        )
    whole = {
        "format": _FORMAT,
        "schema": schema,
        "remembers_opened": bool(library.get("remembers_opened", False)),
        "tables": rows,
        **more,
    }
    return json.dumps(whole).encode(), sum(map(len, rows.values()))


def impossible(table: str, rows: Sequence[Mapping[str, object]]) -> list[int]:
    """The places of those rows, as ``plain`` gives them, with values that only a damaged page can have."""
    try:
        _checked(METADATA.tables[table], rows)
    except (ValueError, OverflowError):
        if len(rows) == 1:
            return [0]
        return [place for place, row in enumerate(rows) if impossible(table, [row])]
    return []


def write(folder: Path, read: Callable[[], AbstractContextManager[Session]]) -> None:
    """Write the backup of today, in place of an earlier one, and delete those that need not be kept.

    Nothing is written where the latest one has it all. A backup is a copy beside the change: that it cannot
    be made is told in the log, and never fails the change.

    Args:
        read: opens a session that reads the library as it is then.
    """
    from filelock import FileLock  # who only searches should not wait for it

    try:
        # Read when it is one's turn: no process puts an older state in the place of a newer one.
        with FileLock(folder.with_name("backups.lock"), timeout=_PATIENCE_S):
            with read() as session:
                data, entries = dump(session.connection())
            held = every(folder)
            if held[0].read_bytes() == data if held else not entries:
                return
            folder.mkdir(exist_ok=True)
            write_atomically(folder / f"{date.today().isoformat()}.json", data)
            for old in _superfluous(every(folder)):
                old.unlink(missing_ok=True)
    except (OSError, NotImplementedError, LibraryError) as exc:  # or a file system without locks
        log.warning("no backup of what you made could be written: %s", exc)


def every(folder: Path) -> list[Path]:
    """The backups of a library, the latest first."""
    return sorted((path for path in folder.glob("*.json") if _OF_A_DAY.fullmatch(path.stem)), reverse=True)


def newest(folder: Path) -> Backup | None:
    """The latest backup that can be read."""
    for path in every(folder):
        try:
            return parse(path.read_bytes(), path)
        except (OSError, LibraryError) as exc:
            log.warning("a backup is left out: %s", exc)
    return None


def forget(folder: Path, table: str, which: Callable[[Mapping[str, Any]], bool] = lambda _row: True) -> None:
    """Take a table, or some of its rows, out of all backups, for what is to be forgotten.

    Raises:
        OSError: one cannot be rewritten.
    """
    for path in [*folder.glob("*.json"), *folder.parent.glob("users-before-schema-*.json")]:
        try:
            whole = json.loads(path.read_bytes())
            held = whole["tables"].get(table) or []
            kept = [row for row in held if not which(row)]
        except (ValueError, KeyError, TypeError, AttributeError):
            path.unlink()  # nobody can tell what is in it
            continue
        if len(kept) < len(held):
            whole["tables"][table] = kept
            write_atomically(path, json.dumps(whole).encode())


def parse(data: bytes, path: Path) -> Backup:
    """The backup in a file, with every value checked.

    Raises:
        LibraryError: it is none.
        LibraryNewerError: a newer Trove wrote it.
    """
    try:
        whole = json.loads(data)
        if not isinstance(whole, dict) or whole.get("format") != _FORMAT:
            raise ValueError("it does not begin like one")
        schema, tables = whole.pop("schema", None), whole.pop("tables", None)
        if not isinstance(schema, int) or schema < _SINCE or not isinstance(tables, dict):
            raise ValueError("it says of no schema")
        if schema > len(migrations.MIGRATIONS):
            raise LibraryNewerError(
                f"{path.name} was written by a newer Trove (schema {schema}, "
                f"this one knows {len(migrations.MIGRATIONS)})",
                "Update Trove.",
            )
        if unknown := tables.keys() - set(TABLES):
            raise ValueError(f"there is no table {min(unknown)!r}")
        rows = {name: _checked(METADATA.tables[name], tables.get(name, [])) for name in TABLES}
    except (ValueError, OverflowError, RecursionError) as exc:
        raise LibraryError(
            f"{path.name} is no backup of Trove: {str(exc)[:200]}",
            "Name a file that trove backup has made.",
        ) from exc
    return Backup(rows, whole.pop("remembers_opened", False) is True, whole)


def _rows(connection: Connection, table: str) -> list[dict[str, object]]:
    if told := damage(connection, table):
        raise LibraryDamagedError(f"the table {table} is damaged: {told}", "Run: trove doctor --repair")
    rows = connection.exec_driver_sql(f"SELECT * FROM {table}").mappings()  # noqa: S608 - names of our schema
    return [plain(dict(row)) for row in rows]


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row as JSON has it: hashes in hexadecimal, names that are no UTF-8 with surrogates."""
    return {name: _plain(name, value) for name, value in row.items()}


def _plain(name: str, value: object) -> object:
    match value:
        case bytes() if name == "sha256":
            return value.hex()
        case bytes() | str():
            return stored_name(value)
        case datetime():
            return value.isoformat(" ")
    return value


def _checked(table: Table, rows: object) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{table.name} is no list of rows")
    columns = {column.name: column for column in table.columns}
    needed = {name for name, column in columns.items() if not column.nullable and not column.server_default}
    for row in rows:
        if wrong := (row.keys() - columns.keys()) | (needed - row.keys()):
            raise ValueError(f"{table.name} has no {min(wrong)!r}, or a row of it lacks it")
    return [{name: _value(columns[name], value) for name, value in row.items()} for row in rows]


def _value(column: Column[Any], value: object) -> object:
    """The value of a column, as SQLAlchemy takes it.

    Raises:
        ValueError: it is of another type, or impossible.
    """
    if value is None and column.nullable:
        return None
    kind = column.type
    match value:
        case str() if isinstance(kind, LargeBinary) and len(value) == 64:
            return bytes.fromhex(value)
        case str() if isinstance(kind, DateTime) and (moment := datetime.fromisoformat(value)).tzinfo is None:
            return moment
        case str() if isinstance(kind, PathText) and value and "\0" not in value:
            os.fsencode(value)
            return Path(value)
        case str() if not isinstance(kind, LargeBinary | DateTime | PathText | Boolean | Integer | Float):
            value.encode()
            if (form := _FORMS.get(column.name)) is None or (form.fullmatch(value) and is_printable(value)):
                return value
        case int() if isinstance(kind, Boolean) and value in (0, 1):
            return bool(value)
        case int() if isinstance(kind, Integer) and 0 <= value < 1 << 62 and not isinstance(value, bool):
            return value
        case float() | int() if isinstance(kind, Float) and math.isfinite(value):
            return float(value)
    raise ValueError(f"{column.table.name}.{column.name} cannot be {value!r}")


def _week(path: Path) -> object:
    try:
        return date.fromisoformat(path.stem).isocalendar()[:2]
    except ValueError:  # no day: somebody else's file
        return path


def _month(path: Path) -> object:
    return path.stem[:7]


def _superfluous(backups: Sequence[Path]) -> list[Path]:
    """Those of the backups, the latest first, that need not be kept."""
    kept = set(backups[:DAYS])
    for slot, most in ((_week, WEEKS), (_month, MONTHS)):
        last: dict[object, Path] = {}
        for path in backups:
            last.setdefault(slot(path), path)
        kept.update(list(last.values())[:most])
    return [path for path in backups if path not in kept]
