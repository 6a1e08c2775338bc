"""Vectors as the server can compare them: copies in pgvector's ``halfvec``, beside those of the library.

They are for readers that keep no index of their own. A library has them once somebody has asked for them;
from then on each transaction that writes vectors writes these, too, so that they are of the same snapshot.
"""

import json
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from sqlalchemy import Connection

_MADE = "to_regclass('half') IS NOT NULL"

_TABLES = (
    # In the row, so that comparing them all reads no others: 7 to a page at 512 dimensions.
    """CREATE TABLE half (
        space_id bigint NOT NULL,
        unit_id bigint NOT NULL,
        modality varchar COLLATE "C" NOT NULL,
        vector halfvec NOT NULL,
        PRIMARY KEY (space_id, unit_id),
        FOREIGN KEY (space_id, unit_id) REFERENCES embedding (space_id, unit_id) ON DELETE CASCADE)""",
    "ALTER TABLE half ALTER vector SET STORAGE PLAIN",
    "CREATE INDEX half_unit ON half (unit_id)",
    """CREATE TABLE graph (
        space_id bigint PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
        revision bigint NOT NULL,
        kinds json NOT NULL,
        ef_search json NOT NULL)""",
)

_DUE = """SELECT embedding.space_id, embedding.unit_id, unit.kind, embedding.vector
    FROM embedding JOIN unit ON unit.id = embedding.unit_id
    WHERE embedding.space_id = %s AND embedding.revision > %s"""
_BATCH = 2_000


def has_extension(connection: Connection) -> bool:
    """Whether the database has the extension pgvector, with half precision (0.7)."""
    return bool(connection.exec_driver_sql("SELECT to_regtype('halfvec') IS NOT NULL").scalar())


def is_kept(connection: Connection, space_id: int) -> bool:
    """Whether there are copies of a space's vectors."""
    if not connection.exec_driver_sql(f"SELECT {_MADE}").scalar():
        return False
    asked = "SELECT EXISTS (SELECT FROM graph WHERE space_id = %s)"
    return bool(connection.exec_driver_sql(asked, (space_id,)).scalar())


def keep(connection: Connection, space_id: int, kinds: Mapping[str, str]) -> None:
    """Make copies of all vectors of a space, in a transaction that writes; from then on they are kept.

    ``kinds``: the kinds of units with vectors in it, each with its modality.
    """
    if not connection.exec_driver_sql(f"SELECT {_MADE}").scalar():
        for statement in _TABLES:
            connection.exec_driver_sql(statement)
    drop(connection, space_id)
    connection.exec_driver_sql(
        "INSERT INTO graph VALUES (%s, -1, %s, '{}')", (space_id, json.dumps(dict(kinds)))
    )
    catch_up(connection)
    connection.exec_driver_sql("ANALYZE half")


def drop(connection: Connection, space_id: int) -> None:
    """Delete the copies of a space, if there are any."""
    if connection.exec_driver_sql(f"SELECT {_MADE}").scalar():
        for table in ("half", "graph"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE space_id = %s", (space_id,))  # noqa: S608


def catch_up(connection: Connection) -> None:
    """Copy what was written since the last copies, at the end of the transaction that writes it."""
    if not connection.exec_driver_sql(f"SELECT {_MADE}").scalar():
        return
    for space_id, revision, kinds in connection.exec_driver_sql(
        "SELECT space_id, revision, kinds FROM graph"
    ):
        if revision >= 0:
            connection.exec_driver_sql(
                "DELETE FROM half USING embedding WHERE half.space_id = %s AND embedding.revision > %s "
                "AND (embedding.space_id, embedding.unit_id) = (half.space_id, half.unit_id)",
                (space_id, revision),
            )
        _copy(connection, space_id, revision, kinds)
    connection.exec_driver_sql("UPDATE graph SET revision = (SELECT revision FROM library)")


def _copy(connection: Connection, space_id: int, revision: int, kinds: Mapping[str, str]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor("due", binary=True) as reading:
        reading.execute(_DUE, (space_id, revision))
        while rows := reading.fetchmany(_BATCH):
            with (
                driver.cursor() as writing,
                writing.copy(
                    "COPY half (space_id, unit_id, modality, vector) FROM STDIN (FORMAT BINARY)"
                ) as copy,
            ):
                # Bytes as the server's own type reads them.
                copy.set_types(["int8", "int8", "text", "bytea"])
                for row in _halves(rows, kinds):
                    copy.write_row(row)


def _halves(rows: Iterable[Any], kinds: Mapping[str, str]) -> Iterable[tuple[int, int, str, bytes]]:
    for space_id, unit_id, kind, vector in rows:
        if kind in kinds:
            numbers = np.frombuffer(vector, dtype="<f2").astype(">f2")
            yield space_id, unit_id, kinds[kind], struct.pack(">hh", len(numbers), 0) + numbers.tobytes()
