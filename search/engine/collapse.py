"""Near-duplicate grouping: bursts, and copies that were resized, cropped or re-encoded, become one hit.

Copies of the same bytes are one content from the start; near-duplicates are recognised by the vectors
that are there anyway, and copies that have lost too much for that by their sketches (``resaved``).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from sqlalchemy.orm import Session

from db.arrays import Ids, Vectors
from db.catalog import units
from db.words.asked import words_of
from search.answer import Hit
from search.engine.resaved import FLOOR, Pair

_AT_ONCE = 256
_MOST = 2
"""How many of the hits before it each is compared with by sketches: its original is among the nearest."""
_SHARED_WORDS = 0.5
"""Of the words of the picture with fewer of them: a smaller copy has lost some of its text, not all of it."""


def collapsed(
    hits: Sequence[Hit],
    vectors: Mapping[int, Vectors],
    least: float,
    words: Mapping[int, frozenset[str]] = MappingProxyType({}),
    resaved: Callable[[Iterable[Pair]], Collection[Pair]] = lambda _pairs: (),
) -> list[Hit]:
    """Group each picture with the best one that it is a near-duplicate of.

    Only that one counts: a row of pictures that change little by little is no single hit. Nor are two pages,
    which models see little difference between, when they say different things.

    Args:
        hits: best first.
        vectors: (dim,) of unit length by ``unit_id``; hits without one stay as they are.
        least: the cosine similarity from which two are near-duplicates.
        words: that are written in each, by ``unit_id``.
        resaved: tells which of some pairs are copies of one picture all the same.
    """
    groups: list[list[Hit]] = []
    led: dict[int, list[Hit]] = {}
    pictures = [hit.unit_id for hit in hits if hit.unit_id in vectors]
    earlier = _earlier(pictures, vectors, least, resaved) if pictures else {}
    for hit in hits:
        group = None
        if hit.unit_id in vectors:
            own = words.get(hit.unit_id)
            alike = (led[unit_id] for unit_id in earlier[hit.unit_id] if unit_id in led)
            group = next((group for group in alike if say_the_same(own, words.get(group[0].unit_id))), None)
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


def _earlier(
    pictures: Sequence[int],
    vectors: Mapping[int, Vectors],
    least: float,
    resaved: Callable[[Iterable[Pair]], Collection[Pair]],
) -> Mapping[int, Sequence[int]]:
    """For each picture the earlier ones that are near-duplicates or copies of it."""
    found: dict[int, list[int]] = defaultdict(list)
    pairs: list[Pair] = []
    for at, (near, worth) in enumerate(_near(np.stack([vectors[one] for one in pictures]), least)):
        found[pictures[at]] += [pictures[row] for row in near]
        pairs += [(pictures[row], pictures[at]) for row in worth]
    for original, copy in sorted(resaved(pairs)):
        found[copy].append(original)
    return found


def _near(vectors: Vectors, least: float) -> Iterator[tuple[Ids, Ids]]:
    """For each of n vectors (n, dim) the places of the earlier near-duplicates, and of those worth a look.

    Many at once: the product of two matrices takes a tenth of the time of as many with a single vector.
    """
    for start in range(0, len(vectors), _AT_ONCE):
        block = vectors[start : start + _AT_ONCE]
        for at, row in enumerate(block @ vectors[: start + len(block)].T, start=start):
            earlier = row[:at]
            worth = np.flatnonzero((earlier >= FLOOR) & (earlier < least))
            yield np.flatnonzero(earlier >= least), worth[np.argsort(-earlier[worth])[:_MOST]]


def words_in(session: Session, pictures: Mapping[int, int]) -> dict[int, frozenset[str]]:
    """The words that are written in pictures, by unit, of those that have any; given by unit and content."""
    texts = units.texts_in(session, set(pictures.values()))
    return {
        unit_id: frozenset(words_of(" ".join(texts[content_id]), most=None))
        for unit_id, content_id in pictures.items()
        if content_id in texts
    }


def say_the_same(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
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
