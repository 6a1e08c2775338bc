"""What people have hidden is found only where it is asked for, and is kept as all that they made."""

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, delete, text, update

from db.catalog import assets, contents, facets, facts, hidden, live, revision, stacks, units
from db.catalog.filters import ALL, FactRule, Filter, Wanted
from db.catalog.stacks import Place
from db.engine import backups, migrations
from db.engine.database import Database
from db.engine.salvage import salvage
from db.engine.schema import Asset
from db.engine.sqlite import SqliteDatabase
from db.settings import Settings
from db.vectors.faiss_store import FaissStore
from tests.support.rows import Drafted, add_file, directions, space

ROWS = directions(6)
HIDDEN = Filter((FactRule("hidden", "=", True),))
NOT_HIDDEN = Filter((FactRule("hidden", "=", True),), negated=True)
HIDDEN_OR_A = Filter((FactRule("hidden", "=", True), FactRule("name", "matches", "a")))
PATHS = ("/photos/a.jpg", "/photos/b.jpg", "/photos/private/c.jpg", "/photos/private too/d.jpg")


@pytest.fixture
def filled(database: Database) -> Database:
    """Four pictures, units 1 to 4; the second has a copy in the folder of the third."""
    with database.write() as session:
        for place, path in enumerate(PATHS):
            content_id = add_file(session, path, [Drafted("image", ROWS[place])])
            if place == 1:
                stat = assets.FileStat(Path("/photos/private/copy of b.jpg"), 1, 1)
                assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
                facts.refresh(session, [content_id])
    return database


def hide(database: Database, *paths: str) -> None:
    with database.write() as session:
        for path in paths:
            assert hidden.put(session, Path(path))


def found(database: Database, *filters: Filter) -> list[int]:
    with database.read() as session:
        return [int(unit_id) for unit_id in live.ids(session, ["image"], filters)]


def test_a_hidden_content_and_a_hidden_folder_are_left_out_until_they_are_asked_for(filled: Database) -> None:
    assert (found(filled), found(filled, HIDDEN)) == ([1, 2, 3, 4], [])
    hide(filled, "/photos/a.jpg", "/photos/private")
    assert found(filled) == found(filled, NOT_HIDDEN) == [2, 4], "and not what only begins alike"
    assert found(filled, HIDDEN) == [1, 2, 3], "the copy of the second is"
    with filled.read() as session:
        assert Wanted(filters=(HIDDEN,)).among_hidden and not Wanted(filters=(NOT_HIDDEN,)).among_hidden
        assert units.counts(session)["image"] == 2
        assert set(assets.each_shown(session)) == {2, 4}
        assert hidden.count(session) == 3
        assert facets.folders(session, [Path("/photos")]) == {
            Path("/photos"): 2,
            Path("/photos/private too"): 1,
        }
        assert facets.undated(session) == 2
        # Of two copies only the one that may be seen is named; among hidden ones that one comes first.
        (row,) = units.rows(session, [2]).values()
        assert [file.path.name for file in (row.file, *row.copies)] == ["b.jpg"]
        (row,) = units.rows(session, [2], live.of_file((HIDDEN,)), among_hidden=True).values()
        assert [file.path.name for file in (row.file, *row.copies)] == ["copy of b.jpg", "b.jpg"]
    hide(filled, "/photos")
    assert (found(filled), found(filled, HIDDEN)) == ([], [1, 2, 3, 4])


def test_alternatives_to_what_is_hidden_are_found_with_it(filled: Database) -> None:
    hide(filled, "/photos/private too")
    assert found(filled, HIDDEN_OR_A) == [1, 4]


