"""Ranking pipeline: every source is ranked, the rankings are fused, and near-duplicates become one hit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from db.catalog import units
from db.catalog.filters import Arrived, Rule
from db.catalog.units import Vectors
from db.vectors.store import Modality
from indexer.encoders.base import Encoder
from search.answer import Evidence, Hit
from search.engine.collapse import collapsed, without_disliked
from search.engine.embed import Question
from search.engine.feedback import judged, recalled
from search.engine.fuse import fuse
from search.engine.ranking import Ranking
from search.engine.retrieve import Retriever, without
from search.query import conditions

_DEPTH = 200
"""Units asked of each source at least: enough for rankings to overlap, few enough to look up at once."""

_DEEPEST = 5_000
"""Units asked of each source at most, however many of them are one hit."""


@dataclass(frozen=True)
class Sight:
    """The (n, dim) picture vectors of a query, the most similar of which counts, and their baseline.

    ``baseline``: (m,) ascending, the similarities to a sample of up to a thousand of the library's pictures.
    """

    encoder: Encoder
    space_id: int
    vectors: Vectors
    baseline: Vectors


@dataclass(frozen=True)
class Ranked:
    """The rankings of all sources for a question, before fusion."""

    question: Question
    retriever: Retriever
    rankings: list[Ranking]

    def hits(self, more: Sequence[Ranking] = (), *, disliked: Collection[int] = ()) -> list[Hit]:
        """All hits, best first, near-duplicates grouped into one.

        Args:
            more: rankings of other sources, to be fused with these.
            disliked: unit ids; the moments that they are in are left out.
        """
        model, rankings = self.question.model, [*self.rankings, *more]
        with model.library.read() as session:
            unit_ids = {candidate.unit_id for ranking in rankings for candidate in ranking.found}
            rows = units.rows(session, unit_ids)
            # Near-duplicates of a disliked picture are only recognised while it is among the hits.
            hidden = [unit_id for unit_id in disliked if unit_id in rows and rows[unit_id].kind != "image"]
            hits = fuse(rankings, rows, len(rows), hidden=hidden)
            pictures = np.array([hit.unit_id for hit in hits if hit.kind == "image"], dtype=np.int64)
            if self.question.query.apart or not len(pictures):
                return hits
            vectors = units.vectors(session, model.space.id, pictures)
        return collapsed(hits, dict(zip(pictures.tolist(), vectors, strict=True)), model.near_duplicate)

    def explained(self, hit: Hit) -> Hit:
        """The hit with its similarity to each part of a question of several, and the conditions it meets."""
        query, model, parts, why = self.question.query, self.question.model, self.question.parts, hit.why
        if len(parts) > 1:
            with model.library.read() as session:
                vector = units.vectors(session, model.space.id, np.array([hit.unit_id]))[0]
            modality: Modality = "passage" if hit.kind == "speech" else "picture"
            written = [str(term).lstrip("+") for terms in query.parsed.alternatives for term in terms]
            terms = tuple(
                (text, round(float(part.vectors[modality] @ vector), 4))
                for text, part in zip(written, parts, strict=True)
                if modality in part.vectors
            )
            why = tuple(replace(fact, terms=terms) if fact.source != "keywords" else fact for fact in why)
        fulfilled = [Evidence("condition", 1, 1.0, (str(item),)) for item in query.parsed.conditions]
        return replace(hit, why=(*why, *fulfilled))


def answered(question: Question) -> tuple[Ranked, list[Hit]]:
    """The rankings of a question, and its hits: at least ``k`` of them where there are as many.

    Many near-duplicates, or frames of one moment, are one hit; the sources are then asked for more units.
    """
    depth = max(_DEPTH, 4 * question.query.k)
    while True:
        ranked = _ranked(question, depth)
        hits = ranked.hits()
        full = any(len(ranking.found) >= depth for ranking in ranked.rankings)
        if len(hits) >= question.query.k or not full or depth >= _DEEPEST:
            return ranked, hits
        depth *= 5


def recall(question: Question, thumbs: Mapping[int, bool], *, after: int | None = None) -> list[Hit]:
    """All hits of a question with thumbs: see ``SearchService.recall``."""
    rules = (Rule((Arrived(after),)),) if after is not None else ()
    retriever = _retriever(question, max(_DEPTH, 4 * question.query.k), rules)
    rankings = recalled(retriever, question.alternatives, judged(question.model, thumbs))
    ranked = Ranked(question, retriever, rankings or [_unranked(question, retriever)])
    liked, disliked = ({unit_id for unit_id, up in thumbs.items() if up is thumb} for thumb in (True, False))
    remaining = (without_disliked(hit, disliked, liked) for hit in ranked.hits(disliked=disliked))
    hits = (replace(hit, rank=rank) for rank, hit in enumerate(filter(None, remaining), start=1))
    return [ranked.explained(hit) for hit in hits]


def sight(question: Question) -> Sight | None:
    """The picture vectors and baseline of a question; None where it describes nothing."""
    if not question.alternatives:
        return None
    model = question.model
    retriever = _retriever(question, _DEPTH)
    vectors, sample = retriever.combined("picture", question.alternatives), retriever.sample("picture")
    return Sight(model.encoder, model.space.id, vectors, np.sort((sample @ vectors.T).max(axis=1)))


def _ranked(question: Question, depth: int) -> Ranked:
    retriever = _retriever(question, depth)
    alternatives, like = question.alternatives, question.like
    rankings = retriever.by_parts(alternatives) if alternatives else []
    if like is not None:
        similar = [retriever.by_pictures(like.pictures)] if len(like.pictures) else []
        similar += [retriever.by_passages(like.passages)] if len(like.passages) else []
        rankings += without(similar, like.unit_ids)
    elif not alternatives:
        rankings = [_unranked(question, retriever)]
    return Ranked(question, retriever, rankings)


def _retriever(question: Question, depth: int, rules: tuple[Rule, ...] = ()) -> Retriever:
    query, model = question.query, question.model
    rules += tuple(
        conditions.rule(item.key, item.values, negated=item.negated) for item in query.parsed.conditions
    )
    return Retriever(model.library, model.vectors, model.space.id, depth, query.kind, rules)


def _unranked(question: Question, retriever: Retriever) -> Ranking:
    """The units that meet the conditions, for a question that describes nothing."""
    said = any(item.key == "said" and not item.negated for item in question.query.parsed.conditions)
    return retriever.said() if said else retriever.listed()
