"""Schema migrations: numbered by their place in the list, append-only, each in one transaction.

The number of the last one applied is SQLite's ``user_version``; ``application_id`` marks the file
as ours. A migration is never edited once released: a test opens libraries of the first schemas. One that
changes a table of what users made changes how ``db.engine.backups`` reads the files of older schemas.
"""

import logging

from sqlalchemy import Connection

from db.engine import steps
from db.errors import LibraryDamagedError, LibraryNewerError

log = logging.getLogger(__name__)

APPLICATION_ID = 0x54525645  # "TRVE"

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    steps.FIRST,
    steps.SAVED_SEARCHES,
    steps.NULL_SCORES,
    steps.ANALYSES,
    steps.VECTOR_REVISIONS,
    steps.MORE_FACTS,
    steps.OPENED,
    steps.STACKS,
    steps.HIDDEN,
    steps.LEAVING_OUT,
    steps.MOUNTS,
    steps.WORDS_IN_LANGUAGES,
    steps.WORDS_OF_PEOPLE,
    steps.PLACE_NAMES,
    steps.EVENTS,
    steps.CORRECTIONS_TAKEN_BACK,
    steps.PEOPLE,
    (),  # jobs that machines share: of libraries on a server alone
    steps.AUTHORS,
)


def pending(connection: Connection) -> bool:
    """Whether the database needs a migration, so that opening a current one writes nothing.

    Raises:
        LibraryNewerError: the database was written by a newer Trove.
        LibraryDamagedError: it is another program's database.
    """
    written = version(connection)
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if owner != APPLICATION_ID and tables:
        raise LibraryDamagedError(
            "the library folder holds another program's database",
            "Name another folder with --library or TROVE_LIBRARY.",
        )
    require_known(written)
    return written < len(MIGRATIONS)


def require_known(number: int) -> None:
    """Refuse a schema of a later number.

    Raises:
        LibraryNewerError: a newer Trove wrote the library.
    """
    if number > len(MIGRATIONS):
        raise LibraryNewerError(
            f"this library was written by a newer Trove (schema {number}, this one knows {len(MIGRATIONS)})",
            "Update Trove, or name another library with --library.",
        )


def migrate(connection: Connection, last: int | None = None) -> None:
    """Apply the missing migrations, all or up to the ``last`` one, in the caller's write transaction.

    Foreign keys must be off: tables are rebuilt.
    """
    # Read again inside the transaction: another process may have migrated since ``pending`` was asked.
    done = version(connection)
    for number, statements in enumerate(MIGRATIONS[done:last], start=done + 1):
        if done:
            tell_step(number)
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def tell_step(number: int) -> None:
    """Say in the log which step of bringing a library up to date begins: a large one takes half a minute."""
    log.info("The library is made ready for this version of Trove: step %d of %d.", number, len(MIGRATIONS))


def version(connection: Connection) -> int:
    """The number of the last migration that was applied."""
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
