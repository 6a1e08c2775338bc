"""Sketches of pictures, by which copies that were saved again are told from other pictures.

A sketch is a picture of a few pixels. Models put a copy that was made much smaller, or has lost its detail,
no nearer to its original than another picture of the same thing; what is where in it tells them apart. Two
sketches are compared by the correlation of their details (Lewis 1995, "Fast Normalized Cross-Correlation"),
each also with what is left of the other one without its edges: so neither a frame nor a cut matters.
"""

import base64
import binascii
import itertools
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from db.arrays import Floats, Ids, Mask, unit_length
from indexer.media.types import Picture

DETAIL = "sketch"
"""The name of a picture's sketch in the detail of its unit."""

SIDE = 24
"""Pixels of both sides of a sketch, whatever the proportions of its picture."""

LEAST = 0.75
"""The correlation from which two pictures are copies of one (bench/resaved.py)."""

_BLOCK = 3
_ROUGH = 0.65
"""What the correlation of copies is not below from afar, of means of blocks: few other pairs are left."""
_MIDDLES = (1.0, 0.9, 0.82)
"""How much of a side is compared from afar: a frame outweighs what is in it."""
_SCALES = (0.96, 0.92, 0.88, 0.84, 0.8)
"""How much is left of a side without its edges."""
_AROUND = 2
"""Pixels on each side of one whose mean is taken from it: what is left is detail."""
_AT_ONCE = 32

Levels = npt.NDArray[np.uint8]
"""(n, SIDE, SIDE) levels of grey."""

_Window = tuple[float, float]
"""A part of a side: how much of it, and how far from its beginning."""
_Part = tuple[_Window, _Window]


class _Parts(NamedTuple):
    """How v parts of a sketch are taken from it, each enlarged to the size of all; the first is the whole.

    ``rows`` (w · size, SIDE) take all windows of one side, ``columns`` (w, SIDE, size) those of the other;
    ``down`` and ``across`` (v,) say which of them make each part. ``around``: rows and columns that take the
    means around each pixel instead, where what is left of it is looked at.
    """

    size: int
    rows: Floats
    columns: Floats
    down: Ids
    across: Ids
    around: tuple[Floats, Floats] | None = None


def sketch(picture: Picture) -> str:
    """The sketch of an RGB picture as text."""
    from PIL import Image  # who only wants to compare should not wait

    small = Image.fromarray(picture).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
    return base64.b64encode(np.asarray(small).tobytes()).decode()


def levels(text: object) -> Levels | None:
    """(SIDE, SIDE) levels of a sketch; None for what is none."""
    try:
        pixels = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError):
        return None
    return np.frombuffer(pixels, np.uint8).reshape(SIDE, SIDE) if len(pixels) == SIDE**2 else None


def are_copies(ones: Levels, others: Levels) -> Mask:
    """For each of n pairs of sketches whether they are of one picture: smaller, cut, framed, saved again."""
    return correlations(ones, others) >= LEAST


def correlations(ones: Levels, others: Levels) -> Floats:
    """For each of n pairs of sketches how alike their details are; -1 where they differ from afar."""
    found = np.full(len(ones), -1, np.float32)
    for start in range(0, len(ones), _AT_ONCE):
        one, other = (_floats(some[start : start + _AT_ONCE]) for some in (ones, others))
        near = np.flatnonzero(_fit(one, other, _middles()) >= _ROUGH)
        if len(near):
            found[start + near] = _fit(one[near], other[near], _all())
    return found


def _floats(sketches: npt.NDArray[Any]) -> Floats:
    return sketches.astype(np.float32, copy=False)


def _fit(one: Floats, other: Floats, parts: _Parts) -> Floats:
    """The correlation of each of n pairs, one whole and the part of the other that fits it best."""
    ones, others = (_rows(_looked_at(some, parts)) for some in (one, other))
    fits = [np.einsum("nd,nvd->nv", ones[:, 0], others), np.einsum("nvd,nd->nv", ones, others[:, 0])]
    best: Floats = np.hstack(fits).max(axis=1)
    return best


def _looked_at(sketches: Floats, parts: _Parts) -> Floats:
    """(n, v, size, size) parts of n sketches; of their details, where these are told by what is around."""
    taken = _taken(sketches, parts, parts.rows, parts.columns)
    return taken if parts.around is None else taken - _taken(sketches, parts, *parts.around)


def _taken(sketches: Floats, parts: _Parts, rows: Floats, columns: Floats) -> Floats:
    # Products of small matrices: of large ones threads would take more time than they save.
    windows = (rows @ sketches).reshape(len(sketches), -1, parts.size, SIDE)
    return _floats(windows[:, parts.down] @ columns[parts.across])


def _rows(pictures: Floats) -> Floats:
    """(..., h, w) pictures as rows of unit length with a mean of 0."""
    flat = pictures.reshape(*pictures.shape[:-2], -1)
    return unit_length(flat - flat.mean(axis=-1, keepdims=True))


@cache
def _middles() -> _Parts:
    """Parts around the middle, each as the means of blocks."""
    windows = [(scale, (1 - scale) / 2) for scale in _MIDDLES]
    means = np.kron(np.eye(SIDE // _BLOCK), np.full((1, _BLOCK), 1 / _BLOCK)).astype(np.float32)
    every = np.arange(len(windows))
    return _Parts(SIDE // _BLOCK, *_sides(windows, means), every, every)


@cache
def _all() -> _Parts:
    """Parts that cuts and frames leave, each with what is around its pixels taken from it."""
    whole = (1.0, 0.0)
    parts: list[_Part] = [(whole, whole)]
    for scale in _SCALES:
        windows = [(scale, share * (1 - scale)) for share in (0.0, 0.5, 1.0)]
        parts += itertools.product(windows, windows)
        parts += [pair for window in windows for pair in ((window, whole), (whole, window))]
    # A frame takes a larger share of the shorter side.
    parts += itertools.permutations([(scale, (1 - scale) / 2) for scale in _SCALES], 2)
    known = list(dict.fromkeys(window for part in parts for window in part))
    down, across = (np.array([known.index(part[axis]) for part in parts]) for axis in (0, 1))
    own = np.eye(SIDE, dtype=np.float32)
    return _Parts(SIDE, *_sides(known, own), down, across, _sides(known, _around()))


def _sides(windows: list[_Window], after: Floats) -> tuple[Floats, Floats]:
    """What takes windows of the rows, and of the columns, and does something with each after that."""
    each = [_floats(after @ _window(*window)) for window in windows]
    return np.concatenate(each), np.stack([np.ascontiguousarray(one.T) for one in each])


def _window(scale: float, offset: float) -> Floats:
    """(SIDE, SIDE): each row has the weights of the pixels between which one of the enlarged part lies."""
    at = np.clip((offset + scale * (np.arange(SIDE) + 0.5) / SIDE) * SIDE - 0.5, 0, SIDE - 1)
    weights: Floats = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(SIDE))).astype(np.float32)
    return weights


def _around() -> Floats:
    """(SIDE, SIDE): each row takes the mean of the pixels around one, of those at the edges repeatedly."""
    means = np.zeros((SIDE, SIDE), np.float32)
    for at, step in itertools.product(range(SIDE), range(-_AROUND, _AROUND + 1)):
        means[at, min(max(at + step, 0), SIDE - 1)] += 1 / (2 * _AROUND + 1)
    return means
