"""What thumbs up and down make of a question: its own query vector, and its own cut-off.

The vector moves towards what was liked and away from what was not, as Rocchio has it ("Relevance
Feedback in Information Retrieval", in Salton, The SMART Retrieval System, 1971), with the weights
that Manning, Raghavan and Schütze give for it (Introduction to Information Retrieval, 2008, section
9.1.1). Here too the parts are added only after each is measured by what is usual for it, see
``search.retrieve``: a text's similarities to pictures are smaller than those of pictures.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from db.catalog import Ids, Vectors
from db.vectors import Modality
from search.ranking import Ranking
from search.retrieve import Part, Retriever, from_standing

ALPHA = 1.0
BETA = 0.75
GAMMA = 0.15
"""Rocchio's weights of the question, of the mean of what was liked, and of what was not."""

STANDING = 1.5
"""The cut-off before anything is judged: standard deviations above what is usual."""

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


def recalled(
    retriever: Retriever, alternatives: Sequence[Sequence[Part]], judged: Sequence[Judged]
) -> list[Ranking]:
    """The rankings of a question with its own query vectors, each down to its own cut-off.

    What was liked stays in them whatever the cut-off; empty where there is nothing to rank by.
    """
    asked = adjusted(alternatives, judged)
    if not asked:
        return []
    cuts = {some.modality: cut_off(retriever, alternatives, some) for some in judged}
    liked = {int(unit_id) for some in judged for unit_id in some.ids[some.up]}
    return [_cut(ranking, cuts, liked) for ranking in retriever.by_parts(asked)]


def _cut(ranking: Ranking, cuts: Mapping[Modality, float], liked: Collection[int]) -> Ranking:
    if ranking.source == "words":
        above = {found.unit_id for found in ranking.found if found.value >= COVERAGE}
    else:
        modality: Modality = "speech" if ranking.source == "passage" else "picture"
        kept = from_standing(ranking, cuts.get(modality, STANDING))
        above = {found.unit_id for found in kept.found}
    return replace(
        ranking, found=[found for found in ranking.found if found.unit_id in above or found.unit_id in liked]
    )


def adjusted(alternatives: Sequence[Sequence[Part]], judged: Sequence[Judged]) -> list[list[Part]]:
    """The alternatives of a question with what was judged beside each.

    A question that is no description, only conditions, becomes one where something was liked.
    """
    parts = [part for some in judged for part in some.parts]
    if not alternatives:
        return [parts] if any(part.weight > 0 for part in parts) else []
    return [[*some, *parts] for some in alternatives]


def cut_off(retriever: Retriever, alternatives: Sequence[Sequence[Part]], judged: Judged) -> float:
    """From which standing on a unit of this modality is a hit, in standard deviations.

    Each judged unit is scored by the vector that the *others* make (leave-one-out): by a vector with
    itself in it whatever is liked would score high, and the cut-off would hold nobody else.
    """
    standings = []
    for place, vector in enumerate(judged.vectors):
        vectors = retriever.combined(judged.modality, adjusted(alternatives, [judged.without(place)]))
        usual = retriever.background(judged.modality, vectors, 0)
        if usual is None:
            return STANDING
        standings.append(usual.standing(float((vectors @ vector).max())))
    found = np.array(standings)
    return between(found[judged.up].tolist(), found[~judged.up].tolist())


def between(up: Sequence[float], down: Sequence[float], usual: float = STANDING) -> float:
    """The cut-off that leaves the fewest of ``up`` below and of ``down`` at or above it.

    Of several it is the usual one, or else the nearest to it: at the worst that was liked, half-way
    between one that was not and the next, or right above the best that was not.
    """
    marks = sorted({*up, *down})
    places = [usual, *marks, *(np.nextafter(mark, np.inf) for mark in marks[-1:])]
    places += [(low + high) / 2 for low, high in pairwise(marks)]

    def wrong(place: float) -> int:
        return sum(value < place for value in up) + sum(value >= place for value in down)

    return float(min(places, key=lambda place: (wrong(place), abs(place - usual))))


def _unit(row: Vectors) -> Vectors:
    length = float(np.linalg.norm(row))
    scaled: Vectors = (row / length).astype(np.float32) if length > 0 else row
    return scaled
