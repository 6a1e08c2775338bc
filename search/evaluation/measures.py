"""Measures of answers: recall, reciprocal rank, discounted gain, decisions, areas, calibration.

A ``Measure`` takes the result of one question to a row of numbers, and all rows to one figure; so the same
rows serve for the figure, for its interval and for the comparison with other results.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from db.arrays import Doubles, Reals
from search.evaluation.resampling import Statistic
from search.evaluation.results import DEPTH, Result

BINS = 10

Row = Callable[[Result, Result | None], tuple[float, ...] | None]
"""Numbers of a result; the second one is that of the same group in the suite's ``reference``, None for the
reference itself. None: it has nothing to say here."""


def mean(rows: Doubles) -> float:
    """The mean of the only column."""
    return float(rows[:, 0].mean()) if len(rows) else math.nan


@dataclass(frozen=True)
class Measure:
    """A figure of a suite. ``more_is_better``: the direction in which it should go.

    ``apart``: a figure for each kind of question; else one of all together, named by ``of``.
    """

    name: str
    row: Row
    statistic: Statistic = mean
    more_is_better: bool = True
    apart: bool = True
    of: str = "all"


@dataclass(frozen=True)
class Suite:
    """What is measured of a suite's results; ``reference``: the kind that its others are held against."""

    name: str
    measures: tuple[Measure, ...]
    reference: str | None = None


def reciprocal(result: Result, _reference: Result | None = None) -> tuple[float]:
    """The reciprocal of the rank of the first right hit among ten, or 0."""
    return (1 / result.ranks[0] if result.ranks else 0.0,)


def found_within(depth: int) -> Row:
    """Whether a right hit is among the first so many, 0 or 1."""
    return lambda result, _reference: (float(bool(result.ranks) and result.ranks[0] <= depth),)


def gain(result: Result, _reference: Result | None = None) -> tuple[float]:
    """The discounted gain among ten, normalised by the best possible (Järvelin and Kekäläinen 2002)."""
    best = _discounted(range(1, min(DEPTH, result.right) + 1))
    return (_discounted(result.ranks) / best if best else 0.0,)


def decided(result: Result, _reference: Result | None = None) -> tuple[float]:
    """Whether the verdict is yes or no, 0 or 1."""
    return (float(result.verdict in ("found", "absent")),)


def flipped(result: Result, reference: Result | None) -> tuple[float] | None:
    """Whether the verdict is another one than that of the reference, 0 or 1."""
    if reference is None:
        return None
    return (float(result.verdict != reference.verdict),)


def beside(depth: int) -> Row:
    """Two columns: ``found_within`` of it and of the reference."""

    def row(result: Result, reference: Result | None) -> tuple[float, ...] | None:
        if reference is None:
            return None
        return tuple(float(bool(one.ranks) and one.ranks[0] <= depth) for one in (result, reference))

    return row


def confidence(result: Result, _reference: Result | None = None) -> tuple[float, float] | None:
    """Two columns: the confidence, and whether it is there, 0 or 1."""
    return None if result.there is None else (result.confidence, float(result.there))


def ratio(rows: Doubles) -> float:
    """The first column's sum over the second's; NaN where that is 0."""
    return float(rows[:, 0].sum() / rows[:, 1].sum()) if rows[:, 1].any() else math.nan


def area(rows: Doubles) -> float:
    """The area under the ROC curve of (confidence, there) rows; NaN where all or none are there."""
    there = rows[:, 1] > 0
    return auroc(rows[there, 0], rows[~there, 0]) if there.any() and not there.all() else math.nan


def calibration_error(rows: Doubles) -> float:
    """The expected calibration error of (confidence, there) rows: ten equal bins (Guo et al. 2017)."""
    if not len(rows):
        return math.nan
    bins = np.minimum((rows[:, 0] * BINS).astype(int), BINS - 1)
    surplus = np.bincount(bins, weights=rows[:, 0] - rows[:, 1], minlength=BINS)
    return float(np.abs(surplus).sum() / len(rows))


def auroc(present: Reals, absent: Reals) -> float:
    """The area under the ROC curve: the probability that a present one scores above an absent one.

    From the rank sum (Mann and Whitney 1947); ties count half.
    """
    everything = np.concatenate([present, absent])
    _, inverse, counts = np.unique(everything, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(present)].sum() - len(present) * (len(present) + 1) / 2
    return float(above / (len(present) * len(absent)))


def _discounted(ranks: tuple[int, ...] | range) -> float:
    return math.fsum(1 / math.log2(rank + 1) for rank in ranks)


MRR = Measure(f"MRR@{DEPTH}", reciprocal)
NDCG = Measure(f"nDCG@{DEPTH}", gain)
RECALL = tuple(Measure(f"R@{depth}", found_within(depth)) for depth in (1, 5, 10))
BESIDE = Measure("R@10, times the reference's", beside(10), ratio, apart=False)
DECIDED = Measure("decided", decided, apart=False)
FLIPPED = Measure("flipped", flipped, more_is_better=False)
AREA = Measure("AUROC", confidence, area)
CALIBRATION = Measure("calibration error", confidence, calibration_error, more_is_better=False)
