"""Several files with one content: each answer names, dates and opens the right one."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.errors import SettingsError
from db.settings import Settings
from search.answer import Hit
from search.explore.duplicates import duplicates
from tests.support import media
from tests.support.command import check_error, trove
from trove import Library, Query


@pytest.fixture
def copied(tmp_path: Path, settings: Settings) -> Iterator[tuple[Library, Path]]:
    """A picture on a drive that is not connected, beside other ones, and in a bin."""
    home, drive = tmp_path / "home", tmp_path / "drive"
    for folder in (home / "RECYCLER", home / "photos", drive):
        folder.mkdir(parents=True)
    media.photo(home / "RECYCLER" / "a.jpg", 1)
    media.photo(home / "photos" / "other.jpg", 2)
    for target in (home / "photos" / "m.jpg", drive / "a.jpg"):
        shutil.copy(home / "RECYCLER" / "a.jpg", target)
    with Library.of(settings) as library:
        library.index([home, drive])
        library.index(home / "RECYCLER")  # a bin is read by who asks for it
        drive.rename(tmp_path / "unplugged")
        library.index()
        yield library, tmp_path.resolve()


def test_a_hit_is_the_file_that_is_meant(copied: tuple[Library, Path]) -> None:
    library, top = copied
    original, binned, away = top / "home/photos/m.jpg", top / "home/RECYCLER/a.jpg", top / "drive/a.jpg"

    def hit(query: str) -> Hit:
        (found,) = [hit for hit in library.search(query).hits if hit.path.name != "other.jpg"]
        return found

    assert hit("type:image").files == (original, binned, away)
    assert hit("-in:RECYCLER").files == (original, away, binned)
    assert hit("in:RECYCLER").files == (binned, original, away)
    assert hit("-in:RECYCLER -in:photos").files == (away, original, binned)
    assert (hit("in:drive").offline, hit("in:photos").offline) == (True, False)
    assert hit("name:a.jpg").path == binned

    # Why, where, and a picture of it: also of the file that is not there.
    reasons = library.why("in:RECYCLER", original)
    assert (reasons.rank, reasons.copies) == (None, (binned, away))
    assert library.why("-in:RECYCLER", away).rank == hit("-in:RECYCLER").rank
    assert library.thumbnail(away, side=64).is_file()

    # A thumb is on the file that was shown.
    library.saved.add("mine", Query("type:image"))
    library.saved.judge_file("mine", binned, up=True)
    assert [thumb.path for thumb in library.saved.thumbs("mine")] == [binned]

    (group,) = duplicates(library.core, threshold=None)
    assert [copy.path for copy in group.copies] == [original, binned, away]
    assert [copy.offline for copy in group.copies] == [False, False, True]
    assert group.spare == 2 * original.stat().st_size


def test_what_is_hidden_is_in_no_answer_but_that_of_is_hidden(copied: tuple[Library, Path]) -> None:
    library, top = copied
    original, other = top / "home/photos/m.jpg", top / "home/photos/other.jpg"

    def found(query: str) -> set[Path]:
        return {path for hit in library.search(query).hits for path in hit.files}

    everything = found("type:image")
    library.hide(top / "home/RECYCLER")
    assert found("type:image") == everything - {top / "home/RECYCLER/a.jpg"}, "a copy elsewhere stays"
    library.unhide(top / "home/RECYCLER")
    library.hide(original)
    assert found("type:image") == {other}
    assert found("is:hidden") == everything - {other}
    assert {path for hit in library.similar(other).hits for path in hit.files} == set()
    assert duplicates(library.core, threshold=None) == []
    told = library.status()
    assert (told.assets, told.hidden, told.units["image"], told.offline) == (1, 3, 1, {})
    assert "Files    1, and 0 that failed\nHidden   3 more files" in trove(library.settings, "status").stdout
    with pytest.raises(SettingsError, match="not in the library"):
        library.hide(other, top / "elsewhere")
    assert [hidden.path for hidden in library.hidden()] == [original], "all of it or nothing"
    assert trove(library.settings, "hide", "--json").stdout.count(str(original)) == 1
    assert trove(library.settings, "unhide", original).returncode == 0
    check_error(trove(library.settings, "unhide", original), "not hidden")
    assert found("type:image") == everything


def test_what_is_hidden_stays_so_when_it_is_edited_renamed_or_in_a_stack(
    tmp_path: Path, settings: Settings
) -> None:
    top = tmp_path.resolve() / "home"
    names = ("a", "b", "s/0", "s/1", "IMG_1", "IMG_1-edited")
    (top / "s").mkdir(parents=True)
    for seed, name in enumerate(names):
        media.photo(top / f"{name}.png", seed, size=(16, 16))
    shutil.copy(top / "s/0.png", top / "copy.png")
    with Library.of(settings) as library:

        def found(query: str, *, stacks: bool = True) -> list[str]:
            hits = library.search(Query(query, apart=True, stacks=stacks)).hits
            return sorted(hit.path.stem for hit in hits)

        library.index(top)
        library.hide(top / "a.png", top / "s", top / "IMG_1-edited.png")
        assert found("type:image") == found("type:image", stacks=False) == ["b", "copy"]
        assert found("is:hidden") == ["0", "1", "IMG_1-edited", "a"]
        stack = [member.path.stem for member in library.stack(top / "IMG_1.png")]
        assert stack == ["IMG_1-edited", "IMG_1"]
        (hit,) = library.search("is:hidden name:IMG_1-edited.png").hits
        assert [member.path.stem for member in hit.stack] == stack
        assert library.why("type:image", top / "copy.png").copies == ()
        assert library.why("type:image", top / "s/0.png").copies == (top / "copy.png",)
        media.photo(top / "a.png", 20, size=(16, 16))
        (top / "s").rename(top / "t")
        library.index()
        assert found("type:image") == ["b", "copy"]
        with pytest.raises(SettingsError) as refused:
            library.unhide(top / "t/1.png")
        assert str(top / "t") in (refused.value.hint or "")
        library.unhide(top / "a.png", top / "t", top / "IMG_1.png")
        assert library.hidden() == []
        assert found("type:image") == ["1", "IMG_1-edited", "a", "b", "copy"]
