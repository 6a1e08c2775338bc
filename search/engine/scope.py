"""The scope of one answer: what may be found, in one read snapshot of the library.

Everything that an answer needs is read through it, so that no answer mixes two states of the library.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors, unit_length
from db.catalog import filters, fulltext, live
from db.catalog.filters import Wanted
from db.vectors.store import Modality, VectorView
from search.engine.active import ActiveModel
from search.engine.ranking import LEAST_DEVIATION, Background, Found

BACKGROUND = 1_000
"""Sample size of a query's baseline: units whose similarities to it are measured."""


@dataclass(frozen=True)
class Part:
    """One part of a question: a text or picture to look for, or to avoid with a negative weight.

    ``vectors``: (dim,) float32 of unit length for each modality of one role that it can be compared with.
    ``text``: as it was written; None for a picture.
    """

    vectors: Mapping[Modality, Vectors]
    weight: float
    text: str | None = None


Alternatives = Sequence[Sequence[Part]]
"""The parts of a question: a hit must fit all of one alternative."""


class Scope:
    """What may be found in a snapshot of the library, and how similar it is to vectors."""

    def __init__(self, session: Session, models: Mapping[str, ActiveModel], wanted: Wanted) -> None:
        self.session = session
        self.models = models
        self.wanted = wanted
        self._views: dict[str, VectorView] = {}

    def view(self, role: str) -> VectorView:
        """The vectors of a role's active space in this snapshot.

        Raises:
            KeyError: no space of the role is active.
        """
        if role not in self._views:
            self._views[role] = self.models[role].vectors.at(self.session)
        return self._views[role]

    @cached_property
    def languages(self) -> Sequence[str]:
        """The languages of all texts of the library."""
        return fulltext.told(self.session)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the kinds that may be found."""
        return self.wanted.kinds if self.wanted.kinds is not None else tuple(kinds.every())

    @property
    def ids(self) -> Ids:
        """The ids of all units that may be found, with a vector or without, ascending."""
        return live.wanted_ids(self.session, self.wanted)

    @property
    def showable(self) -> Ids | None:
        """The ids of all units that may be shown, ascending; None for all of them.

        Who asks for text in pictures is shown the pictures: a choice of kinds does not apply.
        """
        left = filters.but_for_kinds(self.wanted.filters)
        return live.wanted_ids(self.session, Wanted(filters=left)) if left else None

    @property
    def standing(self) -> Ids | None:
        """The ids of all units that may stand for the other files of their stack; None for all of them."""
        left = filters.of_what_stands(self.wanted.filters)
        asked = self.wanted.kinds or ()
        of_kinds = asked if any(kinds.named(name).stands for name in asked) else None
        return live.wanted_ids(self.session, Wanted(of_kinds, left)) if left or of_kinds else None

    def count(self, role: str, modality: Modality) -> int:
        """How many units may be found by their vectors."""
        return self.view(role).count(modality, self.wanted)

    def nearest(self, role: str, modality: Modality, vectors: Vectors, depth: int) -> list[Found]:
        """The units nearest to any of (n, dim) vectors, best first."""
        if not len(vectors):
            return []
        best: dict[int, float] = {}
        for nearest in self.view(role).search(modality, vectors, depth, wanted=self.wanted):
            for unit_id, similarity in nearest:
                best[unit_id] = max(similarity, best.get(unit_id, -1.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [Found(*item) for item in ranked[:depth]]

    def background(self, role: str, modality: Modality, vectors: Vectors, count: int) -> Background | None:
        """The baseline of (n, dim) query vectors: their best similarities to a sample of the whole library.

        ``count``: the units searched. The filters do not apply: they may leave few units, or near-identical
        ones. None without query vectors or units.
        """
        sample = self.view(role).sample(modality, BACKGROUND)
        if not len(sample) or not len(vectors):
            return None
        similarities = (sample @ vectors.T).max(axis=1)
        ascending = tuple(np.sort(similarities).tolist())
        return Background(float(similarities.mean()), float(similarities.std()), count, ascending)

    def combined(self, role: str, modality: Modality, alternatives: Alternatives) -> Vectors:
        """(n, dim): one query vector for each alternative that says something about this modality.

        Each part's similarities are divided by their standard deviation over a sample of the library,
        so that a picture does not outvote a text, whose similarities are small and close together.
        Sums of such z-scores are, up to a constant, the similarities to one vector: the sum of the
        parts' vectors, each over its deviation.
        """
        sample = self.view(role).sample(modality, BACKGROUND)
        rows = [
            _sum(parts, modality, sample)
            for alternative in alternatives
            if (parts := [part for part in alternative if modality in part.vectors])
        ]
        return np.stack(rows) if rows else np.empty((0, sample.shape[1]), np.float32)


def _sum(parts: Sequence[Part], modality: Modality, sample: Vectors) -> Vectors:
    """Weighted sum of the parts' vectors, scaled to unit length: (dim,) float32."""
    stacked = np.stack([part.vectors[modality] for part in parts])
    weights = np.array([part.weight for part in parts])
    if len(parts) > 1 and len(sample) > 1:
        weights = weights / np.maximum((sample @ stacked.T).std(axis=0), LEAST_DEVIATION)
    summed = weights @ stacked
    # Parts that cancel out leave no direction; the first one then decides.
    return unit_length(summed if np.linalg.norm(summed) > LEAST_DEVIATION else stacked[0])
