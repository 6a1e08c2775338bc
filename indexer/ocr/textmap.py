"""Maps of where text is likely, as a text detector makes them: the lines in them, and where to look closer.

The thresholds are those of PP-OCR's differentiable binarization. Pure functions: no model is needed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.ocr.lines import Quad

Floats = npt.NDArray[np.float32]

_LIKELY = 0.3
"""Of the map: pixels of text."""
_MEAN_LIKELY = 0.5
"""Of an island of the map: less is no text."""
_GROWTH = 1.6
"""Islands are the cores of lines: how much of area by perimeter they are widened by."""
_MOST_ISLANDS = 5000
_LOWEST = 3.0
_MUCH_LARGER = 1.7
_MARGIN = 16
"""Pixels around what is small that are looked at again, too."""


@dataclass(frozen=True)
class Island:
    """A line, or a part of one, in a map: the height of its core, how likely it is, its rectangle."""

    core: float
    likely: float
    box: Quad

    @property
    def is_text(self) -> bool:
        """Whether it is likely, and large enough to be cut out."""
        return self.likely >= _MEAN_LIKELY and self.core >= _LOWEST


@dataclass(frozen=True)
class Region:
    """A part of a map whose text is too small: its left, top, right and bottom edge, and its own pixels."""

    edges: tuple[int, int, int, int]
    own: npt.NDArray[np.bool_]
    core: float
    """How high most of its islands are at least."""

    def has(self, box: Quad) -> bool:
        """Whether the middle of a box is in it, and not in a neighbour that reaches into its edges."""
        x, y = (int(value) for value in box.mean(axis=0))
        left, top, right, bottom = self.edges
        return left <= x < right and top <= y < bottom and bool(self.own[y - top, x - left])


def islands(likely: Floats) -> list[Island]:
    """What may be text in a map, with rectangles that hold all of the letters."""
    import cv2

    mask = cv2.dilate((likely > _LIKELY).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    result = []
    for contour in contours[:_MOST_ISLANDS]:
        centre, (width, height), angle = cv2.minAreaRect(contour)
        core = min(width, height)
        if core < 1:
            continue
        growth = width * height * _GROWTH / (width + height)
        box = cv2.boxPoints((centre, (width + growth, height + growth), angle))
        result.append(Island(core, _mean_within(likely, contour), _clockwise(box)))
    return result


def small_regions(small: Sequence[Island], shape: tuple[int, int]) -> Iterator[Region]:
    """Where islands of a map are that are too small, neighbours together."""
    import cv2

    mask = np.zeros(shape, np.uint8)
    for island in small:
        cv2.fillPoly(mask, [island.box.round().astype(np.int32)], 1)
    square = np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)
    count, places, bounds, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, square))
    cores: dict[int, list[float]] = {}
    for island in small:
        x, y = (int(value) for value in island.box.mean(axis=0).clip(0, (shape[1] - 1, shape[0] - 1)))
        cores.setdefault(int(places[y, x]), []).append(island.core)
    for region in range(1, count):
        left, top, width, height, _ = (int(value) for value in bounds[region])
        edges = (left, top, left + width, top + height)
        own = places[top : top + height, left : left + width] == region
        if region in cores:
            yield Region(edges, own, float(np.quantile(cores[region], 0.25)))


def within_any(box: Quad, others: Sequence[Quad]) -> bool:
    """Whether the middle of a box lies in another one that is not much smaller."""
    if not others:
        return False
    quads = np.stack(others)
    along, down = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    offset = box.mean(axis=0) - quads[:, 0]
    x, y = (
        (offset * side).sum(axis=1) / np.maximum(1e-6, (side * side).sum(axis=1)) for side in (along, down)
    )
    areas = np.linalg.norm(along, axis=1) * np.linalg.norm(down, axis=1)
    own = math.prod(sides(box))
    return bool(np.any((x > 0) & (x < 1) & (y > 0) & (y < 1) & (own < _MUCH_LARGER * areas)))


def sides(box: Quad) -> tuple[int, int]:
    """Width and height of a rectangle in whole pixels."""
    width, height = (float(np.linalg.norm(box[0] - box[corner])) for corner in (1, 3))
    return max(1, round(width)), max(1, round(height))


def _clockwise(box: Quad) -> Quad:
    """The corners of a rectangle from its top left."""
    by_x = box[np.argsort(box[:, 0], kind="stable")]
    top_left, bottom_left = by_x[:2][np.argsort(by_x[:2, 1], kind="stable")]
    top_right, bottom_right = by_x[2:][np.argsort(by_x[2:, 1], kind="stable")]
    return np.array([top_left, top_right, bottom_right, bottom_left], np.float32)


def _mean_within(likely: Floats, contour: npt.NDArray[np.int32]) -> float:
    """Mean of the map in an island; its rectangle may hold much else where it is bent or has a thick end."""
    import cv2

    left, top, width, height = cv2.boundingRect(contour)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [contour - np.array([left, top], np.int32)], 1)
    return float(cv2.mean(likely[top : top + height, left : left + width], mask)[0])
