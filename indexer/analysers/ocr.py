"""Optical character recognition with the PP-OCRv6 models of the package ``rapidocr``, run in ONNX Runtime.

Its weights are read from the installed package and none of its code is imported, since that downloads what it
does not find, and shrinks every picture to 2,000 pixels before the letters are cut out. The steps and
thresholds are those of PP-OCR: a map of where text is likely (differentiable binarization), rectangles around
its islands, each cut out level, turned if it is upside down, and read (CTC).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.encoders.packages import package_file, package_hash
from indexer.media.types import Picture

PACKAGE = "rapidocr"
DETECTOR = "PP-OCRv6_det_small.onnx"
RECOGNISER = "PP-OCRv6_rec_small.onnx"
DIRECTION = "ch_ppocr_mobile_v2.0_cls_mobile.onnx"

Floats = npt.NDArray[np.float32]
Quad = npt.NDArray[np.float32]
"""(4, 2) pixels: corners from the top left of the text, clockwise as it is read."""

_FIRST_LOOK = 320
"""Pixels of the longer side of the picture in which text is ruled out."""
_NARROWEST = 0.625
"""Of them the shorter side has this share at least."""
_HINT = 0.3
"""Of that look: less is no text."""
OVERVIEW = 960
"""Pixels of the longer side of the picture in which text is looked for first."""
_NARROW = 0.4
"""Of a long and thin picture the shorter side has this share of them at least."""
_LEGIBLE = 8.0
"""Islands that are lower, in pixels of the map, are looked at again in a larger picture …"""
_COMFORTABLE = 12.0
"""… in which they have this height."""
_MARGIN = 16
"""Pixels of the map around them that are looked at again, too."""
_TILE = 960
_OVERLAP = 96
_LIKELY = 0.3
"""Of the map: pixels of text."""
_MEAN_LIKELY = 0.5
"""Of an island of the map: less is no text."""
_GROWTH = 1.6
"""Islands are the cores of lines: how much of area by perimeter they are widened by."""
_MOST_BOXES = 3000
_HEIGHT = 48
"""Pixels of a line as it is read."""
_LONGEST = 32
"""Lines that are longer than so many times their height are read in pieces."""
_CLEARLY = 2.5
"""How much longer one side of a box is than the other where it tells the direction of its page."""
_SURE_OF_DIRECTION = 0.9
_DOUBTFUL = 0.7
"""Confidence below which a line is read upside down, too."""


@dataclass(frozen=True)
class Line:
    """A line as it was read: its corners in pixels, its words with where each begins and ends, 0 to 1."""

    text: str
    confidence: float
    corners: Quad
    spans: tuple[tuple[float, float], ...]


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

    def first_look(self, picture: Picture) -> float:
        """How likely there is text anywhere, 0 to 1, by a very small picture."""
        height, width = picture.shape[:2]
        scale = min(1.0, max(_FIRST_LOOK / max(height, width), _FIRST_LOOK * _NARROWEST / min(height, width)))
        return float(self.likelihood(picture, scale).max())

    def may_have_text(self, picture: Picture) -> bool:
        """Whether a first look, which costs a tenth of the second one, cannot rule text out."""
        return self.first_look(picture) >= _HINT

    def find(self, picture: Picture, overview: int = OVERVIEW) -> list[Quad]:
        """Rectangles around lines of text, in pixels: looked for in a small picture, then closer.

        What is small in it is cut out and looked at again in the size in which its lines are found whole, so
        that the time goes with the text and not with the pixels.
        """
        height, width = picture.shape[:2]
        scale = min(1.0, max(overview / max(height, width), overview * _NARROW / min(height, width)))
        likely = self.likelihood(picture, scale)
        if scale == 1.0:
            return self.boxes(likely)
        boxes = [box for box in self.boxes(likely, scale) if _core(box) * scale >= _LEGIBLE]
        for region in _small_regions(likely):
            left, top, right, bottom = (round(edge / scale) for edge in region.edges)
            closer = min(1.0, scale * _COMFORTABLE / region.core)
            part = np.ascontiguousarray(picture[top:bottom, left:right])
            found = [
                box + np.float32([left, top]) for box in self.boxes(self.likelihood(part, closer), closer)
            ]
            boxes += [box for box in found if region.has(box * scale) and not _within_any(box, boxes)]
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

    def boxes(self, likely: Floats, scale: float = 1.0) -> list[Quad]:
        """Rectangles around lines of text, in pixels of the picture that was scaled."""
        import cv2

        islands = cv2.dilate((likely > _LIKELY).astype(np.uint8), np.ones((2, 2), np.uint8))
        contours, _ = cv2.findContours(islands, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        boxes = []
        for contour in contours[:_MOST_BOXES]:
            centre, (width, height), angle = cv2.minAreaRect(contour)
            if min(width, height) < 3:
                continue
            if _mean_within(likely, cv2.boxPoints((centre, (width, height), angle))) < _MEAN_LIKELY:
                continue
            growth = width * height * _GROWTH / (2 * (width + height)) * 2
            box = cv2.boxPoints((centre, (width + growth, height + growth), angle))
            boxes.append(_clockwise(box) / scale)
        return boxes

    def read(self, picture: Picture, boxes: Sequence[Quad]) -> list[Line]:
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
            if line.text.strip() and line.confidence >= self._floor:
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


def _core(box: Quad) -> float:
    """The height that the island had whose box this is."""
    long, short = sorted(_sides(box), reverse=True)
    # short = core + core * long_core * growth / (core + long_core): about so for long lines.
    return short / (1 + _GROWTH * (0.5 if long < 2 * short else 0.8))


@dataclass(frozen=True)
class _Region:
    """A part of the map whose text is too small: its left, top, right and bottom edge, and its own pixels."""

    edges: tuple[int, int, int, int]
    own: npt.NDArray[np.bool_]
    core: float
    """How high the islands are."""

    def has(self, box: Quad) -> bool:
        """Whether the middle of a box is in it, and not in a neighbour that reaches into its edges."""
        x, y = (int(value) for value in box.mean(axis=0))
        left, top, right, bottom = self.edges
        return left <= x < right and top <= y < bottom and bool(self.own[y - top, x - left])


def _small_regions(likely: Floats) -> Iterator[_Region]:
    """Where text is too small in a map."""
    import cv2

    _, labels, stats, _ = cv2.connectedComponentsWithStats((likely > _LIKELY).astype(np.uint8))
    # A slanted line is thinner than its bounds are.
    long, areas = np.maximum(stats[:, 2], stats[:, 3]), stats[:, 4]
    thin = np.minimum(np.minimum(stats[:, 2], stats[:, 3]), 1.5 * areas / long)
    small = (thin < _LEGIBLE) & (areas >= 4)
    small[0] = False
    square = np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)
    regions, places, bounds, _ = cv2.connectedComponentsWithStats(
        cv2.dilate(small[labels].astype(np.uint8), square)
    )
    for region in range(1, regions):
        left, top, width, height, _ = (int(value) for value in bounds[region])
        edges = (left, top, left + width, top + height)
        own = places[top : edges[3], left : edges[2]] == region
        inside = np.unique(labels[top : edges[3], left : edges[2]][own])
        core = float(np.quantile(thin[inside[small[inside]]], 0.25))
        yield _Region(edges, own, max(1.0, core))


def _within_any(box: Quad, others: Sequence[Quad]) -> bool:
    """Whether the middle of a box lies in another one."""
    if not others:
        return False
    quads = np.stack(others)
    along, down = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    offset = box.mean(axis=0) - quads[:, 0]
    across = [
        (offset * side).sum(axis=1) / np.maximum(1e-6, (side * side).sum(axis=1)) for side in (along, down)
    ]
    return bool(np.any((across[0] > 0) & (across[0] < 1) & (across[1] > 0) & (across[1] < 1)))


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
        gap = np.convolve(ink, np.ones(max(1, height // 4)), "same").argmin()
        end = start + most - 6 * height + int(gap)
        yield start, end
        start = end
    yield start, width


def _sides(box: Quad) -> tuple[int, int]:
    """Width and height of a rectangle."""
    width, height = (float(np.linalg.norm(box[0] - box[corner])) for corner in (1, 3))
    return max(1, round(width)), max(1, round(height))


def _lying(boxes: Sequence[Quad]) -> bool:
    """Whether the page lies on its side: most of the length is that of tall boxes."""
    sides = [_sides(box) for box in boxes]
    tall = sum(height for width, height in sides if height > _CLEARLY * width)
    wide = sum(width for width, height in sides if width > _CLEARLY * height)
    return tall > wide


def _cut(picture: Picture, box: Quad, lying: bool) -> tuple[Picture, Quad]:
    """The level strip that a box holds, and its corners as they are then; a tall one is laid down.

    A single digit is tall, too: what is not clearly one or the other is as its page.
    """
    import cv2

    width, height = _sides(box)
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


def _clockwise(box: Quad) -> Quad:
    """The corners of a rectangle from its top left."""
    by_x = box[np.argsort(box[:, 0], kind="stable")]
    top_left, bottom_left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    top_right, bottom_right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_within(likely: Floats, box: Quad) -> float:
    import cv2

    height, width = likely.shape
    left, top = np.clip(np.floor(box.min(axis=0)), 0, (width - 1, height - 1)).astype(int)
    right, bottom = np.clip(np.ceil(box.max(axis=0)), 0, (width - 1, height - 1)).astype(int)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [(box - (left, top)).astype(np.int32)], 1)
    return float(cv2.mean(likely[top : bottom + 1, left : right + 1], mask)[0])


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
    return lambda picture: [line.text for line in ocr.read(picture, ocr.find(picture))]
