"""Texts as they are stored: their characters, and which of them nobody wrote."""

import pytest

from indexer.media.types import Word
from indexer.media.words import clean


@pytest.mark.parametrize(
    "text",
    [
        "Made by grandmother",
        "1984",
        "Anna: left; Bob: right; Rex: below",
        "[untitled wedding]",
        "日本の春",
        "❤️",
    ],
)
def test_what_people_write_is_kept(text: str) -> None:
    assert clean.text(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "OLYMPUS DIGITAL CAMERA         ",
        "SONY DSC",
        "Exif_JPEG_PICTURE",
        "DCIM\\100MEDIA\\DJI_0001.JPG",
        "Screenshot",
        "Created with GIMP",
        "Processed with VSCO with a6 preset",
        "CREATOR: gd-jpeg v1.0 (using IJG JPEG v62), quality = 90",
        '{"ai": 1}',
        "filter: 0; fileterIntensity: 0.0; filterMask: 0;",
        "oppo_32",
        "Lavf58.29.100",
        "\0\0\0",
        "   ",
        "12345678",
    ],
)
def test_what_cameras_and_programs_write_is_not(text: str) -> None:
    assert clean.text(text) is None


def test_lines_stay_and_what_cannot_be_seen_goes() -> None:
    assert clean.text("One\r\ntwo\x07  three\0") == "One\ntwo three"
    assert clean.text("Cafe\u0301") == "Café"
    assert len(clean.text("long " * 10_000) or "") <= clean.LONGEST


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Places|France| Paris ", "Places/France/Paris"),
        ("a\\b", "a/b"),
        ("//", None),
        (" New   York", "New York"),
    ],
)
def test_tags_have_levels(written: str, kept: str | None) -> None:
    assert clean.tag(written) == kept


@pytest.mark.parametrize("codec", ["utf-8", "cp1252", "mac_roman"])
@pytest.mark.parametrize("text", ["Fête à Orléans", "Mädchen über der Straße", "ÉTÉ", "plain"])
def test_the_encoding_is_told_by_the_letters(text: str, codec: str) -> None:
    assert clean.decoded(text.encode(codec)) == text


def test_each_word_counts_once_and_not_without_end() -> None:
    twice = [Word("keyword", "dog", "xmp"), Word("keyword", " dog", "xmp"), Word("rating", 5, "xmp")]
    assert list(clean.cleaned(twice)) == [twice[0], twice[2]]
    many = (Word("keyword", f"tag {number}", "xmp") for number in range(5_000))
    assert len(list(clean.cleaned(many))) == clean.MOST_WORDS
