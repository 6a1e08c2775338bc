"""What is switched off is found no more, by folder and by what needs it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from db import kinds
from db.catalog import fulltext, live, switches, units
from db.engine.database import Database
from db.kinds import Kind
from tests.support.rows import Drafted, add_file, directions, space

EVERYTHING = ["image", "frame", "speech"]


@pytest.fixture
def filled(database: Database) -> Database:
    """A film with a frame and a passage in each of three folders, and its copy in another."""
    vectors = iter(directions(6))
    with database.write() as session:
        for folder in ("/a", "/a/b", "/a/b/c"):
            film = [
                Drafted("frame", next(vectors), 0, 1),
                Drafted("speech", next(vectors), 0, 1, text="hello"),
            ]
            add_file(session, f"{folder}/film.mp4", film, "video")
    return database


def found(database: Database, kind: str = "speech") -> set[str]:
    """The folders in which a unit of a kind is found, the same by every way of asking."""
    with database.read() as session:
        ids = live.ids(session, EVERYTHING, space_id=space(session).id).tolist()
        shown = {row.path.parent for row in units.rows(session, ids).values() if row.kind == kind}
        assert units.counts(session)[kind] == len(shown)
        if kind == "speech":
            assert len(fulltext.match_words(session, "hello", 9, EVERYTHING)) == len(shown)
        assert len(units.rows(session, range(1, 7))) == len(ids)
    return {str(folder) for folder in shown}


def turn(database: Database, on: bool, folder: str = "", name: str = "speech") -> None:
    with database.write() as session:
        switches.turn(session, name, on=on, folder=Path(folder))


def test_off_hides_what_was_made_and_nothing_else(filled: Database) -> None:
    turn(filled, on=False)
    assert found(filled) == set()
    assert found(filled, "frame") == {"/a", "/a/b", "/a/b/c"}
    turn(filled, on=True)
    assert found(filled) == {"/a", "/a/b", "/a/b/c"}


def test_the_nearest_folder_counts(filled: Database) -> None:
    turn(filled, False, "/a/b")
    assert found(filled) == {"/a"}
    turn(filled, True, "/a/b/c")
    assert found(filled) == {"/a", "/a/b/c"}
    turn(filled, False)
    assert found(filled) == set(), "for all files means for all"
    turn(filled, True, "/a/b")
    assert found(filled) == {"/a/b", "/a/b/c"}
    with filled.read() as session:
        switched = switches.every(session)
    assert not switched.is_on("speech")
    assert switched.is_on("speech", Path("/a/b/c/x.mp4"))
    assert switched.on_somewhere("speech")
    assert switched.folders("speech") == {Path("/a/b"): True}


@pytest.fixture
def translation() -> Iterator[str]:
    """An analyser that needs the transcripts."""
    kinds.register("translation", (Kind("translated", "translation", {}, "machine"),), needs=("speech",))
    yield "translation"
    kinds.unregister("translation")


def test_what_needs_it_is_off_too(filled: Database, translation: str) -> None:
    with filled.write() as session:
        add_file(session, "/a/t.mp4", [Drafted("translated", directions(1)[0], 0, 1, text="hallo")], "video")
        assert units.counts(session)["translated"] == 1
    turn(filled, on=False)
    with filled.read() as session:
        assert units.counts(session)["translated"] == 0
        assert switches.every(session).off_by_need(translation) == ["speech"]
        assert not switches.every(session).is_on(translation)


def test_a_copy_where_it_is_on_is_enough(filled: Database) -> None:
    from db.catalog import assets
    from db.catalog.assets import FileStat

    with filled.write() as session:
        stat = FileStat(Path("/other/film.mp4"), 1, 1)
        assets.put(session, stat, asset_id=None, state="indexed", content_id=1)
    turn(filled, False, "/a")
    assert found(filled) == {"/other"}, "and that copy is the one that is shown"
