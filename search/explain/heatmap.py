"""Occlusion heat map: which parts of a picture make it similar to a query.

Parts are covered in turn; the more similarity that costs, the more they matter (Zeiler and Fergus 2014,
"Visualizing and Understanding Convolutional Networks"). The encoder only has to encode, so the method
is the same for all models, and explains the very similarity that was ranked.
"""

import numpy as np
from PIL import Image

from db.arrays import Floats, Vectors
from indexer.encoders.base import Encoder

GRID = 8
"""Rows and columns of the map."""

COVER = 3
"""Side of the covered square, in cells: small objects need not fill it, and their surroundings count less."""

_BATCH = 32
_STRONGEST = 0.65
"""Opacity of the overlay where the map is 1."""


def heat_map(encoder: Encoder, picture: Image.Image, vectors: Vectors) -> Floats:
    """How much each part of a picture contributes to its similarity to a query.

    Args:
        picture: RGB. Parts of it are covered before it is prepared, so that the map is of all of it
            also where an encoder looks only at its middle.
        vectors: (n, dim) float32 unit rows; the most similar one counts.

    Returns:
        (8, 8) float32 from 0 to 1, the rows from the top; all 0 where covering anything only helps.
    """
    corners = [(row, column) for row in range(GRID - COVER + 1) for column in range(GRID - COVER + 1)]
    covered = np.stack([encoder.prepare(_covered(picture, *corner)) for corner in corners])
    encoded = [
        encoder.encode_pixels(covered[start : start + _BATCH]) for start in range(0, len(covered), _BATCH)
    ]
    uncovered = encoder.encode_pixels(encoder.prepare(picture)[None])
    query = vectors[int((uncovered @ vectors.T).argmax())]
    losses = (uncovered @ query - np.concatenate(encoded) @ query).tolist()
    total, counts = np.zeros((GRID, GRID), np.float32), np.zeros((GRID, GRID), np.float32)
    for (row, column), loss in zip(corners, losses, strict=True):
        cells = np.s_[row : row + COVER, column : column + COVER]
        total[cells] += loss
        counts[cells] += 1
    heat = np.maximum(total / counts, 0.0)
    scaled: Floats = (heat / heat.max() if heat.max() > 0 else heat).astype(np.float32)
    return scaled


def overlay(picture: Image.Image, heat: Floats) -> Image.Image:
    """The picture in grey with the map over it, from transparent to red: RGB of the picture's size."""
    mask = Image.fromarray((255 * _STRONGEST * heat).astype(np.uint8)).resize(
        picture.size, Image.Resampling.BICUBIC
    )
    grey = picture.convert("L").convert("RGB")
    return Image.composite(Image.new("RGB", picture.size, (255, 40, 0)), grey, mask)


def _covered(picture: Image.Image, row: int, column: int) -> Image.Image:
    """A copy in which a square of cells has the mean colour of the picture."""
    width, height = picture.size
    top, bottom = row * height // GRID, (row + COVER) * height // GRID
    left, right = column * width // GRID, (column + COVER) * width // GRID
    red, green, blue = (round(value) for value in np.asarray(picture).mean(axis=(0, 1)))
    copy = picture.copy()
    copy.paste((red, green, blue), (left, top, right, bottom))
    return copy
