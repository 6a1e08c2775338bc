"""Spans of time in which something holds, from what is told many times a second, or piece by piece."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from db.arrays import Mask
from db.catalog.units import NewUnit
from indexer.analysers.base import Draft
from indexer.pretrained.labels import Label

SCORE = "score"
"""The name by which the detail of a unit has how sure a model is of it."""


def lasting(holds: Mask, per_s: float, pause_s: float, shortest_s: float) -> Iterator[tuple[float, float]]:
    """(start, end) in seconds of what holds for at least ``shortest_s``.

    What holds again in less than ``pause_s`` has gone on meanwhile.
    """
    edges = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0)) / per_s
    joined: list[tuple[float, float]] = []
    for start_s, end_s in edges.reshape(-1, 2).tolist():
        if joined and start_s - joined[-1][1] < pause_s:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
    return ((start_s, end_s) for start_s, end_s in joined if end_s - start_s >= shortest_s)


class Told(NamedTuple):
    """What a model tells of a piece of a film or recording."""

    start_s: float
    end_s: float
    labels: Sequence[Label]


def drafts(kind: str, told: Iterable[Told]) -> Iterator[Draft]:
    """A unit for each time that a name is told of pieces in a row, in the order in which these begin."""
    spans: list[tuple[str, float, float, float]] = []
    last: dict[str, int] = {}
    for start_s, end_s, labels in told:
        for name, score in ((label.name.casefold(), label.score) for label in labels):
            at = last.get(name)
            if at is not None and spans[at][2] == start_s:
                _, first_s, _, best = spans[at]
                spans[at] = (name, first_s, end_s, max(best, score))
            else:
                last[name] = len(spans)
                spans.append((name, start_s, end_s, score))
    for name, start_s, end_s, score in spans:
        yield Draft(
            NewUnit(
                kind,
                start_s=start_s,
                end_s=end_s,
                text=name,
                language="en",
                detail={SCORE: round(score, 4)},
            )
        )
