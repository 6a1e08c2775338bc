"""Relevance feedback: thumbs up and down adjust the query vectors and thresholds of a question.

The vector moves towards liked units and away from disliked ones, by Rocchio's method ("Relevance
Feedback in Information Retrieval", in Salton, The SMART Retrieval System, 1971), with the weights
that Manning, Raghavan and Schütze give for it (Introduction to Information Retrieval, 2008, section
9.1.1). Here too the parts are added only after each is scaled by its own baseline, see
``search.engine.retrieve``: a text's similarities to pictures are smaller than those of pictures.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from db.catalog import spaces, units
from db.catalog.units import Ids, Vectors
from db.kinds import CLIP, modalities
from db.vectors.store import Modality
from search.engine.active import ActiveModel
from search.engine.ranking import Ranking
from search.engine.retrieve import Part, Retriever, above_z_score

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

COVERAGE = 0.75
"""The threshold of keyword hits: the share of the question's words that was said, weighted by rarity."""


@dataclass(frozen=True)
class Judged:
    """Units of one modality with thumbs. ``vectors``: (n, dim) float32; ``up``: (n,) bool."""

    modality: Modality
    ids: Ids
    vectors: Vectors
    up: npt.NDArray[np.bool_]

    def without(self, place: int) -> "Judged":
        """All units but the one at index ``place``."""
        kept = np.arange(len(self.ids)) != place
        return Judged(self.modality, self.ids[kept], self.vectors[kept], self.up[kept])

    @property
    def parts(self) -> list[Part]:
        """The centroids of liked and disliked vectors, where there are any, with their weights."""
        means = ((self.vectors[self.up], BETA), (self.vectors[~self.up], -GAMMA))
        return [
            Part({self.modality: _unit(rows.mean(axis=0))}, weight) for rows, weight in means if len(rows)
        ]


def judged(model: ActiveModel, thumbs: Mapping[int, bool]) -> list[Judged]:
    """The units with thumbs, by modality, that have a vector in the model's space."""
    with model.library.read() as session:
        return [
            _judged(session, model.space.id, modality, kinds, thumbs)
            for modality, kinds in modalities(CLIP).items()
        ]


def _judged(
    session: Session, space_id: int, modality: Modality, kinds: Sequence[str], thumbs: Mapping[int, bool]
) -> Judged:
    ids = spaces.embedded(session, space_id, list(thumbs), kinds)
    vectors = units.vectors(session, space_id, ids)
    return Judged(modality, ids, vectors, np.array([thumbs[unit_id] for unit_id in ids.tolist()], bool))


def recalled(
    retriever: Retriever, alternatives: Sequence[Sequence[Part]], thumbs: Sequence[Judged]
) -> list[Ranking]:
    """The rankings of a question by its adjusted query vectors, each down to its own threshold.

    Units with thumbs stay in them whatever the threshold; empty where there is nothing to rank by.
    """
    asked = adjusted(alternatives, thumbs)
    if not asked:
        return []
    thresholds = {group.modality: threshold(retriever, alternatives, group) for group in thumbs}
    judged_ids = {int(unit_id) for group in thumbs for unit_id in group.ids}
    return [_cut(ranking, thresholds, judged_ids) for ranking in retriever.by_parts(asked)]


def _cut(ranking: Ranking, thresholds: Mapping[Modality, float], judged_ids: Collection[int]) -> Ranking:
    if ranking.source == "keywords":
        above = {candidate.unit_id for candidate in ranking.found if candidate.value >= COVERAGE}
    else:
        modality: Modality = "passage" if ranking.source == "text_to_passage" else "picture"
        outstanding = above_z_score(ranking, thresholds[modality])
        above = {candidate.unit_id for candidate in outstanding.found}
    kept = above | set(judged_ids)
    return replace(ranking, found=[candidate for candidate in ranking.found if candidate.unit_id in kept])


def adjusted(alternatives: Sequence[Sequence[Part]], judged: Sequence[Judged]) -> list[list[Part]]:
    """The alternatives of a question, each with the centroids of liked and disliked units added.

    A question of conditions only gets one alternative, the centroids, where something was liked.
    """
    parts = [part for group in judged for part in group.parts]
    if not alternatives:
        return [parts] if any(part.weight > 0 for part in parts) else []
    return [[*alternative, *parts] for alternative in alternatives]


def threshold(retriever: Retriever, alternatives: Sequence[Sequence[Part]], judged: Judged) -> float:
    """The z-score from which a unit of this modality is a hit.

    Each judged unit is scored by the vector that the *others* make (leave-one-out): by a vector with
    itself in it every liked unit would score high, and the threshold would keep all others out.
    """
    z_scores = []
    for place, vector in enumerate(judged.vectors):
        others = retriever.combined(judged.modality, adjusted(alternatives, [judged.without(place)]))
        baseline = retriever.background(judged.modality, others, 0)
        if baseline is not None:
            z_scores.append((baseline.z_score(float((others @ vector).max())), bool(judged.up[place])))
    best = _best_z_score(
        retriever, retriever.combined(judged.modality, adjusted(alternatives, [judged])), judged
    )
    up, down = ([z_score for z_score, liked in z_scores if liked is thumb] for thumb in (True, False))
    return moved_threshold(SHARE * best, up, down)


def _best_z_score(retriever: Retriever, vectors: Vectors, judged: Judged) -> float:
    """The z-score of the best unit in the whole library; the rules do not apply."""
    baseline = retriever.background(judged.modality, vectors, 0)
    if baseline is None:
        return 0.0
    with retriever.library.read() as session:
        found = retriever.vectors.at(session).search(judged.modality, vectors, 1)
    best = max((score for nearest in found for _, score in nearest), default=baseline.mean)
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


def _unit(row: Vectors) -> Vectors:
    length = float(np.linalg.norm(row))
    scaled: Vectors = (row / length).astype(np.float32) if length > 0 else row
    return scaled
