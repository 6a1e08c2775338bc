"""Candidates of each source, apart: similarities of one source say nothing about those of another.

In a CLIP space texts lie nearer to each other than to any picture (the modality gap of Liang et
al. 2022), so pictures and passages are ranked in searches of their own and meet only as ranks. For
the same reason the parts of one question are added only after each is measured by what is usual for
it, see ``Retriever.combined``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from db.catalog import units
from db.catalog.filters import Rule, Text
from db.catalog.fulltext import match_words
from db.catalog.units import Ids, Vectors
from db.engine.schema import UnitKind
from db.library import Library
from db.vectors.store import KINDS, Modality, VectorStore
from search.answer import Source
from search.engine.ranking import LEAST_DEVIATION, Background, Found, Match, Ranking

PICTURE_WEIGHT = 1.0
WORDS_WEIGHT = 1.0
PASSAGE_WEIGHT = 0.4
"""Something is always nearest in meaning: without shared words a passage starts below the best pictures."""

DRAWING_WEIGHT = 0.25
"""A drawing has details that nobody asked for: it may move what the words found (bench/imagine.py)."""

NEGATIVE = 0.5
"""How much staying away from something counts against looking for something (bench/terms.py)."""

OUTSTANDING = 2.0
"""Standard deviations above what is usual for a query, from which a passage's meaning counts."""

BACKGROUND = 1_000
"""Units whose similarities show what is usual for a query."""

MATCHED = 5
"""Best pictures of which one may answer all parts of a question: what is best on the whole may lack one."""

LEAST_COVERAGE = 0.5
"""Passages with less than half of the query's words, by rarity, are left to their meaning."""


@dataclass(frozen=True)
class Part:
    """One thing to look for, or with a negative weight to stay away from.

    ``vectors``: (dim,) of unit length for each modality that it says something about: a text about both,
    a picture about pictures. ``text``: what was written; None for anything else.
    """

    vectors: Mapping[Modality, Vectors]
    weight: float
    text: str | None = None


