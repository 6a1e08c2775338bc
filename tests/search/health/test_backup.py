"""What people made goes to another library as a file: by content, whatever the paths are."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db.catalog import contents, events, persons, stacks, switches
from db.catalog.persons import Face
from db.catalog.units import Region
from db.engine import backups
from db.errors import LibraryError
from db.settings import Settings
from tests.support import SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.copying import own_copy
from trove import Library, Query

LIGHTHOUSE = SAMPLES / "pictures" / "p025.jpg"
HIDDEN = SAMPLES / "pictures" / "p001.jpg"
LATER = SAMPLES / "pictures" / "p002.jpg"
RIGHT = "these are the right words"


@pytest.fixture(scope="module")
def original(sample_library: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The samples with something of everything that people make, to be copied."""
    settings = own_copy(sample_library, tmp_path_factory.mktemp("original") / "library")
    with Library.of(settings) as library:
        library.saved.add("towers", Query("a lighthouse", image=LIGHTHOUSE))
        hit = next(hit for hit in library.search("a lighthouse").hits if hit.path == LIGHTHOUSE)
        library.saved.judge("towers", hit.unit_id, up=True)
        spoken = library.search("type:audio", kind="speech").hits[0]
        library.corrections.passage(spoken.path, RIGHT, at_s=spoken.start_s or 0.0)
        library.hide(HIDDEN, LATER)
        library.openings.remember(True)
        library.openings.add(Query("a lighthouse"), hit)
        library.folders.keep(library.roots()[0], ["*.tmp", "/Old/"])
        with library.core.write() as session:
            switches.turn(session, "text", on=False, folder=SAMPLES / "films")
            content_id = stacks.content_at(session, LIGHTHOUSE)
            assert content_id is not None
            stacks.choose(session, content_id)
            lighthouse, hidden = (contents.sha256_at(session, path) for path in (LIGHTHOUSE, HIDDEN))
            assert lighthouse and hidden
            events.keep(session, [lighthouse], "Towers")
            events.take_out(session, [hidden])
            face = Face(0, content_id, lighthouse, None, None, None, Region(0.4, 0.1, 0.2, 0.2))
            persons.say(session, persons.add(session, "Anna"), [face])
    return settings


@pytest.fixture
def full(original: Settings, tmp_path: Path) -> Settings:
    """A copy of ``original``."""
    return own_copy(original, tmp_path / "full")


