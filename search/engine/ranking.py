"""The ranking of one source, before rankings are fused."""

from bisect import bisect_left
from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Found:
    """A unit in a ranking; see ``search.answer.Evidence`` for ``value`` and ``words``.

    ``certainty``: how sure it is by itself that the unit fits, 0 to 1; None where that can only be said in
    comparison with the ranking's background. ``rarity``, 0 to 1: how few are found for as good a reason; what
    is found everywhere counts less where something else fits.
    """

    unit_id: int
    value: float
    words: tuple[str, ...] = ()
    certainty: float | None = None
    rarity: float = 1.0


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
    """The units that one source has found, best first, and its weight in the fusion.

    ``background``: what their similarities are held against; None where each one is sure by itself.
    ``matches``: for each of the first few and each alternative of the question, the similarity to every part
    with a positive weight; nothing for a source whose similarities prove nothing. ``role`` and ``modality``:
    of the vectors that were compared, if any were. ``proof``: by what a match that is sure by itself counts
    in a verdict: by what its ``kind`` proves, or not at all, as a file of that date or folder, or one of
    which a machine tells something. ``doubt``: how much is left to it by what fits better, 0 to 1, and
    ``named``, of names, whether that is all of it where no picture is found; see ``search.engine.balance``.
    """

    source: str
    weight: float
    found: Sequence[Found]
    background: Background | None = None
    matches: Sequence[tuple[Match, ...]] = ()
    role: str | None = None
    modality: str | None = None
    proof: Literal["kind", "nothing"] = "kind"
    doubt: float = 1.0
    named: bool = False


def above_z_score(ranking: Ranking, least: float) -> Ranking:
    """The units of a ranking with at least this z-score; all of them where it has no baseline."""
    baseline = ranking.background
    if baseline is None:
        return ranking
    outstanding = [found for found in ranking.found if baseline.z_score(found.value) >= least]
    return replace(ranking, found=outstanding)


def without(ranking: Ranking, unit_ids: Container[int]) -> Ranking:
    """The ranking without these units."""
    return replace(ranking, found=[found for found in ranking.found if found.unit_id not in unit_ids])
