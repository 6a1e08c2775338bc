"""Regions of interest in a map of where text is likely: what is text there, and where to look closer.

Pure functions: no model is needed.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.ocr.lines import Quad

Floats = npt.NDArray[np.float32]

_MEAN_LIKELY = 0.5
"""Of an island of the map: less is no text."""
_LOWEST = 7.0
_MUCH_LARGER = 1.7
_MARGIN = 16
"""Pixels around what is small that are looked at again, too."""


@dataclass(frozen=True)
class Island:
    """A line, or a part of one, in a map: a rectangle that holds its letters, and how likely it is text."""

    box: Quad
    likely: float

    @property
    def height(self) -> float:
        """Pixels of the map across the line."""
        return float(min(np.linalg.norm(self.box[0] - self.box[corner]) for corner in (1, 3)))

    @property
    def is_text(self) -> bool:
        """Whether it is likely, and large enough to be cut out."""
        return self.likely >= _MEAN_LIKELY and self.height >= _LOWEST


@dataclass(frozen=True)
class Region:
    """A part of a map whose text is too small: its left, top, right and bottom edge, and its own pixels."""

    edges: tuple[int, int, int, int]
    own: npt.NDArray[np.bool_]
    height: float
    """How high most of its islands are at least."""

    def has(self, box: Quad) -> bool:
        """Whether the middle of a box is in it, and not in a neighbour that reaches into its edges."""
        x, y = (int(value) for value in box.mean(axis=0))
        left, top, right, bottom = self.edges
        return left <= x < right and top <= y < bottom and bool(self.own[y - top, x - left])


def small_regions(small: Sequence[tuple[Quad, float]], shape: tuple[int, int]) -> Iterator[Region]:
    """Where boxes of a map are that are too small, each with its height; neighbours together."""
    import cv2

    mask = np.zeros(shape, np.uint8)
    for box, _ in small:
        cv2.fillPoly(mask, [box.round().astype(np.int32)], 1)
    square = np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)
    count, places, bounds, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, square))
    heights: dict[int, list[float]] = {}
    for box, height in small:
        x, y = (int(value) for value in box.mean(axis=0).clip(0, (shape[1] - 1, shape[0] - 1)))
        heights.setdefault(int(places[y, x]), []).append(height)
    for region in range(1, count):
        left, top, width, height, _ = (int(value) for value in bounds[region])
        edges = (left, top, left + width, top + height)
        own = places[top : top + height, left : left + width] == region
        if region in heights:
            yield Region(edges, own, float(np.quantile(heights[region], 0.25)))


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
