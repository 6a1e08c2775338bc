"""Some pictures lie near to every text, and stand before the right ones: hubs.

CSLS (Conneau et al. 2018, "Word Translation Without Parallel Data", arXiv 1710.04087) takes off each
similarity half of what the picture has, on average, to its ten nearest texts. Here the texts are
centroids of captions, and the correction is carried by two more numbers in each vector, so that it
is still one dot product, whatever index computes it:

    text     (c, 0, sqrt(1 - c^2) t)
    picture  (e, f, a p)            with e = -(usual similarity of p) / 2, scaled; f fills up to length 1

``c`` is the text's say: a text that only names a thing is not corrected, since captions say little
about what is usual for names. ``e`` is centred and small, and so hardly seen between two pictures.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

EXTRA = 2
"""Numbers put before the vector."""
NEIGHBOURS = 10
"""Of CSLS, as is the half."""
_SHARE = 0.95
"""Of a picture's length, what its own vector keeps."""
_SAY = 0.3
"""Of a text's length, at most, what asks for the correction; more would be seen between two texts."""
_MOST = 0.3
"""Bound of ``e``: what is left of the length beside ``_SHARE``, nearly."""


@dataclass(frozen=True)
class Hubness:
    """``centroids``: (m, dim) unit rows; ``usual``: the mean over pictures of what is corrected."""

    centroids: Floats
    usual: float

    def of(self, pictures: Floats) -> Floats:
        """(n, dim) unit rows to (n,): the mean similarity to the ten nearest centroids."""
        nearest = np.partition(pictures @ self.centroids.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
        mean: Floats = nearest.mean(axis=1)
        return mean

    def pictures(self, rows: Floats) -> Floats:
        """(n, dim) unit rows to (n, 2 + dim) unit rows that carry their correction."""
        scale = 0.5 * _SHARE * np.sqrt(1 - _SAY**2) / _SAY
        correction = np.clip(-scale * (self.of(rows) - self.usual), -_MOST, _MOST)
        filler = np.sqrt(1 - _SHARE**2 - correction**2)
        return np.column_stack([correction, filler, _SHARE * rows]).astype(np.float32)

    def texts(self, rows: Floats, described: Floats) -> Floats:
        """(n, dim) unit rows to (n, 2 + dim) unit rows; ``described`` (n,): 0 for a name, 1 for a scene."""
        say = _SAY * described
        kept = rows * np.sqrt(1 - say**2)[:, None]
        return np.column_stack([say, np.zeros_like(say), kept]).astype(np.float32)
