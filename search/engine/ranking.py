"""The ranking of one source, before rankings are fused."""

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
    """The baseline of a query: mean and standard deviation of its similarities to the whole library.

    ``count``: how many units were searched. ``sample``: the similarities, ascending, to up to a thousand
    units from all over the library.
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
    """The cosine similarity of a picture to one part of a question, a text or a picture."""

    kind: Literal["text", "picture"]
    similarity: float


@dataclass(frozen=True)
class Ranking:
    """The candidates of one source, best first, and the weight of the source in the fusion.

    ``matches``: for each of the first few pictures and each alternative of the question, the similarity
    to every part with a positive weight.
    """

    source: Source
    weight: float
    found: Sequence[Found]
    background: Background | None = None
    matches: Sequence[tuple[Match, ...]] = ()
