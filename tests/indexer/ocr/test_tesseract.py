"""Tesseract as a program: its table, its absence, its failures, and what it reads where it is installed."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont, features

from db.errors import DecodeError, ModelError
from db.settings import Settings
from indexer.analysers.text import Text
from indexer.ocr import tesseract
from indexer.ocr.readers import Readers, line_of
from indexer.ocr.tesseract import Word
from search.health.doctor import examine

needs_russian = pytest.mark.skipif(
    "rus" not in tesseract.models(tesseract.program()), reason="Tesseract with Russian is not installed"
)
needs_hebrew = pytest.mark.skipif(
    "heb" not in tesseract.models(tesseract.program()), reason="Tesseract with Hebrew is not installed"
)
posix = pytest.mark.skipif(sys.platform == "win32", reason="the program that stands in is a shell script")

HEADING = "level page_num block_num par_num line_num word_num left top width height conf text".replace(
    " ", "\t"
)
BOX = np.array([[0, 0], [100, 0], [100, 20], [0, 20]], np.float32)
STRIP = np.full((62, 214, 3), 255, np.uint8)
NOTICE = ["Осторожно, окрашено", "Библиотека открыта", "каждый день до восьми"]


def sign(rows: list[str], size: int = 40, turned: bool = False) -> np.ndarray:
    """A picture of level rows, in a typeface that comes with matplotlib and has many scripts."""
    matplotlib = pytest.importorskip("matplotlib")
    font = ImageFont.truetype(
        str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size
    )
    picture = Image.new("RGB", (900, 100 + 2 * size * len(rows)), "white")
    for number, row in enumerate(rows):
        ImageDraw.Draw(picture).text((80, 50 + 2 * size * number), row, "black", font)
    return np.asarray(picture.rotate(180) if turned else picture)


def stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Another program of that name, found first."""
    program = folder / "tesseract"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine on which Tesseract is not installed."""
    monkeypatch.setenv("PATH", str(tmp_path))


def test_words_come_by_page_with_their_places() -> None:
    rows = [
        "1\t1\t0\t0\t0\t0\t0\t0\t300\t60\t-1\t",
        "5\t1\t1\t1\t1\t1\t10\t8\t100\t30\t96.5\tНе",
        '5\t1\t1\t1\t1\t2\t120\t8\t90\t30\t91\t"курить',
        "5\t3\t1\t1\t1\t1\t5\t8\t90\t30\t-1\tX",
        "5\t3\t1\t1\t1\t2\t95\t8\t90\t30\t95\t ",
    ]
    first, second, third = tesseract.words("\n".join([HEADING, *rows]), 3)
    assert first == [Word("Не", 0.965, 10, 110), Word('"курить', 0.91, 120, 210)]
    assert second == []
    assert third == [Word("X", 0.0, 5, 95)]


def test_signs_that_are_read_apart_are_words_by_their_distance() -> None:
    words = [Word("버", 0.9, 10, 50), Word("스", 0.9, 52, 90), Word("정류장", 0.9, 110, 207)]
    line = line_of(words, BOX, 214, apart=True)
    assert line.text == "버스 정류장"
    assert len(line.spans) == 2
    assert line.spans[0] == pytest.approx((3 / 200, 83 / 200))
    assert line_of(words, BOX, 214, apart=False).text == "버 스 정류장"


def test_a_vowel_that_tesseract_takes_apart_is_one_again() -> None:
    words = [Word("ท", 0.9, 10, 50), Word("\u0e4d", 0.9, 50, 60), Word("า", 0.9, 60, 90)]
    assert line_of(words, BOX, 214, apart=True).text == "ท\u0e33"


def test_the_sign_of_micro_in_greek_is_a_letter() -> None:
    assert line_of([Word("O\u00b5\u03cc", 0.9, 10, 90)], BOX, 214, apart=False).text == "O\u03bc\u03cc"


def test_a_word_that_is_read_from_the_right_lies_at_the_right() -> None:
    line = line_of([Word("אסור", 0.9, 117, 207), Word("לעשן", 0.9, 7, 107)], BOX, 214, apart=False)
    assert line.text == "אסור לעשן"
    assert line.spans == ((0.55, 1.0), (0.0, 0.5))


@pytest.mark.slow
@pytest.mark.usefixtures("without")
def test_without_it_russian_is_not_read_as_latin() -> None:
    pytest.importorskip("rapidocr")
    assert tesseract.readable() == {}
    assert Readers().read(sign(NOTICE)) == []
    assert [line.text for line in Readers().read(sign(["Library", *NOTICE]))] == ["Library"]


@pytest.mark.usefixtures("without")
def test_without_it_the_doctor_says_what_to_install(settings: Settings) -> None:
    (told,) = [finding.value for finding in examine(settings) if finding.name == "what is written"]
    assert told.startswith("Latin, Chinese, Japanese script; for others install Tesseract")
    assert "Cyrillic (rus)" in told and "Hangul (kor)" in told and "trove analysers redo text" in told


@needs_russian
def test_with_it_the_doctor_says_what_is_read(settings: Settings) -> None:
    (told,) = [finding.value for finding in examine(settings) if finding.name == "what is written"]
    assert "Cyrillic" in told.split(";")[0]
    assert "Cyrillic (rus)" not in told


@needs_russian
def test_what_was_read_without_a_script_is_stale_with_it(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = Text(settings).fingerprint
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Text(settings).fingerprint != now
    assert "Cyrillic" in now


@needs_russian
@pytest.mark.parametrize("turned", [pytest.param(False, marks=pytest.mark.slow), True])
def test_russian_is_read(turned: bool) -> None:
    pytest.importorskip("rapidocr")
    lines = Readers().read(sign(NOTICE, turned=turned))
    assert sorted(line.text for line in lines) == sorted(NOTICE)
    assert all(len(line.spans) == len(line.text.split()) for line in lines)
    assert all(line.confidence > 0.7 for line in lines)
    starts = [float(line.corners[0, 0]) for line in lines]
    assert all(start > 450 if turned else start < 100 for start in starts)


@needs_russian
def test_latin_beside_it_stays_latin_and_capitals_follow_the_page() -> None:
    pytest.importorskip("rapidocr")
    texts = [line.text for line in Readers().read(sign(["Public Library", *NOTICE, "МОСКВА"]))]
    assert "Public Library" in texts
    assert "МОСКВА" in texts


@needs_hebrew
def test_hebrew_is_kept_in_logical_order() -> None:
    pytest.importorskip("rapidocr")
    # Without its library for complex scripts, Pillow draws from the left.
    drawn = "אסור לעשן" if features.check("raqm") else "אסור לעשן"[::-1]
    (line,) = Readers().read(sign([drawn], 60))
    assert line.text == "אסור לעשן"
    assert line.spans[0][0] > line.spans[1][1]


@posix
def test_a_program_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "exec sleep 30")
    with pytest.raises(DecodeError, match="too long"):
        tesseract.read([STRIP], ["rus"], 0.5)


@posix
def test_a_program_that_fails_is_an_error_with_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "echo Failed loading language rus >&2; exit 1")
    with pytest.raises(ModelError, match="Failed loading language rus") as caught:
        tesseract.read([STRIP], ["rus"], 30)
    assert caught.value.hint


@posix
def test_a_program_that_crashes_says_something_of_the_picture_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, "kill -ABRT $$")
    with pytest.raises(DecodeError, match="crashes"):
        tesseract.read([STRIP], ["rus"], 30)


@posix
def test_a_program_that_lists_nothing_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(tmp_path, monkeypatch, "exit 3")
    assert tesseract.readable() == {}
