"""Copying the rows of a library into the database of another one, on whichever engine: ids and all.

Table by table, parents before their children, in the order of the keys, each batch in a transaction of its
own. So a copy that was stopped goes on behind the last row that arrived.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, bindparam, func, inspect, select, text, tuple_, update
from sqlalchemy.orm import Session

from db.engine.database import Database
from db.engine.users import METADATA
from db.errors import LibraryError

OnProgress = Callable[[int, int], None]
"""Told how many rows of how many have arrived."""

_BATCH = 5_000
_LIBRARY = METADATA.tables["library"]
_TABLES = [table for table in METADATA.sorted_tables if table is not _LIBRARY]


def transfer(
    source: Session, target: Database, last_ids: Mapping[str, int], state: str, on_progress: OnProgress
) -> int:
    """Copy all rows of the session's snapshot into a library that is new, or that a copy has begun to fill.

    Args:
        last_ids: the highest id that each table of the source has ever given.
        state: tells this state of this library from all others; what was copied of another one is dropped.

    Raises:
        LibraryError: the target has a library already.
    """
    _begin(target, state)
    connection = source.connection()
    counted = (connection.scalar(select(func.count()).select_from(table)) or 0 for table in _TABLES)
    total, done = sum(counted), 0
    for table in _TABLES:
        arrived, last = _arrived(target, table)
        done += arrived
        while rows := _after(connection, table, last):
            with target.write() as session:
                target.put(session.connection(), table, rows)
            last = [rows[-1][at] for at, column in enumerate(table.columns) if column.primary_key]
            done += len(rows)
            on_progress(done, total)
    facts = connection.execute(select(_LIBRARY)).mappings().one()
    with target.write() as session:
        session.execute(update(_LIBRARY).values(**facts))
        target.start_ids_after(session.connection(), last_ids)
        session.execute(text("DROP TABLE moving"))
    return total


def _begin(target: Database, state: str) -> None:
    with target.write() as session:
        is_begun = inspect(session.connection()).has_table("moving")
        if is_begun and session.scalar(text("SELECT state FROM moving")) == state:
            return
        if not is_begun and _is_used(session):
            raise LibraryError(
                f"there is a library in {target.name} already", "Name another place, where there is none."
            )
        for table in reversed(_TABLES):
            session.execute(table.delete())
        session.execute(text("DROP TABLE IF EXISTS moving"))
        session.execute(text("CREATE TABLE moving (state VARCHAR NOT NULL)"))
        session.execute(text("INSERT INTO moving VALUES (:state)"), {"state": state})


def _is_used(session: Session) -> bool:
    """Whether a library has anything in it."""
    return any(session.scalar(select(func.count()).select_from(table)) for table in _TABLES)


def _arrived(target: Database, table: Table) -> tuple[int, list[Any] | None]:
    """How many rows of a table are there, and the key of the last."""
    keys = list(table.primary_key)
    with target.read() as session:
        count = session.scalar(select(func.count()).select_from(table)) or 0
        last = session.execute(select(*keys).order_by(*(key.desc() for key in keys)).limit(1)).first()
    return count, None if last is None else list(last)


def _after(connection: Connection, table: Table, last: list[Any] | None) -> Sequence[Row[*tuple[Any, ...]]]:
    """The next rows of a table, behind a key."""
    keys = list(table.primary_key)
    statement = select(table).order_by(*keys).limit(_BATCH)
    if last is not None:
        known = [bindparam(None, value, key.type) for key, value in zip(keys, last, strict=True)]
        statement = statement.where(tuple_(*keys) > tuple_(*known))
    return connection.execute(statement).all()