@dataclass(frozen=True)
class Retriever:
    """Asks the sources for units that keep the rules, ``depth`` each; ``kind``: the only ones wanted."""

    library: Library
    vectors: VectorStore
    space_id: int
    depth: int
    kind: UnitKind | None
    rules: tuple[Rule, ...] = ()

    def by_parts(self, alternatives: Sequence[Sequence[Part]]) -> list[Ranking]:
        """Pictures that look like one of the alternatives, and passages that mean it or say it."""
        described = any(part.text for parts in alternatives for part in parts)
        source: Source = "text_to_image" if described else "image_to_image"
        pictures = self._nearest(source, "picture", PICTURE_WEIGHT, self.combined("picture", alternatives))
        pictures = replace(pictures, matches=self._matches(pictures, alternatives))
        passages = self._nearest(
            "text_to_passage", "speech", PASSAGE_WEIGHT, self.combined("speech", alternatives)
        )
        # Beside pictures only what stands out counts; where there is nothing else, the nearest is shown,
        # and passages that have the very words that are asked for stand out anyway.
        outstanding = pictures.found and not self._asks_for_words
        passages = above_z_score(passages, OUTSTANDING) if outstanding else passages
        texts = [" ".join(p.text for p in parts if p.text and p.weight > 0) for parts in alternatives]
        return [pictures, passages, self._spoken([text for text in texts if text])]

    @property
    def _asks_for_words(self) -> bool:
        return any(
            isinstance(value, Text) and value.field == "said" and not rule.negated
            for rule in self.rules
            for value in rule.values
        )

    def by_pictures(self, vectors: Vectors) -> Ranking:
        """Pictures near to any of (n, dim) picture vectors."""
        return self._nearest("image_to_image", "picture", PICTURE_WEIGHT, vectors)

    def by_drawing(self, vectors: Vectors) -> Ranking:
        """Pictures near to a drawing of the text, (1, dim): a second opinion, never the only one."""
        return self._nearest("drawing", "picture", DRAWING_WEIGHT, vectors)

    def by_passages(self, vectors: Vectors) -> Ranking:
        """Passages that mean what any of (n, dim) text vectors does."""
        return self._nearest("text_to_passage", "speech", PASSAGE_WEIGHT, vectors)

    def listed(self) -> Ranking:
        """All that keeps the rules, the latest first."""
        with self.library.read() as session:
            latest = units.newest(session, np.concatenate(list(self._allowed.values())), self.depth)
        return Ranking("listed", PICTURE_WEIGHT, [Found(unit_id, 1.0) for unit_id in latest])

    def said(self) -> Ranking:
        """The passages that keep the rules, as they come; for words that are to be said exactly."""
        ids = self._allowed["speech"][: self.depth].tolist()
        return Ranking("keywords", WORDS_WEIGHT, [Found(unit_id, 1.0) for unit_id in ids])

    @cached_property
    def _allowed(self) -> dict[Modality, Ids]:
        """The ids of what is wanted at all."""
        with self.library.read() as session:
            return {
                modality: units.live_ids(session, self.space_id, wanted, self.rules)
                if (wanted := [kind for kind in kinds if self.kind in (None, kind)])
                else np.empty(0, np.int64)
                for modality, kinds in KINDS.items()
            }

    def combined(self, modality: Modality, alternatives: Sequence[Sequence[Part]]) -> Vectors:
        """(n, dim): one query vector for each alternative that says something about this modality.

        Each part's similarities are measured in standard deviations of what is usual for it in this
        library, so that a picture does not outvote a text, whose similarities are small and close
        together. Sums of such standard scores are the similarities to one vector, the sum of the
        parts' vectors over their deviations, up to a constant.
        """
        sample = self.vectors.sample(modality, BACKGROUND)
        rows = [
            _sum(parts, modality, sample)
            for alternative in alternatives
            if (parts := [part for part in alternative if modality in part.vectors])
        ]
        return np.stack(rows) if rows else np.empty((0, sample.shape[1]), np.float32)

    def _nearest(self, source: Source, modality: Modality, weight: float, vectors: Vectors) -> Ranking:
        only = self._only(modality)
        if not len(vectors) or (only is not None and not len(only)):
            return Ranking(source, weight, [])
        best: dict[int, float] = {}
        for nearest in self.vectors.search(modality, vectors, self.depth, only=only):
            for unit_id, similarity in nearest:
                best[unit_id] = max(similarity, best.get(unit_id, -1.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        found = [Found(*item) for item in ranked[: self.depth]]
        count = self.vectors.count(modality) if only is None else len(only)
        return Ranking(source, weight, found, self.background(modality, vectors, count))

    def background(self, modality: Modality, vectors: Vectors, count: int) -> Background | None:
        """What is usual in the whole library for (n, dim) queries, of which ``count`` units were searched.

        The rules do not matter: they leave few units, or all alike. None where there is nothing to tell.
        """
        sample = self.vectors.sample(modality, BACKGROUND)
        if not len(sample) or not len(vectors):
            return None
        similarities = (sample @ vectors.T).max(axis=1)
        ascending = tuple(np.sort(similarities).tolist())
        return Background(float(similarities.mean()), float(similarities.std()), count, ascending)

    def _matches(self, ranking: Ranking, alternatives: Sequence[Sequence[Part]]) -> list[tuple[Match, ...]]:
        """How the best pictures fit what each alternative asks for, part by part.

        A picture answers when it fits every part; parts to stay away from only move others up.
        """
        ids = np.array([found.unit_id for found in ranking.found[:MATCHED]], dtype=np.int64)
        with self.library.read() as session:
            rows = units.vectors(session, self.space_id, ids)
        return [
            tuple(
                Match("picture" if part.text is None else "text", float(part.vectors["picture"] @ row))
                for part in wanted
            )
            for row in rows
            for parts in alternatives
            if (wanted := [part for part in parts if part.weight > 0 and "picture" in part.vectors])
        ]

    def _only(self, modality: Modality) -> Ids | None:
        if not self.rules and (self.kind is None or KINDS[modality] == (self.kind,)):
            return None
        return self._allowed[modality]

    def _spoken(self, texts: Sequence[str]) -> Ranking:
        best: dict[int, Found] = {}
        if self.kind in (None, "speech"):
            with self.library.read() as session:
                for text in texts:
                    for match in match_words(session, text, self.depth, self._only("speech")):
                        known = best.get(match.unit_id)
                        if match.coverage >= (known.value if known else LEAST_COVERAGE):
                            best[match.unit_id] = Found(match.unit_id, match.coverage, match.words)
        return Ranking("keywords", WORDS_WEIGHT, sorted(best.values(), key=lambda found: -found.value))


def _sum(parts: Sequence[Part], modality: Modality, sample: Vectors) -> Vectors:
    """The parts' vectors, weighted, as one of unit length: (dim,)."""
    stacked = np.stack([part.vectors[modality] for part in parts])
    weights = np.array([part.weight for part in parts])
    if len(parts) > 1 and len(sample) > 1:
        weights = weights / np.maximum((sample @ stacked.T).std(axis=0), LEAST_DEVIATION)
    summed = weights @ stacked
    length = np.linalg.norm(summed)
    # Parts that cancel out leave no direction; the first one then decides.
    unit: Vectors = (summed / length if length > LEAST_DEVIATION else stacked[0]).astype(np.float32)
    return unit


def above_z_score(ranking: Ranking, least: float) -> Ranking:
    """The part of a ranking that stands at least so many standard deviations above what is usual."""
    baseline = ranking.background
    if baseline is None:
        return ranking
    return replace(
        ranking, found=[found for found in ranking.found if baseline.z_score(found.value) >= least]
    )


def without(rankings: Sequence[Ranking], unit_ids: Ids) -> list[Ranking]:
    """The rankings without some units."""
    hidden = set(unit_ids.tolist())
    return [
        replace(ranking, found=[found for found in ranking.found if found.unit_id not in hidden])
        for ranking in rankings
    ]
