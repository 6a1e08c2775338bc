"""Regions of interest in a map of where text is likely: what is text there, and where to look closer.

Pure functions: no model is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from db.arrays import Floats, Mask
from indexer.ocr.lines import Quad

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
    own: Mask
    scale: float
    """At which most of its boxes are to be looked at."""

    def has(self, box: Quad) -> bool:
        """Whether the middle of a box is in it, and not in a neighbour that reaches into its edges."""
        x, y = (int(value) for value in box.mean(axis=0))
        left, top, right, bottom = self.edges
        return left <= x < right and top <= y < bottom and bool(self.own[y - top, x - left])


def small_regions(small: Sequence[tuple[Quad, float]], shape: tuple[int, int]) -> Iterator[Region]:
    """Where boxes of a map are that are too small, each with the scale that it wants; neighbours together."""
    import cv2

    mask = np.zeros(shape, np.uint8)
    for box, _ in small:
        cv2.fillPoly(mask, [box.round().astype(np.int32)], 1)
    square = np.ones((2 * _MARGIN + 1, 2 * _MARGIN + 1), np.uint8)
    count, places, bounds, _ = cv2.connectedComponentsWithStats(cv2.dilate(mask, square))
    scales: dict[int, list[float]] = {}
    for box, scale in small:
        x, y = (int(value) for value in box.mean(axis=0).clip(0, (shape[1] - 1, shape[0] - 1)))
        scales.setdefault(int(places[y, x]), []).append(scale)
    for region in range(1, count):
        left, top, width, height, _ = (int(value) for value in bounds[region])
        edges = (left, top, left + width, top + height)
        own = places[top : top + height, left : left + width] == region
        if region in scales:
            yield Region(edges, own, float(np.quantile(scales[region], 0.75)))


def within_any(box: Quad, others: Sequence[Quad]) -> bool:
    """Whether the middle of a box lies in another one that is not much smaller."""
    return bool(others) and bool(_holds(np.stack(others), box[np.newaxis]).any())


def one_in_other(box: Quad, others: Sequence[Quad]) -> list[int]:
    """Which boxes lie in this one, or hold it, by their middles."""
    if not others:
        return []
    quads = np.stack(others)
    alike = _holds(quads, box[np.newaxis]) | _holds(box[np.newaxis], quads)
    return [int(index) for index in np.flatnonzero(alike)]


def _holds(outer: Floats, inner: Floats) -> Mask:
    """Of boxes in pairs, (n, 4, 2) or one for all: whether the inner one's middle is in the outer one."""
    along, down = outer[:, 1] - outer[:, 0], outer[:, 3] - outer[:, 0]
    offset = inner.mean(axis=1) - outer[:, 0]
    x, y = (
        (offset * side).sum(axis=1) / np.maximum(1e-6, (side * side).sum(axis=1)) for side in (along, down)
    )
    smaller = _areas(inner) < _MUCH_LARGER * _areas(outer)
    return np.asarray((x > 0) & (x < 1) & (y > 0) & (y < 1) & smaller)


def _areas(boxes: Floats) -> Floats:
    lengths = [np.linalg.norm(boxes[:, corner] - boxes[:, 0], axis=1) for corner in (1, 3)]
    return np.asarray(lengths[0] * lengths[1], np.float32)


def sides(box: Quad) -> tuple[int, int]:
    """Width and height of a rectangle in whole pixels."""
    width, height = (float(np.linalg.norm(box[0] - box[corner])) for corner in (1, 3))
    return max(1, round(width)), max(1, round(height))
