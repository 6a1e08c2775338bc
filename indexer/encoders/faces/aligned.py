"""Faces cut out of pictures and put upright, as the network wants them that tells whose they are."""

import numpy as np
from PIL import Image

from db.arrays import Doubles
from indexer.encoders.faces.detector import Face, Picture

SIDE = 150
"""Pixels of the square that the network sees."""
_FINER = 2.0
"""How many pixels of a picture may become one; where there are more it is shrunk first."""
TEMPLATE = np.array(
    [[48.0, 44.0], [102.0, 44.0], [75.0, 81.0], [52.5, 109.5], [97.5, 109.5]],
    np.float32,
)
"""Where the five points are in a face as dlib cuts it out: medians of 63, made symmetric."""


def aligned(picture: Picture, face: Face) -> Picture:
    """The (150, 150, 3) pixels of a face: turned, shrunk and moved until its points lie where they should."""
    image = Image.fromarray(picture)
    points = face.points.astype(np.float64)
    shrunk = face.size / SIDE / _FINER
    if shrunk > 1:
        left, top, right, bottom = _around(face, image.size)
        image = image.crop((left, top, right, bottom))
        size = max(1, round(image.width / shrunk)), max(1, round(image.height / shrunk))
        points = (points - (left, top)) * (size[0] / image.width, size[1] / image.height)
        image = image.resize(size, Image.Resampling.BOX)
    back = similarity(TEMPLATE.astype(np.float64), points)
    cut = image.transform(
        (SIDE, SIDE), Image.Transform.AFFINE, tuple(back.ravel().tolist()), Image.Resampling.BILINEAR
    )
    return np.asarray(cut)


def _around(face: Face, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box of a face with as much around it as it is large, inside the picture."""
    left, top, right, bottom = face.box
    wide, high = right - left, bottom - top
    return (
        max(0, int(left - wide)),
        max(0, int(top - high)),
        min(size[0], int(right + wide)),
        min(size[1], int(bottom + high)),
    )


def similarity(source: Doubles, target: Doubles) -> Doubles:
    """The (2, 3) turn, scale and shift that brings points nearest to others (Umeyama 1991, least squares)."""
    from_middle, to_middle = source.mean(axis=0), target.mean(axis=0)
    own, other = source - from_middle, target - to_middle
    # As complex numbers a turn with a scale is one factor.
    mine, theirs = own[:, 0] + 1j * own[:, 1], other[:, 0] + 1j * other[:, 1]
    factor = (np.conj(mine) * theirs).sum() / max((np.abs(mine) ** 2).sum(), 1e-9)
    turn = np.array([[factor.real, -factor.imag], [factor.imag, factor.real]])
    return np.concatenate([turn, (to_middle - turn @ from_middle)[:, None]], axis=1)
