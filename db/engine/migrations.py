"""Schema migrations: numbered by their place in the list, append-only, each in one transaction.

The number of the last one applied is SQLite's ``user_version``; ``application_id`` marks the file
as ours. A migration is never edited once released: a test builds a library from the first schema on.
"""

from sqlalchemy import Connection

from db.errors import LibraryDamagedError, LibraryNewerError

APPLICATION_ID = 0x54525645  # "TRVE"

_FIRST = (
    """CREATE TABLE library (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL DEFAULT 0)""",
    "INSERT INTO library (id) VALUES (1)",
    "CREATE TABLE root (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, path VARCHAR NOT NULL UNIQUE)",
    """CREATE TABLE content (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        sha256 BLOB NOT NULL UNIQUE,
        kind VARCHAR NOT NULL,
        width INTEGER,
        height INTEGER,
        duration_s DOUBLE,
        taken_at DATETIME,
        latitude DOUBLE,
        longitude DOUBLE,
        camera VARCHAR,
        transcriber VARCHAR,
        has_audio BOOLEAN NOT NULL)""",
    """CREATE TABLE asset (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        path VARCHAR NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        content_id INTEGER REFERENCES content (id),
        state VARCHAR NOT NULL,
        error VARCHAR,
        retry BOOLEAN NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        indexed_at DATETIME NOT NULL)""",
    "CREATE INDEX asset_content ON asset (content_id)",
    "CREATE INDEX asset_state ON asset (state)",
    """CREATE TABLE unit (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        kind VARCHAR NOT NULL,
        start_s DOUBLE,
        end_s DOUBLE,
        at_s DOUBLE,
        text VARCHAR)""",
    "CREATE INDEX unit_content ON unit (content_id)",
    """CREATE TABLE space (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        model VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        dim INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        activated_at DATETIME,
        UNIQUE (model, fingerprint))""",
    # Two active models can never answer at once, whatever the code does.
    "CREATE UNIQUE INDEX space_active ON space (state) WHERE state = 'active'",
    """CREATE TABLE embedding (
        space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
        unit_id INTEGER NOT NULL REFERENCES unit (id) ON DELETE CASCADE,
        vector BLOB NOT NULL,
        PRIMARY KEY (space_id, unit_id))""",
    # Deleting a unit looks its embeddings up by unit alone.
    "CREATE INDEX embedding_unit ON embedding (unit_id)",
    """CREATE TABLE run (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        pid INTEGER NOT NULL,
        started_at DATETIME NOT NULL,
        updated_at DATETIME NOT NULL,
        finished_at DATETIME,
        total INTEGER NOT NULL,
        done INTEGER NOT NULL,
        report VARCHAR)""",
    """CREATE VIRTUAL TABLE passage USING fts5(
        text, content='unit', content_rowid='id', tokenize="porter unicode61 remove_diacritics 2")""",
    """CREATE TRIGGER unit_said AFTER INSERT ON unit WHEN new.text IS NOT NULL BEGIN
        INSERT INTO passage (rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER unit_unsaid AFTER DELETE ON unit WHEN old.text IS NOT NULL BEGIN
        INSERT INTO passage (passage, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
)

_SAVED_SEARCHES = (
    """CREATE TABLE saved_search (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        name VARCHAR NOT NULL UNIQUE,
        query VARCHAR NOT NULL,
        kind VARCHAR,
        created_at DATETIME NOT NULL,
        seen_content_id INTEGER NOT NULL)""",
    # No key to content or unit: what people have said must not go when a file does.
    """CREATE TABLE judgement (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        saved_id INTEGER NOT NULL REFERENCES saved_search (id) ON DELETE CASCADE,
        sha256 BLOB NOT NULL,
        kind VARCHAR NOT NULL,
        start_s DOUBLE NOT NULL,
        up BOOLEAN NOT NULL,
        path VARCHAR NOT NULL,
        UNIQUE (saved_id, sha256, kind, start_s))""",
)

_NULL_SCORES = (
    """CREATE TABLE null_scores (
        space_id INTEGER NOT NULL PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
        texts VARCHAR NOT NULL,
        pictures INTEGER NOT NULL,
        newest INTEGER NOT NULL,
        best_mean DOUBLE NOT NULL,
        best_deviation DOUBLE NOT NULL,
        spread DOUBLE NOT NULL,
        near_mean DOUBLE,
        near_deviation DOUBLE)""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SAVED_SEARCHES, _NULL_SCORES)


def pending(connection: Connection) -> bool:
    """Whether the database needs a migration, so that opening a current one writes nothing.

    Raises:
        LibraryNewerError: the database was written by a newer Trove.
        LibraryDamagedError: it is another program's database.
    """
    version = _version(connection)
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    tables = connection.exec_driver_sql("SELECT count(*) FROM sqlite_schema").scalar_one()
    if owner != APPLICATION_ID and tables:
        raise LibraryDamagedError(
            "the library folder holds another program's database",
            "Name another folder with --library or TROVE_LIBRARY.",
        )
    if version > len(MIGRATIONS):
        raise LibraryNewerError(
            f"this library was written by a newer Trove (schema {version}, this one knows {len(MIGRATIONS)})",
            "Update Trove, or name another library with --library.",
        )
    return version < len(MIGRATIONS)


def migrate(connection: Connection, version: int | None = None) -> None:
    """Apply the missing migrations, all or up to a version, in the caller's write transaction."""
    # Read again inside the transaction: another process may have migrated since ``pending`` was asked.
    done = _version(connection)
    for number, statements in enumerate(MIGRATIONS[done:version], start=done + 1):
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(f"PRAGMA user_version = {number}")
    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _version(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
