"""What has changed is known in the order of commits, whatever the ids."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, delete, select

from db.catalog import live, revision, saved, spaces, units
from db.engine import migrations
from db.engine.database import Database
from db.engine.schema import Content, Embedding
from db.library import Library
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.null_model import refit
from tests.support.rows import Drafted, add_file, add_many, directions, space

ROWS = directions(20)


def now(database: Database) -> int:
    with database.read() as session:
        return revision.current(session)


def test_a_transaction_has_one_revision_however_often_it_changes_something(database: Database) -> None:
    before = now(database)
    with database.write() as session:
        assert not revision.is_touched(session)
        assert revision.touch(session) == revision.touch(session) == before + 1
        assert revision.is_touched(session)
    assert now(database) == before + 1
    with database.write() as session:
        assert revision.touch(session) == before + 2


def test_a_revision_goes_with_the_transaction_that_failed(database: Database) -> None:
    before = now(database)
    with pytest.raises(ZeroDivisionError), database.write() as session:
        revision.touch(session)
        raise ZeroDivisionError
    with database.write() as session:
        assert revision.touch(session) == before + 1
    assert now(database) == before + 1


def test_a_revision_goes_with_the_savepoint_that_failed(database: Database) -> None:
    before = now(database)
    with database.write() as session:
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            revision.touch(session)
            raise ZeroDivisionError
        assert revision.touch(session) == before + 1
    assert now(database) == before + 1


def test_every_vector_carries_the_revision_of_its_transaction(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/a.jpg", [Drafted("image", ROWS[0])])
        add_many(session, [Path("/b.jpg")], ROWS[1:2], space(session).id)
        building = spaces.add(session, "other", "0", 8, "building").id
    first = now(database)
    with database.write() as session:
        spaces.put_vectors(session, building, {1: ROWS[2]})
    with database.read() as session:
        found = select(Embedding.space_id, Embedding.unit_id, Embedding.revision)
        assert sorted(session.execute(found).all()) == [(1, 1, first), (1, 2, first), (2, 1, first + 1)]
        assert units.written(session, 1, ["image"], first - 1).tolist() == [1, 2]
        assert units.written(session, 1, ["image"], first).tolist() == []
        assert units.written(session, building, ["image"], first).tolist() == [1]
        assert units.written(session, building, ["speech"], first).tolist() == []


@pytest.fixture
def late(library: Library) -> Library:
    """Twelve pictures with ids from 101, of a writer that was given them late and has committed first."""
    with library.write() as session:
        files = [Path(f"/early/{number}.jpg") for number in range(12)]
        add_many(session, files, ROWS[:12], space(session).id, first=101)
    return library


def commit_lower_ids(library: Library) -> None:
    """Five pictures with ids from 1, of a writer that was given them first and commits last."""
    with library.write() as session:
        files = [Path(f"/late/{number}.jpg") for number in range(5)]
        add_many(session, files, ROWS[12:17], space(session).id, first=1)


def test_the_vector_index_finds_lower_ids_that_were_committed_later(late: Library) -> None:
    with late.read() as session:
        store = late.vectors(space(session))
        assert store.at(session).count("picture") == 12
    commit_lower_ids(late)
    with late.read() as session:
        found = store.at(session).search("picture", ROWS[12:17], 1)
    assert [hits[0][0] for hits in found] == [1, 2, 3, 4, 5]


class Fixed:
    """An encoder of texts, in random directions."""

    name, dim, image_size = "test-model", 8, 32

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint = fingerprint

    def encode_texts(self, texts: tuple[str, ...]) -> object:
        return directions(len(texts), self.dim, seed=7)


def test_the_null_model_counts_lower_ids_that_were_committed_later(late: Library, tmp_path: Path) -> None:
    encoder: Encoder = Fixed(tmp_path.name)  # type: ignore[assignment]
    with late.read() as session:
        store = late.vectors(space(session))
    first = refit(late, store, encoder)
    assert first is not None
    assert first.pictures == 12
    with late.write() as session:
        gone = live.ids(session, ["image"], space_id=store.space_id)[:5].tolist()
        session.execute(delete(Embedding).where(Embedding.unit_id.in_(gone)))
        revision.touch(session)
    commit_lower_ids(late)
    again = refit(late, store, encoder)
    assert again is not None
    assert (again.pictures, again.revision) == (12, now(late.database)), "as many as before, but five are new"


def test_a_saved_search_shows_lower_ids_that_were_committed_later_as_new(late: Library) -> None:
    with late.write() as session:
        saved.add(session, "all", "taken:>1970", None)
        seen = saved.named(session, "all")
    commit_lower_ids(late)
    assert seen is not None
    with late.read() as session:
        assert saved.arrived(session, [*range(1, 6), *range(101, 113)], seen.seen) == {1, 2, 3, 4, 5}


@pytest.mark.sqlite
def test_a_library_of_the_fourth_schema_knows_what_is_new_from_now_on(settings: Settings) -> None:
    settings.paths.folder.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{settings.paths.database}")
    with engine.begin() as connection:
        migrations.migrate(connection, 4)
    engine.dispose()
    with closing(sqlite3.connect(settings.paths.database)) as connection:
        connection.executescript(
            "UPDATE library SET revision = 41;"
            "INSERT INTO content (sha256, kind, arrived) VALUES (zeroblob(32), 'image', 40);"
            "INSERT INTO asset (path, size, mtime_ns, content_id, state, indexed_at) "
            "  VALUES ('/a.jpg', 1, 2, 1, 'indexed', '2026-01-02 03:04:05.000000');"
            "INSERT INTO analysis (content_id, analyser, fingerprint, state) "
            "  VALUES (1, 'pictures', '1', 'done');"
            "INSERT INTO unit (content_id, analysis_id, kind) VALUES (1, 1, 'image');"
            "INSERT INTO space (role, model, fingerprint, dim, state) VALUES ('clip', 'm', 'x', 2, 'active');"
            "INSERT INTO embedding (space_id, unit_id, vector) VALUES (1, 1, x'003c0000');"
            "INSERT INTO null_scores VALUES (1, 'digest', 1, 1, 0.3, 0.1, 0.05, NULL, NULL);"
        )
    with Library(settings) as library:
        with library.read() as session:
            assert session.scalars(select(Content.added_at)).all() == [datetime(2026, 1, 2, 3, 4, 5)]
            scores = spaces.null_scores(session, 1)
            assert scores is not None
            assert (scores.pictures, scores.revision) == (1, 41)
            assert units.written(session, 1, ["image"], 41).tolist() == []
            assert units.written(session, 1, ["image"], -1).tolist() == [1]
        with library.write() as session:
            add_file(session, "/b.jpg", [Drafted("image", directions(1, 2)[0])])
        with library.read() as session:
            assert units.written(session, 1, ["image"], 41).tolist() == [2]
            assert library.vectors(space(session)).at(session).count("picture") == 2
        assert library.database.check() == []
