"""Candidate retrieval: one ranking for each source, as similarities of different sources do not compare.

In a CLIP space texts lie nearer to each other than to any picture (the modality gap of Liang et
al. 2022), so pictures and passages are ranked in searches of their own and meet only as ranks. For
the same reason the parts of one question are added only after each is scaled by its own baseline,
see ``Retriever.combined``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from db.catalog import units
from db.catalog.filters import ALL, Rule, Text, Wanted
from db.catalog.fulltext import match_words
from db.catalog.units import Ids, Vectors
from db.engine.schema import UnitKind
from db.kinds import CLIP, modalities
from db.library import Library
from db.vectors.store import Modality, VectorStore
from search.answer import Source
from search.engine.ranking import LEAST_DEVIATION, Background, Found, Match, Ranking

PICTURE_WEIGHT = 1.0
WORDS_WEIGHT = 1.0
PASSAGE_WEIGHT = 0.4
"""Something is always nearest in meaning: without shared words a passage starts below the best pictures."""

DRAWING_WEIGHT = 0.25
"""A drawing has details that nobody asked for: it may reorder the hits of the words (bench/imagine.py)."""

NEGATIVE = 0.5
"""Factor on negative weights: avoiding something counts less than looking for something (bench/terms.py)."""

OUTSTANDING = 2.0
"""The z-score, above the query's baseline, from which a passage counts by its meaning."""

BACKGROUND = 1_000
"""Sample size of a query's baseline: units whose similarities to it are measured."""

MATCHED = 5
"""Top pictures that are checked part by part: the best one overall may lack one part of the question."""

LEAST_COVERAGE = 0.5
"""Least share of the query's words, by rarity, in a keyword hit; other passages rank by meaning only."""


@dataclass(frozen=True)
class Part:
    """One part of a question: a text or picture to look for, or to avoid with a negative weight.

    ``vectors``: (dim,) float32 of unit length for each modality to search: both for a text, pictures
    for a picture. ``text``: as it was written; None for a picture.
    """

    vectors: Mapping[Modality, Vectors]
    weight: float
    text: str | None = None


