"""Neighbouring stills of a film that look the same, made into one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from indexer.media.types import Picture, Still


def merge_stills(stills: Sequence[Still]) -> list[Still]:
    """Neighbours that look the same made into one; each still ends where the next one starts.

    A still is compared with the first of its run, not with the one before it, so that a slow
    pan is not swallowed step by step.
    """
    merged: list[Still] = []
    impression: NDArray[np.int16] | None = None
    for still in stills:
        seen = _impression(still.picture)
        if impression is not None and _same(impression, seen):
            merged[-1] = replace(merged[-1], end_s=still.end_s)
            continue
        if merged:
            merged[-1] = replace(merged[-1], end_s=still.start_s)
        merged.append(still)
        impression = seen
    return merged


def _impression(picture: Picture) -> NDArray[np.int16]:
    """Averages over 32 by 32 fields: small enough to forgive noise, large enough to see a new slide."""
    from PIL import Image

    fields = Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX)
    return np.asarray(fields, dtype=np.int16)


def _same(first: NDArray[np.int16], second: NDArray[np.int16]) -> bool:
    """No more than 3 % of the fields have changed visibly (by 20 of 255 in any channel)."""
    changed = (np.abs(first - second) > 20).any(axis=2)
    return bool(changed.mean() <= 0.03)
