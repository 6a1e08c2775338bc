"""Whether the library has what was asked for: found, unsure or absent, with a probability.

No cut-off on the similarity works for all queries and models: "sky" is a little like everything,
"trombone" like nothing else. What tells is how far the best hit stands out from what *this* query
scores on this library's other pictures, corrected for how far the best of so many would stand out
by chance. A logistic regression on held-out queries turns that into a probability
(``bench/verdict.py`` fits it and says how well it does).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.answer import Verdict
from search.ranking import Background, Ranking

FOUND_AT = 0.5
ABSENT_BELOW = 0.3

CERTAIN = 0.95
"""The probability that a passage with all words of a query, or the same picture, is what was asked for."""

SAME_PICTURE = 0.97
"""Cosine from which two pictures are the same one, perhaps resized or saved anew."""

_LEAST_DEVIATION = 1e-3
"""Libraries of near-identical pictures must not make every difference look large."""


@dataclass(frozen=True)
class Standing:
    """How a query's best hit stands: its cosine, and its distance from the query's other scores.

    ``excess``: in standard deviations of those scores, less what the best of ``n`` independent
    normal scores would reach by chance, sqrt(2 ln n).
    """

    best: float
    excess: float


@dataclass(frozen=True)
class Calibration:
    """Logistic regression: probability = 1 / (1 + exp(-(bias + best * ... + excess * ...)))."""

    bias: float
    best: float
    excess: float

    def probability(self, standing: Standing) -> float:
        """The probability, 0 to 1, that the best hit is what was asked for."""
        logit = self.bias + self.best * standing.best + self.excess * standing.excess
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))


GENERIC = Calibration(bias=0.0, best=0.0, excess=1.0)
"""For models that were not measured: how far the best stands out says something in every space."""

CALIBRATIONS: Mapping[str, Calibration] = {
    "builtin": Calibration(bias=-2.47, best=6.14, excess=0.33),
}
"""By the model's name; the figures are those that ``bench/verdict.py`` prints (docs/benchmarks.md)."""


def stand(best: float, usual: Background) -> Standing:
    """How a best cosine stands against what is usual for its query."""
    by_chance = math.sqrt(2 * math.log(max(usual.count, 2)))
    return Standing(best, (best - usual.mean) / max(usual.deviation, _LEAST_DEVIATION) - by_chance)


def judge(rankings: Sequence[Ranking], model: str) -> tuple[Verdict, float]:
    """The verdict, and the probability that the library holds what was asked for.

    Pictures count by how the best one stands, words that were said by how many of the query's
    words they are. The meaning of passages is not counted: something is always near.
    """
    calibration = CALIBRATIONS.get(model, GENERIC)
    probabilities = [0.0]
    for ranking in rankings:
        if ranking.source == "listed":
            probabilities += [CERTAIN for _ in ranking.found[:1]]
        elif ranking.source == "words":
            probabilities += [CERTAIN * found.value**2 for found in ranking.found[:1]]
        elif ranking.source != "passage" and ranking.found and ranking.background is not None:
            best = ranking.found[0].value
            probabilities.append(calibration.probability(stand(best, ranking.background)))
            if ranking.source == "image" and best >= SAME_PICTURE:
                probabilities.append(CERTAIN)
    probability = round(max(probabilities), 3)
    if probability >= FOUND_AT:
        return "found", probability
    return ("absent" if probability < ABSENT_BELOW else "unsure"), probability
