"""Bootstrap intervals, a paired permutation test and Holm's correction: how sure figures and changes are.

What is drawn again, or exchanged, is a *group*: captions of one picture, or one thing asked in many ways,
are not independent, and taken one by one they would make every figure look surer than it is. A statistic is
any function of the rows of some questions, so that areas and ratios are tested as means are.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from db.arrays import Doubles

Statistic = Callable[[Doubles], float]
"""One number of (n, columns) rows, one row a question."""

RESAMPLES = 2_000
PERMUTATIONS = 9_999
"""Of a table of fifty rows the smallest p-value, 1e-4, is still below 0.05 after Holm's correction."""
_SEED = 0


def interval(rows: Doubles, groups: Sequence[str], statistic: Statistic) -> tuple[float, float]:
    """The 95 % interval of a statistic by the percentile bootstrap over groups (Efron 1979).

    The same for the same rows. NaN, twice, where no resample has a value.
    """
    members = _members(groups)
    rng = np.random.default_rng(_SEED)
    drawn = rng.integers(len(members), size=(RESAMPLES, len(members)))
    values = np.array([statistic(rows[np.concatenate([members[at] for at in some])]) for some in drawn])
    values = values[~np.isnan(values)]
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def paired_p(now: Doubles, before: Doubles, groups: Sequence[str], statistic: Statistic) -> float:
    """The two-sided p-value that two answers to each question differ in a statistic by chance alone.

    A permutation test (Fisher 1935): if nothing has changed, which of the two answers is the new one is a
    matter of names, and may be exchanged for all questions of a group. ``now`` and ``before``: (n, columns)
    of the same questions in the same order. 1 where both are the same.
    """
    if np.array_equal(now, before, equal_nan=True):
        return 1.0
    _, group = np.unique(np.array(groups), return_inverse=True)
    observed = abs(statistic(now) - statistic(before))
    rng = np.random.default_rng(_SEED)
    as_large = 0
    for _ in range(PERMUTATIONS):
        exchanged = (rng.random(group.max() + 1) < 0.5)[group][:, None]
        difference = statistic(np.where(exchanged, before, now)) - statistic(np.where(exchanged, now, before))
        # Sums in another order differ in their last digits.
        as_large += abs(difference) >= observed - 1e-12
    return float((as_large + 1) / (PERMUTATIONS + 1))


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for that there are several (Holm 1979): the chance of one false alarm among all."""
    corrected = [1.0] * len(p_values)
    largest = 0.0
    for place, at in enumerate(sorted(range(len(p_values)), key=lambda at: p_values[at])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[at]))
        corrected[at] = largest
    return corrected


def _members(groups: Sequence[str]) -> list[npt.NDArray[np.intp]]:
    _, group = np.unique(np.array(groups), return_inverse=True)
    order = np.argsort(group, kind="stable")
    return np.split(order, np.cumsum(np.bincount(group))[:-1])
