"""Motion between frames of a film: how much of the picture moves, and how the camera pans and zooms.

Corners are followed from one small grey picture to the next (Lucas and Kanade 1981, in pyramids), and back
again, which leaves out those that were lost. What most of them do together is the camera's: a shift and a
scale, by RANSAC (Fischler and Bolles 1981). Speeds are in widths of the picture a second, so that neither the
size of the film nor how often it is looked at matters.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from db.arrays import Ids, Mask
from indexer.media.types import Glimpse, Grey

_CORNERS, _QUALITY, _APART_PX = 300, 0.01, 8
_CORNER = 7e-5
"""The least eigenvalue of a corner: that of a camera's noise is below it."""
_CELLS, _OF_CELL = (4, 6), 6
"""Parts of the picture, down and across, and how many corners of each are followed."""
_LEAST_CORNERS = 8
"""Of a picture with fewer nothing is known but how much its brightness changes."""
_BACK_PX = 1.0
"""How near to where it came from a corner must be led back."""
_LOST = 0.3
"""Share of the corners that are followed, below which the picture changes too fast to be followed."""
_TOGETHER = 0.65
"""Share of the parts of the picture that move as one, from which it is the camera that moves."""
_REACH = 0.65
"""How far over the picture, across or down, what moves with the camera reaches: less is a thing."""
_FITS_PX = 1.5
_MOVING = 90
"""The percentile of the speeds that is how fast something moves: what less of the picture does is noise."""
_LOST_SPEED = 1.0
_EDGE = 0.12
"""Of the width: what is no farther from an edge may leave the picture with the camera."""
_AROUND_PX = 9
_SAME, _CHANGED = 0.1, 12.0
"""Levels of brightness on average, below which nothing has moved, and from which what cannot be followed
is something else."""

_Points = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Motion:
    """What happens between two glimpses.

    ``speed``: of what moves fastest, but for a tenth of the picture; ``across`` and ``down``: of the camera,
    in widths a second, ``zoom``: the logarithm of the scale a second. Nothing of the camera where it cannot
    be told.
    """

    start_s: float
    end_s: float
    speed: float
    across: float = 0.0
    down: float = 0.0
    zoom: float = 0.0


def motions(glimpses: Sequence[Glimpse]) -> Iterator[Motion]:
    """What happens from each glimpse of a shot to the next one."""
    for one, other in pairwise(glimpses):
        yield _between(one, other)


def _between(one: Glimpse, other: Glimpse) -> Motion:
    span = one.at_s, other.at_s
    change = float(np.abs(one.picture.astype(np.int16) - other.picture).mean())
    if change < _SAME:
        return Motion(*span, 0.0)
    followed = _followed(one.picture, other.picture)
    if followed is None:
        return Motion(*span, _LOST_SPEED if change >= _CHANGED else 0.0)
    before, after, lost = followed
    corners = len(before) + len(lost)
    if len(before) < max(_LEAST_CORNERS, _LOST * corners):
        gone = _gone(lost, np.zeros(2, np.float32), one.picture, other.picture)
        is_other = change >= _CHANGED or gone >= (1 - _MOVING / 100) * corners
        return Motion(*span, _LOST_SPEED if is_other else 0.0)
    per_s = 1 / (one.picture.shape[1] * max(1e-3, other.at_s - one.at_s))
    speeds = np.linalg.norm(after - before, axis=1) * per_s
    gone = _gone(lost, np.median(after - before, axis=0), one.picture, other.picture)
    speed = float(np.percentile(np.append(speeds, np.full(gone, _LOST_SPEED)), _MOVING))
    return Motion(*span, speed, *_of_camera(before, after, one.picture, per_s))


def _followed(one: Grey, other: Grey) -> tuple[_Points, _Points, _Points] | None:
    """Where corners are in both pictures, and those that were lost; None where there are too few."""
    import cv2

    best = float(cv2.cornerMinEigenVal(one, 3).max())
    if best < _CORNER:
        return None
    first: Any = cv2.goodFeaturesToTrack(one, _CORNERS, max(_QUALITY, _CORNER / best), _APART_PX)
    if first is None or len(first) < _LEAST_CORNERS:
        return None
    first = first[_spread(first[:, 0], one)]
    # Its types know no call that lets it make the points itself.
    follow: Any = cv2.calcOpticalFlowPyrLK
    second, there, _ = follow(one, other, first, None, maxLevel=4)
    again, back, _ = follow(other, one, second, None, maxLevel=4)
    near = np.linalg.norm(again - first, axis=2) < _BACK_PX
    kept = (near & (there == 1) & (back == 1)).ravel()
    return first[kept, 0], second[kept, 0], first[~kept, 0]


def _gone(lost: _Points, way: _Points, one: Grey, other: Grey) -> int:
    """How many of the lost corners something has passed over, or taken with it.

    Those near an edge, which the camera leaves behind, are no sign of it, nor those that noise has lost.
    """
    import cv2

    height, width = one.shape
    x, y = (lost + way).T
    edge = _EDGE * width
    inside = (x >= edge) & (x < width - edge) & (y >= edge) & (y < height - edge)
    changed = cv2.blur(cv2.absdiff(one, other), (_AROUND_PX, _AROUND_PX))
    column, row = lost.astype(np.int64).T
    return int((inside & (changed[row, column] >= _CHANGED)).sum())


def _cells(points: _Points, picture: Grey) -> Ids:
    """In which part of the picture each point is."""
    rows, columns = _CELLS
    height, width = picture.shape
    x, y = points.T / np.array([[width], [height]]) * np.array([[columns], [rows]])
    row, column = np.clip(y, 0, rows - 1).astype(np.int64), np.clip(x, 0, columns - 1).astype(np.int64)
    return np.asarray(row * columns + column)


def _spread(points: _Points, picture: Grey) -> Mask:
    """Which of the points, the best first, are kept, so that details in one part do not outweigh the rest."""
    cells = _cells(points, picture)
    before = np.tril(cells[:, None] == cells[None, :], -1).sum(axis=1)
    return np.asarray(before < _OF_CELL)


def _of_camera(
    before: _Points, after: _Points, picture: Grey, per_s: float
) -> tuple[float, float, float] | tuple[()]:
    """The shift of the middle, and the scale; nothing where the corners do not move as one."""
    import cv2

    matrix, fits = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=_FITS_PX)
    if matrix is None:
        return ()
    cells = _cells(before, picture)
    each = np.bincount(cells, minlength=_CELLS[0] * _CELLS[1])
    fitting = np.bincount(cells, weights=fits.ravel(), minlength=len(each))
    if (2 * fitting > each).sum() < _TOGETHER * (each > 0).sum():
        return ()
    height, width = picture.shape
    if (np.ptp(before[fits.ravel() == 1], axis=0) < _REACH * np.array([width, height])).all():
        return ()
    middle = np.array([width / 2, height / 2])
    across, down = (matrix[:, :2] @ middle + matrix[:, 2] - middle) * per_s
    scale = math.hypot(matrix[0, 0], matrix[1, 0])
    return float(across), float(down), math.log(max(scale, 1e-3)) * width * per_s
