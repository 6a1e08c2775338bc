"""The verdict on a query: whether the library has it, by the evidence of all sources, with a probability.

No threshold on the similarity works for all models and libraries. So the best similarity is compared
with a null model, the distribution of best similarities of *background* queries in the same library and
space (``indexer.null_model``). Its z-score there means the same in every space, so one logistic regression
(Platt 1999) turns it into a probability; ``bench/verdict.py`` fits it on held-out pictures and concepts and
says how well it does. The larger a library, the more a z-score says: what a thousand pictures do not show
is a thing of another kind, and what ten do not show is often like what they do.

Words prove by what their kind proves: that it was said, or is written. A machine's prove nothing, and that a
file is called so does not prove that it shows it. Where only likeness was asked for, there is nothing to be
had or not, only what is nearest; and what was not understood is never called absent.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db import kinds
from db.catalog.spaces import NullScores
from db.catalog.units import UnitRow
from db.kinds import CLIP
from indexer.encoders.registry import CONSE, FIRST_BUILTIN, NEAR_DUPLICATE
from indexer.null_model import grown
from search.answer import Understood, Verdict
from search.engine.ranking import Found, Match, Ranking

FOUND_AT = 0.5
ABSENT_BELOW = 0.35
"""The probabilities from which something is found, as it is likelier there than not, and below which it is
absent: to be told wrongly that it is not there is worse than to be shown the nearest."""

CERTAIN = 0.95
"""The probability that a passage with all words of a query, or the same picture, is what was asked for."""

CALLED = 0.45
"""The probability that a file with all words of a query in its name is: not absent, and not yet found."""

_PROOFS: Mapping[kinds.Proof, float] = {"machine": 0.0, "called": CALLED}
"""The probability that a match is what was asked for, by what its kind proves; else it is ``CERTAIN``."""

SMALLEST, LARGEST = 10, 1000
"""The numbers of pictures of the libraries that were measured; others count as the nearest of these."""


@dataclass(frozen=True)
class Calibration:
    """Logistic regression between a floor and a ceiling; it is the steeper the more pictures there are.

    probability = least + (most - least) / (1 + exp(-(bias + ln(count) * (level + slope * z_score))))

    The floor (the guessing parameter of Birnbaum 1968) is the probability that a thing is there though
    nothing looks like it: of what a model knows nothing, any library may have some. The ceiling (the upper
    asymptote of Barton and Lord 1981) is that of what looks exactly like it: it may be something like it.
    """

    bias: float
    level: float
    slope: float
    least: float = 0.0
    most: float = 1.0

    def probability(self, z_score: float, count: int) -> float:
        """The probability, 0 to 1, that the best hit of ``count`` pictures is what was asked for."""
        size = math.log(min(max(count, SMALLEST), LARGEST))
        logit = self.bias + size * (self.level + self.slope * z_score)
        return self.least + (self.most - self.least) / (1 + math.exp(-max(-30.0, min(30.0, logit))))


TEXT = Calibration(bias=-1.71, level=0.386, slope=0.539, most=0.918)
PICTURE = Calibration(bias=-0.39, level=-0.603, slope=0.274, least=0.422)
"""Coefficients as ``bench/verdict.py`` prints them for the builtin model (docs/benchmarks.md)."""

_OF_MODELS = {
    FIRST_BUILTIN: Calibration(bias=-1.25, level=0.254, slope=0.405),
    CONSE: Calibration(bias=-0.84, level=-0.381, slope=0.445, least=0.39),
}
"""Those of other models that were measured."""


def calibration_of(model: str) -> Calibration:
    """The calibration of text queries to a model; that of the builtin one for models without their own."""
    return _OF_MODELS.get(model, TEXT)


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


@dataclass(frozen=True)
class Reference:
    """What similarities are held against: the null model of the library, and figures of its model.

    ``near_duplicate``: the cosine similarity from which two pictures are the same one.
    """

    null_scores: NullScores | None
    calibration: Calibration = TEXT
    near_duplicate: float = NEAR_DUPLICATE

    def probability(self, parts: Sequence[Match], count: int) -> float:
        """The probability that the best of ``count`` pictures fits: that of the part that it fits worst.

        With nothing to fit, as in staying away from something, it is certain.
        """
        return min((self._probability(part, count) for part in parts), default=CERTAIN)

    def _probability(self, match: Match, count: int) -> float:
        if match.kind == "picture" and match.similarity >= self.near_duplicate:
            return CERTAIN
        if self.null_scores is None:
            return 0.0
        calibration = self.calibration if match.kind == "text" else PICTURE
        return calibration.probability(z_score(match, self.null_scores, count), count)


def judge(
    rankings: Sequence[Ranking],
    rows: Mapping[int, UnitRow],
    reference: Reference,
    *,
    likeness: bool = False,
    understood: Understood = "yes",
) -> tuple[Verdict, float | None]:
    """The verdict, and the probability that the library holds what was asked for.

    What is sure by itself counts by how sure it is, such as words by the share of the query's that a text
    has. Similarities count by the z-score of the best one. A near-duplicate of a query's picture is a certain
    match; no other picture is one.

    Args:
        rankings: of all sources.
        rows: what was found, by its unit ids.
        reference: what similarities are held against.
        likeness: whether nothing but a picture, a file or facts were asked for.
        understood: of what was not, similarity says nothing; what was so in part is not absent.
    """
    by_itself = [_sure(ranking, rows) for ranking in rankings]
    by_similarity = [
        reference.probability(parts, ranking.background.count)
        for ranking in rankings
        if ranking.background is not None and understood != "no"
        for parts in ranking.matches
        if parts or not likeness
    ]
    probability = round(max([0.0, *by_itself, *by_similarity]), 3)
    if likeness and probability < CERTAIN:
        return "nearest", None
    if probability >= FOUND_AT:
        return "found", probability
    # What stands out to a model of sounds or clips may be it: there is no telling how likely.
    unjudged = any(ranking.found and ranking.role not in (None, CLIP) for ranking in rankings)
    is_absent = probability < ABSENT_BELOW and understood == "yes" and not unjudged
    return ("absent" if is_absent else "unsure"), probability


def _sure(ranking: Ranking, rows: Mapping[int, UnitRow]) -> float:
    """The probability of the best match of a ranking that is sure by itself, and proves something."""
    if ranking.proof == "nothing":
        return 0.0
    return max((_proved(found, rows) for found in ranking.found if found.certainty), default=0.0)


def _proved(found: Found, rows: Mapping[int, UnitRow]) -> float:
    certainty = found.certainty or 0.0
    unit = rows.get(found.unit_id)
    return 0.0 if unit is None else _PROOFS.get(unit.proof, CERTAIN) * certainty
