"""Queries by which an approximate search is calibrated: like those that people ask."""

import numpy as np

from db.arrays import Vectors, unit_length

_TEXT_LIKE = 0.4
"""Cosine of half of those queries to their nearest row: about that of a text to its picture."""


def typical_queries(rows: Vectors) -> Vectors:
    """Twice as many as rows: these, as in a search by picture, and others as far off as texts are."""
    noise = np.random.default_rng(1).standard_normal(rows.shape).astype(np.float32)
    noise -= (noise * rows).sum(1, keepdims=True) * rows
    far = _TEXT_LIKE * rows + np.sqrt(1 - _TEXT_LIKE**2) * unit_length(noise)
    return np.concatenate([rows, far]).astype(np.float32)
