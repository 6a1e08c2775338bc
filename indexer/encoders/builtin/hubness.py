"""Hubness correction by CSLS: pictures that are near every text, hubs, would outrank the right ones.

CSLS (Conneau et al. 2018, "Word Translation Without Parallel Data", arXiv 1710.04087) subtracts from
each similarity half the picture's mean similarity to its ten nearest texts. Here the texts are
centroids of captions, and the correction is carried by three more numbers in each vector, so that it
is still one dot product, whatever index computes it:

    text     (c, g, 0, b t)
    picture  (e, 0, f, a p)         with e = -(mean similarity of p to its nearest texts) / 2, scaled

``c`` is how much a text is corrected: one that only names a thing is not, since captions are a poor
baseline for names. ``g`` and ``f`` only fill up to length 1, so that the similarities of all texts keep
one scale (``b``) and can be compared by the verdict. ``e`` is centred and small, and so hardly changes
the similarity of two pictures.
"""

from dataclasses import dataclass

import numpy as np

from db.arrays import Floats

EXTRA = 3
"""Dimensions prepended to the vector."""
NEIGHBOURS = 10
"""Nearest texts of a picture; this number and the half are those of CSLS."""
_PICTURE_SHARE = 0.95
"""``a``: the share of a picture's length that its own vector keeps."""
_TEXT_SHARE = 0.3
"""Length of ``(c, g)``; a greater one would change the similarity of two texts."""
_MAX_CORRECTION = 0.3
"""Bound of ``e``: nearly all of the length that ``_PICTURE_SHARE`` leaves."""


@dataclass(frozen=True)
class Hubness:
    """CSLS correction of joint vectors.

    ``centroids``: (m, dim) unit rows, of captions; ``baseline``: the mean of ``of`` over training pictures.
    """

    centroids: Floats
    baseline: float

    def of(self, pictures: Floats) -> Floats:
        """(n, dim) unit rows to (n,): the mean similarity to the ten nearest centroids."""
        nearest = np.partition(pictures @ self.centroids.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        mean: Floats = nearest.mean(axis=1)
        return mean

    def pictures(self, rows: Floats) -> Floats:
        """(n, dim) unit rows to (n, 3 + dim) unit rows that carry their correction."""
        scale = 0.5 * _PICTURE_SHARE * np.sqrt(1 - _TEXT_SHARE**2) / _TEXT_SHARE
        correction = np.clip(-scale * (self.of(rows) - self.baseline), -_MAX_CORRECTION, _MAX_CORRECTION)
        filler = np.sqrt(1 - _PICTURE_SHARE**2 - correction**2)
        zeros = np.zeros_like(correction)
        return np.column_stack([correction, zeros, filler, _PICTURE_SHARE * rows]).astype(np.float32)

    def texts(self, rows: Floats, described: Floats) -> Floats:
        """(n, dim) unit rows to (n, 3 + dim) unit rows; ``described`` (n,): 0 for a name, 1 for a scene."""
        weight = _TEXT_SHARE * described
        filler, zeros = np.sqrt(_TEXT_SHARE**2 - weight**2), np.zeros_like(weight)
        return np.column_stack([weight, filler, zeros, np.sqrt(1 - _TEXT_SHARE**2) * rows]).astype(np.float32)