@dataclass(frozen=True)
class Retriever:
    """Asks each source for the ``depth`` best units that meet the rules; ``kind``: only such units."""

    library: Library
    vectors: VectorStore
    space_id: int
    depth: int
    kind: UnitKind | None
    rules: tuple[Rule, ...] = ()

    def by_parts(self, alternatives: Sequence[Sequence[Part]]) -> list[Ranking]:
        """Rankings by the nearest alternative: pictures, passages by meaning, passages by keywords."""
        described = any(part.text for parts in alternatives for part in parts)
        source: Source = "text_to_image" if described else "image_to_image"
        pictures = self._nearest(source, "picture", PICTURE_WEIGHT, self.combined("picture", alternatives))
        pictures = replace(pictures, matches=self._matches(pictures, alternatives))
        passages = self._nearest(
            "text_to_passage", "passage", PASSAGE_WEIGHT, self.combined("passage", alternatives)
        )
        # Beside pictures only passages that stand out count; without pictures the nearest ones are shown,
        # and with a condition on the words that were said every passage left has those words.
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
        """Pictures nearest to any of (n, dim) picture vectors."""
        return self._nearest("image_to_image", "picture", PICTURE_WEIGHT, vectors)

    def by_drawing(self, vectors: Vectors) -> Ranking:
        """Pictures nearest to a drawing of the text, (1, dim): to be fused with others, never used alone."""
        return self._nearest("drawing", "picture", DRAWING_WEIGHT, vectors)

    def by_passages(self, vectors: Vectors) -> Ranking:
        """Passages nearest in meaning to any of (n, dim) text vectors."""
        return self._nearest("text_to_passage", "passage", PASSAGE_WEIGHT, vectors)

    def listed(self) -> Ranking:
        """Units that meet the rules, one for each content, the latest first."""
        with self.library.read() as session:
            latest = units.newest(session, np.concatenate(list(self._allowed.values())), self.depth)
        return Ranking("listed", PICTURE_WEIGHT, [Found(unit_id, 1.0) for unit_id in latest])

    def said(self) -> Ranking:
        """Passages that meet the rules, by id; for conditions on the words that were said."""
        ids = self._allowed["passage"][: self.depth].tolist()
        return Ranking("keywords", WORDS_WEIGHT, [Found(unit_id, 1.0) for unit_id in ids])

    @cached_property
    def _allowed(self) -> dict[Modality, Ids]:
        """Ids of the units that meet the rules and are of the kind."""
        with self.library.read() as session:
            return {
                modality: units.live_ids(session, self.space_id, searched, self.rules)
                if (searched := [kind for kind in kinds if self.kind in (None, kind)])
                else np.empty(0, np.int64)
                for modality, kinds in modalities(CLIP).items()
            }

    def combined(self, modality: Modality, alternatives: Sequence[Sequence[Part]]) -> Vectors:
        """(n, dim): one query vector for each alternative that says something about this modality.

        Each part's similarities are divided by their standard deviation over a sample of the library,
        so that a picture does not outvote a text, whose similarities are small and close together.
        Sums of such z-scores are, up to a constant, the similarities to one vector: the sum of the
        parts' vectors, each over its deviation.
        """
        sample = self.sample(modality)
        rows = [
            _sum(parts, modality, sample)
            for alternative in alternatives
            if (parts := [part for part in alternative if modality in part.vectors])
        ]
        return np.stack(rows) if rows else np.empty((0, sample.shape[1]), np.float32)

    def _nearest(self, source: Source, modality: Modality, weight: float, vectors: Vectors) -> Ranking:
        wanted = Wanted(None if self.kind is None else (self.kind,), self.rules)
        with self.library.read() as session:
            view = self.vectors.at(session)
            count = view.count(modality, wanted)
            if not len(vectors) or (wanted != ALL and not count):
                return Ranking(source, weight, [])
            found = view.search(modality, vectors, self.depth, wanted=wanted)
        best: dict[int, float] = {}
        for nearest in found:
            for unit_id, similarity in nearest:
                best[unit_id] = max(similarity, best.get(unit_id, -1.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        candidates = [Found(*item) for item in ranked[: self.depth]]
        return Ranking(source, weight, candidates, self.background(modality, vectors, count))

    def background(self, modality: Modality, vectors: Vectors, count: int) -> Background | None:
        """The baseline of (n, dim) query vectors: their best similarities to a sample of the whole library.

        ``count``: the units searched. The rules do not apply: they may leave few units, or near-identical
        ones. None without query vectors or units.
        """
        sample = self.sample(modality)
        if not len(sample) or not len(vectors):
            return None
        similarities = (sample @ vectors.T).max(axis=1)
        ascending = tuple(np.sort(similarities).tolist())
        return Background(float(similarities.mean()), float(similarities.std()), count, ascending)

    def sample(self, modality: Modality) -> Vectors:
        """Vectors from all over the library."""
        with self.library.read() as session:
            return self.vectors.at(session).sample(modality, BACKGROUND)

    def _matches(self, ranking: Ranking, alternatives: Sequence[Sequence[Part]]) -> list[tuple[Match, ...]]:
        """Similarities of the best pictures to each alternative, part by part.

        A picture answers when it fits every part; parts to avoid only move others up.
        """
        ids = np.array([candidate.unit_id for candidate in ranking.found[:MATCHED]], dtype=np.int64)
        with self.library.read() as session:
            rows = units.vectors(session, self.space_id, ids)
        return [
            tuple(
                Match("picture" if part.text is None else "text", float(part.vectors["picture"] @ row))
                for part in positive
            )
            for row in rows
            for parts in alternatives
            if (positive := [part for part in parts if part.weight > 0 and "picture" in part.vectors])
        ]

    def _only(self, modality: Modality) -> Ids | None:
        if not self.rules and (self.kind is None or modalities(CLIP)[modality] == (self.kind,)):
            return None
        return self._allowed[modality]

    def _spoken(self, texts: Sequence[str]) -> Ranking:
        best: dict[int, Found] = {}
        if self.kind in (None, "speech"):
            with self.library.read() as session:
                for text in texts:
                    for match in match_words(session, text, self.depth, self._only("passage")):
                        known = best.get(match.unit_id)
                        if match.coverage >= (known.value if known else LEAST_COVERAGE):
                            best[match.unit_id] = Found(match.unit_id, match.coverage, match.words)
        ranked = sorted(best.values(), key=lambda candidate: -candidate.value)
        return Ranking("keywords", WORDS_WEIGHT, ranked)


def _sum(parts: Sequence[Part], modality: Modality, sample: Vectors) -> Vectors:
    """Weighted sum of the parts' vectors, scaled to unit length: (dim,) float32."""
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
    """The candidates of a ranking with at least this z-score; all of them where it has no baseline."""
    baseline = ranking.background
    if baseline is None:
        return ranking
    outstanding = [candidate for candidate in ranking.found if baseline.z_score(candidate.value) >= least]
    return replace(ranking, found=outstanding)


def without(rankings: Sequence[Ranking], unit_ids: Ids) -> list[Ranking]:
    """The rankings without these units."""
    hidden = set(unit_ids.tolist())
    return [
        replace(ranking, found=[candidate for candidate in ranking.found if candidate.unit_id not in hidden])
        for ranking in rankings
    ]
