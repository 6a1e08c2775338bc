"""Candidates of each source, apart: similarities of one source say nothing about those of another.

In a CLIP space texts lie nearer to each other than to any picture (the modality gap of Liang et
al. 2022), so pictures and passages are ranked in searches of their own and meet only as ranks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from db import catalog
from db.catalog import Ids, Vectors
from db.fulltext import match_words
from db.schema import UnitKind
from db.session import Database
from db.vectors import KINDS, Modality, VectorStore
from indexer.encoders.base import Encoder
from search.answer import Source
from search.ranking import Background, Found, Ranking

PICTURE_WEIGHT = 1.0
WORDS_WEIGHT = 1.0
PASSAGE_WEIGHT = 0.4
"""Something is always nearest in meaning: without shared words a passage starts below the best pictures."""

OUTSTANDING = 2.0
"""Standard deviations above what is usual for a query, from which a passage's meaning counts."""

BACKGROUND = 1_000
"""Units whose similarities show what is usual for a query."""

LEAST_COVERAGE = 0.5
"""Passages with less than half of the query's words, by rarity, are left to their meaning."""


@dataclass(frozen=True)
class Retriever:
    """Asks the sources. ``depth``: how many units each may return; ``kind``: the only ones wanted."""

    database: Database
    vectors: VectorStore
    encoder: Encoder
    space_id: int
    depth: int
    kind: UnitKind | None

    def by_text(self, text: str) -> list[Ranking]:
        """Pictures that look like the text, and passages that mean it or say it."""
        vector = self.encoder.encode_texts([text])
        pictures = self._nearest("picture", "picture", PICTURE_WEIGHT, vector)
        passages = self._nearest("passage", "speech", PASSAGE_WEIGHT, vector)
        # Beside pictures only what stands out counts; where there is nothing else, the nearest is shown.
        return [pictures, _outstanding(passages) if pictures.found else passages, self._spoken(text)]

    def by_pictures(self, vectors: Vectors) -> Ranking:
        """Pictures near to any of (n, dim) picture vectors."""
        return self._nearest("image", "picture", PICTURE_WEIGHT, vectors)

    def by_passages(self, vectors: Vectors) -> Ranking:
        """Passages that mean what any of (n, dim) text vectors does."""
        return self._nearest("passage", "speech", PASSAGE_WEIGHT, vectors)

    def _nearest(self, source: Source, modality: Modality, weight: float, vectors: Vectors) -> Ranking:
        if self.kind is not None and self.kind not in KINDS[modality]:
            return Ranking(source, weight, [])
        best: dict[int, float] = {}
        for nearest in self.vectors.search(modality, vectors, self.depth, only=self._only(modality)):
            for unit_id, similarity in nearest:
                best[unit_id] = max(similarity, best.get(unit_id, -1.0))
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        found = [Found(*item) for item in ranked[: self.depth]]
        return Ranking(source, weight, found, self._background(modality, vectors))

    def _background(self, modality: Modality, vectors: Vectors) -> Background | None:
        sample = self.vectors.sample(modality, BACKGROUND)
        if not len(sample):
            return None
        similarities = (sample @ vectors.T).max(axis=1)
        mean, deviation = float(similarities.mean()), float(similarities.std())
        return Background(mean, deviation, self.vectors.count(modality))

    def _only(self, modality: Modality) -> Ids | None:
        if self.kind is None or KINDS[modality] == (self.kind,):
            return None
        with self.database.read() as session:
            return catalog.live_ids(session, self.space_id, [self.kind])

    def _spoken(self, text: str) -> Ranking:
        if self.kind not in (None, "speech"):
            return Ranking("words", WORDS_WEIGHT, [])
        with self.database.read() as session:
            matches = match_words(session, text, self.depth)
        return Ranking(
            "words",
            WORDS_WEIGHT,
            [
                Found(match.unit_id, match.coverage, match.words)
                for match in matches
                if match.coverage >= LEAST_COVERAGE
            ],
        )


def _outstanding(ranking: Ranking) -> Ranking:
    """The part of a ranking that is unusually near for its query: some passage is always the nearest."""
    if ranking.background is None:
        return ranking
    least = ranking.background.mean + OUTSTANDING * ranking.background.deviation
    return replace(ranking, found=[found for found in ranking.found if found.value >= least])


def without(rankings: Sequence[Ranking], unit_ids: Ids) -> list[Ranking]:
    """The rankings without some units."""
    hidden = set(unit_ids.tolist())
    return [
        replace(ranking, found=[found for found in ranking.found if found.unit_id not in hidden])
        for ranking in rankings
    ]