def test_vectors_of_what_is_hidden_are_searched_where_it_is_asked_for(
    filled: Database, settings: Settings
) -> None:
    with filled.read() as session:
        of_space = space(session).id
    store = FaissStore(filled, settings.paths.vectors, of_space, 8, "cpu")

    def nearest(wanted: Wanted) -> list[int]:
        with filled.read() as session:
            view = store.at(session)
            (units_found,) = view.search("picture", ROWS[:1], 9, wanted=wanted)
            assert view.count("picture", wanted) == len(units_found)
            assert np.array_equal(view.ids("picture", wanted), sorted(unit_id for unit_id, _ in units_found))
            return [unit_id for unit_id, _ in units_found]

    assert nearest(ALL)[0] == 1
    hide(filled, "/photos/a.jpg")
    assert 1 not in nearest(ALL)
    assert nearest(Wanted(filters=(HIDDEN,))) == [1]
    with filled.write() as session:
        assert hidden.drop(session, Path("/photos/a.jpg"))
    assert nearest(ALL)[0] == 1


def test_it_is_hidden_by_its_content_wherever_it_goes(filled: Database) -> None:
    hide(filled, "/photos/a.jpg", "/photos/a.jpg")
    with filled.write() as session:
        assert [(it.path, it.is_folder) for it in hidden.every(session)] == [(Path("/photos/a.jpg"), False)]
        content_id = contents.find(session, b"/photos/a.jpg".ljust(32, b"\0"))
        session.execute(delete(Asset).where(Asset.path == Path("/photos/a.jpg")))
        stat = assets.FileStat(Path("/elsewhere/moved.jpg"), 1, 1)
        assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
    assert found(filled) == [2, 3, 4]
    with filled.write() as session:
        assert hidden.covers(session, Path("/elsewhere/moved.jpg"))
        assert not hidden.put(session, Path("/nowhere"))
        assert not hidden.drop(session, Path("/photos"))
        assert hidden.drop(session, Path("/elsewhere/moved.jpg"))
        assert hidden.every(session) == []
    assert found(filled) == [1, 2, 3, 4]


@pytest.mark.sqlite
def test_it_is_kept_aside_and_saved_from_a_damaged_library_as_thumbs_are(
    filled: Database, tmp_path: Path
) -> None:
    hide(filled, "/photos/a.jpg", "/photos/private")
    with filled.read() as session:
        aside, entries = backups.dump(session.connection())
    assert entries == 2
    assert b"/photos/private" in aside
    salvage(filled.path, tmp_path / "copy.db")
    copy = SqliteDatabase(tmp_path / "copy.db")
    assert found(copy) == [2, 4]
    copy.close()


@pytest.mark.sqlite
def test_in_a_library_of_the_seventh_schema_nothing_is_hidden(settings: Settings) -> None:
    settings.paths.folder.mkdir(parents=True)
    engine = create_engine(f"sqlite:///{settings.paths.database}")
    with engine.begin() as connection:
        migrations.migrate(connection, 7)
        connection.execute(text("UPDATE library SET revision = 41"))
    engine.dispose()
    database = SqliteDatabase(settings.paths.database)
    with database.read() as session:
        assert session.execute(text("SELECT revision FROM library")).one() == (41,)
        assert hidden.every(session) == []
    assert database.check() == []
    database.close()


def test_an_edited_file_stays_hidden_and_can_be_shown_again(filled: Database) -> None:
    """But not where another file has what was hidden, or one that is not hidden has the new content."""
    a, b = Path("/photos/a.jpg"), Path("/photos/b.jpg")
    hide(filled, str(a))
    _edit(filled, a, "second version")
    _edit(filled, a, None)
    _edit(filled, a, "third version")
    assert found(filled) == [2, 3, 4]
    with filled.write() as session:
        assert [item.path for item in hidden.every(session)] == [a]
        assert hidden.drop(session, a)
        assert hidden.every(session) == []
    hide(filled, str(b))
    _edit(filled, b, "of it there is a copy, which is what was hidden")
    hide(filled, "/photos/private/c.jpg")
    _edit(filled, Path("/photos/private/c.jpg"), "/photos/private too/d.jpg")
    with filled.read() as session:
        shown = [path for path in (b, *map(Path, PATHS[2:])) if not hidden.covers(session, path)]
    assert shown == [b, *map(Path, PATHS[2:])]
    with filled.write() as session:
        assert hidden.drop(session, Path("/photos/private/c.jpg")), (
            "what is listed can be taken from the list"
        )


