"""Whether the library has what was asked for: found, unsure or absent, with a probability.

No cut-off on the similarity works for all models and libraries. What tells is how a best picture
stands among the best pictures of *background* queries, asked of the same library in the same space
(``indexer.null_model``): the distance from their mean in standard deviations. That is the same measure in
every space and for every size of a library, so one logistic regression (Platt 1999) turns it into a
probability; ``bench/verdict.py`` fits it on held-out pictures and concepts and says how well it does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
    """Logistic regression: probability = 1 / (1 + exp(-(bias + slope * standing)))."""

    bias: float
    slope: float

    def probability(self, z_score: float) -> float:
        """The probability, 0 to 1, that the best hit is what was asked for."""
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.bias + self.slope * z_score))))


TEXT = Calibration(bias=-0.52, slope=1.84)
PICTURE = Calibration(bias=-0.39, slope=0.47)
"""The figures are those that ``bench/verdict.py`` prints for the builtin model (docs/benchmarks.md)."""


def z_score(match: Match, null: NullScores, count: int) -> float:
    """How the best of ``count`` pictures stands among such bests when nothing in particular is asked.

    In standard deviations above the mean. A lone picture has no other that it could be compared with
    by a picture, and stands at 0.
    """
    by_chance = grown(null, count)
    if match.kind == "text":
        return (match.similarity - null.best_mean - by_chance) / null.best_deviation
    if null.near_mean is None or null.near_deviation is None:
        return 0.0
    return (match.similarity - null.near_mean) / null.near_deviation


def judge(
    rankings: Sequence[Ranking], null: NullScores | None, near_duplicate: float = NEAR_DUPLICATE
) -> tuple[Verdict, float]:
    """The verdict, and the probability that the library holds what was asked for.

    Pictures count by how the best one stands, for a question of several parts by the part that it
    fits worst; words that were said by how many of the query's words they are. The meaning of
    passages is not counted: something is always near. A picture at least as similar as ``near_duplicate``
    to one that is asked with is there.
    """
    probabilities = [0.0]
    for ranking in rankings:
        if ranking.source == "listed":
            probabilities += [CERTAIN for _ in ranking.found[:1]]
        elif ranking.source == "keywords":
            probabilities += [CERTAIN * found.value**2 for found in ranking.found[:1]]
        elif null is not None and ranking.background is not None:
            matches = list(ranking.matches)
            if ranking.source == "image_to_image" and not matches:
                matches = [(Match("picture", found.value),) for found in ranking.found[:1]]
            probabilities += [
                _fits(parts, null, ranking.background.count, near_duplicate) for parts in matches
            ]
            if ranking.source == "text_to_image" and not matches:  # only to stay away from something
                probabilities += [CERTAIN for _ in ranking.found[:1]]
    probability = round(max(probabilities), 3)
    if probability >= FOUND_AT:
        return "found", probability
    return ("absent" if probability < ABSENT_BELOW else "unsure"), probability


def _fits(parts: Sequence[Match], null: NullScores, count: int, same: float) -> float:
    return min(_probability(part, null, count, same) for part in parts)


def _probability(match: Match, null: NullScores, count: int, same: float) -> float:
    if match.kind == "text":
        return TEXT.probability(z_score(match, null, count))
    if match.similarity >= same:
        return CERTAIN
    return PICTURE.probability(z_score(match, null, count))
