"""Libraries of an older schema, for the tests of what becomes of them."""

import sqlite3

from db.engine.steps import AUTHORED

_ADDED = {
    19: "".join(f"ALTER TABLE {name} DROP COLUMN author;" for name in AUTHORED),
    17: """DROP TABLE face_member; DROP TABLE face_group; DROP TABLE person_face; DROP TABLE person;
        ALTER TABLE library DROP COLUMN peopled;""",
    16: """ALTER TABLE correction DROP COLUMN track; ALTER TABLE correction DROP COLUMN language;
        ALTER TABLE correction DROP COLUMN replaced;""",
    15: """DROP TABLE event_member; DROP TABLE event; DROP TABLE event_picture; DROP TABLE event_said;
        ALTER TABLE library DROP COLUMN eventful;""",
    14: """ALTER TABLE asset DROP COLUMN city; ALTER TABLE asset DROP COLUMN region;
        ALTER TABLE asset DROP COLUMN country;""",
    13: """DROP TABLE asset_tag; ALTER TABLE asset DROP COLUMN rating; ALTER TABLE asset DROP COLUMN label;
        ALTER TABLE asset DROP COLUMN pick; ALTER TABLE asset DROP COLUMN favourite;""",
    12: "DROP INDEX unit_language; DROP TABLE hidden; DROP TABLE mount; ALTER TABLE root DROP COLUMN exclude;"
    "DROP TABLE stack_member; DROP TABLE stack_choice; ALTER TABLE library DROP COLUMN stacked;",
}
"""What schemas added; the last one with those from 8 on."""


def downgrade(connection: sqlite3.Connection, version: int) -> None:
    """Make a library one of the schema ``version``, of 7 or from 12 on."""
    for added, undo in _ADDED.items():
        if added > version:
            connection.executescript(undo)
    connection.executescript(f"PRAGMA user_version = {version}")
