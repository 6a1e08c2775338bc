"""Results in one table: each figure with its interval, and beside other results of the same questions."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from db.arrays import Doubles
from search.evaluation.measures import Measure, Suite
from search.evaluation.resampling import holm, interval, paired_p
from search.evaluation.results import Result

SIGNIFICANT = 0.05


@dataclass(frozen=True)
class Line:
    """A figure of ``count`` questions with its 95 % interval.

    ``before``: that of earlier results, of the ``paired`` questions that both have; ``change``: how much it
    has grown on them; ``p``: how likely so much change is by chance, corrected for the number of lines in
    the table. None where there is nothing to compare with.
    """

    suite: str
    kind: str
    measure: Measure
    count: int
    value: float
    low: float
    high: float
    paired: int = 0
    before: float | None = None
    change: float | None = None
    p: float | None = None

    @property
    def significant(self) -> bool:
        """Whether it has changed by more than chance."""
        return self.p is not None and self.p < SIGNIFICANT

    @property
    def worse(self) -> bool:
        """Whether it has become worse by more than chance."""
        return (
            self.significant and self.change is not None and (self.change < 0) is self.measure.more_is_better
        )


def compare(suites: Sequence[Suite], now: Sequence[Result], before: Sequence[Result] = ()) -> list[Line]:
    """The table of some suites: figures ``now``, each beside the one ``before`` where there is one."""
    lines = []
    for suite in suites:
        own, old = ([one for one in some if one.suite == suite.name] for some in (now, before))
        for kind in (*dict.fromkeys(one.kind for one in own), None):
            for measure in suite.measures:
                if measure.apart is (kind is None):
                    continue
                rows, old_rows = (_rows(measure, some, kind, suite.reference) for some in (own, old))
                if rows:
                    lines.append(_line(suite.name, kind or measure.of, measure, rows, old_rows))
    corrected = holm([line.p for line in lines if line.p is not None])
    p_values = iter(corrected)
    return [line if line.p is None else replace(line, p=next(p_values)) for line in lines]


_Rows = dict[tuple[str, str, str], tuple[str, tuple[float, ...]]]
"""The group and the numbers of each question, by its key."""


def _rows(measure: Measure, results: Iterable[Result], kind: str | None, reference: str | None) -> _Rows:
    results = list(results)
    held_against = {one.group: one for one in results if one.kind == reference}
    rows = {}
    for one in results:
        if kind not in (None, one.kind):
            continue
        beside = held_against.get(one.group) if one.kind != reference else None
        if (numbers := measure.row(one, beside)) is not None:
            rows[one.key] = one.group, numbers
    return rows


def _line(suite: str, kind: str, measure: Measure, rows: _Rows, old: _Rows) -> Line:
    values, groups = _columns(rows, list(rows))
    low, high = interval(values, groups, measure.statistic)
    line = Line(suite, kind, measure, len(rows), measure.statistic(values), low, high)
    if not (shared := [key for key in rows if key in old]):
        return line
    values, groups = _columns(rows, shared)
    old_values, _ = _columns(old, shared)
    was = measure.statistic(old_values)
    change = measure.statistic(values) - was
    p = 1.0 if math.isnan(change) else paired_p(values, old_values, groups, measure.statistic)
    return replace(line, paired=len(shared), before=was, change=change, p=p)


def _columns(rows: _Rows, keys: Sequence[tuple[str, str, str]]) -> tuple[Doubles, list[str]]:
    return np.array([rows[key][1] for key in keys]), [rows[key][0] for key in keys]
