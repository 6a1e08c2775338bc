"""Topic segmentation: where a long recording begins with something else, by its words and its pauses. Pure.

The segmentation under which the words are likeliest, if each segment draws them by chances of its own: the
Bayesian model of Eisenstein and Barzilay (2008, "Bayesian Unsupervised Topic Segmentation"), found by dynamic
programming as Utiyama and Isahara (2001) do. Those chances are unknown and averaged over, which is why a talk
about one thing is not cut up; it needs nothing of a language but its stems. A pause makes a border likelier;
of more chapters than anybody looks through the likeliest are left.
"""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.arrays import Doubles
from db.words.forms import MARK, sequences

LEAST_S, LEAST_PASSAGES = 180.0, 12
"""Of a recording that has chapters at all."""
SHORTEST_S = 60.0
"""Of a chapter."""
_AN_HOUR_S = 3_600.0
_MOST, _MOST_AN_HOUR = 6, 9
"""Chapters of a recording, and more of them for each hour: 15 of one hour."""
_PAUSES = 2.0
"""How much a pause counts: as many times the logarithm of its seconds as the words of a border do."""
_BLOCKS = 600
"""Parts between which borders are looked for; of longer recordings each has several passages."""
_ROUNDS = 12
_PRIOR = 1_000.0
"""How many words of the whole recording each segment is taken to have had before its own."""


@dataclass(frozen=True)
class Spoken:
    """A passage, as far as topics are told by it; ``language``: by its ISO 639 code."""

    start_s: float
    end_s: float
    text: str
    language: str | None = None


def chapters(passages: Sequence[Spoken]) -> list[int]:
    """The places of the passages, in the order of time, with which chapters begin: the first one, too.

    Empty where there is but one.
    """
    if len(passages) < LEAST_PASSAGES or passages[-1].end_s - passages[0].start_s < LEAST_S:
        return []
    firsts = _blocks(passages)
    words = [
        Counter(_terms(passages[first:after]))
        for first, after in zip(firsts, [*firsts[1:], len(passages)], strict=True)
    ]
    starts = np.array([passages[first].start_s for first in firsts] + [passages[-1].end_s])
    pauses = np.array(
        [max(0.0, passages[at].start_s - passages[at - 1].end_s) if at else 0.0 for at in firsts]
    )
    most = round(_MOST + _MOST_AN_HOUR * float(starts[-1] - starts[0]) / _AN_HOUR_S)
    penalty = math.log(max(2, sum(own.total() for own in words)))
    borders = _segmented(_costs(words, starts), pauses, penalty, most)
    return [firsts[border] for border in borders] if len(borders) > 1 else []


def _blocks(passages: Sequence[Spoken]) -> list[int]:
    """The first passages of parts of about the same length, at most ``_BLOCKS``."""
    length_s = (passages[-1].end_s - passages[0].start_s) / _BLOCKS
    starts = [passage.start_s for passage in passages]
    wanted = (starts[0] + length_s * number for number in range(_BLOCKS))
    return sorted({bisect_left(starts, second) for second in wanted} - {len(passages)} | {0})


def _terms(passages: Sequence[Spoken]) -> list[str]:
    """Their words that may tell a topic: the commonest ones of a language have no mark of it."""
    forms = (form for one in passages for form in sequences(one.text, one.language)[0])
    return [form.term for form in forms if MARK in form.term]


def _costs(words: Sequence[Counter[str]], starts: Doubles) -> Doubles:
    """(n + 1, n + 1): how unlikely the words of blocks i to j are as one segment; infinite for short ones.

    By Polya's urn: each word makes the same word likelier the next time.
    """
    n = len(words)
    whole = sum(words, Counter())
    count = max(1, whole.total())
    # Of a segment that begins with each block: its words, and how likely they are in their order.
    totals, likely = np.zeros(n, np.int64), np.zeros(n)
    unlikely = np.concatenate([[0.0], np.cumsum(np.log(_PRIOR + np.arange(count)))])
    seen: dict[str, Doubles] = {term: np.full(n, _PRIOR * own / count) for term, own in whole.items()}
    costs = np.full((n + 1, n + 1), np.inf)
    for end, block in enumerate(words):
        totals[: end + 1] += block.total()
        for term in block.elements():
            before = seen[term][: end + 1]
            likely[: end + 1] += np.log(before)
            before += 1
        costs[: end + 1, end + 1] = unlikely[totals[: end + 1]] - likely[: end + 1]
    costs[starts[None, :] - starts[:, None] < SHORTEST_S] = np.inf
    return costs


def _segmented(costs: Doubles, pauses: Doubles, penalty: float, most: int) -> list[int]:
    """The first blocks of the likeliest segments, of which there are at most so many."""
    bonus = _PAUSES * np.log1p(pauses)
    borders = _cheapest(costs, penalty - bonus)
    least, dear = penalty, penalty
    while len(borders) > most:  # until there are few enough, which are then as many as there may be
        least, dear = dear, 2 * dear
        borders = _cheapest(costs, dear - bonus)
    for _ in range(_ROUNDS if dear > penalty else 0):
        between = (least + dear) / 2
        tried = _cheapest(costs, between - bonus)
        if len(tried) > most:
            least = between
        else:
            dear, borders = between, tried
    return borders


def _cheapest(costs: Doubles, prices: Doubles) -> list[int]:
    """The first blocks of the segments with the least cost; ``prices``: of a border before each block."""
    n = len(prices)
    best, came_from = np.full(n + 1, np.inf), np.zeros(n + 1, np.int64)
    best[0] = 0.0
    for end in range(1, n + 1):
        sums = best[:end] + costs[:end, end] + prices[:end]
        came_from[end] = at = int(np.argmin(sums))
        best[end] = sums[at]
    borders = [n]
    while borders[-1] > 0:
        borders.append(int(came_from[borders[-1]]))
    return borders[:0:-1]
