"""Words of people, from files and sidecars to answers: found, asked for, told where they come from."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from watchfiles import Change

import trove as face
from db.settings import Settings
from indexer import watch
from indexer.leaving_out import LeavingOut
from indexer.media.pool import DecodePool
from search.results.export import copy_to, words_beside
from tests.support.command import as_json, trove
from tests.support.media import photo, raw_photo, sound, tone
from tests.support.older import downgrade
from tests.support.words import iptc_jpeg, listed, packet


def xmp(path: Path, *tags: str, title: str = "", **attributes: object) -> Path:
    """Write a sidecar."""
    inside = listed("lr:hierarchicalSubject", *tags) if tags else ""
    inside += listed("dc:title", title, kind="Alt") if title else ""
    path.write_text(packet(inside, **attributes), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures with words of many kinds, and a recording."""
    there = tmp_path_factory.mktemp("words") / "media"
    there.mkdir()
    photo(there / "shot.jpg", 1, size=(64, 48))
    raw_photo(there / "shot.dng", 2, size=(64, 48))
    xmp(
        there / "shot.xmp",
        "Places|France|Orléans",
        title="The Zelenka wedding",
        xmp__Rating=5,
        xmp__Label="Red",
    )
    xmp(there / "shot.dng.xmp", "Raw only")
    iptc_jpeg(there / "press.jpg", (2, 120, b"Flood at Oberholzer"), (2, 25, b"flood"), (2, 25, b"ORLEANS"))
    xmp(there / "press.jpg.xmp", title="Flood at Oberholzer", digiKam__PickLabel=3, xmp__Rating=3)
    shutil.copyfile(there / "press.jpg", there / "z-copy.jpg")
    photo(there / "plain.jpg", 3, size=(64, 48))
    sound(there / "song.mp3", tone(0.3), metadata={"title": "Ferryman", "artist": "Quist"})
    return there


@pytest.fixture(scope="module")
def settings(folder: Path, cache: Path) -> Settings:
    """Settings of a library of the folder, which the tests here go on with one after the other."""
    library = folder.with_name("library")
    return Settings(library=library, cache=cache, device="cpu", whisper="none", off=("text",))


@pytest.fixture(scope="module")
def indexed(settings: Settings, folder: Path) -> Settings:
    """The same, once it is indexed."""
    with face.Library.of(settings) as library:
        library.index([folder])
    return settings


@pytest.fixture
def library(indexed: Settings) -> Iterator[face.Library]:
    """The library, open."""
    with face.Library.of(indexed) as opened:
        yield opened


def found(library: face.Library, query: str) -> set[str]:
    """The names of all hits of a condition, file by file."""
    return {hit.path.name for hit in library.search(query, k=50, stacks=False, apart=True).hits}


def first(library: face.Library, query: str) -> face.Hit:
    return library.search(query, stacks=False).hits[0]


