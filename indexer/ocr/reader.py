"""Optical character recognition: lines of text in pictures, looked for in ever closer looks at them.

The models are run by ``rapidocr``. What it lacks, and what is here: small text in large pictures, which are
looked at in tiles; pages without end; a direction that the lines of a page have in common; and that only what
was read surely is kept. Columns of Chinese and Japanese are read as they lie, on their side.
"""

import math
from collections.abc import Sequence

import numpy as np

from db.arrays import Floats
from indexer.media.types import Picture
from indexer.ocr.lines import Line, Quad, Reading
from indexer.ocr.rapid import TILE, Models
from indexer.ocr.strips import Glance, Strip, cut, lying, pieces, spans
from indexer.ocr.textmap import Island, one_in_other, small_regions, within_any

_HINT = 0.3
"""How likely it is that something is text which is looked at again."""
_CLEAR = 0.9
"""Confidence of a line that needs no closer look."""
OVERVIEW = 960
"""Pixels of the longer side of the picture in which text is looked for first."""
FAR = 416
"""Pixels of that in which large letters are looked for."""
_LEAST = 0.16
"""No picture is made smaller: letters of forty pixels are seen in the largest."""
_NARROW = 0.3
"""Of long and thin pictures the shorter side has this share of them at least."""
_LEGIBLE = 20.0
"""Lines that are lower, in pixels of the map, are looked at again in a larger picture …"""
_COMFORTABLE = 31.0
"""… in which they have this height."""
_MORE = 1.2
"""A line says more than another if it has so many times its letters."""
_LOOKS = 2
"""Closer ones, one after the other …"""
_CLOSER = 1.4
"""… each of them so many times closer at least."""
_OVERLAP = 96
_LONG = 12
"""Letters of a line that must be less sure."""
_SURE_OF_DIRECTION = 0.9
_DOUBTFUL = 0.7
"""Confidence below which a line is read upside down, too."""


Wanted = tuple[Quad, float]
"""A box of the picture in which something could not be read, and the scale at which to look at it."""


