"""Near-identical pictures as one hit: bursts, and copies that were resized, cropped or saved anew.

Copies of the same bytes are one content from the start; what is alike only to the eye is told by the
vectors that are there anyway. So it needs no hash of its own, and follows the model.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from db.catalog.units import Vectors
from search.answer import Hit


def collapsed(hits: Sequence[Hit], vectors: Mapping[int, Vectors], least: float) -> list[Hit]:
    """Let each picture join the best one that it is nearly identical to.

    Only that one counts: a row of pictures that change little by little is no single hit.

    Args:
        hits: best first.
        vectors: (dim,) of unit length by ``unit_id``; hits without one stay as they are.
        least: the cosine from which two are nearly identical.
    """
    groups: list[list[Hit]] = []
    of_row: list[list[Hit]] = []
    rows = np.empty((len(hits), next(iter(vectors.values())).shape[0] if vectors else 0), np.float32)
    for hit in hits:
        vector = vectors.get(hit.unit_id)
        if vector is not None and of_row:
            alike = np.flatnonzero(rows[: len(of_row)] @ vector >= least)
            if len(alike):
                of_row[alike[0]].append(hit)
                continue
        groups.append([hit])
        if vector is not None:
            rows[len(of_row)] = vector
            of_row.append(groups[-1])
    return [
        replace(best, rank=rank, similar=tuple(replace(other, rank=rank) for other in others))
        for rank, (best, *others) in enumerate(groups, start=1)
    ]


def without_disliked(hit: Hit, disliked: Collection[int], liked: Collection[int]) -> Hit | None:
    """What is left of a hit where people dislike some of its pictures: nothing, unless they like others."""
    everyone = [hit, *hit.similar]
    if all(one.unit_id not in disliked for one in everyone):
        return hit
    left = [one for one in everyone if one.unit_id not in disliked]
    if all(one.unit_id not in liked for one in left):
        return None
    return replace(left[0], similar=tuple(replace(one, similar=()) for one in left[1:]))
