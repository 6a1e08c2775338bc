"""Text tracking through a film: what is read at several moments is one text with the span in which it stood.

A film is read now and then, while its small pictures come four times a second: between readings a text is
held to stand as long as its strokes do, so that its span is as exact as they are. What is read a little
differently the next time is the same text, and so is a score that runs. Where text moves, its span goes from
the first reading to the last.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from db.arrays import Doubles
from indexer.media.types import Glimpse
from indexer.ocr.blocks import Block
from indexer.ocr.changes import edges

Box = tuple[float, float, float, float]
"""Left, top, right and bottom edge, each 0 to 1."""

_SAME = 0.8
"""Likeness of two readings of one text."""
_SAME_THERE = 0.5
"""The same, where its strokes have not changed meanwhile."""
_CORRELATED = 0.6
"""Of the strokes of a text with what is in their place."""
_MISSES = 2
"""Readings in a row that do not find a text, though something like its strokes is there."""
_SURE = 0.8
"""Confidence of what is read only once."""
_AGAIN_S = 10.0
"""What is gone for longer is another text when it comes again."""
_FADING_S = 1.0
_BACK_S = 12.0
"""How far back from its first reading a text is looked for."""
_BETTER = 1.05
_PASSED = 0.25


@dataclass(frozen=True)
class Read:
    """The texts of a film at a moment, in a frame of (width, height) pixels; ``left_out``: how many more."""

    blocks: Sequence[Block]
    size: tuple[int, int]
    left_out: int = 0


@dataclass(frozen=True)
class Stood:
    """A text that stood from ``start_s`` to ``end_s``, as it was read best, which was at ``at_s``."""

    block: Block
    size: tuple[int, int]
    start_s: float
    end_s: float
    at_s: float
    left_out: int = 0


@dataclass(eq=False)
class _Text:
    block: Block
    size: tuple[int, int]
    start_s: float
    end_s: float
    at_s: float
    strokes: "_Strokes"
    left_out: int = 0
    stands: bool = True
    misses: int = 0
    readings: int = 1

    @property
    def is_sure(self) -> bool:
        """Whether it is text: in all that is read of a film, twigs and tiles look like it now and then."""
        return self.readings > 1 or _worth(self.block) >= _SURE * _length(self.block)

    def renew(self, block: Block, reading: Read, glimpse: Glimpse, strokes: "_Strokes") -> None:
        """Note that it was read again; the better reading is kept."""
        if _worth(block) > _BETTER * _worth(self.block):
            self.block, self.size, self.at_s = block, reading.size, glimpse.at_s
        self.end_s = max(self.end_s, glimpse.at_s + _PASSED)
        self.strokes, self.stands, self.misses = strokes, True, 0
        self.readings += 1

    def stood(self) -> Stood:
        return Stood(self.block, self.size, self.start_s, self.end_s, self.at_s, self.left_out)


class Followed:
    """Takes the glimpses of a film in order, and what was read at some of them."""

    def __init__(self) -> None:
        self._texts: list[_Text] = []
        self._recent: deque[Glimpse] = deque()

    def see(self, glimpse: Glimpse, reading: Read | None = None) -> Iterator[Stood]:
        """The texts that are over by then."""
        for text in self._texts:
            if text.stands:
                text.end_s = max(text.end_s, glimpse.at_s)
            text.stands = text.misses < _MISSES and text.strokes.are_in(glimpse)
        if reading is not None:
            self._read(glimpse, reading)
        self._recent.append(glimpse)
        while glimpse.at_s - self._recent[0].at_s > _BACK_S:
            self._recent.popleft()
        yield from self._over(glimpse.at_s - _AGAIN_S)

    def end(self, end_s: float) -> Iterator[Stood]:
        """The texts that are left when the film ends."""
        for text in self._texts:
            if text.stands:
                text.end_s = max(text.end_s, end_s)
        yield from self._over(np.inf)

    def _over(self, before_s: float) -> Iterator[Stood]:
        over = [text for text in self._texts if text.end_s < before_s]
        self._texts = [text for text in self._texts if text.end_s >= before_s]
        yield from (text.stood() for text in sorted(over, key=lambda text: text.start_s) if text.is_sure)

    def _read(self, glimpse: Glimpse, reading: Read) -> None:
        boxes = [box(block, reading.size) for block in reading.blocks]
        strokes = [_Strokes(glimpse, place) for place in boxes]
        matches = _matches(self._texts, reading.blocks, boxes)
        for number, block in enumerate(reading.blocks):
            if (text := matches.get(number)) is not None:
                text.renew(block, reading, glimpse, strokes[number])
        for text in self._texts:
            if text not in matches.values():
                text.misses += 1
        for number, block in enumerate(reading.blocks):
            if number not in matches and not self._is_part(block, boxes[number], glimpse.at_s):
                start_s = self._since(strokes[number], glimpse.at_s)
                self._texts.append(
                    _Text(block, reading.size, start_s, glimpse.at_s + _PASSED, glimpse.at_s, strokes[number])
                )
        if reading.left_out and self._texts:
            self._texts[-1].left_out += reading.left_out

    def _is_part(self, block: Block, box: Box, at_s: float) -> bool:
        """Whether it was read before, in one with what is beside it: text fades unevenly."""
        for text in self._texts:
            stood = text.stands or at_s - text.end_s < _FADING_S
            within = _common(box, text.strokes.box) > 0.7 * _area(box)
            if stood and within and _letters(block.text) in _letters(text.block.text):
                text.end_s, text.misses = max(text.end_s, at_s), 0
                return True
        return False

    def _since(self, strokes: "_Strokes", at_s: float) -> float:
        """Since when something has stood there."""
        for glimpse in reversed(self._recent):
            if not strokes.are_in(glimpse):
                break
            at_s = glimpse.at_s
        return at_s


def first(texts: Iterable[Stood], most: int) -> Iterator[Stood]:
    """The first texts; the last of them says how many more are left out."""
    last: Stood | None = None
    for number, text in enumerate(texts, start=1):
        if number < most:
            yield text
        elif last is None:
            last = text
        else:
            last = replace(last, left_out=last.left_out + 1)
    if last is not None:
        yield last


def box(block: Block, size: tuple[int, int]) -> Box:
    """Where a text stands in a picture of (width, height) pixels."""
    corners = np.concatenate([part.line.corners for part in block.parts]) / np.array(size, np.float32)
    (left, top), (right, bottom) = corners.clip(0, 1).min(axis=0), corners.clip(0, 1).max(axis=0)
    return float(left), float(top), float(right), float(bottom)


class _Strokes:
    """What the strokes of a text look like in a small picture, and the box in which they are."""

    def __init__(self, glimpse: Glimpse, box: Box) -> None:
        self.box = box
        height, width = self._shape = glimpse.picture.shape
        left, right = int(box[0] * width), int(np.ceil(box[2] * width))
        top, bottom = int(box[1] * height), int(np.ceil(box[3] * height))
        mask = np.zeros(self._shape, np.bool_)
        mask[top:bottom, left:right] = edges(glimpse.picture)[top:bottom, left:right]
        self._places = np.flatnonzero(mask)
        self._values = _standard(glimpse.picture.ravel()[self._places])

    def are_in(self, glimpse: Glimpse) -> bool:
        """Whether they are in another picture, in the same place; more or less bright, as when text fades."""
        if self._values is None or glimpse.picture.shape != self._shape:
            return False
        values = _standard(glimpse.picture.ravel()[self._places])
        return values is not None and float(self._values @ values) >= _CORRELATED


def _standard(levels: npt.NDArray[np.uint8]) -> Doubles | None:
    """The levels without their mean and contrast; None where there is none."""
    if levels.size < 8:
        return None
    values = levels - levels.mean()
    length = float(np.linalg.norm(values))
    return values / length if length > 2.0 * np.sqrt(levels.size) else None


def _matches(texts: Sequence[_Text], blocks: Sequence[Block], boxes: Sequence[Box]) -> dict[int, _Text]:
    """The known text of each block that is one, by its number: the most alike first."""
    pairs = []
    for number, (block, box) in enumerate(zip(blocks, boxes, strict=True)):
        for place, text in enumerate(texts):
            there = _common(box, text.strokes.box)
            there /= max(1e-9, _area(box) + _area(text.strokes.box) - there)
            needed = _SAME_THERE if text.stands and there > 0.5 else _SAME
            likeness = _likeness(block.text, text.block.text, needed)
            if likeness >= needed:
                pairs.append((likeness + there, number, place))
    matches: dict[int, _Text] = {}
    taken: set[int] = set()
    for _, number, place in sorted(pairs, reverse=True):
        if number not in matches and place not in taken:
            matches[number] = texts[place]
            taken.add(place)
    return matches


def _likeness(one: str, other: str, needed: float) -> float:
    """The share of letters that two texts have in common, in their order; 0 where it is less than needed."""
    from rapidfuzz.distance import Indel  # every search would wait for it

    return Indel.normalized_similarity(_letters(one), _letters(other), score_cutoff=needed)


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _worth(block: Block) -> float:
    """How much was read, and how surely."""
    return sum(part.line.confidence * (part.end - part.start) for part in block.parts)


def _length(block: Block) -> int:
    return sum(part.end - part.start for part in block.parts)


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _common(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    return max(0.0, width) * max(0.0, height)
