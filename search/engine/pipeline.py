"""The way of an answer: retrieve from every source, fuse into moments, group near-duplicates, explain."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from db import kinds
from db.arrays import Vectors
from db.catalog import live, representatives, units
from db.catalog.filters import FactRule, Filter, Wanted
from db.kinds import CLIP, PICTURE
from db.words.spans import spans as spans_of
from search.answer import Evidence, Hit, Member
from search.engine import feedback, resaved, sources
from search.engine.balance import balanced
from search.engine.collapse import collapsed, without_disliked, words_in
from search.engine.embed import Question
from search.engine.fuse import Candidates, fuse
from search.engine.marks import marks
from search.engine.ranking import Ranking
from search.engine.scope import Scope
from search.engine.stacking import members, stood_for
from search.query.asked import asked, filters_of
from search.query.query import Query
from search.translation.router import language_asked_in
from search.understanding.tongues import read_as

_DEPTH = 200
"""Units asked of each source at least: enough for rankings to overlap, few enough to look up at once."""

DEEPEST = 5_000
"""Units asked of each source at most, however many of them are one hit."""

_OF_TEXTS = frozenset({"text_to_image", "text_to_passage"})
"""The sources that compare what a description says, as the model reads it."""


def wanted(query: Query, *, arrived_after: int | None = None) -> Wanted:
    """Which units may be hits of a query; ``arrived_after``: only contents that came after that revision."""
    filters = filters_of(query.parsed)
    if arrived_after is not None:
        filters.append(Filter((FactRule("arrived", ">", arrived_after),)))
    return Wanted(None if query.kind is None else (query.kind,), tuple(filters))


@dataclass(frozen=True)
class Retrieved:
    """The rankings of a question, with what they have found looked up."""

    question: Question
    scope: Scope
    rankings: Sequence[Ranking]
    candidates: Candidates

    @classmethod
    def of(cls, question: Question, scope: Scope, rankings: Iterable[Ranking]) -> "Retrieved":
        """Look up what rankings have found, and what is shown for it."""
        rankings = tuple(rankings)
        found = {found.unit_id for ranking in rankings for found in ranking.found}
        of_file = live.of_file(scope.wanted.filters)
        among_hidden = scope.wanted.among_hidden
        rows = units.rows(scope.session, found, of_file, among_hidden=among_hidden)
        # What is said in a motion photo is found in it, as what is written there.
        evidence = [
            row
            for row in rows.values()
            if not kinds.named(row.kind).stands or (row.media == "image" and row.start_s is not None)
        ]
        shown = (
            representatives.of_evidence(
                scope.session, evidence, scope.showable, of_file, among_hidden=among_hidden
            )
            if evidence
            else {}
        )
        if question.query.stacks:
            shown |= stood_for(scope, rows.values())
        return cls(question, scope, rankings, Candidates(rows, shown))

    def with_drawing(self, vectors: Vectors) -> "Retrieved":
        """With one more ranking, by a (1, dim) drawing of the text."""
        drawn = sources.drawn(self.scope, vectors, _depth(self.question))
        return Retrieved.of(self.question, self.scope, [*self.rankings, drawn])

    def hits(self, *, disliked: Collection[int] = ()) -> list[Hit]:
        """All hits, best first, near-duplicates grouped into one.

        ``disliked``: unit ids; the moments that they are in are left out.
        """
        # Near-duplicates of a disliked picture are only recognised while it is among the hits.
        known = self.candidates.by_id
        hidden = [unit_id for unit_id in disliked if unit_id in known and not _is_whole(known[unit_id])]
        hits = fuse(self.rankings, self.candidates, hidden=hidden)
        models = self.scope.models
        pictures = [hit.unit_id for hit in hits if _is_whole(known[hit.unit_id])]
        if self.question.query.apart or not pictures or CLIP not in models:
            return hits
        contents = {unit_id: known[unit_id].content_id for unit_id in pictures}
        return collapsed(
            hits,
            self._vectors(PICTURE, pictures),
            models[CLIP].near_duplicate,
            words_in(self.scope.session, contents),
            lambda pairs: resaved.among(self.scope.session, pairs),
        )

    def explained(self, hits: Sequence[Hit]) -> list[Hit]:
        """The hits with all that is to be told of them.

        That is where they have the words that were asked for, their similarity to each part of a question of
        several, the conditions met, and whether its file can be reached.
        """
        terms = self._terms(hits)
        facts = [fact for hit in hits for fact in hit.why]
        spans = self._spans(facts)
        said = kinds.proving("said")
        told = {fact.unit_id or 0 for fact in facts if fact in spans or fact.kind in said}
        details = units.details(self.scope.session, told)
        model = self.scope.models.get(CLIP)
        read = read_as(self.question.query.parsed, model.space.model) if model is not None else ()
        met = tuple(
            Evidence("condition", 1, 1.0, (str(clause),)) for clause in self.question.query.parsed.conditions
        )

        def explained(fact: Evidence, hit: Hit) -> Evidence:
            own = terms.get(hit.unit_id, ()) if fact.unit_id == hit.unit_id else fact.terms
            in_english = read if fact.source in _OF_TEXTS else ()
            detail = details.get(fact.unit_id or 0, {})
            return replace(
                fact,
                terms=own,
                read_as=in_english,
                spans=spans.get(fact, ()),
                marks=marks(fact.text or "", detail, spans.get(fact, ())),
                track=units.track_of(detail),
            )

        def reasons(hit: Hit) -> tuple[Evidence, ...]:
            return (*(explained(fact, hit) for fact in hit.why), *met)

        stacks = self._stacks(hits)
        return [replace(hit, why=reasons(hit), stack=stacks.get(hit.unit_id, ())) for hit in hits]

    def _stacks(self, hits: Sequence[Hit]) -> dict[int, tuple[Member, ...]]:
        """The members of the stacks that hits stand for, by their unit ids."""
        if not self.question.query.stacks:
            return {}
        known = self.candidates.by_id
        contents = {hit.unit_id: known[hit.unit_id].content_id for hit in hits}
        whole = members(
            self.scope.session, set(contents.values()), among_hidden=self.scope.wanted.among_hidden
        )
        return {unit_id: whole[own] for unit_id, own in contents.items() if own in whole}

    def _spans(self, facts: Iterable[Evidence]) -> dict[Evidence, tuple[tuple[int, int], ...]]:
        """Those facts whose texts have what was asked for, with where they have it."""
        worded = list(dict.fromkeys(fact for fact in facts if fact.text and fact.unit_id is not None))
        found = spans_of(
            [fact.text or "" for fact in worded],
            asked(self.question.query.parsed, language_asked_in),
            [fact.language for fact in worded],
        )
        return {fact: tuple(own) for fact, own in zip(worded, found, strict=True) if own}

    def _terms(self, hits: Sequence[Hit]) -> dict[int, tuple[tuple[str, float], ...]]:
        """The similarity of each hit to each part of a question of several, by its unit id."""
        parts = [part for alternative in self.question.parts.get(CLIP, ()) for part in alternative]
        alternatives = self.question.query.parsed.alternatives
        written = [str(term).lstrip("+") for terms in alternatives for term in terms]
        if len(parts) < 2:
            return {}
        similarities = {}
        for modality in kinds.modalities(CLIP):
            own = [hit.unit_id for hit in hits if _modality(hit.kind) == modality]
            for unit_id, vector in self._vectors(modality, own).items():
                similarities[unit_id] = tuple(
                    (text, round(float(part.vectors[modality] @ vector), 4))
                    for text, part in zip(written, parts, strict=True)
                    if modality in part.vectors
                )
        return similarities

    def _vectors(self, modality: str, unit_ids: Sequence[int]) -> dict[int, Vectors]:
        """The vectors of those of these units that have one."""
        view = self.scope.view(CLIP)
        held = view.held(modality, np.array(unit_ids, np.int64))
        return dict(zip(held.tolist(), view.vectors(modality, held), strict=True))


def answered(question: Question, scope: Scope) -> tuple[Retrieved, list[Hit]]:
    """The rankings of a question, and its hits, best first: as many as are asked for where there are as many.

    Many near-duplicates, or frames of one moment, are one hit; only then the sources are asked once more,
    for as many units as they may ever give.
    """
    k, first = question.query.start + question.query.k, _depth(question)
    for depth in (first, max(first, DEEPEST)):
        retrieved = Retrieved.of(question, scope, ranked(question, scope, depth))
        hits = retrieved.hits()
        if len(hits) >= k or all(len(ranking.found) < depth for ranking in retrieved.rankings):
            break
    return retrieved, hits


def ranked(question: Question, scope: Scope, depth: int) -> list[Ranking]:
    """What each source has found, and how much each counts beside the others."""
    rankings = (source.rank(question, scope, depth) for source in sources.every().values())
    model = scope.models.get(CLIP)
    reference = None if model is None else model.reference(scope.session)
    return balanced([ranking for ranking in rankings if ranking is not None], reference)


def recall(question: Question, scope: Scope, thumbs: Mapping[int, bool]) -> list[Hit]:
    """All hits of a question with thumbs: see ``SearchService.recall``."""
    groups = feedback.judged(scope, thumbs)
    asked = feedback.adjusted_question(question, scope, groups)
    retrieved = Retrieved.of(question, scope, ranked(asked, scope, _depth(question)))
    # What had a thumb may have another file of its stack shown for it by now.
    rows, shown_for = retrieved.candidates.rows, retrieved.candidates.shown_for
    thumbs = {**thumbs, **{shown_for(unit_id).id: thumbs[unit_id] for unit_id in thumbs.keys() & rows.keys()}}
    if asked.describes:
        # A thumb is on what is shown, the rankings have what was found of it.
        candidates = retrieved.candidates
        kept = {unit_id for unit_id in candidates.rows if candidates.shown_for(unit_id).id in thumbs}
        rankings = feedback.above_thresholds(
            retrieved.rankings, question, scope, groups, kept | thumbs.keys()
        )
        retrieved = replace(retrieved, rankings=rankings)
    liked, disliked = ({unit_id for unit_id, up in thumbs.items() if up is thumb} for thumb in (True, False))
    remaining = (without_disliked(hit, disliked, liked) for hit in retrieved.hits(disliked=disliked))
    hits = (replace(hit, rank=rank) for rank, hit in enumerate(filter(None, remaining), start=1))
    return retrieved.explained(list(hits))


def _depth(question: Question) -> int:
    return max(_DEPTH, 4 * (question.query.start + question.query.k))


def _is_whole(unit: units.UnitRow) -> bool:
    """Whether it is a whole picture, of which near-duplicates are one hit."""
    return unit.start_s is None and unit.region is None and _modality(unit.kind) == PICTURE


def _modality(kind: str) -> str | None:
    return kinds.named(kind).vectors.get(CLIP)
