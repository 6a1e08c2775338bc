"""Restoring what users made from a backup into a library that may be another one.

What the library has stays as it is; what it lacks is added. Rows are told by what they are about (a content,
a name, a folder), never by their ids. What is about contents that the library does not have yet waits for
them: it is keyed by their hash. Functions take an open session.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from db.catalog import corrections, events, revision
from db.engine.backups import TABLES, Backup
from db.engine.batches import chunks
from db.engine.schema import Content
from db.engine.users import METADATA

Row = dict[str, Any]

_KEYS = {
    "root": ("path",),
    "switch": ("analyser", "folder"),
    "saved_search": ("owner", "name", "query", "kind"),
    "judgement": ("owner", "saved_id", "sha256", "kind", "start_s", "x", "y", "w", "h"),
    "correction": ("owner", "sha256", "subject", "start_s", "end_s", "x", "y", "w", "h", "track", "language"),
    "opened": ("owner", "query", "sha256", "start_s"),
    "stack_choice": ("owner", "sha256"),
    "hidden": ("owner", "sha256", "path"),
    "event_said": ("owner", "name", "said_at"),
    "event_picture": ("owner", "sha256"),
    "person": ("owner", "name", "said_at"),
    "person_face": ("owner", "person_id", "sha256", "at_s", "x", "y", "w", "h"),
}
"""By which columns two rows say something of the same thing."""

_PARENTS = {
    "judgement": ("saved_id", "saved_search"),
    "event_picture": ("event_id", "event_said"),
    "person_face": ("person_id", "person"),
}
"""The column that names the row which another one belongs to, and the table of that."""


@dataclass(frozen=True)
class Restored:
    """What became of the entries of a backup.

    ``added``: how many the library did not have, by table; ``known``: how many it had. ``waiting``: how many
    of those added are about contents that are not in the library yet; they count once these are indexed.
    ``roots``: the folders among those added.
    """

    added: Mapping[str, int]
    known: int
    waiting: int
    roots: tuple[Path, ...]


def restore(session: Session, backup: Backup, *, own: bool = False) -> Restored:
    """Add to the library what a backup has and the library has not.

    ``own``: the backup is of this library, so that its saved searches know what they have shown; in
    another one nothing that is there now counts as new.
    """
    now = revision.touch(session)
    added: dict[str, list[Row]] = {}
    known = 0
    ids: dict[str, dict[int, int]] = {name: {} for _, name in _PARENTS.values()}
    for table in (METADATA.tables[name] for name in TABLES):
        there = _there(session, table)
        added[table.name] = []
        for old_id, row in _given(table, backup.rows[table.name], ids):
            if table.name == "saved_search":
                row["seen"] = min(row["seen"], now) if own else now
                row["name"] = _free_name(table, row, there)
            if (key := _key(table, row)) in there:
                known += 1
            else:
                there[key] = _insert(session, table, row)
                added[table.name].append(row)
            if table.name in ids:
                ids[table.name][old_id] = there[key]
    events.drop_empty(session)
    hashes = [row["sha256"] for rows in added.values() for row in rows if row.get("sha256")]
    present = _present(session, set(hashes))
    for sha256 in {row["sha256"] for row in added["correction"]} & present.keys():
        corrections.apply(session, present[sha256])
    return Restored(
        added={name: len(rows) for name, rows in added.items() if rows},
        known=known,
        waiting=sum(sha256 not in present for sha256 in hashes),
        roots=tuple(row["path"] for row in added["root"]),
    )


def _given(
    table: Table, rows: Sequence[Mapping[str, Any]], ids: Mapping[str, Mapping[int, int]]
) -> Iterator[tuple[int, Row]]:
    """The rows of a backup as they are to be inserted, each with the id that it had."""
    for given in rows:
        row = dict(given)
        old_id = row.pop("id", 0)
        if "owner" in table.c:
            row["owner"] = ""
        if table.name in _PARENTS:
            column, parent = _PARENTS[table.name]
            if row[column] is not None and row[column] not in ids[parent]:
                continue
            row[column] = ids[parent].get(row[column])
        yield old_id, row


def _insert(session: Session, table: Table, row: Row) -> int:
    statement = insert(table).values(**row)
    if "id" not in table.c:
        session.execute(statement)
        return 0
    return int(session.scalars(statement.returning(table.c.id)).one())


def _key(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    key = tuple(row.get(column) for column in _KEYS[table.name])
    # A content is hidden wherever it is, a folder by its path.
    return key[:2] if table.name == "hidden" and row.get("sha256") else key


def _there(session: Session, table: Table) -> dict[tuple[Any, ...], int]:
    """The keys of the rows that the library has, with their ids."""
    rows = [dict(row) for row in session.execute(select(table)).mappings()]
    return {_key(table, row): row.get("id", 0) for row in rows}


def _free_name(table: Table, row: Row, there: Collection[tuple[Any, ...]]) -> str:
    """The name of a saved search, with a number where another query has that."""
    taken = {name for _, name, *_ in there}
    name = str(row["name"])
    names = chain((name,), (f"{name[:90]} ({number})" for number in count(2)))
    return next(name for name in names if name not in taken or _key(table, {**row, "name": name}) in there)


def _present(session: Session, hashes: Collection[bytes]) -> dict[bytes, int]:
    """The ids of those contents that the library has, by their hashes."""
    found: dict[bytes, int] = {}
    for batch in chunks(list(hashes)):
        found |= dict(
            session.execute(select(Content.sha256, Content.id).where(Content.sha256.in_(batch))).all()
        )
    return found
