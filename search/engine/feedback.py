"""What thumbs up and down make of a question: its own query vector, and its own cut-off.

The vector moves towards what was liked and away from what was not, as Rocchio has it ("Relevance
Feedback in Information Retrieval", in Salton, The SMART Retrieval System, 1971), with the weights
that Manning, Raghavan and Schütze give for it (Introduction to Information Retrieval, 2008, section
9.1.1). Here too the parts are added only after each is measured by what is usual for it, see
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
from db.vectors.store import KINDS, Modality
from search.engine.active import ActiveModel
from search.engine.ranking import Ranking
from search.engine.retrieve import Part, Retriever, above_z_score

ALPHA = 1.0
BETA = 0.75
GAMMA = 0.15
"""Rocchio's weights of the question, of the mean of what was liked, and of what was not."""

SHARE = 0.3
"""The cut-off before anything is judged: the share of the best hit's lead over what is usual."""

LIKELY = 0.2
"""The probability of being liked at which the cut-off lies: a missing hit is worse than one too many."""

STEEPNESS = 1.0
SPREAD = 0.3
"""How fast that probability rises with a hit's standing, and how far thumbs may easily move the cut-off: a
few on the best hits say little of those far below (bench/feedback.py; both in standard deviations)."""

COVERAGE = 0.75
"""The cut-off of passages by their words: the share of the question's words, by rarity, that was said."""


@dataclass(frozen=True)
class Judged:
    """Units of one modality that people have judged. ``vectors``: (n, dim); ``up``: (n,) of bool."""

    modality: Modality
    ids: Ids
    vectors: Vectors
    up: npt.NDArray[np.bool_]

    def without(self, place: int) -> "Judged":
        """All but one of them."""
        kept = np.arange(len(self.ids)) != place
        return Judged(self.modality, self.ids[kept], self.vectors[kept], self.up[kept])

    @property
    def parts(self) -> list[Part]:
        """Rocchio's two centroids, as far as there are any."""
        means = ((self.vectors[self.up], BETA), (self.vectors[~self.up], -GAMMA))
        return [
            Part({self.modality: _unit(rows.mean(axis=0))}, weight) for rows, weight in means if len(rows)
        ]


def judged(model: ActiveModel, thumbs: Mapping[int, bool]) -> list[Judged]:
    """What was judged, by modality, as far as it has a vector in the model's space."""
    with model.library.read() as session:
        return [_judged(session, model.space.id, modality, thumbs) for modality in KINDS]


def _judged(session: Session, space_id: int, modality: Modality, thumbs: Mapping[int, bool]) -> Judged:
    ids = spaces.embedded(session, space_id, list(thumbs), KINDS[modality])
    vectors = units.vectors(session, space_id, ids)
    return Judged(modality, ids, vectors, np.array([thumbs[unit_id] for unit_id in ids.tolist()], bool))


def recalled(
    retriever: Retriever, alternatives: Sequence[Sequence[Part]], thumbs: Sequence[Judged]
) -> list[Ranking]:
    """The rankings of a question with its own query vectors, each down to its own cut-off.

    What was judged stays in them whatever the cut-off; empty where there is nothing to rank by.
    """
    asked = adjusted(alternatives, thumbs)
    if not asked:
        return []
    cuts = {some.modality: threshold(retriever, alternatives, some) for some in thumbs}
    kept = {int(unit_id) for some in thumbs for unit_id in some.ids}
    return [_cut(ranking, cuts, kept) for ranking in retriever.by_parts(asked)]


def _cut(ranking: Ranking, cuts: Mapping[Modality, float], kept: Collection[int]) -> Ranking:
    if ranking.source == "keywords":
        above = {found.unit_id for found in ranking.found if found.value >= COVERAGE}
    else:
        modality: Modality = "speech" if ranking.source == "text_to_passage" else "picture"
        near = above_z_score(ranking, cuts[modality])
        above = {found.unit_id for found in near.found}
    return replace(
        ranking, found=[found for found in ranking.found if found.unit_id in above or found.unit_id in kept]
    )


def adjusted(alternatives: Sequence[Sequence[Part]], judged: Sequence[Judged]) -> list[list[Part]]:
    """The alternatives of a question with what was judged beside each.

    A question that is no description, only conditions, becomes one where something was liked.
    """
    parts = [part for some in judged for part in some.parts]
    if not alternatives:
        return [parts] if any(part.weight > 0 for part in parts) else []
    return [[*some, *parts] for some in alternatives]


def threshold(retriever: Retriever, alternatives: Sequence[Sequence[Part]], judged: Judged) -> float:
    """From which standing on a unit of this modality is a hit, in standard deviations above what is usual.

    Each judged unit is scored by the vector that the *others* make (leave-one-out): by a vector with
    itself in it whatever is liked would score high, and the cut-off would hold nobody else.
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
    return moved(SHARE * best, up, down)


def _best_z_score(retriever: Retriever, vectors: Vectors, judged: Judged) -> float:
    """The standing of the best unit in the library, whatever the rules leave of it."""
    baseline = retriever.background(judged.modality, vectors, 0)
    if baseline is None:
        return 0.0
    best = max(
        (score for found in retriever.vectors.search(judged.modality, vectors, 1) for _, score in found),
        default=baseline.mean,
    )
    return baseline.z_score(best)


def moved(baseline: float, up: Sequence[float], down: Sequence[float]) -> float:
    """The cut-off ``baseline`` after thumbs on hits of these standings.

    Whether a hit is liked is a logistic function of its standing, known up to its middle; that is where
    the thumbs and a normal prior around the usual cut-off put it (maximum a posteriori).
    """
    above = math.log(1 / LIKELY - 1) / STEEPNESS
    prior = baseline + above

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
