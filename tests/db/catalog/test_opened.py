"""What was opened for a question: nothing until it is asked for, once each, and gone when it is forgotten."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, select, text

from db.catalog import opened, switches, units
from db.engine import backups, migrations
from db.engine.database import Database
from db.engine.salvage import salvage
from db.engine.schema import (
    Asset,
)
from db.engine.sqlite import SqliteDatabase
from db.engine.users import (
    OpenedRow,
)
from db.settings import Settings
from tests.support.rows import Drafted, add_file, add_units, directions

ROWS = directions(8)
QUESTION = "the garden behind the house"


@pytest.fixture
def filled(database: Database) -> Database:
    """A picture (unit 1), and a film with frames at 0, 10 and 20 s (2 to 4) and words from 11 to 18 s (5)."""
    with database.write() as session:
        add_file(session, "/a.jpg", [Drafted("image", ROWS[0])])
        frames = [Drafted("frame", ROWS[at], 10.0 * (at - 1), 10.0 * at) for at in (1, 2, 3)]
        add_file(session, "/b.mp4", [*frames, Drafted("speech", ROWS[4], 11.0, 18.0, text="here")], "video")
    return database


def put(database: Database, unit_id: int, rank: int = 1, query: str = QUESTION) -> None:
    with database.write() as session:
        opened.put(session, query, units.rows(session, [unit_id])[unit_id], rank)


def found(database: Database) -> dict[str, list[frozenset[int]]]:
    with database.read() as session:
        return opened.found_by(session)


def test_it_is_off_until_it_is_turned_on(database: Database) -> None:
    with database.read() as session:
        assert not opened.is_on(session)
    with database.write() as session:
        opened.turn(session, on=True)
    with database.read() as session:
        assert opened.is_on(session)


def test_the_newest_opening_of_the_same_takes_the_place_of_the_one_before(filled: Database) -> None:
    for unit_id, rank in ((1, 3), (2, 1), (3, 4), (1, 2), (3, 5)):
        put(filled, unit_id, rank)
    put(filled, 1, 7, "another question")
    with filled.read() as session:
        rows = session.execute(
            select(OpenedRow.query, OpenedRow.start_s, OpenedRow.rank).order_by(OpenedRow.id)
        ).all()
        assert opened.count(session) == 4
    assert rows == [
        (QUESTION, 0.0, 1),
        (QUESTION, None, 2),
        (QUESTION, 10.0, 5),
        ("another question", None, 7),
    ]


def test_a_moment_is_found_by_whatever_is_there(filled: Database) -> None:
    put(filled, 1)
    put(filled, 3)
    put(filled, 4)
    assert found(filled) == {QUESTION: [{1}, {3, 5}, {4}]}


def test_it_outlives_another_way_of_cutting_the_film(filled: Database) -> None:
    put(filled, 3)
    with filled.write() as session:
        again = [Drafted("frame", ROWS[5], 0.0, 7.0), Drafted("frame", ROWS[6], 7.0, 30.0)]
        add_units(session, 2, again)
    ((now,),) = found(filled).values()
    with filled.read() as session:
        kept = units.rows(session, now).values()
    assert [(row.kind, row.start_s) for row in kept] == [("speech", 11.0), ("frame", 7.0)]


def test_what_cannot_be_found_is_no_answer_until_it_is_back(filled: Database) -> None:
    put(filled, 1)
    put(filled, 4, query="the shed")
    with filled.write() as session:
        switches.turn(session, "frames", on=False)
        session.execute(delete(Asset).where(Asset.path == Path("/a.jpg")))
    assert found(filled) == {}
    with filled.write() as session:
        switches.turn(session, "frames", on=True)
    assert found(filled) == {"the shed": [{4}]}
    with filled.read() as session:
        assert opened.count(session) == 2


@pytest.mark.sqlite
def test_nothing_of_what_was_forgotten_is_left_in_the_file(filled: Database) -> None:
    put(filled, 1)
    put(filled, 2)

    def written() -> bool:
        with closing(sqlite3.connect(filled.path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return QUESTION.encode() in filled.path.read_bytes()

    assert written()
    with filled.write() as session:
        opened.forget(session)
    with filled.read() as session:
        assert opened.count(session) == 0
    assert not written()


@pytest.mark.sqlite
def test_a_library_of_the_sixth_schema_remembers_nothing_before_it_is_asked_to(settings: Settings) -> None:
    settings.paths.folder.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{settings.paths.database}")
    with engine.begin() as connection:
        migrations.migrate(connection, 6)
        connection.execute(text("UPDATE library SET revision = 41"))
    engine.dispose()
    database = SqliteDatabase(settings.paths.database)
    with database.read() as session:
        assert session.execute(text("SELECT revision, remembers_opened FROM library")).one() == (41, 0)
        assert opened.count(session) == 0
    assert database.check() == []
    database.close()


@pytest.mark.sqlite
def test_it_is_kept_aside_and_saved_from_a_damaged_library_as_thumbs_are(
    filled: Database, tmp_path: Path
) -> None:
    with filled.write() as session:
        opened.turn(session, on=True)
    put(filled, 3, 2)
    with filled.read() as session:
        aside, _ = backups.dump(session.connection())
    assert QUESTION.encode() in aside
    salvage(filled.path, tmp_path / "copy.db")
    copy = SqliteDatabase(tmp_path / "copy.db")
    with copy.read() as session:
        assert (opened.is_on(session), opened.count(session)) == (True, 1)
    assert found(copy) == found(filled)
    copy.close()
