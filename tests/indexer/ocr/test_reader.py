"""Text read of real pictures by the real models."""

import logging
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from PIL import Image, ImageDraw, ImageFont

from indexer.media.types import Picture
from indexer.ocr.lines import Line
from indexer.ocr.reader import Ocr
from tests.support import SAMPLES

pytest.importorskip("rapidocr")

GROUND = (70, 110, 80)


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr(threads=1)


def sign(
    size: tuple[int, int],
    words: list[str],
    letters: int,
    place: tuple[int, int] = (60, 60),
    pitch: float = 1.4,
) -> Picture:
    """A picture with a board of lines whose letters have so many pixels."""
    picture = Image.new("RGB", size, GROUND)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(letters)
    left, top = place
    right = left + max(font.getlength(line) for line in words)
    bottom = top + (len(words) + 1) * letters * pitch
    draw.rectangle((left - letters, top - letters // 2, right + letters, bottom), "white")
    for number, line in enumerate(words):
        draw.text((left, top + number * letters * pitch), line, "black", font)
    return np.asarray(picture)


def texts(lines: list[Line]) -> list[str]:
    """From the top."""
    return [line.text for line in sorted(lines, key=lambda line: float(line.corners[0, 1]))]


def test_words_are_where_they_were_drawn(ocr: Ocr) -> None:
    text = "Platform 9 to the harbour"
    (line,) = ocr.read(sign((900, 200), [text], 40))
    assert line.text == text
    assert line.confidence > 0.95
    font = ImageFont.load_default(40)
    left, right = line.corners[0, 0], line.corners[1, 0]
    for word, (start, end) in zip(text.split(), line.spans, strict=True):
        at = text.index(word)
        assert left + start * (right - left) == pytest.approx(60 + font.getlength(text[:at]), abs=14)
        assert left + end * (right - left) == pytest.approx(
            60 + font.getlength(text[: at + len(word)]), abs=14
        )


def test_a_small_sign_in_a_large_picture_is_looked_at_closer(ocr: Ocr) -> None:
    """In the overview its lines run into one another."""
    words = ["Bakery Miller", "open daily", "7 am to 6 pm"]
    assert texts(ocr.read(sign((4000, 3000), words, 30, (2300, 1800), 1.25))) == words


def test_large_letters_beside_small_ones(ocr: Ocr) -> None:
    picture = np.array(sign((1600, 1000), ["EXIT"], 300, (200, 80)))
    picture[760:960, 1000:1500] = sign((500, 200), ["mind the step"], 18)
    assert texts(ocr.read(picture)) == ["EXIT", "mind the step"]


@pytest.mark.parametrize(("words", "found"), [(["8"], []), (["8 mind the step"], ["8 mind the step"])])
def test_a_single_sign_needs_others_beside_it(ocr: Ocr, words: list[str], found: list[str]) -> None:
    """A cup seen from above is an 8 to the recogniser, and surely so."""
    assert texts(ocr.read(sign((900, 400), words, 80, (120, 100)))) == found


def test_a_paragraph_of_tiny_letters_is_read_whole(ocr: Ocr) -> None:
    """In the overview its lines are one, and pieces of them are read surely."""
    words = [
        f"the {row} row is as small as all of them are" for row in "first second third fourth last".split()
    ]
    assert texts(ocr.read(sign((1920, 1080), words, 11, (500, 600), 1.5))) == words


def test_a_long_page_is_read_to_its_end(ocr: Ocr) -> None:
    words = ["the first line of the page", *[""] * 60, "and here is the last one"]
    assert texts(ocr.read(sign((420, 2600), words, 20, (40, 60), 2.0))) == [words[0], words[-1]]


def test_letters_in_a_column_are_not_taken_for_chinese(ocr: Ocr) -> None:
    picture = Image.new("RGB", (400, 700), "white")
    for number, letter in enumerate("HARBOUR"):
        ImageDraw.Draw(picture).text((180, 60 + 70 * number), letter, "black", ImageFont.load_default(56))
    found = "".join(texts(ocr.read(np.asarray(picture))))
    assert found.isascii()


@pytest.mark.parametrize("size", [(8, 8), (1, 300), (40, 30), (900, 20), (33, 31)])
def test_pictures_without_text_of_any_size_have_no_lines(ocr: Ocr, size: tuple[int, int]) -> None:
    assert ocr.read(np.full((*size, 3), 120, np.uint8)) == []


def test_threads_may_read_at_once(ocr: Ocr) -> None:
    pictures = [sign((700, 200), [f"Platform {number} north"], 36) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ocr.read, pictures))
    assert [texts(lines) for lines in found] == [[f"Platform {number} north"] for number in range(4)]
    again = ocr.read(pictures[0])
    assert [np.array_equal(one.corners, two.corners) for one, two in zip(found[0], again, strict=True)] == [
        True
    ]


def test_a_row_of_arches_is_no_number(ocr: Ocr) -> None:
    with Image.open(SAMPLES / "pictures" / "p015.jpg") as colosseum:
        assert texts(ocr.read(np.asarray(colosseum.convert("RGB")))) == []


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **_: object) -> None:
        raise AssertionError(f"it tried to reach {args}")

    monkeypatch.setattr(requests, "get", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert texts(Ocr(threads=1).read(sign((700, 200), ["Platform 9"], 36))) == ["Platform 9"]


def test_the_logs_of_the_process_stay_as_they_are(caplog: pytest.LogCaptureFixture) -> None:
    before = list(logging.getLogger().handlers)
    Ocr(threads=1).read(np.full((300, 400, 3), 120, np.uint8))
    log = logging.getLogger("RapidOCR")
    assert log.handlers == []
    assert log.propagate
    assert logging.getLogger().handlers == before
    assert caplog.records == []


def test_the_fingerprint_needs_no_import_of_the_library() -> None:
    code = (
        "import sys; from indexer.ocr.reader import Ocr; print(Ocr.fingerprint());"
        "assert not {'rapidocr', 'onnxruntime', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert len(done.stdout.split()) == 3
    assert done.stdout.strip() == Ocr.fingerprint()
