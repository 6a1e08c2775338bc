"""Relevance feedback: thumbs up and down adjust the query vectors and thresholds of a question.

The vector moves towards liked units and away from disliked ones, by Rocchio's method ("Relevance
Feedback in Information Retrieval", in Salton, The SMART Retrieval System, 1971), with the weights
that Manning, Raghavan and Schütze give for it (Introduction to Information Retrieval, 2008, section
9.1.1). Here too the parts are added only after each is scaled by its own baseline, see
``search.engine.scope``: a text's similarities to pictures are smaller than those of pictures.
"""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from db import kinds
from db.arrays import Mask, Vectors, unit_length
from db.catalog import spaces, units
from db.catalog.spaces import Space
from search.engine.embed import Question
from search.engine.ranking import Ranking, above_z_score
from search.engine.scope import Alternatives, Part, Scope

BETA = 0.75
GAMMA = 0.15
"""Rocchio's weights of the mean of liked vectors, and of disliked ones; that of the question is 1."""

SHARE = 0.3
"""The threshold before any thumbs, as a share of the best hit's z-score."""

LIKELY = 0.2
"""The probability of being liked at the threshold: a missing hit is worse than one too many."""

STEEPNESS = 1.0
SPREAD = 0.3
"""How fast that probability rises with a hit's z-score, and the deviation of the prior on the threshold: a
few thumbs on the best hits say little of those far below (bench/feedback.py; both in standard deviations)."""

VALUE = 0.75
"""The threshold of what is sure by itself, such as words: with three quarters of them, see ``Keywords``."""


@dataclass(frozen=True)
class Judged:
    """Units of one role and modality with thumbs. ``vectors``: (n, dim) float32; ``up``: (n,) bool."""

    role: str
    modality: str
    vectors: Vectors
    up: Mask

    def without(self, place: int) -> "Judged":
        """All units but the one at index ``place``."""
        kept = np.arange(len(self.up)) != place
        return replace(self, vectors=self.vectors[kept], up=self.up[kept])

    @property
    def parts(self) -> list[Part]:
        """The centroids of liked and disliked vectors, where there are any, with their weights."""
        means = ((self.vectors[self.up], BETA), (self.vectors[~self.up], -GAMMA))
        return [
            Part({self.modality: unit_length(rows.mean(axis=0))}, weight)
            for rows, weight in means
            if len(rows)
        ]


def judged(scope: Scope, thumbs: Mapping[int, bool]) -> list[Judged]:
    """The units with thumbs, by role and modality, that have a vector in the role's space."""
    return [
        _judged(scope, model.space, modality, of_kinds, thumbs)
        for role, model in scope.models.items()
        for modality, of_kinds in kinds.modalities(role).items()
    ]


def _judged(
    scope: Scope, space: Space, modality: str, of_kinds: Sequence[str], thumbs: Mapping[int, bool]
) -> Judged:
    ids = spaces.embedded(scope.session, space.id, list(thumbs), of_kinds)
    vectors = units.vectors(scope.session, space.id, ids)
    return Judged(
        space.role, modality, vectors, np.array([thumbs[unit_id] for unit_id in ids.tolist()], bool)
    )


def adjusted_question(question: Question, scope: Scope, groups: Sequence[Judged]) -> Question:
    """A question by its adjusted query vectors; it may describe something only by what was liked."""
    parts = {
        role: adjusted(question.parts.get(role, ()), [group for group in groups if group.role == role])
        for role in scope.models
    }
    return replace(question, parts=parts)


def above_thresholds(
    rankings: Sequence[Ranking],
    question: Question,
    scope: Scope,
    groups: Sequence[Judged],
    kept: Container[int],
) -> list[Ranking]:
    """Each ranking down to its own threshold; units that are ``kept`` stay in it whatever that is."""
    thresholds = {
        (group.role, group.modality): threshold(scope, question.parts.get(group.role, ()), group)
        for group in groups
    }
    return [_cut(ranking, thresholds, kept) for ranking in rankings]


def _cut(ranking: Ranking, thresholds: Mapping[tuple[str, str], float], kept: Container[int]) -> Ranking:
    if ranking.role is None or ranking.modality is None:
        above = {found.unit_id for found in ranking.found if found.value >= VALUE}
    else:
        outstanding = above_z_score(ranking, thresholds[ranking.role, ranking.modality])
        above = {found.unit_id for found in outstanding.found}
    remaining = [found for found in ranking.found if found.unit_id in above or found.unit_id in kept]
    return replace(ranking, found=remaining)


def adjusted(alternatives: Alternatives, judged: Sequence[Judged]) -> list[list[Part]]:
    """The alternatives of a question, each with the centroids of liked and disliked units added.

    A question of conditions only gets one alternative, the centroids, where something was liked.
    """
    parts = [part for group in judged for part in group.parts]
    if not alternatives:
        return [parts] if any(part.weight > 0 for part in parts) else []
    return [[*alternative, *parts] for alternative in alternatives]


def threshold(scope: Scope, alternatives: Alternatives, judged: Judged) -> float:
    """The z-score from which a unit of this role and modality is a hit.

    Each judged unit is scored by the vector that the *others* make (leave-one-out): by a vector with
    itself in it every liked unit would score high, and the threshold would keep all others out.
    """
    role, modality = judged.role, judged.modality
    z_scores = []
    for place, vector in enumerate(judged.vectors):
        others = scope.combined(role, modality, adjusted(alternatives, [judged.without(place)]))
        baseline = scope.background(role, modality, others, 0)
        if baseline is not None:
            z_scores.append((baseline.z_score(float((others @ vector).max())), bool(judged.up[place])))
    best = _best_z_score(scope, scope.combined(role, modality, adjusted(alternatives, [judged])), judged)
    up, down = ([z_score for z_score, liked in z_scores if liked is thumb] for thumb in (True, False))
    return moved_threshold(SHARE * best, up, down)


def _best_z_score(scope: Scope, vectors: Vectors, judged: Judged) -> float:
    """The z-score of the best unit in the whole library; the filters do not apply."""
    baseline = scope.background(judged.role, judged.modality, vectors, 0)
    if baseline is None:
        return 0.0
    nearest = scope.view(judged.role).search(judged.modality, vectors, 1)
    best = max((score for hits in nearest for _, score in hits), default=baseline.mean)
    return baseline.z_score(best)


def moved_threshold(initial: float, up: Sequence[float], down: Sequence[float]) -> float:
    """The threshold ``initial`` after thumbs up and down on hits with these z-scores.

    The probability of being liked is a logistic function of the z-score with an unknown midpoint, which
    is estimated from the thumbs and a normal prior around the initial one (maximum a posteriori).
    """
    above = math.log(1 / LIKELY - 1) / STEEPNESS
    prior = initial + above

    def slope(middle: float) -> float:
        liked = sum(_logistic(STEEPNESS * (middle - z_score)) for z_score in up)
        disliked = sum(_logistic(STEEPNESS * (z_score - middle)) for z_score in down)
        return STEEPNESS * (liked - disliked) + (middle - prior) / SPREAD**2

    # The slope rises, and each thumb adds at most the steepness to it: its zero lies in between.
    low = prior - SPREAD**2 * STEEPNESS * len(up)
    high = prior + SPREAD**2 * STEEPNESS * len(down)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return (low + high) / 2 - above


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
