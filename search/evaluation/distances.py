"""Measures of generated pictures by features: CLIP score, Fréchet and kernel distance, precision and recall.

CLIP score (Hessel et al. 2021, arXiv 2104.08718), Fréchet distance (Heusel et al. 2017, arXiv 1706.08500),
kernel distance (KID, Binkowski et al. 2018, arXiv 1801.01401), precision and recall (Kynkäänniemi et al.
2019, arXiv 1904.06991). Whose features they are is for the caller to say: figures of different ones cannot
be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from db.arrays import Doubles, Mask, Vectors, unit_length
from search.evaluation.resampling import interval

_NEIGHBOURS = 3
FEWEST = _NEIGHBOURS + 1
"""Pictures of a side that can be compared at all."""
_RESAMPLES = 100
"""Of the distances, each of which takes singular values of a matrix."""
_SEED = 0


@dataclass(frozen=True)
class Measure:
    """A measured value with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float


def clip_score(pictures: Vectors, texts: Vectors) -> Measure:
    """100 times the mean cosine of (n, d) pictures and their prompts, those below 0 as 0."""
    cosines = (unit_length(pictures) * unit_length(texts)).sum(axis=1, dtype=np.float64)
    scores = 100 * np.maximum(0.0, cosines)
    low, high = interval(scores[:, None], [str(i) for i in range(len(scores))], lambda rows: rows.mean())
    return Measure("CLIP score", float(scores.mean()), low, high)


def distances(made: Vectors, real: Vectors) -> list[Measure]:
    """Fréchet and kernel distance, precision and recall of (n, d) made and (m, d) real features.

    Intervals of the distances are the value and 1.96 standard deviations of the bootstrap each way: pictures
    that are drawn twice shift its mean. Those of precision and recall take what is real as given.
    """
    found = [
        _spread("Fréchet distance", frechet, made, real),
        _spread("kernel distance", kernel_distance, made, real),
    ]
    for name, within in (("precision", inside(made, real)), ("recall", inside(real, made))):
        rows = within.astype(np.float64)[:, None]
        low, high = interval(rows, [str(i) for i in range(len(rows))], lambda some: some.mean())
        found.append(Measure(name, float(rows.mean()), low, high))
    return found


def frechet(made: Doubles, real: Doubles) -> float:
    """Fréchet distance of the normal distributions with the moments of (n, d) and (m, d) rows."""
    apart = made.mean(axis=0) - real.mean(axis=0)
    left, right = made - made.mean(axis=0), real - real.mean(axis=0)
    left, right = left / np.sqrt(len(made) - 1), right / np.sqrt(len(real) - 1)
    # The trace of the root of both covariances' product is the sum of these singular values.
    common = float(np.linalg.norm(left @ right.T, "nuc"))
    return float(apart @ apart) + float((left**2).sum() + (right**2).sum()) - 2 * common


def kernel_distance(made: Doubles, real: Doubles) -> float:
    """Unbiased squared maximum mean discrepancy of (n, d) and (m, d) rows, kernel (x·y / d + 1)³."""

    def kernel(left: Doubles, right: Doubles) -> Doubles:
        values: Doubles = (left @ right.T / left.shape[1] + 1.0) ** 3
        return values

    def within(rows: Doubles) -> float:
        products = kernel(rows, rows)
        return float((products.sum() - np.trace(products)) / (len(rows) * (len(rows) - 1)))

    return within(made) + within(real) - 2 * float(kernel(made, real).mean())


def inside(some: Vectors, others: Vectors) -> Mask:
    """(n,) whether each of ``some`` lies among the ``others``: nearer to one than its third neighbour is."""
    between = _squared(others, others)
    # The nearest of all is each itself.
    radii = np.sort(between, axis=1)[:, min(_NEIGHBOURS, len(others) - 1)]
    return np.asarray((_squared(some, others) <= radii).any(axis=1))


def _squared(left: Vectors, right: Vectors) -> Doubles:
    one, other = left.astype(np.float64), right.astype(np.float64)
    squares: Doubles = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return squares


def _spread(
    name: str, distance: Callable[[Doubles, Doubles], float], made: Vectors, real: Vectors
) -> Measure:
    rng = np.random.default_rng(_SEED)
    sides = made.astype(np.float64), real.astype(np.float64)
    value = distance(*sides)
    again = [
        distance(*(side[rng.integers(len(side), size=len(side))] for side in sides))
        for _ in range(_RESAMPLES)
    ]
    reach = 1.96 * float(np.std(again, ddof=1))
    return Measure(name, value, value - reach, value + reach)
