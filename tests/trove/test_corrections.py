"""Corrections of dates, zones and places: what wins, what is undone, and what outlives what."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import trove
from db.settings import Settings
from search.results.export import copy_to, words_beside
from tests.support.dated import film, picture

TAKEN = datetime(2019, 8, 7, 18, 30)
ON = "2019:08:07 18:30:00"


@pytest.fixture
def corrected(tmp_path: Path, cache: Path) -> Iterator[tuple[trove.Library, Path]]:
    """A library of a dated picture, one without a date, and a film with a moment in UTC."""
    (media := tmp_path / "media").mkdir()
    picture(media / "dated.jpg", DateTimeOriginal=ON)
    picture(media / "dateless.jpg")
    film(creation_time="2019-08-07T18:30:00.000000Z")(media / "film.mp4")
    settings = Settings(
        library=tmp_path / "library", cache=cache, device="cpu", whisper="none", off=("text", "frames")
    )
    with trove.Library.of(settings) as library:
        library.index([media])
        yield library, media


def known(library: trove.Library, path: Path) -> dict[str, Any]:
    return {item.key: item for item in library.facts(path)}


def test_a_date_is_set_for_a_selection_and_undone(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    both = [media / "dated.jpg", media / "dateless.jpg"]
    before = [path.read_bytes() for path in both]
    earlier = library.corrections.date(both, datetime(2020, 1, 2, 3, 4))
    for path in both:
        taken = known(library, path)["taken_at"]
        assert (taken.value, taken.source) == (datetime(2020, 1, 2, 3, 4), "user")
    found = {hit.path for hit in library.search(trove.Query("date:2020-01-02", apart=True)).hits}
    assert found == set(both)
    # Undone is what was said before, not all that was ever said.
    second = library.corrections.date([both[0]], datetime(2021, 1, 1))
    library.corrections.undo(second)
    assert known(library, both[0])["taken_at"].value == datetime(2020, 1, 2, 3, 4)
    library.corrections.undo(earlier)
    assert known(library, both[0])["taken_at"].value == TAKEN
    assert known(library, both[0])["taken_at"].source == "exif"
    assert "taken_at" not in known(library, both[1])
    assert [path.read_bytes() for path in both] == before, "originals are untouched"


def test_a_shift_moves_what_has_a_date_and_leaves_the_rest(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    every = [media / name for name in ("dated.jpg", "dateless.jpg", "film.mp4")]
    library.corrections.shift(every, timedelta(hours=-7))
    assert known(library, every[0])["taken_at"].value == TAKEN - timedelta(hours=7)
    assert "taken_at" not in known(library, every[1])
    assert known(library, every[2])["taken_at"].source == "user"
    with pytest.raises(trove.SettingsError, match="none of the files has a date"):
        library.corrections.shift([every[1]], timedelta(hours=1))
    with pytest.raises(trove.SettingsError, match="no day that can be"):
        library.corrections.shift([every[0]], timedelta(days=365 * 50))
    library.corrections.take_back(every)
    assert known(library, every[0])["taken_at"].value == TAKEN


def test_a_zone_and_a_place_tell_the_clock_of_a_moment_in_utc(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    film, dated = media / "film.mp4", media / "dated.jpg"

    def local(path: Path) -> datetime:
        return known(library, path)["taken_at"].value.replace(tzinfo=None)

    library.corrections.place([film], (35.6895, 139.6917))
    assert local(film) == datetime(2019, 8, 8, 3, 30)
    assert known(library, film)["zone"].value == "Asia/Tokyo"
    assert known(library, film)["place"].source == "user"
    # A film home again, of which somebody says the zone: that goes before the place.
    library.corrections.zone([film, dated], "America/New_York")
    assert local(film) == datetime(2019, 8, 7, 14, 30)
    assert local(dated) == TAKEN, "a clock without a zone is what it showed"
    assert library.search("date:2019-08-08 type:video", k=5).hits == ()
    library.corrections.take_back([film, dated])
    assert known(library, film)["zone"].source == "machine"
    assert "place" not in known(library, film)


def test_they_are_kept_by_content_through_copies_and_new_names(
    corrected: tuple[trove.Library, Path],
) -> None:
    library, media = corrected
    library.corrections.date([media / "dated.jpg"], datetime(2020, 1, 2))
    (media / "copy.jpg").write_bytes((media / "dated.jpg").read_bytes())
    (media / "dated.jpg").rename(media / "renamed.jpg")
    library.index([media])
    for name in ("copy.jpg", "renamed.jpg"):
        assert known(library, media / name)["taken_at"].value == datetime(2020, 1, 2)
    library.analysers.redo("headers")
    library.index([media])
    assert known(library, media / "copy.jpg")["taken_at"].source == "user"


def test_a_copy_that_is_taken_out_has_what_was_said(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    both = [media / "dated.jpg", media / "dateless.jpg"]
    assert words_beside(library.core, both) == {}
    library.corrections.typed([both[1]], date="2020-01-02 03:04", place="-33.8688,-70.6483")
    (away := media.parent / "away").mkdir()
    beside = words_beside(library.core, both)
    assert set(beside) == {both[1]}
    copies = copy_to(both, away, beside)
    library.corrections.take_back(both)
    library.index([away])
    found = known(library, copies[1])
    assert (found["taken_at"].value, found["taken_at"].source) == (datetime(2020, 1, 2, 3, 4), "user")
    assert found["place"].value == pytest.approx((-33.8688, -70.6483), abs=1e-6)
    assert known(library, copies[0])["taken_at"].source == "exif"
    assert "taken_at" not in known(library, both[1]), "what lies beside the copy is of the copy"


def test_what_belongs_together_is_corrected_together(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    picture(media / "IMG_7.jpg", DateTimeOriginal=ON)
    picture(media / "IMG_7-edited.jpg")
    library.index([media])
    assert len(library.stack(media / "IMG_7.jpg")) == 2
    changed = library.corrections.date([media / "IMG_7-edited.jpg"], datetime(2020, 1, 2))
    assert len({item.sha256 for item in changed}) == 2
    for name in ("IMG_7.jpg", "IMG_7-edited.jpg"):
        assert known(library, media / name)["taken_at"].value == datetime(2020, 1, 2)


def test_what_is_typed_is_taken_whole_or_not_at_all(corrected: tuple[trove.Library, Path]) -> None:
    library, media = corrected
    path = media / "dated.jpg"
    library.corrections.typed([path], date="14 July 2020 9:05", place="Porto")
    facts = known(library, path)
    assert facts["taken_at"].value == datetime(2020, 7, 14, 9, 5)
    assert facts["place"].value == pytest.approx((41.15, -8.61), abs=0.01)
    library.corrections.take_back([path])
    for typed in (
        {"place": "Porto", "date": "2077-01-01"},
        {"place": "Porto", "date": "2020"},
        {"date": "2020-01-01", "shift": "+2h"},
        {"place": "Nowhereville"},
        {"place": "Porto", "zone": "Mars/Olympus"},
        {"shift": "soon"},
    ):
        with pytest.raises(trove.SettingsError):
            library.corrections.typed([path], **typed)
        assert {item.source for item in library.facts(path)}.isdisjoint({"user"}), typed
    with pytest.raises(trove.TroveError):
        library.corrections.typed([media / "none.jpg"], date="2020-01-01")
