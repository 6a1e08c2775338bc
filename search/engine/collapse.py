"""Near-duplicate grouping: bursts, and copies that were resized, cropped or re-encoded, become one hit.

Copies of the same bytes are one content from the start; near-duplicates are recognised by the vectors
that are there anyway. So it needs no perceptual hash, and follows the model.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from db.arrays import Ids, Vectors
from search.answer import Hit

_AT_ONCE = 256
_SHARED_WORDS = 0.5
"""Of the words of the picture with fewer of them: a smaller copy has lost some of its text, not all of it."""


def collapsed(
    hits: Sequence[Hit],
    vectors: Mapping[int, Vectors],
    least: float,
    words: Mapping[int, frozenset[str]] = MappingProxyType({}),
) -> list[Hit]:
    """Group each picture with the best one that it is a near-duplicate of.

    Only that one counts: a row of pictures that change little by little is no single hit. Nor are two pages,
    which models see little difference between, when they say different things.

    Args:
        hits: best first.
        vectors: (dim,) of unit length by ``unit_id``; hits without one stay as they are.
        least: the cosine similarity from which two are near-duplicates.
        words: that are written in each, by ``unit_id``.
    """
    groups: list[list[Hit]] = []
    led: dict[int, list[Hit]] = {}
    pictures = [hit.unit_id for hit in hits if hit.unit_id in vectors]
    earlier = _earlier(np.stack([vectors[unit_id] for unit_id in pictures]), least) if pictures else iter(())
    for hit in hits:
        group = None
        if hit.unit_id in vectors:
            own = words.get(hit.unit_id)
            alike = (led[pictures[row]] for row in next(earlier) if pictures[row] in led)
            group = next((group for group in alike if _say_the_same(own, words.get(group[0].unit_id))), None)
        if group is not None:
            group.append(hit)
            continue
        groups.append([hit])
        if hit.unit_id in vectors:
            led[hit.unit_id] = groups[-1]
    return [
        replace(best, rank=rank, similar=tuple(replace(other, rank=rank) for other in others))
        for rank, (best, *others) in enumerate(groups, start=1)
    ]


def _earlier(vectors: Vectors, least: float) -> Iterator[Ids]:
    """For each of n vectors (n, dim) the earlier ones that are near-duplicates, by their places.

    Many at once: the product of two matrices takes a tenth of the time of as many with a single vector.
    """
    for start in range(0, len(vectors), _AT_ONCE):
        block = vectors[start : start + _AT_ONCE]
        near = block @ vectors[: start + len(block)].T >= least
        for at, row in enumerate(near):
            yield np.flatnonzero(row[: start + at])


def _say_the_same(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    """Whether two pictures may be one, by the words in them; those without words may be any."""
    if not one or not other:
        return True
    return len(one & other) >= _SHARED_WORDS * min(len(one), len(other))


def without_disliked(hit: Hit, disliked: Collection[int], liked: Collection[int]) -> Hit | None:
    """The hit without its disliked pictures; None where there are some, and none of the others is liked."""
    pictures = [hit, *hit.similar]
    if all(picture.unit_id not in disliked for picture in pictures):
        return hit
    remaining = [picture for picture in pictures if picture.unit_id not in disliked]
    if all(picture.unit_id not in liked for picture in remaining):
        return None
    return replace(remaining[0], similar=tuple(replace(picture, similar=()) for picture in remaining[1:]))