def decoded(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """From now on what workers are asked for, each with whether pixels were wanted."""
    asked: list[tuple[str, bool]] = []
    submit = DecodePool.submit

    def noted(self: DecodePool, function: Any, *args: Any, **more: Any) -> Any:
        pixels = function.__name__ != "probe" and more.get("side", 1) is not None
        asked.append((function.__name__, pixels))
        return submit(self, function, *args, **more)

    monkeypatch.setattr(DecodePool, "submit", noted)
    return asked


def test_words_are_found_and_asked_for(library: face.Library) -> None:
    wedding = first(library, "zelenka wedding")
    assert wedding.path.stem == "shot"
    assert {fact.kind for fact in wedding.why if fact.source == "keywords"} == {"caption"}
    assert wedding.text == "The Zelenka wedding"
    assert library.search("zelenka wedding").verdict == "found"
    assert first(library, "ferryman quist").path.name == "song.mp3"
    assert first(library, "flood").path.name == "press.jpg"
    for query, names in {
        "tag:orleans": {"shot.jpg", "shot.dng", "press.jpg"},
        "tag:France": {"shot.jpg", "shot.dng"},
        "tag:places/france": {"shot.jpg", "shot.dng"},
        'tag:"france/Orléans"': {"shot.jpg", "shot.dng"},
        "tag:places/orleans": set(),
        "tag:fran*": {"shot.jpg", "shot.dng"},
        'tag:"raw only"': {"shot.dng"},
        "rating:>=4": {"shot.jpg", "shot.dng"},
        "rating:3": {"press.jpg"},
        "rating:1..4": {"press.jpg"},
        "rating:<3": set(),
        "is:favorite": {"shot.jpg", "shot.dng"},
        "is:picked": {"press.jpg"},
        "label:red": {"shot.jpg", "shot.dng"},
        "has:tags": {"shot.jpg", "shot.dng", "press.jpg"},
        "has:rating": {"shot.jpg", "shot.dng", "press.jpg"},
        "title:wedding": {"shot.jpg", "shot.dng"},
        "-has:tags is:photo -has:captions": {"plain.jpg"},
    }.items():
        assert found(library, query) == names, query
    assert {(value.value, value.count) for value in library.values("tag")} == {
        ("Places", 2),
        ("Places/France", 2),
        ("Places/France/Orléans", 2),
        ("Raw only", 1),
        ("ORLEANS", 1),
        ("flood", 1),
    }
    assert [value.value for value in library.values("rating")][:2] == ["5", ">=4"]
    with pytest.raises(face.QueryError, match="no condition"):
        library.values("colours of the rainbow")


def test_what_is_beside_one_copy_is_not_beside_the_other(library: face.Library, folder: Path) -> None:
    told = {fact.key: (fact.value, fact.source) for fact in library.facts(folder / "press.jpg")}
    assert told["title"] == ("Flood at Oberholzer", "sidecar")
    assert told["description"] == ("Flood at Oberholzer", "iptc")
    assert told["tags"] == (("flood", "ORLEANS"), "iptc")
    assert (told["rating"], told["pick"]) == ((3, "sidecar"), ("picked", "sidecar"))
    copy = {fact.key for fact in library.facts(folder / "z-copy.jpg")}
    assert copy >= {"description", "tags"}
    assert not copy & {"title", "rating", "pick"}


def test_the_same_words_of_several_sources_count_once(library: face.Library) -> None:
    hit = first(library, "flood oberholzer")
    assert [fact.kind for fact in hit.why if fact.source == "keywords"].count("caption") == 1


def test_it_is_told_where_words_come_from(library: face.Library, settings: Settings, folder: Path) -> None:
    xmp(folder / "press.xmp", "flood", "Town")
    library.index()
    tags = [(fact.value, fact.source) for fact in library.facts(folder / "press.jpg") if fact.key == "tags"]
    assert tags == [(("flood", "Town"), "sidecar"), (("ORLEANS",), "iptc")]
    said = trove(settings, "why", "tag:flood", folder / "press.jpg").stdout
    assert "Tags: flood, Town (by the file beside it)" in said
    assert "Rating: ★★★ (by the file beside it)" in said
    assert "Description: Flood at Oberholzer (by its IPTC data)" in said
    listed_ = trove(settings, "values", "tag", "pla")
    assert "Places/France" in listed_.stdout
    assert as_json(trove(settings, "values", "label", "--json"))["values"][0]["value"] == "red"
    assert "no values" in trove(settings, "values", "before").stdout
    (folder / "press.xmp").unlink()
    library.index()


def test_a_sidecar_that_changes_is_seen_without_decoding(
    library: face.Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = decoded(monkeypatch)
    xmp(folder / "plain.xmp", title="The harbour of Kuopio")
    report = library.index()
    assert (report.indexed, first(library, "kuopio harbour").path.name) == (1, "plain.jpg")
    xmp(folder / "plain.xmp", title="The lighthouse of Kuopio", xmp__Rating=4)
    assert library.index().indexed == 1
    assert first(library, "lighthouse").path.name == "plain.jpg"
    assert found(library, "title:harbour") == set()
    assert found(library, "rating:4") == {"plain.jpg"}
    (folder / "plain.xmp").write_text('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    assert library.index().indexed == 1
    (folder / "plain.xmp").unlink()
    library.index()
    assert found(library, "title:lighthouse") == set()
    assert found(library, "rating:4") == set()
    assert library.index().indexed == 0
    moved = folder.with_name("elsewhere")
    folder.rename(moved)
    library.relocate(folder, moved)
    assert library.index().indexed == 0, "what was written beside a file goes with its folder"
    assert found(library, "title:wedding") == {"shot.jpg", "shot.dng"}
    moved.rename(folder)
    library.relocate(moved, folder)
    assert asked == [], "no file was opened but the sidecars"


def test_a_watch_sees_sidecars(folder: Path) -> None:
    endings = (".xmp",)
    for name, matters in {
        "shot.xmp": True,
        "shot.dng.XMP": True,
        "notes.txt": False,
        "shot.jpg": True,
    }.items():
        assert watch.matters(Change.modified, folder / name, LeavingOut(), endings) is matters


def test_a_library_from_before_reads_headers_and_nothing_else(
    indexed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(indexed.paths.database)) as connection:
        connection.executescript(
            "PRAGMA foreign_keys = ON; DELETE FROM analysis WHERE analyser IN ('words', 'sidecars')"
        )
        downgrade(connection, 12)
        kept = connection.execute("SELECT unit_id, vector FROM embedding ORDER BY unit_id").fetchall()
    asked = decoded(monkeypatch)
    with face.Library.of(indexed) as later:
        assert later.index().failed == 0
        # Beside the headers of a few films and recordings, by which the time left is told.
        looked = [pixels for name, pixels in asked if name != "probe"]
        assert looked == [False] * 5, "one look at the header of each content"
        assert found(later, "tag:orleans") == {"shot.jpg", "shot.dng", "press.jpg"}
        assert first(later, "ferryman").path.name == "song.mp3"
    with closing(sqlite3.connect(indexed.paths.database)) as connection:
        now = connection.execute("SELECT unit_id, vector FROM embedding ORDER BY unit_id").fetchall()
    assert set(now) >= set(kept)


def test_what_is_exported_keeps_its_words_and_counts_once(library: face.Library, folder: Path) -> None:
    away = folder / "copies"
    picture = folder / "shot.jpg"
    (copy,) = copy_to([picture], away, words_beside(library.core, [picture]))
    assert (away / "shot.jpg.xmp").exists()
    assert words_beside(library.core, [folder / "plain.jpg"]) == {}
    library.index()
    told = {fact.key: (fact.value, fact.source) for fact in library.facts(copy)}
    assert told["title"] == ("The Zelenka wedding", "user")
    assert told["tags"] == (("Places/France/Orléans",), "user")
    assert (told["rating"], told["label"]) == ((5, "user"), ("red", "user"))
    hits = library.search("zelenka wedding", stacks=False, apart=True).hits
    assert [hit.path.stem for hit in hits if hit.text].count("shot") == 2, "the JPEG and the RAW"
    assert [fact.kind for fact in hits[0].why if fact.source == "keywords"] == ["caption"]
    shutil.rmtree(away)
    library.index()


def test_what_is_switched_off_is_not_found(library: face.Library) -> None:
    library.analysers.off("sidecars")
    assert found(library, "title:wedding") == set()
    assert found(library, "title:flood") == {"press.jpg"}, "it is in the bytes, too"
    library.analysers.on("sidecars")
    assert found(library, "title:wedding") == {"shot.jpg", "shot.dng"}
