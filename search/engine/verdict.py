"""The verdict on a query: whether the library has a match (found, unsure, absent), with a probability.

No threshold on the similarity works for all models and libraries. So the best similarity is compared
with a null model, the distribution of best similarities of *background* queries in the same library and
space (``indexer.null_model``). Its z-score there means the same in every space and for every size of a
library, so one logistic regression (Platt 1999) turns it into a probability; ``bench/verdict.py`` fits
it on held-out pictures and concepts and says how well it does.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from db import kinds
from db.catalog.units import UnitRow
from db.engine.schema import NullScores
from indexer.encoders.registry import NEAR_DUPLICATE
from indexer.null_model import grown
from search.answer import Verdict
from search.engine.ranking import Match, Ranking

FOUND_AT = 0.6
ABSENT_BELOW = 0.35

CERTAIN = 0.95
"""The probability that a passage with all words of a query, or the same picture, is what was asked for."""


@dataclass(frozen=True)
class Calibration:
    """Logistic regression: probability = 1 / (1 + exp(-(bias + slope * z_score)))."""

    bias: float
    slope: float

    def probability(self, z_score: float) -> float:
        """The probability, 0 to 1, that the best hit is what was asked for."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.bias + self.slope * z_score))))


TEXT = Calibration(bias=-0.52, slope=1.84)
PICTURE = Calibration(bias=-0.39, slope=0.47)
"""Coefficients as ``bench/verdict.py`` prints them for the builtin model (docs/benchmarks.md)."""


def z_score(match: Match, null_scores: NullScores, count: int) -> float:
    """The z-score of the best of ``count`` pictures under the null model, in standard deviations.

    0 for a picture query where the null model has no neighbours, as in a library of one picture.
    """
    by_chance = grown(null_scores, count)
    if match.kind == "text":
        return (match.similarity - null_scores.best_mean - by_chance) / null_scores.best_deviation
    if null_scores.near_mean is None or null_scores.near_deviation is None:
        return 0.0
    return (match.similarity - null_scores.near_mean) / null_scores.near_deviation


def judge(
    rankings: Sequence[Ranking],
    rows: Mapping[int, UnitRow],
    null_scores: NullScores | None,
    near_duplicate: float = NEAR_DUPLICATE,
) -> tuple[Verdict, float]:
    """The verdict, and the probability that the library holds what was asked for.

    What is sure by itself counts by how sure it is, such as words by the share of the query's that a text
    has; a machine's words prove nothing. Similarities count by the z-score of the best one, for a question of
    several parts by the part that it fits worst. A near-duplicate of a query's picture, at least as similar
    as ``near_duplicate``, is a certain match. ``rows``: what was found, by its unit ids.
    """
    probabilities = [0.0]
    for ranking in rankings:
        sure = (
            found
            for found in ranking.found
            if found.certainty and (ranking.by_conditions or _proves(rows.get(found.unit_id)))
        )
        probabilities += [CERTAIN * (found.certainty or 0.0) for found in islice(sure, 1)]
        if null_scores is not None and ranking.background is not None:
            count = ranking.background.count
            probabilities += [_fits(parts, null_scores, count, near_duplicate) for parts in ranking.matches]
    probability = round(max(probabilities), 3)
    if probability >= FOUND_AT:
        return "found", probability
    return ("absent" if probability < ABSENT_BELOW else "unsure"), probability


def _proves(unit: UnitRow | None) -> bool:
    return unit is not None and kinds.named(unit.kind).proof != "machine"


def _fits(parts: Sequence[Match], null_scores: NullScores, count: int, near_duplicate: float) -> float:
    """The probability of the worst part; with nothing to fit, as in staying away from something, certain."""
    return min((_probability(part, null_scores, count, near_duplicate) for part in parts), default=CERTAIN)


def _probability(match: Match, null_scores: NullScores, count: int, near_duplicate: float) -> float:
    if match.kind == "text":
        return TEXT.probability(z_score(match, null_scores, count))
    if match.similarity >= near_duplicate:
        return CERTAIN
    return PICTURE.probability(z_score(match, null_scores, count))
