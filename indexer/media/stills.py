"""Merge neighbouring video stills that are near-duplicates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.media.types import Picture, Still


def merge_stills(stills: Sequence[Still]) -> list[Still]:
    """Merge neighbours that are near-duplicates; each still ends where the next one starts.

    A still is compared with the first of its run, not with the one before it, so that a slow
    pan is not swallowed step by step.
    """
    merged: list[Still] = []
    reference: NDArray[np.int16] | None = None
    for still in stills:
        fields = _downscaled(still.picture)
        if reference is not None and _same(reference, fields):
            merged[-1] = replace(merged[-1], end_s=still.end_s)
            continue
        if merged:
            merged[-1] = replace(merged[-1], end_s=still.start_s)
        merged.append(still)
        reference = fields
    return merged


def _downscaled(picture: Picture) -> NDArray[np.int16]:
    """(32, 32, 3) averages over fields: small enough to forgive noise, large enough to see a new slide."""
    from PIL import Image

    fields = Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX)
    return np.asarray(fields, dtype=np.int16)


def _same(first: NDArray[np.int16], second: NDArray[np.int16]) -> bool:
    """Whether at most 3 % of the fields have changed visibly (by more than 20 of 255 in any channel)."""
    changed = (np.abs(first - second) > 20).any(axis=2)
    return bool(changed.mean() <= 0.03)
