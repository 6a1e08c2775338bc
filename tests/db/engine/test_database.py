"""The database: opening, migrating, locking, and what the catalog remembers."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.orm.exc import DetachedInstanceError

from db.catalog import analyses, assets, contents, fulltext, spaces, units
from db.catalog.analyses import Work
from db.catalog.assets import FileStat
from db.engine import migrations
from db.engine.database import Database
from db.engine.schema import Base, Embedding, SpaceRow, Unit
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryClosedError, LibraryDamagedError, LibraryError, LibraryNewerError
from db.settings import Settings
from tests.support.rows import Drafted, add_file, add_units, directions

ROWS = directions(6)


@pytest.mark.sqlite
def test_every_connection_is_configured(database: Database) -> None:
    with database.read() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 30_000}


def test_migrations_make_the_schema_that_the_models_describe(database: Database) -> None:
    with database.read() as session:
        found = inspect(session.connection())
        for table in Base.metadata.sorted_tables:
            columns = {column["name"]: column for column in found.get_columns(table.name)}
            assert set(columns) == {column.name for column in table.columns}, table.name
            for column in table.columns:
                assert columns[column.name]["nullable"] == column.nullable, f"{table.name}.{column.name}"
                dialect = session.connection().dialect
                is_stored, is_described = (
                    kind.compile(dialect).replace("DOUBLE PRECISION", "FLOAT")
                    for kind in (columns[column.name]["type"], column.type)
                )
                assert is_stored == is_described, f"{table.name}.{column.name}"
            indexes = {index["name"]: index for index in found.get_indexes(table.name)}
            for index in table.indexes:
                assert indexes[index.name]["column_names"] == [column.name for column in index.columns]
                assert indexes[index.name]["unique"] == index.unique, index.name
            keys = {tuple(key["constrained_columns"]) for key in found.get_foreign_keys(table.name)}
            assert keys == {tuple(key.column_keys) for key in table.foreign_key_constraints}, table.name


def test_ids_are_never_reused(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/a.jpg", [Drafted("image", ROWS[0])])
        session.execute(text("DELETE FROM unit"))
        add_file(session, "/b.jpg", [Drafted("image", ROWS[1])])
        assert session.scalars(select(Unit.id)).all() == [2]


def test_only_one_space_is_active(database: Database) -> None:
    with pytest.raises(LibraryError), database.write() as session:
        spaces.add(session, "one", "1", 8, "active")
        spaces.add(session, "two", "2", 8, "active")


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        add_file(session, "/a.jpg", [Drafted("image", ROWS[0])])
        raise ZeroDivisionError
    with database.read() as session:
        assert assets.states(session) == {}
        assert session.scalars(select(SpaceRow.id)).all() == []


def test_rows_end_with_their_session_and_values_stay(database: Database) -> None:
    with database.write() as session:
        made = spaces.add(session, "one", "1", 8, "active")
        row = session.scalars(select(SpaceRow)).one()
        assert row.model == "one"
    with pytest.raises(DetachedInstanceError):
        _ = row.model
    with database.read() as session:
        read = session.scalars(select(SpaceRow)).one()
        assert spaces.active(session) == made
    with pytest.raises(DetachedInstanceError):
        _ = read.model
    assert (made.model, made.state) == ("one", "active")


@pytest.mark.sqlite
def test_a_newer_library_is_refused_and_untouched(database: Database, settings: Settings) -> None:
    with database.write() as session:
        session.execute(text(f"PRAGMA user_version = {len(migrations.MIGRATIONS) + 1}"))
    database.close()
    with pytest.raises(LibraryNewerError, match="newer Trove"):
        SqliteDatabase(settings.paths.database)


def test_another_programs_database_is_refused_and_untouched(tmp_path: Path) -> None:
    path = tmp_path / "trove.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (id)")
    with pytest.raises(LibraryDamagedError, match="another program"):
        SqliteDatabase(path)
    with sqlite3.connect(path) as other:
        tables = other.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    assert tables == [("theirs",)]


@pytest.mark.parametrize(
    "content", [b"this is no database, only text" * 40, b"SQLite format 3\0" + b"\xff" * 4000]
)
def test_a_damaged_database_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trove.db"
    path.write_bytes(content)
    with pytest.raises(LibraryDamagedError, match="damaged") as caught:
        SqliteDatabase(path)
    assert "media files are untouched" in caught.value.hint
    assert path.read_bytes() == content


def test_an_impossible_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot use the library folder"):
        SqliteDatabase(tmp_path / "file" / "library" / "trove.db")


def test_a_reader_does_not_wait_for_the_writer(database: Database) -> None:
    with database.write() as writer:
        add_file(writer, "/a.jpg", [Drafted("image", ROWS[0])])
        with database.read() as reader:
            assert assets.states(reader) == {}
    with database.read() as reader:
        assert assets.states(reader) == {"indexed": 1}


@pytest.mark.parametrize(
    "name", ["/a b.jpg", "/quote'\".jpg", "/line\nbreak.jpg", "/😀.jpg", "latin-\udce9.jpg"]
)
def test_any_file_name_comes_back(database: Database, name: str) -> None:
    with database.write() as session:
        add_file(session, "/other.jpg", [Drafted("image", ROWS[0])])
        stat = FileStat(Path(name), 3, 4)
        assets.put(session, stat, asset_id=None, state="failed", error="no")
    with database.read() as session:
        assert stat in [file.stat for file in assets.known_files(session)]
        assert assets.failures(session)[0].path == Path(name)
        assert os.fsencode(assets.failures(session)[0].path) == os.fsencode(name)


def test_attempts_are_counted_until_the_file_changes(database: Database) -> None:
    counts = []
    for mtime_ns in (1, 1, 2):
        with database.write() as session:
            stat = FileStat(Path("/a.jpg"), 1, mtime_ns)
            known = assets.id_at(session, stat.path)
            assets.put(session, stat, asset_id=known, state="failed", error="broken")
            counts.append(assets.failures(session)[0].attempts)
    assert counts == [1, 2, 1]


def test_a_file_that_cannot_be_opened_keeps_its_content(database: Database) -> None:
    with database.write() as session:
        content_id = add_file(session, "/a.jpg", [Drafted("image", ROWS[0])])
        known = assets.id_at(session, Path("/a.jpg"))
        stat = FileStat(Path("/a.jpg"), 1, 1)
        assets.put(session, stat, asset_id=known, state="failed", error="denied", retry=True)
        contents.drop_orphans(session)
        assert units.counts(session)["image"] == 0
        assert contents.find(session, b"/a.jpg".ljust(32, b"\0")) == content_id


def test_replaced_content_is_forgotten_with_its_units(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/a.mp4", [Drafted("speech", ROWS[0], 0, 1, text="hello")], "video")
        new = add_file(session, "/b.mp4", [Drafted("speech", ROWS[1], 0, 1, text="goodbye")], "video")
        stat = FileStat(Path("/a.mp4"), 2, 2)
        known = assets.id_at(session, stat.path)
        assets.put(session, stat, asset_id=known, state="indexed", content_id=new)
        contents.drop_orphans(session)
        assert session.scalars(select(Unit.text)).all() == ["goodbye"]
        assert len(session.scalars(select(Embedding.unit_id)).all()) == 1
        assert fulltext.match_words(session, "hello", 5) == []


def test_looking_again_replaces_what_was_made_and_nothing_else(database: Database) -> None:
    with database.write() as session:
        film = [Drafted("frame", ROWS[0], 0, 1), Drafted("speech", ROWS[1], 0, 1, text="misheard")]
        one = add_file(session, "/a.mp4", film, "video")
        add_units(session, one, [Drafted("speech", ROWS[2], 0, 1, text="now heard")])
        assert session.scalars(select(Unit.text).where(Unit.kind == "speech")).all() == ["now heard"]
        assert session.scalars(select(Unit.id).where(Unit.kind == "frame")).all() == [1]
        assert [match.unit_id for match in fulltext.match_words(session, "heard", 5)] == [3]
        analyses.record(session, "speech", "2", "failed", content_id=one, error="the disk is broken")
        assert session.scalars(select(Unit.text).where(Unit.kind == "speech")).all() == ["now heard"]


def test_what_is_left_is_what_nobody_has_looked_at(database: Database) -> None:
    speech = Work("speech", frozenset({"video", "audio"}))
    with database.write() as session:
        film = add_file(session, "/a.mp4", [Drafted("frame", ROWS[0], 0, 1)], "video")
        memo = add_file(session, "/a.ogg", [Drafted("speech", ROWS[1], 0, 1, text="hello")], "audio")
        add_file(session, "/a.jpg", [Drafted("image", ROWS[2])])
        assert analyses.left(session, speech) == {film}
        analyses.record(session, "speech", "1", "unwanted", content_id=film)
        assert analyses.left(session, speech) == set()
        assert analyses.redo(session, "speech") == 1
        assert analyses.left(session, speech) == {memo}
        assert analyses.left(session, speech, within=[film]) == set()
        assert units.counts(session)["speech"] == 1, "it is found until it is made anew"
        analyses.record(session, "speech", "1", "done", content_id=memo)
        assert units.counts(session)["speech"] == 0
        newer = Work("speech", speech.media, fingerprint="2")
        assert analyses.left(session, newer) == {film, memo}, "a cheap analyser redoes what is stale"


def test_sums_are_whole_numbers(database: Database) -> None:
    with database.write() as session:
        content = add_file(session, "/a.mp4", [Drafted("frame", ROWS[0], 0, 1)], "video")
        analyses.record(session, "speech", "1", "done", content_id=content, took_ms=3)
        sums = (
            assets.total_size(session),
            analyses.tally(session, Work("speech", frozenset({"video"}))).took_ms,
        )
    assert [type(number) for number in sums] == [int, float]


def test_vectors_come_back_in_the_order_asked_for(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/a.mp4", [Drafted("frame", row, n, n + 1) for n, row in enumerate(ROWS)], "video")
        found = units.vectors(session, 1, np.array([5, 1, 3]))
        assert np.allclose(found, ROWS[[4, 0, 2]], atol=1e-3)
        assert found.dtype == np.float32
        with pytest.raises(LibraryError):
            units.vectors(session, 1, np.array([1, 77]))


@pytest.fixture
def spoken(database: Database) -> Database:
    texts = [
        "The children were running to the old harbour.",
        "We ran home when it started to rain.",
        "My neighbour plays the trombone.",
        "Où est le café déjà payé?",
    ]
    with database.write() as session:
        for number, said in enumerate(texts):
            unit = Drafted("speech", ROWS[number], 0.0, 2.0, text=said)
            add_file(session, f"/{number}.mp3", [unit], "audio")
    return database


@pytest.mark.parametrize(
    ("query", "best", "words"),
    [
        ("run", 1, ("run",)),
        ("child harbours", 1, ("harbours",)),
        ("TROMBONES", 3, ("trombones",)),
        ("cafe deja", 4, ("cafe", "deja")),
        ("the neighbour's trombone", 3, ("neighbour", "trombone")),
    ],
)
def test_words_are_found_by_their_stems(
    spoken: Database, query: str, best: int, words: tuple[str, ...]
) -> None:
    with spoken.read() as session:
        match = fulltext.match_words(session, query, 5)[0]
    assert (match.unit_id, match.words) == (best, words)
    assert 0 < match.coverage <= 1


def test_rare_words_count_more_and_all_words_count_fully(spoken: Database) -> None:
    with spoken.read() as session:
        matches = fulltext.match_words(session, "old harbour trombone", 5)
        assert [match.unit_id for match in matches] == [1, 3]
        assert fulltext.match_words(session, "my neighbour plays the trombone", 5)[0].coverage == 1.0


@pytest.mark.parametrize(
    "query", ['"', "a AND", "NEAR(", "*", "' OR 1=1 --", "(((", "-", "text:", "\0", "😀", ""]
)
def test_nothing_that_is_typed_is_a_syntax(spoken: Database, query: str) -> None:
    with spoken.read() as session:
        assert isinstance(fulltext.match_words(session, query, 5), list)


def test_words_of_gone_files_are_not_found(spoken: Database) -> None:
    with spoken.write() as session:
        assets.set_state(session, [3], "gone")
        assert fulltext.match_words(session, "trombone", 5) == []


@pytest.mark.sqlite
def test_changes_are_told_of_every_writer(database: Database) -> None:
    before = database.changes()
    with database.read():
        pass
    assert database.changes() == before
    with database.write() as session:
        session.execute(text("CREATE TABLE ours (x)"))
    ours = database.changes()
    with closing(sqlite3.connect(database.path)) as other, other:
        other.execute("CREATE TABLE theirs (x)")
    assert len({before, ours, database.changes()}) == 3
    database.close()
    with pytest.raises(LibraryClosedError):
        database.changes()