def _edit(database: Database, path: Path, content: str | None) -> None:
    """Another content, or one that cannot be read, with its picture."""
    with database.write() as session:
        content_id = None
        if content is not None:
            sha256 = content.encode().ljust(32, b"\0")[:32]
            content_id = contents.find(session, sha256)
            if content_id is None:
                ids, _ = contents.find_or_add(session, {sha256: "image"}, revision.touch(session))
                content_id = ids[sha256]
        assets.put(
            session,
            assets.FileStat(path, 2, 2),
            asset_id=assets.id_at(session, path),
            state="failed" if content is None else "indexed",
            content_id=content_id,
        )


def test_a_hidden_stack_is_hidden_whole_and_shown_whole(filled: Database) -> None:
    with filled.write() as session:
        stacks.put(session, [Place(1, 1, 0, "edit"), Place(2, 1, 1, "edit")], ())
        assert stacks.count(session) == 1
    hide(filled, "/photos/b.jpg")
    assert (found(filled), found(filled, HIDDEN)) == ([3, 4], [1, 2])
    with filled.write() as session:
        assert stacks.count(session) == 0
        stacks.put(session, [Place(4, 1, 2, "edit")], ())
        assert hidden.covers(session, Path(PATHS[3])), "what comes to it is hidden, too"
    with filled.write() as session:
        stacks.put(session, (), [1, 2, 4])
    assert found(filled) == [3, 4], "what was hidden with it stays so where the stack is no more"
    with filled.write() as session:
        stacks.put(session, [Place(1, 1, 0, "edit"), Place(2, 1, 1, "edit")], ())
        assert hidden.drop(session, Path("/photos/a.jpg"))
        assert hidden.every(session) == []
    assert found(filled) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("moves", "follows"),
    [
        ({"s/0": "t/0", "s/1": "t/1", "s/x/2": "t/x/2"}, "t"),
        ({"s/0": "new/place/0", "s/1": "new/place/1", "s/x/2": "out/2"}, "new/place"),
        ({"s/0": "t/0"}, "s"),
        ({"s/0": "0", "s/1": "1", "s/x/2": "x/2"}, "s"),
        ({"s/0": "known/0", "s/1": "known/1", "s/x/2": "known/x/2"}, "s"),
        ({"s/0": "t/0", "s/1": "u/1", "s/x/2": "v/x/2"}, "s"),
    ],
    ids=[
        "renamed",
        "most of it",
        "one taken out",
        "all taken out",
        "into a known folder",
        "in all directions",
    ],
)
def test_a_hidden_folder_follows_its_files(database: Database, moves: dict[str, str], follows: str) -> None:
    top = Path("/photos")
    with database.write() as session:
        for place, name in enumerate(("s/0", "s/1", "s/x/2", "known/3")):
            add_file(session, str(top / name), [Drafted("image", ROWS[place])])
        assert hidden.put(session, top / "s")
        before = hidden.inside_folders(session)
        for old, new in moves.items():
            session.execute(update(Asset).where(Asset.path == top / old).values(path=top / new))
        hidden.follow_folders(session, before, [top / new for new in moves.values()])
        assert [item.path for item in hidden.every(session)] == [top / follows]


def test_what_is_hidden_with_a_folder_is_shown_again_with_it(filled: Database) -> None:
    hide(filled, "/photos/private", "/photos/a.jpg")
    with filled.read() as session:
        every = [hidden.to_show(session, Path(path)) for path in PATHS]
    what = [None if each is None else each.path for each in every]
    assert what == [Path("/photos/a.jpg"), None, Path("/photos/private"), None]
