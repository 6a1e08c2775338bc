"""Moving a library from one engine to the other: all of it, with its ids, and on after a stop."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, Table, select, text

from db.catalog import assets, fulltext, hidden, saved, spaces
from db.engine import transfer
from db.engine.database import Rows
from db.engine.postgres import PostgresDatabase
from db.engine.schema import Unit
from db.engine.users import METADATA
from db.errors import LibraryError, SettingsError
from db.library import Library
from db.moving import move
from db.settings import Settings
from tests.support.rows import Drafted, add_file, directions
from tests.support.server import NOTHING, Server

VECTORS = directions(4)


def _silent(_done: int, _total: int) -> None:
    pass


@pytest.fixture
def shared(settings: Settings, tmp_path: Path, server: Server) -> Iterator[Settings]:
    """Where a library may be on a server."""
    with server.lending("moved", NOTHING) as address:
        yield settings.model_copy(update={"library": tmp_path / "own", "shared": address})


@pytest.fixture
def filled(library: Library) -> Library:
    """A library with something of most tables, and a unit that is gone."""
    with library.write() as session:
        add_file(session, "/p/a.jpg", [Drafted("image", VECTORS[0])])
        add_file(session, "/p/\u00e9\n.jpg", [Drafted("image", VECTORS[1])])
        words = Drafted("speech", VECTORS[2], 0.0, 1.0, text="The neighbour's dog \U0001f600 runs")
        add_file(session, "/p/b.wav", [words], "audio")
        add_file(session, "/p/c.jpg", [Drafted("image", VECTORS[3])])
        session.execute(text("DELETE FROM unit WHERE id = 4"))
        assets.add_roots(session, [Path("/p")])
        saved.add(session, "dogs", "a dog", None)
        hidden.put(session, Path("/p/a.jpg"))
    return library


def _rows(settings: Settings) -> dict[str, list[Any]]:
    """All that a library has."""
    with Library(settings) as library, library.read() as session:
        return {
            table.name: list(session.execute(select(table).order_by(*table.primary_key)).all())
            for table in METADATA.sorted_tables
        }


def test_a_library_moves_to_a_server_and_back_whole(
    filled: Library, settings: Settings, shared: Settings, tmp_path: Path
) -> None:
    back = settings.model_copy(update={"library": tmp_path / "back"})
    steps: list[tuple[int, int]] = []
    moved = move(filled, shared, lambda *step: steps.append(step))
    assert steps[-1] == (moved.rows, moved.rows)
    with Library(shared) as library:
        move(library, back, _silent)
    assert _rows(settings) == _rows(shared) == _rows(back)
    for place in (shared, back):
        with Library(place) as library, library.write() as session:
            assert [match.words for match in fulltext.match_words(session, "dogs", 5)] == [("dogs",)]
            add_file(session, "/p/d.jpg", [Drafted("image", VECTORS[3])])
            newest = session.scalars(select(Unit.id).order_by(Unit.id.desc())).first()
            assert newest == 5, "4 was given before"
    assert not (back.library / ".moving").exists()


def test_a_move_that_was_stopped_goes_on_where_it_was(
    filled: Library, settings: Settings, shared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "_BATCH", 2)

    def stop(done: int, total: int) -> None:
        if 2 * done > total:
            raise KeyboardInterrupt

    folder = settings.model_copy(update={"library": tmp_path / "folder"})
    for place, refused in ((shared, "still being moved"), (folder, "there is no library")):
        with pytest.raises(KeyboardInterrupt):
            move(filled, place, stop)
        with pytest.raises(LibraryError, match=refused):
            Library(place, make=False)
        steps: list[int] = []
        moved = move(filled, place, lambda done, _total, steps=steps: steps.append(done))
        assert 2 * steps[0] > moved.rows
        assert _rows(place) == _rows(settings)


def test_a_server_that_stops_meanwhile_loses_nothing(
    filled: Library,
    settings: Settings,
    shared: Settings,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(transfer, "_BATCH", 2)
    stopped: list[int] = []

    def stop(done: int, total: int) -> None:
        if 2 * done > total and not stopped:
            server.stop("immediate")
            stopped.append(done)

    def moved(library: Library, to: Settings) -> None:
        stopped.clear()
        try:
            with pytest.raises(LibraryError, match="cannot be reached"):
                move(library, to, stop)
        finally:
            server.start()
        move(library, to, _silent)
        assert _rows(to) == _rows(settings)

    moved(filled, shared)
    with Library(shared) as library:
        moved(library, settings.model_copy(update={"library": tmp_path / "back"}))


def test_what_rows_refer_to_is_checked_in_the_end(
    filled: Library, settings: Settings, shared: Settings, tmp_path: Path
) -> None:
    folder = settings.model_copy(update={"library": tmp_path / "folder"})
    with closing(sqlite3.connect(settings.paths.database)) as raw:  # which looks at no reference by itself
        raw.execute("UPDATE unit SET analysis_id = 99 - analysis_id")
        raw.commit()
        for place, refused in ((shared, "still being moved"), (folder, "there is no library")):
            with pytest.raises(LibraryError, match=r"foreign key|refer to others"):
                move(filled, place, _silent)
            with pytest.raises(LibraryError, match=refused):
                Library(place, make=False)
        raw.execute("UPDATE unit SET analysis_id = 99 - analysis_id")
        raw.execute("UPDATE library SET revision = revision + 1")
        raw.commit()
    for place in (shared, folder):
        move(filled, place, _silent)
        with pytest.raises(LibraryError), Library(place) as library, library.write() as session:
            session.execute(text("UPDATE unit SET analysis_id = 99"))


def test_the_tables_of_a_moved_library_are_those_of_a_new_one(
    filled: Library, shared: Settings, server: Server
) -> None:
    move(filled, shared, _silent)
    with Library(shared) as library, library.read() as session:
        known = session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'unit'"))
        assert known == 3, "the server plans by what is there"
    told = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint ORDER BY conrelid::regclass::text, 1"
    constraints = []
    with server.lending("new") as new:
        for address in (str(shared.shared), new):
            with psycopg.connect(address) as connection:
                constraints.append(connection.execute(told).fetchall())
    assert constraints[0] == constraints[1]
    assert [definition for _, definition in constraints[0] if "ON DELETE SET NULL" in definition]


def test_rows_that_do_not_arrive_are_missed(
    filled: Library, shared: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = PostgresDatabase.put

    def lose(self: PostgresDatabase, connection: Connection, table: Table, rows: Rows) -> None:
        put(self, connection, table, rows[table.name == "embedding" :])

    monkeypatch.setattr(PostgresDatabase, "put", lose)
    with pytest.raises(LibraryError, match="not all rows have arrived"):
        move(filled, shared, _silent)
    with pytest.raises(LibraryError, match="still being moved"):
        Library(shared)


def test_a_library_that_has_changed_meanwhile_moves_as_it_is(
    filled: Library, settings: Settings, shared: Settings
) -> None:
    def stop(done: int, total: int) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(filled, shared, stop)
    with filled.write() as session:
        saved.add(session, "cats", "a cat", None)
        hidden.drop(session, Path("/p/a.jpg"))
    move(filled, shared, _silent)
    assert _rows(shared) == _rows(settings)


def test_no_library_is_written_over(
    filled: Library, settings: Settings, shared: Settings, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match="there already"):
        move(filled, settings, _silent)
    for place in (shared, settings.model_copy(update={"library": tmp_path / "other"})):
        with Library(place) as library, library.write() as session:
            assets.add_roots(session, [Path("/theirs")])
        before = _rows(place)
        with pytest.raises(LibraryError, match="there is a library in"):
            move(filled, place, _silent)
        assert _rows(place) == before


def test_the_search_index_comes_along(filled: Library, shared: Settings) -> None:
    with filled.read() as session:
        space = spaces.active(session)
    assert space is not None
    filled.vectors(space).save()
    move(filled, shared, _silent)
    with Library(shared) as library:
        store = library.vectors(space)
        assert store.status().fresh
        with library.read() as session:
            assert store.at(session).count("picture") == 1
