"""Page layout analysis: lines of text as they lie in a picture, grouped into blocks in reading order.

A block is what people would call one text: a sign, a paragraph, a column, a table or receipt. Words that a
line break has divided are joined, so that they are found. A page that is mostly Arabic or Hebrew is laid out
as its mirror image would be, and read from the right. Pure functions: no picture is needed.
"""

import math
import re
import statistics
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.ocr.lines import EAST_ASIAN, Line

_LETTER_HYPHEN = re.compile(r"[^\W\d_][-\u00ad\u2010]$")
_SENTENCE_END = re.compile(r"[.!?:;…。\uff01\uff1f]$")
_SIGN_WORDS = 0.6
"""How much of a word a sign of Chinese or Japanese counts when texts are measured."""
_THAI = re.compile(r"[\u0e00-\u0e7f]")
_THAI_WORDS = 0.2
"""As much for a letter of Thai, which has no spaces between words either."""


@dataclass(frozen=True)
class Placed:
    """A line in the frame in which the page is upright and level: its edges, in pixels."""

    line: Line
    left: float
    top: float
    right: float
    bottom: float

    @property
    def height(self) -> float:
        """Pixels from edge to edge."""
        return self.bottom - self.top

    @property
    def width(self) -> float:
        """Pixels from edge to edge."""
        return self.right - self.left


@dataclass(frozen=True)
class Part:
    """A line in a text, and where: ``text[start:end]``."""

    line: Line
    start: int
    end: int


@dataclass(frozen=True)
class Block:
    """A text and the lines that it was put together from."""

    text: str
    parts: tuple[Part, ...]


Row = list[Placed]
"""Cells or pieces that stand beside each other."""


def blocks(lines: Sequence[Line], most_words: int) -> list[Block]:
    """The texts of a picture in reading order, none of them much longer than so many words."""
    texts = []
    for page in _pages(lines):
        leftward = _leftward(page, False)
        placed = _levelled(page)
        if leftward:
            placed = [_mirrored(one) for one in placed]
        for rows in _ordered(_tables(_paragraphs(_rows(placed)))):
            texts += [_joined(piece, leftward) for piece in _short(rows, most_words)]
    return texts


