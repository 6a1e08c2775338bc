"""Merge neighbouring video stills that are near-duplicates."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indexer.media.types import Fields, Picture, Still

_SIDE = 32
_VISIBLE = 20
_CHANGED = 0.03
"""Share of the fields that may change from a still to one that is no other."""


def merge_stills(stills: Sequence[Still]) -> list[Still]:
    """Merge neighbours that are near-duplicates; each still ends where the next one starts, and has fields.

    A still is compared with the first of its run, not with the one before it, so that a slow
    pan is not swallowed step by step.
    """
    merged: list[Still] = []
    reference: Fields | None = None
    for still in stills:
        fields = fields_of(still.picture) if still.fields is None else still.fields
        if reference is not None and changed(reference, fields) <= _CHANGED:
            merged[-1] = replace(merged[-1], end_s=still.end_s)
            continue
        if merged:
            merged[-1] = replace(merged[-1], end_s=still.start_s)
        merged.append(replace(still, fields=fields))
        reference = fields
    return merged


def fields_of(picture: Picture) -> Fields:
    """Averages over fields of a picture: small enough to forgive noise, large enough to see a new slide."""
    from PIL import Image

    fields = Image.fromarray(picture).resize((_SIDE, _SIDE), Image.Resampling.BOX, reducing_gap=1.0)
    return np.asarray(fields, dtype=np.int16)


def changed(first: Fields, second: Fields) -> float:
    """The share of fields, 0 to 1, that have changed visibly: by more than 20 of 255 in any channel."""
    return float((np.abs(first - second) > _VISIBLE).any(axis=-1).mean())


def looks_same(first: Fields, second: Fields) -> bool:
    """Whether no field has changed visibly."""
    return not (np.abs(first - second) > _VISIBLE).any()
