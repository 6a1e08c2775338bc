"""What a source found, before sources are brought together."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from search.answer import Source


@dataclass(frozen=True)
class Found:
    """A unit in a ranking; see ``search.answer.Evidence`` for ``value`` and ``words``."""

    unit_id: int
    value: float
    words: tuple[str, ...] = ()


_ROUNDING = 1e-5
"""A unit of the sample must not score below itself, however its similarity was computed."""


LEAST_DEVIATION = 1e-3
"""Libraries of near-identical pictures must not make every difference look large."""


@dataclass(frozen=True)
class Background:
    """What a query's similarities to the library are like: their mean and standard deviation.

    ``count``: how many units were searched. ``sample``: the similarities of up to a thousand units
    all over the library, ascending.
    """

    mean: float
    deviation: float
    count: int
    sample: tuple[float, ...] = ()

    def z_score(self, value: float) -> float:
        """How many standard deviations ``value`` lies above the mean."""
        return (value - self.mean) / max(self.deviation, LEAST_DEVIATION)

    def share_below(self, value: float) -> float | None:
        """The share of the sampled units, 0 to 1, that score below ``value``; None without a sample."""
        return (
            round(bisect_left(self.sample, value - _ROUNDING) / len(self.sample), 4) if self.sample else None
        )


@dataclass(frozen=True)
class Match:
    """How well a picture is what one part of a question asks for: a cosine similarity to it."""

    kind: Literal["text", "picture"]
    similarity: float


@dataclass(frozen=True)
class Ranking:
    """What one source found, best first, and how much its word counts.

    ``matches``: of the first few pictures, how each fits every part that an alternative of a question in
    words asks for.
    """

    source: Source
    weight: float
    found: Sequence[Found]
    background: Background | None = None
    matches: Sequence[tuple[Match, ...]] = ()
