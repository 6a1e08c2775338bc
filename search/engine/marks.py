"""Marks on pictures: where the words of a text stand in the picture that it was read in. Pure functions.

Any unit whose detail has ``lines`` can be marked, whatever its kind: see ``docs/search.md``.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from search.answer import Corners, Mark

Spans = Sequence[tuple[int, int]]

_FLAT = 1e-9
"""The area, as a share of the picture's, of a line that is none."""


@dataclass(frozen=True)
class Line:
    """A line ``text[start:end]`` of a text, and where its words begin and end along it, 0 to 1."""

    start: int
    end: int
    corners: Corners
    words: Sequence[tuple[float, float]]

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> Self:
        """A line as it is stored in the detail of a unit.

        Raises:
            AttributeError, KeyError, TypeError, ValueError: it is of another shape.
        """
        words = [(float(begins), float(ends)) for begins, ends in detail.get("words", ())]
        x0, y0, x1, y1, x2, y2, x3, y3 = map(float, detail["box"])
        return cls(int(detail["start"]), int(detail["end"]), (x0, y0, x1, y1, x2, y2, x3, y3), words)


def lines(detail: Mapping[str, Any] | None) -> list[Line]:
    """The lines of a text as they stand in the picture; none where nothing is known of them.

    Any analyser may have its own ``lines``: what is of another shape is no place to be marked.
    """
    try:
        return [Line.of(line) for line in (detail or {}).get("lines", ())]
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


def marks(text: str, detail: Mapping[str, Any] | None, spans: Spans) -> tuple[Mark, ...]:
    """Where the characters of a text stand in the picture: one mark for each line that a span has a part in.

    Args:
        detail: of the unit with that text.
        spans: (start, end) of characters.
    """
    return tuple(
        Mark(
            max(start, line.start),
            min(end, line.end),
            (row[0].start, row[-1].end),
            _part(line, *_along(text, line, start, end)),
        )
        for row in _rows(lines(detail))
        for line in row
        for start, end in spans
        if start < line.end and end > line.start
    )


def _rows(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Lines that follow each other on one level: the cells of a table's row were read one by one."""
    row: list[Line] = []
    for line in lines:
        if row and not _is_level(row[-1], line):
            yield row
            row = []
        row.append(line)
    if row:
        yield row


def _is_level(line: Line, other: Line) -> bool:
    """Whether the middle of another line is between top and bottom of one, beside it."""
    corners = np.array(line.corners).reshape(4, 2)
    sides = np.stack([corners[1] - corners[0], corners[3] - corners[0]], axis=1)
    if abs(np.linalg.det(sides)) < _FLAT:
        return False
    middle = np.array(other.corners).reshape(4, 2).mean(axis=0)
    along, down = np.linalg.solve(sides, middle - corners[0])
    return bool(along > 1 and 0 < down < 1)


def _along(text: str, line: Line, start: int, end: int) -> tuple[float, float]:
    """Where characters begin and end along a line, 0 to 1: in a word they are taken to be equally wide."""
    parts = list(_words(text, line, start, end))
    return (parts[0][0], parts[-1][1]) if parts else (0.0, 1.0)


def _words(text: str, line: Line, start: int, end: int) -> Iterator[tuple[float, float]]:
    words = [match.span() for match in re.finditer(r"\S+", text[line.start : line.end])]
    places = line.words
    if len(words) != len(places):
        words, places = [(0, line.end - line.start)], [(0.0, 1.0)]
    for (first, last), (left, right) in zip(words, _whole(words, places), strict=True):
        begins = max(start - line.start, first)
        ends = min(end - line.start, last)
        if begins < ends:
            letter = (right - left) / (last - first)
            yield left + (begins - first) * letter, left + (ends - first) * letter


def _whole(words: Spans, places: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    """The places with half a letter more on both sides, as far as the middle of the gap between words.

    Readers know where the middles of letters are, not where they end.
    """
    for at, ((first, last), (left, right)) in enumerate(zip(words, places, strict=True)):
        half = (right - left) / (last - first) / 2
        before = (places[at - 1][1] + left) / 2 if at else 0.0
        after = (places[at + 1][0] + right) / 2 if at + 1 < len(places) else 1.0
        yield max(before, left - half), min(after, right + half)


def _part(line: Line, begins: float, ends: float) -> Corners:
    """The corners of a part of a line."""
    top_left, top_right, bottom_right, bottom_left = np.array(line.corners).reshape(4, 2)
    along_top, along_bottom = top_right - top_left, bottom_right - bottom_left
    corners = (
        top_left + begins * along_top,
        top_left + ends * along_top,
        bottom_left + ends * along_bottom,
        bottom_left + begins * along_bottom,
    )
    x0, y0, x1, y1, x2, y2, x3, y3 = (round(float(value), 4) for corner in corners for value in corner)
    return (x0, y0, x1, y1, x2, y2, x3, y3)