class Ocr:
    """Finds and reads text in pictures. Thread-safe; the same picture gives the same lines.

    Args:
        threads: for one picture.

    Raises:
        ModelMissingError: ``rapidocr`` is not installed.
    """

    def __init__(self, threads: int = 1) -> None:
        self._models = Models(threads)

    @staticmethod
    def fingerprint() -> str:
        """What changes with the weights."""
        return Models.fingerprint()

    def read(self, picture: Picture) -> list[Line]:
        """The lines of a picture that were read surely enough."""
        return self.look(picture).lines

    def look(self, picture: Picture) -> Reading:
        """What was read in a picture, surely or not.

        An overview finds most of them. What cannot be read well in it is looked at from further away, where
        large letters are found whole, and closer, where small lines no longer run into one another. So the
        time goes with the text and not with the pixels.
        """
        scale = max(_scale(picture, OVERVIEW), _LEAST)
        scale = 1.0 if scale * _CLOSER >= 1.0 else scale  # no closer look would show more
        likely = self.likelihood(picture, scale)
        seen = self._models.islands(likely)
        legible = [one for one in seen if one.is_text and (one.height >= _LEGIBLE or scale == 1.0)]
        read = self.lines(picture, [one.box / scale for one in legible])
        lines = _clear(read)
        unclear = _outside([one for one in seen if one.likely >= _HINT], lines, scale)
        if any(one.height >= _LEGIBLE for one in unclear) and scale > _scale(picture, FAR):
            lines = _joined(lines, self._from_afar(picture))
            unclear = _outside(unclear, lines, scale)
        wanted = [(one.box / scale, _wanted(one, scale)) for one in unclear]
        for _ in range(_LOOKS if scale < 1.0 else 0):
            found, wanted = self._closer(picture, wanted, lines, scale)
            lines, read = _joined(lines, _clear(found)), found + read
        lines = _in_company(_joined(lines, [line for line in read if _is_sure(line)]))
        doubtful = [line for line in read if not _is_sure(line)]
        return Reading(lines, _new(doubtful, lines))

    def _from_afar(self, picture: Picture) -> list[Line]:
        """Large lines that are read well."""
        scale = _scale(picture, FAR)
        seen = self._models.islands(self.likelihood(picture, scale))
        large = [one.box / scale for one in seen if one.is_text and one.height >= _LEGIBLE]
        return _clear(self.lines(picture, large))

    def _closer(
        self, picture: Picture, wanted: Sequence[Wanted], lines: list[Line], overview: float
    ) -> tuple[list[Line], list[Wanted]]:
        """Look at boxes at the scales that they want: new lines that are read, and what is left."""
        height, width = (math.ceil(side * overview) for side in picture.shape[:2])
        found: list[Line] = []
        left_over: list[Wanted] = []
        for alike in _by_scale(wanted):
            known = _boxes(_clear([*lines, *found]))
            new = [(box * overview, scale) for box, scale in alike if not within_any(box, known)]
            boxes = []
            for region in small_regions(new, (height, width)):
                left, top, right, bottom = (round(edge / overview) for edge in region.edges)
                likely = self.likelihood(picture[top:bottom, left:right], region.scale)
                corner = np.array([left, top], np.float32)
                for one in self._models.islands(likely):
                    box = one.box / region.scale + corner
                    if not region.has(box * overview):
                        continue
                    if one.is_text:
                        boxes.append(box)
                    if one.likely >= _HINT and _wanted(one, region.scale) >= _CLOSER * region.scale:
                        left_over.append((box, _wanted(one, region.scale)))
            found += self.lines(picture, boxes)
        return found, left_over

    def likelihood(self, picture: Picture, scale: float = 1.0) -> Floats:
        """How likely every pixel of the scaled picture is one of text, 0 to 1: (height, width).

        Larger pictures are looked at in overlapping tiles, so that memory is bounded and no line is cut.
        """
        import cv2

        height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
        scaled = np.ascontiguousarray(picture)
        if scale != 1.0:
            shrinks = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
            scaled = np.asarray(cv2.resize(scaled, (width, height), interpolation=shrinks), np.uint8)
        likely = np.zeros((height, width), np.float32)
        for top in _starts(height):
            for left in _starts(width):
                part = likely[top : top + TILE, left : left + TILE]
                tile = self._models.likelihood(scaled[top : top + TILE, left : left + TILE])
                np.maximum(part, tile, out=part)
        return likely

    def lines(self, picture: Picture, boxes: Sequence[Quad]) -> list[Line]:
        """What stands in the boxes, each the right way up, surely read or not.

        Most lines of a page say together which way up it is: a short one alone says it badly.
        """
        on_its_side = lying(boxes)
        # They are cut out twice, since all strips of a long page would fill the memory.
        turns = self._upside([cut(picture, box, on_its_side).glance() for box in boxes])
        return [
            self._best(cut(picture, box, on_its_side), turn) for box, turn in zip(boxes, turns, strict=True)
        ]

    def _best(self, strip: Strip, turn: bool) -> Line:
        """What is read of a strip the right way up, or another way where it can hardly be read that way."""
        line = self._line(strip.turned() if turn else strip)
        if line.confidence < _DOUBTFUL:
            other = self._line(strip if turn else strip.turned())
            line = max(line, other, key=lambda read: read.confidence)
        return line

    def _upside(self, glances: Sequence[Glance]) -> list[bool]:
        """Which strips are upside down: all of a page, or each by itself where they differ."""
        if not glances:
            return []
        chances = np.array(self._models.upside([glance.pixels for glance in glances]))
        weights = np.array([min(8.0, glance.length) for glance in glances])
        share = float(weights @ (chances > 0.5)) / float(weights.sum())
        if 0.2 < share < 0.8:
            return [bool(chance > _SURE_OF_DIRECTION) for chance in chances]
        return [share >= 0.8] * len(glances)

    def _line(self, strip: Strip) -> Line:
        """The strip as it is read, in pieces where it is very long."""
        width = strip.pixels.shape[1]
        texts, chances, words = [], [], []
        for start, end in pieces(strip.pixels):
            read = self._models.read(strip.pixels[:, start:end])
            texts.append(read.text)
            chances += [read.confidence] * len(read.text)
            words += [
                ((start + left * (end - start)) / width, (start + right * (end - start)) / width)
                for left, right in spans(read.text, read.places, strip.pixels.shape[0] / (end - start))
            ]
        confidence = float(np.mean(chances)) if chances else 0.0
        return Line(" ".join(texts), confidence, strip.corners, tuple(words))


