"""Counts and kinds of units in words, with kinds that only the table knows."""

from collections.abc import Iterator

import pytest

from db import kinds
from db.catalog.units import Region
from db.kinds import Kind
from indexer.analysers import registry as registry
from search.answer import Evidence
from ui.wording import (
    clock,
    counts_by_label,
    evidence_in_words,
    fact,
    kind_label,
    meaning_found,
    passed_over,
    place_found,
    seconds,
    units_in_words,
    words_found,
)


@pytest.fixture
def more_kinds() -> Iterator[None]:
    """A kind that is only evidence, and one that is shown by itself."""
    kinds.register("test", [Kind("plate", "GPS plate", {}, "in_picture"), Kind("bang", "bang", {}, "said")])
    yield
    kinds.unregister("test")


def test_units_in_words() -> None:
    assert units_in_words({"image": 3, "frame": 5, "speech": 2}) == (
        "3 pictures, 5 video frames and 2 spoken passages"
    )
    assert units_in_words({"image": 1_200, "frame": 0, "speech": 1}) == "1,200 pictures and 1 spoken passage"
    assert units_in_words({"frame": 1}) == "1 video frame"
    assert units_in_words({}) == (
        "0 pictures, 0 video frames, 0 subtitles, 0 spoken passages and 0 lines of lyrics"
    )


@pytest.mark.usefixtures("more_kinds")
def test_a_new_kind_has_its_place_in_the_words() -> None:
    assert units_in_words({"image": 2, "plate": 1, "bang": 7}) == "2 pictures, 1 GPS plate and 7 bangs"
    assert units_in_words({}).endswith("0 lines of lyrics and 0 bangs")
    assert counts_by_label({"image": 2, "bang": 3, "plate": 4}) == {"Pictures": 2, "Bangs": 3}
    assert list(counts_by_label({}))[-2:] == ["Lines of lyrics", "Bangs"]
    assert evidence_in_words({"plate": 4, "image": 2, "caption": 1}) == "1 caption and 4 GPS plates"
    assert evidence_in_words({"image": 2}) == ""
    assert [kind_label(name) for name in ("speech", "plate")] == ["Spoken passage", "GPS plate"]


def test_what_no_analyser_makes_any_more_goes_by_its_name() -> None:
    assert kind_label("plate") == "Plate"
    assert units_in_words({"image": 1, "plate": 1}) == "1 picture"


@pytest.fixture
def written_kinds() -> Iterator[None]:
    """A kind of text for each thing that a match can prove, besides what is said."""
    kinds.register(
        "test",
        [
            Kind("sign", "text in pictures", {}, "in_picture"),
            Kind("note", "note", {}, "by_people"),
            Kind("guess", "guess", {}, "machine"),
            Kind("sketch", "sketch", {}, "shows"),
        ],
    )
    yield
    kinds.unregister("test")


@pytest.mark.parametrize(
    ("region", "start_s", "place"),
    [
        (None, None, ""),
        (Region(0.1, 0.1, 0.2, 0.1), None, "at the top left"),
        (Region(0.4, 0.8, 0.2, 0.1), None, "at the bottom"),
        (Region(0.7, 0.4, 0.3, 0.2), None, "on the right"),
        (Region(0.0, 0.0, 1.0, 1.0), 62.0, "in the middle, at 1:02"),
        (None, 3.0, "at 0:03"),
    ],
)
def test_a_place_in_words(region: Region | None, start_s: float | None, place: str) -> None:
    assert place_found(Evidence("keywords", 1, 1.0, region=region, start_s=start_s)) == place


@pytest.mark.usefixtures("written_kinds")
@pytest.mark.parametrize(
    ("kind", "words", "found", "meaning"),
    [
        ("speech", "these words were said: milk, eggs", "it was said", "what was said means"),
        (
            "sign",
            "these words are written in it: milk, eggs",
            "it is written in it",
            "what is written in it means",
        ),
        ("note", "these words are in its note: milk, eggs", "it is in its note", "its note means"),
        (
            "guess",
            "these words are in its guess, which a machine has written: milk, eggs",
            "it is in its guess, which a machine has written",
            "its guess, which a machine has written, means",
        ),
        ("sketch", "these words are in its sketch: milk, eggs", "it is in its sketch", "its sketch means"),
        ("file_name", "it is called so: milk, eggs", "it is called so", "its file name means"),
        ("gone", "these words are found in it: milk, eggs", "it is found in it", "a text of it means"),
        (None, "these words are found in it: milk, eggs", "it is found in it", "a text of it means"),
    ],
)
def test_words_are_told_by_what_they_prove(kind: str | None, words: str, found: str, meaning: str) -> None:
    assert words_found(Evidence("keywords", 1, 1.0, ("milk", "eggs"), kind=kind)) == words
    assert words_found(Evidence("keywords", 1, 1.0, kind=kind)) == found
    assert meaning_found(Evidence("text_to_passage", 1, 0.5, kind=kind)) == f"{meaning} something near"


@pytest.mark.parametrize(
    ("text", "expected"), [("62", 62.0), ("1:02", 62.0), ("1:02.5", 62.5), ("1:00:05", 3605.0)]
)
def test_times_are_read_as_players_write_them(text: str, expected: float) -> None:
    assert seconds(text) == expected
    assert seconds(clock(expected)) == int(expected)


@pytest.mark.parametrize("text", ["", "soon", "1:75", "-1", "nan", "1:2:3:4"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        seconds(text)


def test_files_of_other_kinds_are_told_by_their_endings_the_most_first() -> None:
    assert passed_over({".zip": 1}) == "1 file of a kind that Trove does not read: 1 .zip"
    some = {".zip": 3, ".docx": 9, "": 1}
    told = "13 files of kinds that Trove does not read: 9 .docx, 3 .zip, 1 without an ending"
    assert passed_over(some) == told
    many = {f".{letter}": 1000 for letter in "abcdefgh"}
    assert passed_over(many).endswith(
        "1,000 .a, 1,000 .b, 1,000 .c, 1,000 .d, 1,000 .e, 1,000 .f, and 2 more kinds"
    )


def test_a_note_is_told_as_it_is() -> None:
    assert fact("note", "the first of 3 pages") == ("Note", "the first of 3 pages")
