"""Optical character recognition with the PP-OCRv6 models of the package ``rapidocr``, run in ONNX Runtime.

Its weights are read from the installed package and none of its code is imported, since that downloads what it
does not find, and shrinks every picture to 2,000 pixels before the letters are cut out. The steps and
thresholds are those of PP-OCR: a map of where text is likely (differentiable binarization), rectangles around
its islands, each cut out level, turned if it is upside down, and read (CTC).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer.encoders.packages import package_file, package_hash
from indexer.media.types import Picture
from indexer.ocr.lines import Line, Quad
from indexer.ocr.textmap import Floats, Island, islands, sides, small_regions, within_any

PACKAGE = "rapidocr"
DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"
DIRECTION = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"

FIRST_LOOK = 416
"""Pixels of the longer side of the picture in which text is ruled out."""
_HINT = 0.05
"""Of the map of that look: less is no text."""
_CLEAR = 0.9
"""Confidence of a line that needs no closer look."""
OVERVIEW = 960
"""Pixels of the longer side of the picture in which text is looked for then."""
_NARROW = 0.3
"""Of long and thin pictures the shorter side has this share of them at least."""
_LEGIBLE = 8.0
"""Islands that are lower, in pixels of the map, are looked at again in a larger picture …"""
_COMFORTABLE = 12.0
"""… in which they have this height."""
_TILE = 960
_OVERLAP = 96
_HEIGHT = 48
"""Pixels of a line as it is read."""
_LONGEST = 50
"""Lines that are longer than so many times their height are read in pieces."""
_CLEARLY = 2.5
"""How much longer one side of a box is than the other where it tells the direction of its page."""
_SURE_OF_DIRECTION = 0.9
_DOUBTFUL = 0.7
"""Confidence below which a line is read upside down, too."""


class Ocr:
    """Finds and reads text in pictures. Thread-safe; the same picture gives the same lines.

    Args:
        threads: of ONNX Runtime for one picture.
        floor: lines that are less sure are left out.
    """

    def __init__(self, threads: int = 1, floor: float = 0.5) -> None:
        self._floor = floor
        self._detector = _session(package_file(PACKAGE, DETECTOR), threads)
        self._recogniser = _session(package_file(PACKAGE, RECOGNISER), threads)
        self._direction = _session(package_file(PACKAGE, DIRECTION), threads)
        listed = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *listed, " "]

    @staticmethod
    def fingerprint() -> str:
        """What changes with the weights."""
        return " ".join(package_hash(PACKAGE, name)[:12] for name in (DETECTOR, RECOGNISER, DIRECTION))

    def read(self, picture: Picture) -> list[Line]:
        """The lines of a picture, none where a first look, which is cheap, sees no text.

        It is looked at in ever larger pictures: in small ones large letters are found whole, while small
        lines run into one another and cannot be read. So what is read well is kept, the rest is cut
        out and looked at closer, and the time goes with the text and not with the pixels.
        """
        scale = _scale(picture, FIRST_LOOK)
        likely = self.likelihood(picture, scale)
        if likely.max() < _HINT:
            return []
        large = [one.box / scale for one in islands(likely) if one.is_text and one.core >= _LEGIBLE]
        lines = [line for line in self.lines(picture, large) if line.confidence >= _CLEAR]
        scale = _scale(picture, OVERVIEW)
        likely = self.likelihood(picture, scale)
        new = [one for one in islands(likely) if not within_any(one.box / scale, _boxes(lines))]
        legible = [one for one in new if one.is_text and (one.core >= _LEGIBLE or scale == 1.0)]
        read = self.lines(picture, [one.box / scale for one in legible])
        if scale == 1.0:
            return lines + read
        clear = [line for line in read if line.confidence >= _CLEAR]
        lines += clear
        unclear = [
            replace(one, core=_suspected(one.core))
            for one in new
            if not within_any(one.box / scale, _boxes(clear))
        ]
        closer = self.lines(picture, self._closer(picture, likely.shape, unclear, scale))
        lines += _apart(closer, lines)
        return lines + _apart(read, lines)

    def _closer(
        self, picture: Picture, shape: tuple[int, ...], small: Sequence[Island], scale: float
    ) -> list[Quad]:
        """Boxes of what is too small in a map of that shape, looked at in the size that suits it."""
        boxes = []
        for region in small_regions(small, (shape[0], shape[1])):
            left, top, right, bottom = (round(edge / scale) for edge in region.edges)
            closer = min(1.0, scale * _COMFORTABLE / region.core)
            likely = self.likelihood(np.ascontiguousarray(picture[top:bottom, left:right]), closer)
            corner = np.array([left, top], np.float32)
            found = [one.box / closer + corner for one in islands(likely) if one.is_text]
            boxes += [box for box in found if region.has(box * scale)]
        return boxes

    def likelihood(self, picture: Picture, scale: float = 1.0) -> Floats:
        """How likely every pixel of the scaled picture is one of text, 0 to 1: (height, width).

        Larger pictures are looked at in overlapping tiles, so that memory is bounded and no line is cut.
        """
        import cv2

        height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
        if scale != 1.0:
            shrinks = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_LINEAR
            picture = cv2.resize(picture, (width, height), interpolation=shrinks)
        likely = np.zeros((height, width), np.float32)
        for top in _starts(height):
            for left in _starts(width):
                tile = picture[top : top + _TILE, left : left + _TILE]
                part = likely[top : top + _TILE, left : left + _TILE]
                np.maximum(part, self._tile(tile), out=part)
        return likely

    def _tile(self, tile: Picture) -> Floats:
        height, width = tile.shape[:2]
        padded = np.zeros((1, 3, -(-height // 32) * 32, -(-width // 32) * 32), np.float32)
        padded[0, :, :height, :width] = _channels(tile)
        (likely,) = self._detector.run(None, {"x": padded})
        return np.asarray(likely[0, 0, :height, :width], np.float32)

    def lines(self, picture: Picture, boxes: Sequence[Quad]) -> list[Line]:
        """What stands in the boxes, each the right way up; those in which nothing can be read are left out.

        Most lines of a page say together which way up it is: a short one alone says it badly.
        """
        import cv2

        lying = _lying(boxes)
        strips = [_cut(picture, box, lying) for box in boxes]
        upside = self._upside([strip for strip, _ in strips])
        lines = []
        for (strip, corners), turn in zip(strips, upside, strict=True):
            line = self._line(cv2.rotate(strip, cv2.ROTATE_180) if turn else strip, corners, turn)
            if line.confidence < _DOUBTFUL:
                other = self._line(strip if turn else cv2.rotate(strip, cv2.ROTATE_180), corners, not turn)
                line = max(line, other, key=lambda read: read.confidence)
            if line.confidence >= max(self._floor, _needed(line.text)):
                lines.append(line)
        return lines

    def _upside(self, strips: Sequence[Picture]) -> list[bool]:
        """Which strips are upside down: all of a page, or each by itself where they differ."""
        if not strips:
            return []
        chances = np.array([self._chance_upside(strip) for strip in strips])
        weights = np.array([min(8.0, strip.shape[1] / strip.shape[0]) for strip in strips])
        share = float(weights @ (chances > 0.5) / weights.sum())
        if 0.2 < share < 0.8:
            return [bool(chance > _SURE_OF_DIRECTION) for chance in chances]
        return [share >= 0.8] * len(strips)

    def _chance_upside(self, strip: Picture) -> float:
        import cv2

        width = min(192, max(1, round(48 * strip.shape[1] / strip.shape[0])))
        padded = np.zeros((1, 3, 48, 192), np.float32)
        padded[0, :, :, :width] = _channels(cv2.resize(strip, (width, 48)))
        (chances,) = self._direction.run(None, {"x": padded})
        return float(chances[0, 1])

    def _line(self, strip: Picture, corners: Quad, turn: bool) -> Line:
        """The strip as it is read, in pieces where it is very long."""
        pieces = list(_pieces(strip))
        read = [self._piece(strip[:, start:end]) for start, end in pieces]
        text = " ".join(words for words, _, _ in read)
        chances = [chance for _, chances, _ in read for chance in chances]
        spans = tuple(
            (
                (start + left * (end - start)) / strip.shape[1],
                (start + right * (end - start)) / strip.shape[1],
            )
            for (_, _, inner), (start, end) in zip(read, pieces, strict=True)
            for left, right in inner
        )
        confidence = float(np.mean(chances)) if chances else 0.0
        return Line(text, confidence, np.roll(corners, 2, axis=0) if turn else corners, spans)

    def _piece(self, strip: Picture) -> tuple[str, list[float], list[tuple[float, float]]]:
        import cv2

        width = max(1, round(_HEIGHT * strip.shape[1] / strip.shape[0]))
        padded = np.zeros((1, 3, _HEIGHT, max(320, -(-width // 32) * 32)), np.float32)
        padded[0, :, :, :width] = _channels(cv2.resize(strip, (width, _HEIGHT)))
        (chances,) = self._recogniser.run(None, {"x": padded})
        best, sure = chances[0].argmax(axis=1), chances[0].max(axis=1)
        kept = np.flatnonzero((best != 0) & (best != np.concatenate(([0], best[:-1]))))
        letters = [self._characters[number] for number in best[kept]]
        step = padded.shape[3] / len(best) / width
        return "".join(letters), [float(sure[at]) for at in kept], _spans(letters, kept * step, step)


def _apart(lines: Sequence[Line], others: Sequence[Line]) -> list[Line]:
    """The lines that neither lie in others nor hold any."""
    return [
        line
        for line in lines
        if not within_any(line.corners, _boxes(others))
        and not any(within_any(other.corners, [line.corners]) for other in others)
    ]


def _suspected(core: float) -> float:
    """How high lines are that could not be read: several may have run together, small ones or large ones."""
    if core < _LEGIBLE:
        return core
    return core / 3 if core < 2 * _COMFORTABLE else 2 * _COMFORTABLE


def _needed(text: str) -> float:
    """How sure a line must be: a letter is soon seen in twigs and tiles, and without one it is no text."""
    letters = sum(letter.isalnum() for letter in text)
    return (1.1, 0.95, 0.8)[letters] if letters < 3 else 0.0


def _boxes(lines: Sequence[Line]) -> list[Quad]:
    return [line.corners for line in lines]


def _scale(picture: Picture, side: int) -> float:
    """By how much a picture is made smaller, so that its longer side has so many pixels."""
    height, width = picture.shape[:2]
    return min(1.0, max(side / max(height, width), side * _NARROW / min(height, width)))


def _spans(letters: Sequence[str], places: Any, step: float) -> list[tuple[float, float]]:
    """Where the words of a text begin and end; in scripts without spaces it is one."""
    spans: list[tuple[float, float]] = []
    open_word = False
    for letter, place in zip(letters, places, strict=True):
        if letter.isspace():
            open_word = False
            continue
        end = min(1.0, float(place) + step)
        if open_word:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((max(0.0, float(place) - step), end))
        open_word = True
    return spans


def _pieces(strip: Picture) -> Iterator[tuple[int, int]]:
    """Spans of pixels that are not too long to be read, divided where there is least ink."""
    height, width = strip.shape[:2]
    most = _LONGEST * height
    start = 0
    while width - start > most:
        near = strip[:, start + most - 6 * height : start + most].astype(np.int16)
        ink = np.abs(near - np.median(near, axis=(0, 1))).sum(axis=(0, 2)).astype(np.float64)
        gap = np.convolve(ink, np.ones(max(1, height // 2)), "same").argmin()
        end = start + most - 6 * height + int(gap)
        yield start, end
        start = end
    yield start, width


def _lying(boxes: Sequence[Quad]) -> bool:
    """Whether the page lies on its side: most of the length is that of tall boxes."""
    measured = [sides(box) for box in boxes]
    tall = sum(height for width, height in measured if height > _CLEARLY * width)
    wide = sum(width for width, height in measured if width > _CLEARLY * height)
    return tall > wide


def _cut(picture: Picture, box: Quad, lying: bool) -> tuple[Picture, Quad]:
    """The level strip that a box holds, and its corners as they are then; a tall one is laid down.

    A single digit is tall, too: what is not clearly one or the other is as its page.
    """
    import cv2

    width, height = sides(box)
    if height > width * (1 / _CLEARLY if lying else _CLEARLY):
        # Its right edge becomes the top one: counter-clockwise.
        box = np.roll(box, -1, axis=0)
        width, height = height, width
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(box.astype(np.float32), level)
    strip = cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(strip, np.uint8), box


def _starts(length: int) -> list[int]:
    """Where tiles begin along a side: the last one ends with it."""
    if length <= _TILE:
        return [0]
    count = -(-(length - _OVERLAP) // (_TILE - _OVERLAP))
    return [round(number * (length - _TILE) / (count - 1)) for number in range(count)]


def _channels(pixels: Picture) -> Floats:
    """Pixels as the models want them: blue, green and red planes in -1 to 1."""
    return np.asarray(pixels[:, :, ::-1].transpose(2, 0, 1), np.float32) / 127.5 - 1


def _session(path: Path, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def reader() -> Callable[[Picture], list[str]]:
    """A function that gives the lines of a picture; for measurements."""
    ocr = Ocr()
    return lambda picture: [line.text for line in ocr.read(picture)]
