"""Draw random libraries and questions to them, and score each: what ``verdict.py`` fits and judges."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from concepts import Concepts

from indexer.null_model import fit
from search.engine.ranking import Match
from search.engine.verdict import LARGEST, SMALLEST, z_score

LIBRARIES = 2500
EACH = 16
"""Questions to a library as it happens to be."""

Floats = npt.NDArray[np.floating]
Ids = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

SCORES = ("top score", "z-score", "gap", "standing")

Halves = tuple[Ids, Ids]
Choice = tuple[npt.NDArray[np.str_], Ids, Ids]
"""The kinds of some queries, the queries, and the pictures of the library that they are put to."""
Choose = Callable[[Concepts, Ids, Ids, np.random.Generator], Iterator[Choice]]


@dataclass(frozen=True)
class Space:
    """Similarities in one space: (queries, pictures) and (background queries, pictures)."""

    queries: Floats
    background: Floats


@dataclass(frozen=True)
class Draws:
    """Scores of random queries, by ``kind``, in random libraries of ``count`` pictures: (n,) each."""

    kind: npt.NDArray[np.str_]
    count: Ids
    scores: dict[str, Floats]

    @property
    def there(self) -> Flags:
        """Whether the library had it."""
        return self.kind == "there"

    @property
    def columns(self) -> Floats:
        """(2, n): what a calibration weighs beside its bias."""
        size = np.log(np.clip(self.count, SMALLEST, LARGEST))
        return np.stack([size, size * self.scores["standing"]])


Parts = tuple[Draws, Draws]
"""Those of the two halves."""


def joined(parts: Sequence[Draws]) -> Draws:
    """All draws of several parts."""
    return Draws(
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.count for part in parts]),
        {name: np.concatenate([part.scores[name] for part in parts]) for name in SCORES},
    )


def measured(space: Space, queries: Ids, kept: Ids) -> Floats:
    """(queries, scores), in the order of ``SCORES``, in the library of the pictures ``kept``."""
    asked, baseline = space.queries[np.ix_(queries, kept)], space.background[:, kept]
    null = fit(baseline.max(axis=1), baseline.std(axis=1), np.empty(0), len(kept))
    second, first = np.sort(asked, axis=1)[:, -2:].T
    z = (first - asked.mean(axis=1)) / np.maximum(asked.std(axis=1), 1e-3)
    standing = [z_score(Match("text", float(best)), null, len(kept)) for best in first]
    return np.column_stack([first, z, first - second, standing])


def draw(space: Space, choices: Iterator[Choice]) -> Draws:
    """Measure the questions of every library."""
    kinds, counts, rows = [], [], []
    for kind, queries, kept in choices:
        kinds.append(kind)
        counts.append(np.full(len(queries), len(kept)))
        rows.append(measured(space, queries, kept))
    scores = dict(zip(SCORES, np.concatenate(rows).T, strict=True))
    return Draws(np.concatenate(kinds), np.concatenate(counts), scores)


def asked_once(query: int, kept: Ids, *, there: bool) -> Choice:
    """One question to a library, which has it or has lost it."""
    return np.array(["there" if there else "taken out"]), np.array([query]), kept


def library_of(pool: Ids, rng: np.random.Generator) -> Ids:
    """Pictures of a random library: the logarithm of their number is uniform."""
    size = round(float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST)))))
    return rng.choice(pool, min(size, len(pool)), replace=False)


def concept_draws(
    concepts: Concepts, pictures: Ids, chosen: Ids, rng: np.random.Generator, *, by_picture: bool = False
) -> Iterator[Choice]:
    """Draws from libraries as they happen to be; queries are concepts, then those elsewhere."""
    somewhere = chosen[chosen < len(concepts.names)]
    nowhere = chosen[chosen >= len(concepts.names)]
    for _ in range(LIBRARIES):
        kept = library_of(pictures, rng)
        shown = concepts.shown[np.ix_(somewhere, kept)]
        hinted = concepts.may_show[np.ix_(somewhere, kept)].any(axis=1)
        missing = np.concatenate([somewhere[~hinted], nowhere])
        if not shown.any() or not len(missing):
            continue
        of_picture = (shown / np.maximum(shown.sum(axis=0), 1)).sum(axis=1)
        weights = of_picture if by_picture else shown.any(axis=1)
        there = rng.integers(2, size=EACH) == 1
        some = rng.choice(somewhere, EACH, p=weights / weights.sum())
        queries = np.where(there, some, rng.choice(missing, EACH))
        absent = np.where(np.isin(queries, nowhere), "elsewhere", "missing")
        yield np.where(there, "there", absent), queries, kept


def taken_out(concepts: Concepts, pictures: Ids, chosen: Ids, rng: np.random.Generator) -> Iterator[Choice]:
    """Draws of concepts that are there, or were taken out of a library that would have them."""
    chosen = chosen[chosen < len(concepts.names)]
    chosen = chosen[concepts.shown[np.ix_(chosen, pictures)].any(axis=1)]
    for _ in range(LIBRARIES):
        query, there = int(rng.choice(chosen)), bool(rng.integers(2))
        kept = library_of(pictures if there else pictures[~concepts.may_show[query][pictures]], rng)
        if there and not concepts.shown[query][kept].any():
            kept[0] = rng.choice(pictures[concepts.shown[query][pictures]])
        yield asked_once(query, kept, there=there)


def one_of_many(own: Ids, pictures: Ids, rng: np.random.Generator) -> Iterator[Choice]:
    """Draws of queries that belong to one picture each, which is there half of the time."""
    mine = np.flatnonzero(np.isin(own, pictures))
    for _ in range(LIBRARIES):
        query, there = int(rng.choice(mine)), bool(rng.integers(2))
        others = pictures[pictures != own[query]]
        kept = library_of(others, rng)
        if there:
            kept[0] = own[query]
        yield asked_once(query, kept, there=there)
