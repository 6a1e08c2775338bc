"""How lines of text become blocks in reading order."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from indexer.ocr.blocks import blocks
from indexer.ocr.lines import Line

HEIGHT = 20.0


def line(text: str, left: float, top: float, height: float = HEIGHT, width: float | None = None) -> Line:
    """A level line whose letters are half as wide as high."""
    right, bottom = left + (width or len(text) * height / 2), top + height
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return Line(text, 0.99, corners, ((0.0, 1.0),))


def turned(lines: Sequence[Line], degrees: float) -> list[Line]:
    """The same lines in a picture that was turned around its corner."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = np.array([[cos, sin], [-sin, cos]], np.float32)
    return [Line(one.text, one.confidence, one.corners @ matrix, one.spans) for one in lines]


def texts(lines: Sequence[Line], most_words: int = 60) -> list[str]:
    return [block.text for block in blocks(lines, most_words)]


PARAGRAPH = [
    line("the first line of a", 0, 0),
    line("paragraph goes on", 0, 26),
    line("and ends here.", 0, 52),
]
COLUMNS = [
    *(line(f"left column row {row} of prose", 0, 26 * row) for row in range(5)),
    *(line(f"right column row {row} of prose", 400, 26 * row) for row in range(5)),
]


def test_lines_under_each_other_are_one_block_whatever_their_order() -> None:
    assert texts(PARAGRAPH[::-1]) == ["the first line of a paragraph goes on and ends here."]


def test_texts_that_are_far_apart_are_blocks_of_their_own_from_the_top() -> None:
    assert texts([line("below", 300, 500), line("above", 320, 0)]) == ["above", "below"]


def test_letters_of_another_size_are_another_block() -> None:
    assert texts([line("Title", 0, 0, 48), *turned(PARAGRAPH, 0)][:2]) == ["Title", "the first line of a"]


def test_columns_are_read_one_after_the_other_below_their_title() -> None:
    title = line("A title above both columns of the page", 0, -80, 40)
    first, second, third = texts([*COLUMNS, title])
    assert first == title.text
    assert second.startswith("left column row 0") and second.endswith("left column row 4 of prose")
    assert third.startswith("right column row 0") and "left" not in third


def test_tables_and_receipts_are_read_row_by_row() -> None:
    rows = [("Bread", "3.20"), ("Orange juice", "12.99"), ("Total", "16.19")]
    lines = [line(name, 0, 30 * number) for number, (name, _) in enumerate(rows)]
    lines += [line(price, 400, 30 * number) for number, (_, price) in enumerate(rows)]
    assert texts(lines) == ["Bread 3.20\nOrange juice 12.99\nTotal 16.19"]


def test_pieces_of_one_line_are_put_together() -> None:
    assert texts([line("platform", 0, 0), line("9", 90, 1)]) == ["platform 9"]


@pytest.mark.parametrize("degrees", [0, 7, -12, 90, 180, 270, 97])
def test_pages_are_read_the_right_way_up(degrees: float) -> None:
    assert texts(turned(PARAGRAPH, degrees)) == ["the first line of a paragraph goes on and ends here."]
    assert texts(turned(COLUMNS, degrees))[0].startswith("left column row 0")


@pytest.mark.parametrize(
    ("upper", "lower", "text"),
    [
        ("ein neues Grund-", "stück am See", "ein neues Grundstück am See"),
        ("written by Jean-", "Paul himself", "written by Jean-Paul himself"),
        ("call 0171-", "5551234 now", "call 0171-5551234 now"),
        ("a dash –", "then more", "a dash – then more"),
        ("关于新花园房", "子的会议", "关于新花园房子的会议"),
        ("see www.exam", "ple.org", "see www.exam ple.org"),
    ],
)
def test_what_a_line_break_divides(upper: str, lower: str, text: str) -> None:
    (block,) = blocks([line(upper, 0, 0), line(lower, 0, 26)], 60)
    assert block.text == text
    first, second = block.parts
    assert text[second.start : second.end] == lower
    assert upper.startswith(text[first.start : first.end])


def test_long_texts_come_in_pieces_that_end_with_a_sentence_where_they_can() -> None:
    lines = [line(f"words of row {row} that go on", 0, 26 * row) for row in range(40)]
    lines[7] = line("here a sentence ends.", 0, 26 * 7)
    pieces = texts(lines)
    assert pieces[0].endswith("ends.")
    assert all(len(piece.split()) <= 60 for piece in pieces)
    assert " ".join(pieces) == " ".join(one.text for one in lines)


def test_no_lines_are_no_blocks() -> None:
    assert texts([]) == []
