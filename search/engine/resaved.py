"""Copies that were saved again, smaller, cut or framed: which pictures are one, by their sketches.

What looks nearly the same to a model need not be one picture, and a copy that has lost its detail need not
look the same to it. So the model only says which pairs are worth a look.
"""

from collections.abc import Iterable

import numpy as np
from sqlalchemy.orm import Session

from db.catalog import units
from indexer.media import sketches

FLOOR = 0.6
"""The cosine similarity from which two pictures are looked at (bench/resaved.py)."""

MOST = 4
"""How many pictures each is compared with by sketches: among those most like a copy is its original."""

Pair = tuple[int, int]


def among(session: Session, pairs: Iterable[Pair]) -> set[Pair]:
    """Those of these pairs of units whose pictures are copies of one; of a picture without a sketch none."""
    pairs = list(pairs)
    details = units.details(session, {unit_id for pair in pairs for unit_id in pair})
    drawn = {unit_id: sketches.levels(detail.get(sketches.DETAIL)) for unit_id, detail in details.items()}
    known = {unit_id: levels for unit_id, levels in drawn.items() if levels is not None}
    pairs = [pair for pair in pairs if pair[0] in known and pair[1] in known]
    if not pairs:
        return set()
    ones, others = (np.stack([known[pair[side]] for pair in pairs]) for side in (0, 1))
    return {pair for pair, same in zip(pairs, sketches.are_copies(ones, others), strict=True) if same}
