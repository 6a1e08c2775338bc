"""Copying the rows of a library into the database of another one, on whichever engine: ids and all.

Table by table, parents before their children, in the order of the keys, each batch in a transaction of its
own. So a copy that was stopped goes on behind the last row that arrived. What rows refer to is checked once,
when all are there.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Float, LargeBinary, Select, Table, func, inspect, select, text, type_coerce, update
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType, TypeEngine

from db.engine.database import Database, Rows
from db.engine.pathtext import NameText, PathText
from db.engine.users import METADATA
from db.errors import LibraryError

OnProgress = Callable[[int, int], None]
"""Told how many rows of how many have arrived."""

_BATCH = 5_000
_LIBRARY = METADATA.tables["library"]
_TABLES = [table for table in METADATA.sorted_tables if table is not _LIBRARY]


def transfer(
    source: Database, reading: Session, target: Database, state: str, on_progress: OnProgress
) -> int:
    """Copy all rows of a library into one that is new, or that a copy has begun to fill.

    Args:
        reading: a session of the source, whose snapshot is copied.
        state: tells this state of this library from all others; what was copied of another one is dropped.

    Raises:
        LibraryError: the target has a library already, or not all has arrived.
    """
    _begin(target, state)
    here, counted = reading.connection(), _counted(reading)
    last_ids = source.last_ids(here)
    total, done = sum(counted.values()), 0
    for table in _TABLES:
        with target.read() as session:
            arrived = _count(session, table)
        done += arrived
        coming = source.rows(here, _slice(table, arrived, counted[table]), _BATCH)
        for rows in map(_conversion(table, source.dialect, target.dialect), coming):
            with target.write() as session:
                target.put(session.connection(), table, rows)
            done += len(rows)
            on_progress(done, total)
    facts = here.execute(select(_LIBRARY)).mappings().one()
    with target.write() as session:
        if _counted(session) != counted:
            raise LibraryError(
                f"not all rows have arrived in {target.name}", "Name another place, where nothing is."
            )
        session.execute(update(_LIBRARY).values(**facts))
        target.start_ids_after(session.connection(), last_ids)
        target.end_filling(session.connection())
        session.execute(text("DROP TABLE moving"))
    return total


def _begin(target: Database, state: str) -> None:
    with target.write() as session:
        is_begun = inspect(session.connection()).has_table("moving")
        if is_begun and session.scalar(text("SELECT state FROM moving")) == state:
            return
        if not is_begun and any(_counted(session).values()):
            raise LibraryError(
                f"there is a library in {target.name} already", "Name another place, where there is none."
            )
        for table in reversed(_TABLES):
            session.execute(table.delete())
        session.execute(text("DROP TABLE IF EXISTS moving"))
        session.execute(text("CREATE TABLE moving (state VARCHAR NOT NULL)"))
        session.execute(text("INSERT INTO moving VALUES (:state)"), {"state": state})
        target.begin_filling(session.connection())


def _counted(session: Session) -> dict[Table, int]:
    return {table: _count(session, table) for table in _TABLES}


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _slice(table: Table, start: int, stop: int) -> Select[*tuple[Any, ...]]:
    """The query for rows of a table in the order of their keys, with values as the driver gives them."""
    columns = (type_coerce(column, NullType()) for column in table.columns)
    return select(*columns).order_by(*table.primary_key).offset(start).limit(stop - start)


def _conversion(table: Table, here: Dialect, there: Dialect) -> Callable[[Rows], Rows]:
    """What makes rows of one engine's driver those that another's takes: each value once, if often there."""
    made = [_conversion_of(column.type, here, there) for column in table.columns]

    def converted(column: tuple[Any, ...], make: Callable[[Any], Any] | None) -> tuple[Any, ...]:
        if make is None:
            return column
        known = {value: make(value) for value in set(column)}
        return tuple(map(known.__getitem__, column))

    return lambda rows: list(zip(*map(converted, zip(*rows, strict=True), made), strict=True))


def _conversion_of(kind: TypeEngine[Any], here: Dialect, there: Dialect) -> Callable[[Any], Any] | None:
    """The same for the values of a type; None where both have the same ones."""
    if isinstance(kind, Float | LargeBinary):
        return None
    known = NameText() if isinstance(kind, PathText) else kind
    read = known.dialect_impl(here).result_processor(here, None)
    bind = known.dialect_impl(there).bind_processor(there)
    if read is None or bind is None:
        return read or bind
    return lambda value: bind(read(value))