def _is_sure(line: Line) -> bool:
    return line.confidence >= _needed(line.text)


def _clear(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.confidence >= _CLEAR and _is_sure(line)]


def _new(lines: Sequence[Line], others: Sequence[Line]) -> list[Line]:
    """Those of the lines that neither lie in others, or in one another, nor hold one."""
    new: list[Line] = []
    for line in lines:
        if not one_in_other(line.corners, _boxes([*others, *new])):
            new.append(line)
    return new


def _joined(lines: Sequence[Line], more: Sequence[Line]) -> list[Line]:
    """The lines and those that are new: of two in one another the first, or a clear one that says more."""
    joined = list(lines)
    for line in more:
        same = one_in_other(line.corners, _boxes(joined))
        known = sum(len(joined[index].text) for index in same)
        if not same or (line.confidence >= _CLEAR and len(line.text) > _MORE * known):
            joined = [*(one for index, one in enumerate(joined) if index not in same), line]
    return joined


def _suspected(height: float) -> float:
    """How high the lines are in a box that could not be read: in a high one several have run together."""
    return height if height < _LEGIBLE else max(_LEGIBLE / 2, height / 4)


def _wanted(island: Island, scale: float) -> float:
    """The scale at which to look at an island that was seen at another one."""
    return min(1.0, scale * max(_CLOSER, _COMFORTABLE / _suspected(island.height)))


def _by_scale(wanted: Sequence[Wanted]) -> list[list[Wanted]]:
    """What wants to be looked at about alike, the large first."""
    groups: dict[int, list[Wanted]] = {}
    for box, scale in wanted:
        groups.setdefault(round(math.log2(scale)), []).append((box, scale))
    return [groups[level] for level in sorted(groups)]


def _needed(text: str) -> float:
    """How sure a line must be: the shorter it is, the sooner it is seen in twigs, tiles and windows.

    So is one letter again and again, in a row of arches.
    """
    letters = [letter for letter in text if letter.isalnum()]
    different = len(set(letters))
    if different < 3:
        return (1.1, 0.95, 0.9)[different]
    return 0.8 if len(letters) < _LONG else 0.7


def _in_company(lines: Sequence[Line]) -> list[Line]:
    """The lines without single letters that stand alone, such as a cup that is read as an 8."""
    words = [_height(line) for line in lines if len(line.text) > 1]
    return [
        line
        for line in lines
        if len(line.text) > 1 or any(1 / 2 < _height(line) / height < 2 for height in words)
    ]


def _height(line: Line) -> float:
    return max(1.0, float(np.linalg.norm(line.corners[3] - line.corners[0])))


def _outside(islands: Sequence[Island], lines: Sequence[Line], scale: float) -> list[Island]:
    """What is in none of the lines."""
    boxes = _boxes(lines)
    return [one for one in islands if not within_any(one.box / scale, boxes)]


def _boxes(lines: Sequence[Line]) -> list[Quad]:
    return [line.corners for line in lines]


def _scale(picture: Picture, side: int) -> float:
    """By how much a picture is made smaller, so that its longer side has so many pixels."""
    height, width = picture.shape[:2]
    long, short = max(height, width), min(height, width)
    return float(min(1.0, max(side / long, side * _NARROW / short)))


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side: the last one ends with it."""
    if length <= TILE:
        return [0]
    count = -(-(length - _OVERLAP) // (TILE - _OVERLAP))
    return [round(number * (length - TILE) / (count - 1)) for number in range(count)]
