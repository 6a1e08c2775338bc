"""Some pictures lie near to every text, and stand before the right ones: hubs.

CSLS (Conneau et al. 2018, "Word Translation Without Parallel Data", arXiv 1710.04087) takes off each
similarity half of what the picture has, on average, to its ten nearest texts. Here the texts are
centroids of captions, and the correction is carried by three more numbers in each vector, so that it
is still one dot product, whatever index computes it:

    text     (c, g, 0, b t)
    picture  (e, 0, f, a p)         with e = -(usual similarity of p) / 2, scaled

``c`` is the text's say: a text that only names a thing is not corrected, since captions say little
about what is usual for names. ``g`` and ``f`` only fill up to length 1, so that the similarities of
all texts keep one scale (``b``) and can be compared by the verdict. ``e`` is centred and small, and so
hardly seen between two pictures.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

EXTRA = 3
"""Numbers put before the vector."""
NEIGHBOURS = 10
"""Of CSLS, as is the half."""
_SHARE = 0.95
"""Of a picture's length, what its own vector keeps."""
_SAY = 0.3
"""Of a text's length, what asks for the correction or fills up; more would be seen between two texts."""
_MOST = 0.3
"""Bound of ``e``: what is left of the length beside ``_SHARE``, nearly."""


@dataclass(frozen=True)
class Hubness:
    """``centroids``: (m, dim) unit rows; ``baseline``: the mean over pictures of what is corrected."""

    centroids: Floats
    baseline: float

    def of(self, pictures: Floats) -> Floats:
        """(n, dim) unit rows to (n,): the mean similarity to the ten nearest centroids."""
        nearest = np.partition(pictures @ self.centroids.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        mean: Floats = nearest.mean(axis=1)
        return mean

    def pictures(self, rows: Floats) -> Floats:
        """(n, dim) unit rows to (n, 3 + dim) unit rows that carry their correction."""
        scale = 0.5 * _SHARE * np.sqrt(1 - _SAY**2) / _SAY
        correction = np.clip(-scale * (self.of(rows) - self.baseline), -_MOST, _MOST)
        filler = np.sqrt(1 - _SHARE**2 - correction**2)
        nothing = np.zeros_like(correction)
        return np.column_stack([correction, nothing, filler, _SHARE * rows]).astype(np.float32)

    def texts(self, rows: Floats, described: Floats) -> Floats:
        """(n, dim) unit rows to (n, 3 + dim) unit rows; ``described`` (n,): 0 for a name, 1 for a scene."""
        say = _SAY * described
        filler, nothing = np.sqrt(_SAY**2 - say**2), np.zeros_like(say)
        return np.column_stack([say, filler, nothing, np.sqrt(1 - _SAY**2) * rows]).astype(np.float32)