@pytest.fixture(scope="module")
def backup(original: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of ``original``, to be copied."""
    path = tmp_path_factory.mktemp("backup") / "made.json"
    told = as_json(trove(original, "backup", path, "--json"))
    assert told["entries"] == entries(path)
    return path


@pytest.fixture(scope="module")
def lone(sample_library: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A library of one picture, to be copied."""
    folder = tmp_path_factory.mktemp("lone") / "library"
    settings = sample_library.model_copy(update={"library": folder, "whisper": "none", "off": ("text",)})
    assert trove(settings, "index", LIGHTHOUSE).returncode == 0
    return settings


@pytest.fixture
def file(backup: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(backup, tmp_path))


def held(settings: Settings) -> dict[str, Any]:
    """What a library has of all that people made, by table."""
    with Library.of(settings) as library, library.core.read() as session:
        whole = json.loads(backups.dump(session.connection())[0])
    return {name: rows for name, rows in whole["tables"].items() if rows}


def entries(file: Path) -> int:
    return sum(map(len, json.loads(file.read_bytes())["tables"].values()))


def test_it_has_something_of_every_table(file: Path) -> None:
    assert all(json.loads(file.read_bytes())["tables"].values())


@pytest.mark.slow
def test_another_library_with_other_paths_takes_it_over(
    file: Path, settings: Settings, tmp_path: Path
) -> None:
    here = tmp_path / "elsewhere" / "pictures"
    here.mkdir(parents=True)
    for picture in (LIGHTHOUSE, HIDDEN):
        shutil.copyfile(picture, here / f"my {picture.name}")
    with Library.of(settings) as library:
        library.index(here)
        restored = library.restore(file)
        assert sum(restored.added.values()) == entries(file) - restored.known
        assert restored.waiting == 2, "a picture and a recording are not here yet"
        assert [hidden.path.name for hidden in library.hidden()][:1] == [LATER.name]
        assert [hit.path.name for hit in library.search("is:hidden").hits] == [f"my {HIDDEN.name}"]
        shown = library.saved.show("towers")
        assert (shown.hits[0].path.name, shown.new) == (f"my {LIGHTHOUSE.name}", frozenset())
        assert shown.liked == {shown.hits[0].unit_id}
        (term,) = (
            term
            for terms in library.saved.get("towers").query.parsed.alternatives
            for term in terms
            if term.kind == "picture"
        )
        assert Path(term.value).parent == settings.paths.query_pictures
        assert Path(term.value).read_bytes() == LIGHTHOUSE.read_bytes()
        assert library.openings.count() == 1
        assert not library.openings.remembered, "that is asked for in each library"
        shutil.copyfile(LATER, here / "came later.jpg")
        library.index()
        assert len(library.search("is:hidden").hits) == 2, "it has waited"
        again = library.restore(file)
    assert (again.added, again.waiting) == ({}, 0)
    assert again.known == entries(file)


def test_a_library_with_the_files_has_it_all_at_once(
    original: Settings, full: Settings, file: Path, sample_library: Settings, tmp_path: Path
) -> None:
    same = own_copy(sample_library, tmp_path / "same")
    told = as_json(trove(same, "restore", file, "--json"))
    assert told["waiting"] == 0
    with Library.of(same) as library:
        assert library.search(f'said:"{RIGHT}"').hits, "the correction is applied"
    before, after = held(full), held(same)
    for rows in (*before.values(), *after.values()):
        for row in rows:
            row.pop("seen", None)
            row.pop("id", None)
    after["saved_search"][0]["query"] = after["saved_search"][0]["query"].replace(
        str(same.library), str(original.library)
    )
    roots = [before.pop("root"), after.pop("root")]
    assert before == after
    assert [root["path"] for root in roots[0]] == [root["path"] for root in roots[1]]


def test_what_a_library_has_stays_and_names_are_not_taken_twice(file: Path, settings: Settings) -> None:
    with Library.of(settings) as library:
        library.saved.add("towers", Query("a power plant"))
        library.restore(file)
        library.restore(file)
        queries = {saved.name: str(saved.query.parsed) for saved in library.saved.every()}
        assert len(library.saved.thumbs("towers (2)")) == 1
    assert queries.pop("towers") == "a power plant"
    assert set(queries) == {"towers (2)"}


def _worsened(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    whole = json.loads(file.read_bytes())
    change(whole)
    file.write_text(json.dumps(whole))


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: whole.update(schema=999),
        lambda whole: whole.update(schema="1; DROP TABLE unit"),
        lambda whole: whole.update(pictures={"../../etc/passwd": ""}),
        lambda whole: whole.update(pictures={"0000000000000000.jpg": "aGVsbG8="}),
        lambda whole: whole.update(pictures=["x"]),
        lambda whole: whole["tables"]["hidden"].append({"path": 5}),
        lambda whole: whole["tables"]["judgement"][0].update(kind="\x1b[2J"),
        lambda whole: whole["tables"].update(unit=[{"id": 1}]),
        lambda whole: whole["tables"]["saved_search"][0].update({"name": "\x1b]0;x\x07"}),
    ],
)
def test_a_hostile_or_newer_file_is_refused_in_a_line_and_changes_nothing(
    file: Path, lone: Settings, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    _worsened(file, change)
    settings = own_copy(lone, tmp_path / "lone")
    before = held(settings)
    check_error(trove(settings, "restore", file), file.name)
    assert held(settings) == before
    assert not settings.paths.query_pictures.exists()


def test_what_it_says(full: Settings, file: Path, settings: Settings, tmp_path: Path) -> None:
    said = trove(settings, "restore", file)
    assert "; here already: 0." in said.stdout
    assert "Waiting for files that are not in this library yet" in said.stdout
    assert "Written to" in trove(full, "backup", file).stdout, "an earlier backup is replaced"
    (tmp_path / "mine.txt").write_text("mine")
    check_error(trove(full, "backup", tmp_path / "mine.txt"), "mine.txt is no backup of Trove")
    assert (tmp_path / "mine.txt").read_text() == "mine"
    check_error(trove(full, "backup", tmp_path / "no folder" / "x.json"), "cannot be written")
    check_error(trove(settings, "restore", tmp_path / "none.json"), "cannot be read")
    with Library.open(tmp_path / "new") as empty, pytest.raises(LibraryError, match="nothing has been made"):
        empty.backup(tmp_path / "x.json")