def _pages(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines by the quarter turn that makes them upright, most text first."""
    by_turn: dict[int, list[Line]] = {}
    for line in lines:
        by_turn.setdefault(round(_angle(line) / (math.pi / 2)) % 4, []).append(line)
    return sorted(by_turn.values(), key=lambda page: -sum(len(line.text) for line in page))


def _leftward(lines: Iterable[Line], otherwise: bool) -> bool:
    """Whether most letters are of scripts that are read from the right; ``otherwise`` where none says."""
    ways = [unicodedata.bidirectional(letter) for line in lines for letter in line.text]
    left, right = sum(way in ("R", "AL") for way in ways), ways.count("L")
    return left > right if left or right else otherwise


def _mirrored(placed: Placed) -> Placed:
    return replace(placed, left=-placed.right, right=-placed.left)


def _angle(line: Line) -> float:
    (x0, y0), (x1, y1) = line.corners[0], line.corners[1]
    return math.atan2(float(y1 - y0), float(x1 - x0))


def _levelled(lines: Sequence[Line]) -> list[Placed]:
    """The lines turned back by the angle that most of their length has."""
    quarter = round(_angle(lines[0]) / (math.pi / 2)) * math.pi / 2
    slants = sorted(
        (math.remainder(_angle(line) - quarter, 2 * math.pi), float(_length(line))) for line in lines
    )
    half, run = sum(length for _, length in slants) / 2, 0.0
    slant = 0.0
    for slant, length in slants:  # noqa: B007 - the last one is wanted
        run += length
        if run >= half:
            break
    cos, sin = math.cos(quarter + slant), math.sin(quarter + slant)
    placed = []
    for line in lines:
        points = line.corners @ np.array([[cos, -sin], [sin, cos]])
        (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
        placed.append(Placed(line, float(left), float(top), float(right), float(bottom)))
    return placed


def _length(line: Line) -> float:
    return float(np.linalg.norm(line.corners[1] - line.corners[0]))


def _rows(page: Sequence[Placed]) -> list[Row]:
    """Pieces of one line that were found apart, put together; a wide gap is one between columns."""
    rows: list[Row] = []
    for piece in sorted(page, key=lambda placed: (placed.left, placed.top)):
        for row in rows:
            last = row[-1]
            gap = piece.left - last.right
            if _beside(last, piece) and -0.5 * piece.height < gap < 0.8 * min(last.height, piece.height):
                row.append(piece)
                break
        else:
            rows.append([piece])
    return rows


def _beside(one: Placed, other: Placed) -> bool:
    """Whether two stand in one row and are of one size."""
    overlap = min(one.bottom, other.bottom) - max(one.top, other.top)
    low, high = sorted((one.height, other.height))
    return overlap > 0.6 * low and high < 1.7 * low


def _bounds(rows: Sequence[Row]) -> Placed:
    """A rectangle around all of them."""
    cells = [cell for row in rows for cell in row]
    return Placed(
        cells[0].line,
        min(cell.left for cell in cells),
        min(cell.top for cell in cells),
        max(cell.right for cell in cells),
        max(cell.bottom for cell in cells),
    )


def _paragraphs(rows: Sequence[Row]) -> list[list[Row]]:
    """Rows that stand under each other, of one size and not far apart, from top to bottom."""
    groups: list[list[Row]] = []
    for row in sorted(rows, key=lambda row: _bounds([row]).top):
        here = _bounds([row])
        above = [group for group in groups if _under(_bounds(group[-1:]), here)]
        if above:
            nearest = max(above, key=lambda group: _bounds(group[-1:]).bottom)
            nearest.append(row)
        else:
            groups.append([row])
    return groups


def _under(upper: Placed, lower: Placed) -> bool:
    shared = min(upper.right, lower.right) - max(upper.left, lower.left)
    low, high = sorted((upper.height, lower.height))
    gap = lower.top - upper.bottom
    return shared > 0.2 * min(upper.width, lower.width) and high < 1.7 * low and -0.6 * low < gap < 1.1 * low


def _tables(groups: list[list[Row]]) -> list[list[Row]]:
    """Columns whose cells stand beside each other and are short, put together row by row."""
    merged = True
    while merged:
        merged = False
        for index, group in enumerate(groups):
            beside = next((other for other in groups[index + 1 :] if _tabular(group, other)), None)
            if beside is not None:
                groups = [other for other in groups if other is not group and other is not beside]
                groups.insert(index, _by_rows(group + beside))
                merged = True
                break
    return groups


def _tabular(group: list[Row], other: list[Row]) -> bool:
    """Whether two columns are of one table: prose, whose lines may stand level as well, has long ones."""
    if min(_words_a_row(group), _words_a_row(other)) > 2.5 or max(len(group), len(other)) < 2:
        return False
    fewer, more = sorted((group, other), key=len)
    edges = [_bounds([row]) for row in more]
    level = sum(any(_beside(_bounds([row]), edge) for edge in edges) for row in fewer)
    return level >= 0.7 * len(fewer) and level >= 0.3 * len(more)


def _words_a_row(group: list[Row]) -> float:
    return statistics.mean(statistics.mean(_words(cell.line.text) for cell in row) for row in group)


def _by_rows(rows: list[Row]) -> list[Row]:
    table: list[Row] = []
    for row in sorted(rows, key=lambda row: (_bounds([row]).top + _bounds([row]).bottom) / 2):
        if table and _beside(_bounds(table[-1:]), _bounds([row])):
            table[-1] = sorted(table[-1] + row, key=lambda cell: cell.left)
        else:
            table.append(row)
    return table


def _ordered(groups: list[list[Row]]) -> list[list[Row]]:
    """Reading order by recursive cuts (XY-cut): columns from the left, else the topmost part first."""
    if len(groups) < 2:
        return groups
    bounds = [_bounds(group) for group in groups]
    for low, high in (("left", "right"), ("top", "bottom")):
        order = sorted(range(len(groups)), key=lambda index: getattr(bounds[index], low))
        edge = getattr(bounds[order[0]], high)
        for position, index in enumerate(order[1:], start=1):
            if getattr(bounds[index], low) >= edge:
                first = [groups[other] for other in order[:position]]
                return _ordered(first) + _ordered([groups[other] for other in order[position:]])
            edge = max(edge, getattr(bounds[index], high))
    return sorted(groups, key=lambda group: (_bounds(group).top, _bounds(group).left))


def _words(text: str) -> float:
    """How many words a text has; a sign of a script without spaces is a part of one."""
    signs, letters = len(EAST_ASIAN.findall(text)), len(_THAI.findall(text))
    rest = _THAI.sub(" ", EAST_ASIAN.sub(" ", text))
    return signs * _SIGN_WORDS + letters * _THAI_WORDS + len(rest.split())


def _short(rows: list[Row], most_words: int) -> Iterator[list[Row]]:
    """The rows in pieces of so many words, ended with a sentence where one ends in their last third."""
    piece: list[Row] = []
    words = 0.0
    for row in rows:
        more = sum(_words(cell.line.text) for cell in row)
        if piece and words + more > most_words:
            yield piece
            piece, words = [], 0.0
        piece.append(row)
        words += more
        if words > most_words * 2 / 3 and _SENTENCE_END.search(row[-1].line.text):
            yield piece
            piece, words = [], 0.0
    if piece:
        yield piece


def _joined(rows: list[Row], leftward: bool) -> Block:
    """One text of rows: a table keeps its rows as lines, words that were divided are whole again.

    A row whose words are read the other way than the page is put together the other way, too.
    """
    text = ""
    parts: list[Part] = []
    table = any(len(row) > 1 and row[1].left - row[0].right > row[0].height for row in rows)
    for number, row in enumerate(rows):
        against = _leftward((cell.line for cell in row), leftward) != leftward
        for place, cell in enumerate(row[::-1] if against else row):
            words = cell.line.text.strip()
            if place == 0 and number and table:
                text += "\n"
            elif text:
                text = _connected(text, words)
            parts.append(Part(cell.line, len(text), len(text) + len(words)))
            text += words
    # A hyphen that was taken away is no longer of its line.
    ends = [part.start for part in parts[1:]] + [len(text)]
    return Block(
        text,
        tuple(Part(part.line, part.start, min(part.end, end)) for part, end in zip(parts, ends, strict=True)),
    )


def _connected(text: str, following: str) -> str:
    """The text, ready for the line that follows."""
    if _LETTER_HYPHEN.search(text) and following[:1].islower():
        return text[:-1]
    if text[-1:] in "-\u2010" and text[-2:-1].strip() and following[:1].isalnum():
        return text
    if any(script.match(text[-1:]) and script.match(following[:1]) for script in (EAST_ASIAN, _THAI)):
        return text
    return f"{text} "
