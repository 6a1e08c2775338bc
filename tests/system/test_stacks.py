"""Files that belong together are one hit: through the command line, with real files, models and decoders."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest

import trove as face
from db.errors import SettingsError
from db.settings import Settings
from tests.support import media
from tests.support.command import trove
from tests.support.older import downgrade

NOON = datetime(2023, 7, 14, 12, 0, 0, 250_000)
LIVE, BURST = "0CE2A5B6-LIVE", "0CE2A5B6-BURST"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    """A live photo whose film shows something else, a shot as RAW and JPEG, an edit, a burst, a picture."""
    root = tmp_path_factory.mktemp("stacks")
    folder = root / "media"
    folder.mkdir()
    media.photo(folder / "IMG_1.jpg", 1, exif=media.exif(taken_at=NOON, apple={0x11: LIVE, 0x0A: "x"}))
    media.video(folder / "film.mov", [5], 1.0, metadata={"com.apple.quicktime.content.identifier": LIVE})
    media.photo(folder / "DSC_2.dng", 2)
    media.photo(folder / "DSC_2.jpg", 2)
    media.photo(folder / "x.png", 3)
    media.photo(folder / "x-edited.png", 4)
    for number, seed in enumerate((6, 7, 8)):
        media.photo(folder / f"b{number}.jpg", seed, exif=media.exif(taken_at=NOON, apple={0x0B: BURST}))
    media.photo(folder / "lone.jpg", 9)
    made = Settings(library=root / "library", cache=cache, device="cpu", whisper="none", off=("text",))
    assert trove(made, "index", folder).returncode == 0
    return made


@pytest.fixture
def library(settings: Settings) -> Iterator[face.Library]:
    with face.Library.of(settings) as opened:
        yield opened


def folder(settings: Settings) -> Path:
    return settings.library.parent / "media"


def asked(settings: Settings, *words: str) -> list[dict[str, object]]:
    result = trove(settings, *words, "--json")
    assert result.returncode == 0, result.stderr
    return list(json.loads(result.stdout)["hits"])


def names(hits: list[dict[str, object]]) -> list[str]:
    return sorted(Path(str(hit["path"])).name for hit in hits)


def test_each_stack_is_one_hit(settings: Settings) -> None:
    hits = asked(settings, "search", "type:image,video", "--apart")
    assert names(hits) == ["DSC_2.jpg", "IMG_1.jpg", "b0.jpg", "lone.jpg", "x-edited.png"]
    stacks = {Path(str(hit["path"])).name: hit["stack"] for hit in hits}
    assert stacks["lone.jpg"] == []
    assert stacks["IMG_1.jpg"] == [
        {"path": str(folder(settings) / "IMG_1.jpg"), "reason": "live", "shown": True},
        {"path": str(folder(settings) / "film.mov"), "reason": "live", "shown": False},
    ]
    assert len(asked(settings, "search", "type:image,video", "--apart", "--no-stacks")) == 10
    assert json.loads(trove(settings, "status", "--json").stdout)["stacks"] == 4
    assert "4 of files that belong together" in trove(settings, "status").stdout


def test_whatever_matched_the_shown_one_is_the_hit(settings: Settings, library: face.Library) -> None:
    """A still of the film finds the live photo, which looks like something else, and says by what."""
    still = settings.library.parent / "still.png"
    media.photo(still, 5)
    hits = library.search("", image=still, apart=True).hits
    live = next(hit for hit in hits if hit.path.name == "IMG_1.jpg")
    assert live.kind == "image"
    assert live.start_s is None
    assert live.why[0].path == folder(settings) / "film.mov", "by which it fits better than by itself"
    apart = library.search("", image=still, apart=True, stacks=False).hits
    assert {"film.mov", "IMG_1.jpg"} <= {hit.path.name for hit in apart}
    assert not any(fact.path for hit in apart for fact in hit.why)
    reasons = library.why("a film", folder(settings) / "film.mov")
    assert reasons.rank is not None


def test_conditions_say_which_member_is_shown(settings: Settings) -> None:
    assert names(asked(settings, "search", "ext:dng")) == ["DSC_2.dng"]
    assert names(asked(settings, "search", "type:video")) == ["film.mov"]
    assert names(asked(settings, "search", "a picture", "--kind", "frame")) == ["film.mov"]
    assert names(asked(settings, "search", "name:x.png")) == ["x.png"]


def test_what_is_like_a_file_is_not_what_belongs_to_it(settings: Settings) -> None:
    raw = str(folder(settings) / "DSC_2.dng")
    assert {"DSC_2.jpg", "DSC_2.dng"}.isdisjoint(names(asked(settings, "similar", raw, "--apart")))
    assert names(asked(settings, "similar", raw, "-k", "1", "--no-stacks")) == ["DSC_2.jpg"]


def test_members_are_no_duplicates(library: face.Library) -> None:
    files = {copy.path.name for group in library.duplicates(threshold=0.9) for copy in group.copies}
    assert {"DSC_2.jpg", "DSC_2.dng"} - files


def test_another_member_is_shown_and_stays_so(settings: Settings) -> None:
    film = folder(settings) / "film.mov"
    said = trove(settings, "stack", film).stdout
    assert "live photo and its film" in said
    shown = json.loads(trove(settings, "stack", "--show", film, "--json").stdout)["stack"]
    assert [(Path(one["path"]).name, one["shown"]) for one in shown] == [
        ("film.mov", True),
        ("IMG_1.jpg", False),
    ]
    media.photo(folder(settings) / "new.jpg", 11)
    assert trove(settings, "index").returncode == 0
    assert "film.mov" in names(asked(settings, "search", "type:image,video", "--apart"))
    _downgrade(settings)
    assert trove(settings, "index").returncode == 0
    with face.Library.of(settings) as library:
        assert [member.path.name for member in library.stack(film)] == ["IMG_1.jpg", "film.mov"]
        library.show(film)
        library.show(folder(settings) / "IMG_1.jpg")
        assert [member.path.name for member in library.stack(film)] == ["IMG_1.jpg", "film.mov"]
        assert library.stack(folder(settings) / "lone.jpg") == ()
        with pytest.raises(SettingsError, match="not in a stack"):
            library.show(folder(settings) / "lone.jpg")
    assert "no other file" in trove(settings, "stack", folder(settings) / "lone.jpg").stdout
    unknown = trove(settings, "stack", folder(settings) / "nowhere.jpg")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "nowhere.jpg is not in the library" in unknown.stderr


def _downgrade(settings: Settings) -> None:
    """Make the library one of the schema before stacks, whose headers were read by an older edition."""
    with closing(sqlite3.connect(settings.paths.database)) as connection:
        units = connection.execute("SELECT * FROM unit").fetchall()
        downgrade(connection, 7)
        connection.executescript(
            """DELETE FROM fact WHERE key IN ('live', 'burst');
            UPDATE analysis SET fingerprint = '2' WHERE analyser = 'headers'"""
        )
    assert trove(settings, "index").returncode == 0
    with closing(sqlite3.connect(settings.paths.database)) as connection:
        assert connection.execute("SELECT * FROM unit").fetchall() == units, "nothing was made again"


def test_what_goes_leaves_its_stack(settings: Settings) -> None:
    (folder(settings) / "b0.jpg").unlink()
    (folder(settings) / "x.png").unlink()
    assert trove(settings, "index").returncode == 0
    with face.Library.of(settings) as library:
        assert [one.path.name for one in library.stack(folder(settings) / "b1.jpg")] == ["b1.jpg", "b2.jpg"]
        assert library.stack(folder(settings) / "x-edited.png") == ()
        assert library.forget(folder(settings)) > 0
        assert library.status().stacks == 0
