"""Marks: from characters of a text to where they stand in the picture."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.answer import Corners
from search.engine.marks import marks

LEVEL = [0.2, 0.1, 0.6, 0.1, 0.6, 0.2, 0.2, 0.2]
UNDER = [0.2, 0.3, 0.6, 0.3, 0.6, 0.4, 0.2, 0.4]
UPWARDS = [0.1, 0.9, 0.1, 0.5, 0.2, 0.5, 0.2, 0.9]


def line(start: int, end: int, box: list[float], *words: tuple[float, float]) -> dict[str, Any]:
    return {
        "start": start,
        "end": end,
        "box": box,
        "confidence": 0.9,
        "words": [list(word) for word in words],
    }


def at(text: str, words: str, *lines: dict[str, Any]) -> list[tuple[str, Corners]]:
    """The marks of some words, each with the characters that it is of."""
    start = text.index(words)
    found = marks(text, {"lines": list(lines)}, [(start, start + len(words))])
    return [(text[mark.start : mark.end], mark.corners) for mark in found]


def test_a_word_is_marked_along_its_line() -> None:
    own = line(0, 10, LEVEL, (0.0, 0.75), (0.85, 1.0))
    ((text, corners),) = at("Platform 9", "Platform", own)
    assert text == "Platform"
    # Half a letter more than was read, and no further than the middle of the gap.
    assert corners == pytest.approx((0.2, 0.1, 0.5188, 0.1, 0.5188, 0.2, 0.2, 0.2), abs=1e-3)
    ((text, corners),) = at("Platform 9", "Platform 9", own)
    assert corners == pytest.approx(LEVEL)


def test_turned_text_is_marked_as_it_is_read() -> None:
    ((_, corners),) = at("Fresh bread", "bread", line(0, 11, UPWARDS, (0.0, 0.48), (0.52, 1.0)))
    assert corners == pytest.approx((0.1, 0.7, 0.1, 0.5, 0.2, 0.5, 0.2, 0.7), abs=1e-3)


def test_what_two_lines_share_has_two_marks() -> None:
    text = "an example here"
    lines = line(0, 7, LEVEL, (0, 0.3), (0.4, 1)), line(7, 15, UNDER, (0, 0.4), (0.5, 1))
    found = at(text, "example", *lines)
    assert [part for part, _ in found] == ["exam", "ple"]
    assert found[0][1][2:4] == pytest.approx((0.6, 0.1))
    assert found[1][1][0:2] == pytest.approx((0.2, 0.3))


def test_a_part_of_a_word_is_marked_by_its_letters() -> None:
    """As in scripts without spaces, in which a line is one word."""
    ((_, corners),) = at("京都駅前", "駅前", line(0, 4, LEVEL, (0.0, 1.0)))
    assert corners == pytest.approx((0.4, 0.1, 0.6, 0.1, 0.6, 0.2, 0.4, 0.2), abs=1e-3)


def test_a_line_whose_words_are_not_known_is_shared_out_by_letters() -> None:
    ((_, corners),) = at("ab cd", "cd", {"start": 0, "end": 5, "box": LEVEL})
    assert corners == pytest.approx((0.44, 0.1, 0.6, 0.1, 0.6, 0.2, 0.44, 0.2), abs=1e-3)


def test_cells_on_one_level_are_one_row() -> None:
    text = "Eggs 3.20 Total"
    left, right = [0.1, 0.1, 0.3, 0.1, 0.3, 0.15, 0.1, 0.15], [0.7, 0.1, 0.8, 0.1, 0.8, 0.16, 0.7, 0.16]
    below = [0.1, 0.2, 0.3, 0.2, 0.3, 0.25, 0.1, 0.25]
    detail = {"lines": [line(0, 4, left), line(5, 9, right), line(10, 15, below)]}
    (mark,) = marks(text, detail, [(0, 4)])
    assert text[slice(*mark.line)] == "Eggs 3.20"
    (mark,) = marks(text, detail, [(10, 15)])
    assert text[slice(*mark.line)] == "Total"


def test_nothing_is_marked_without_lines_or_spans() -> None:
    assert marks("Platform 9", None, [(0, 8)]) == ()
    assert marks("Platform 9", {"left_out": 3}, [(0, 8)]) == ()
    assert marks("Platform 9", {"lines": [line(0, 10, LEVEL)]}, []) == ()
    flat = line(0, 10, [0.5] * 8, (0.0, 0.75), (0.85, 1.0))
    (mark,) = marks("Platform 9", {"lines": [flat, line(10, 10, LEVEL)]}, [(0, 8)])
    assert mark.corners == pytest.approx([0.5] * 8)


@pytest.mark.parametrize(
    "lines",
    [
        3,
        None,
        "Platform 9",
        [{"start": 0}],
        [{"start": 0, "end": 10, "box": LEVEL[:4]}],
        [{"start": 0, "end": 10, "box": LEVEL, "words": None}],
        [{"start": "first", "end": 10, "box": LEVEL}],
    ],
)
def test_lines_of_another_shape_are_not_marked(lines: object) -> None:
    assert marks("Platform 9", {"lines": lines}, [(0, 8)]) == ()


@given(st.integers(0, 15), st.integers(1, 15))
def test_marks_stay_within_their_lines(start: int, length: int) -> None:
    text = "an example here"
    known = [line(0, 7, LEVEL, (0, 0.3), (0.4, 1)), line(7, 15, UNDER, (0, 0.4), (0.5, 1))]
    for mark in marks(text, {"lines": known}, [(start, min(15, start + length))]):
        assert mark.line[0] <= mark.start < mark.end <= mark.line[1]
        assert 0.2 <= min(mark.corners[::2]) <= max(mark.corners[::2]) <= 0.6
