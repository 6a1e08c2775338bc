"""Types of arrays, and vectors of unit length, whose dot product is their cosine similarity."""

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]
"""Rows of ``dim`` numbers, mostly of unit length; or one of them."""

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Reals = npt.NDArray[np.floating]
"""Either of the two."""

Mask = npt.NDArray[np.bool_]


def unit_length(vectors: Reals) -> Vectors:
    """Vectors, along the last axis, scaled to length 1; those without a direction stay null."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)
    return scaled
