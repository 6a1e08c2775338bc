"""Sources: the ways of ranking units for a question, each by itself, as their similarities do not compare.

In a CLIP space texts lie nearer to each other than to any picture (the modality gap of Liang et
al. 2022), so pictures and passages are ranked in searches of their own and meet only as ranks. For
the same reason the parts of one question are added only after each is scaled by its own baseline,
see ``Scope.combined``.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from functools import reduce
from typing import Protocol

import numpy as np

from db import kinds
from db.arrays import Vectors
from db.catalog import filters, live, orders
from db.catalog.fulltext import WordMatch, match_words
from db.catalog.orders import LATEST, Order, Placed
from db.kinds import CLIP, HEARD, MOTION, MOVING, PASSAGE, PICTURE, SIMILAR, SOUND
from db.registry import Registry
from search.engine.embed import Question
from search.engine.ranking import Found, Match, Ranking, above_z_score, without
from search.engine.scope import Alternatives, Scope
from search.translation.router import language_asked_in

PASSAGE_WEIGHT = 1.0
"""Where no picture fits; where one does, the meaning of texts counts less: see ``search.engine.balance``."""

ALIKE_PASSAGE_WEIGHT = 0.4
"""Of what is said beside what is seen, for a file that others are to be like."""

SOUND_WEIGHT = MOTION_WEIGHT = 0.5
"""Of what it sounds like, and of what happens: they lift a moment that looks like it, and replace none."""

DRAWING_WEIGHT = 0.25
"""A drawing has details that nobody asked for: it may reorder the hits of the words (bench/imagine.py)."""

OUTSTANDING = 2.0
"""The z-score, above the query's baseline, from which a passage counts by its meaning."""

MATCHED = 5
"""Top pictures that are checked part by part: the best one overall may lack one part of the question."""

LEAST_COVERAGE = 0.5
"""Least share of the query's words, by rarity, in a keyword hit; other passages rank by meaning only."""

LEAST_SURE = 0.4
"""Of a text with all of the words, however common these are: it has them, so that they are not absent."""

NAME_SHARE = 0.2
"""Of the weight of a name where a picture fits: who has called a file so may mean anything (bench/called.py).

Where none fits, as for "Trip 2023" or "invoice", it counts in full; see ``search.engine.balance``."""


class Source(Protocol):
    """One way of ranking units for a question."""

    @property
    def name(self) -> str:
        """What is compared with what, such as ``text_to_image``."""

    @property
    def weight(self) -> float:
        """Its weight in the fusion of rankings."""

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:
        """The best units in a scope, ``depth`` at most; None where the question says nothing to it."""


@dataclass(frozen=True)
class Nearest:
    """Units whose vectors of one role and modality are nearest to what the question describes.

    ``of_pictures``: the name where the question has pictures alone. ``proves``: similarities that stand out
    in comparison with the null model, which is of CLIP's pictures, prove that the library has it.
    ``beside``: a modality of CLIP's; where it can be searched, too, only units that stand out count.

    Raises:
        ValueError: it is to prove something that there is no null model of.
    """

    name: str
    weight: float
    role: str
    modality: str
    of_pictures: str = ""
    proves: bool = False
    beside: str | None = None

    def __post_init__(self) -> None:
        if self.proves and (self.role, self.modality) != (CLIP, PICTURE):
            raise ValueError(f"there is no null model of {self.role} {self.modality}")

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:
        """The units nearest to the nearest of the question's alternatives."""
        alternatives = question.parts.get(self.role, ())
        if not alternatives or self.role not in scope.models:
            return None
        if self.role != CLIP and not _describes(alternatives, self.modality):
            return None  # what is only to be avoided everything else is unlike
        described = any(part.text for parts in alternatives for part in parts)
        vectors = scope.combined(self.role, self.modality, alternatives)
        ranking = _nearest(self, scope, vectors, depth)
        ranking = ranking if described or not self.of_pictures else replace(ranking, source=self.of_pictures)
        if self.proves:
            return replace(ranking, matches=self._matches(ranking, question, scope))
        return above_z_score(ranking, OUTSTANDING) if self._is_beside(question, scope) else ranking

    def _is_beside(self, question: Question, scope: Scope) -> bool:
        """Whether there is something else to be found, so that what is merely nearest should not show."""
        own = set(kinds.of_modality(self.role, self.modality))
        if any(own & set(rule.kinds) for rule in filters.asked_words(scope.wanted.filters)):
            return False  # all that is left has the words that were asked for
        asked = any(self.beside in part.vectors for parts in question.parts[CLIP] for part in parts)
        return self.beside is not None and asked and scope.count(CLIP, self.beside) > 0

    def _matches(self, ranking: Ranking, question: Question, scope: Scope) -> list[tuple[Match, ...]]:
        """Similarities of the best units to each alternative, part by part.

        A unit answers when it fits every part; parts to avoid only move others up.
        """
        best = np.array([found.unit_id for found in ranking.found[:MATCHED]], dtype=np.int64)
        rows = scope.view(self.role).vectors(self.modality, best)
        positive = [
            [part for part in parts if part.weight > 0 and self.modality in part.vectors]
            for parts in question.parts[self.role]
        ]
        if not any(positive):
            return [()] if len(best) else []  # there is nothing that it would have to fit
        return [
            tuple(
                Match("picture" if part.text is None else "text", float(part.vectors[self.modality] @ row))
                for part in parts
            )
            for row in rows
            for parts in positive
            if parts
        ]


def _describes(alternatives: Alternatives, modality: str) -> bool:
    """Whether there is something to be looked for among the vectors of a modality."""
    return any(part.weight > 0 and modality in part.vectors for parts in alternatives for part in parts)


@dataclass(frozen=True)
class Alike:
    """Units whose vectors are nearest to those of the file that others are to be like.

    ``unless``: a role whose vectors of the file take the place of these.
    """

    name: str
    weight: float
    role: str
    modality: str
    unless: str | None = None

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:
        """The units nearest to any vector of the file, which is never among them itself."""
        like = question.like
        vectors = None if like is None else like.vectors.get((self.role, self.modality))
        if like is not None and (self.unless, self.modality) in like.vectors:
            return None
        if like is None or vectors is None or self.role not in scope.models:
            return None
        return without(_nearest(self, scope, vectors, depth), set(like.unit_ids.tolist()))


def _nearest(source: "Nearest | Alike", scope: Scope, vectors: Vectors, depth: int) -> Ranking:
    role, modality = source.role, source.modality
    count = scope.count(role, modality)
    return Ranking(
        source.name,
        source.weight,
        scope.nearest(role, modality, vectors, depth),
        scope.background(role, modality, vectors, count),
        role=role,
        modality=modality,
    )


@dataclass(frozen=True)
class Keywords:
    """Units whose texts share words with the question, by full text.

    ``names``: what files and folders are called alone, or else all other texts. A library has as many names
    as files: they say nothing of how rare a word is in what was said or written.
    """

    name: str = "keywords"
    weight: float = 1.0
    names: bool = False

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:
        """The units with the largest share of the words by their rarity, the nearest words first."""
        of_kinds = set(kinds.proving("called"))
        of_kinds = of_kinds & set(scope.kinds) if self.names else set(scope.kinds) - of_kinds
        if not question.texts or not of_kinds:
            return None
        only = scope.ids if scope.wanted.filters else None
        best: dict[int, Found] = {}
        for text in question.texts:
            for match in match_words(
                scope.session,
                text,
                depth,
                of_kinds,
                only,
                language=language_asked_in(text),
                languages=scope.languages,
                among_hidden=scope.wanted.among_hidden,
            ):
                known = best.get(match.unit_id)
                if match.coverage >= (known.value if known else LEAST_COVERAGE):
                    found = _said(match)
                    most = NAME_SHARE**0.5 if self.names else 1.0
                    best[match.unit_id] = replace(found, rarity=min(found.rarity, most))
        return Ranking(self.name, self.weight, sorted(best.values(), key=_by_words), named=self.names)


def _by_words(found: Found) -> tuple[float, int]:
    """The order of texts: by the share of the words; with those of asking they have more of them."""
    return -found.value, -len(found.words)


def _said(match: WordMatch) -> Found:
    """A text by its words: half of them say little, so their share is squared, and common ones say less."""
    certainty = round(match.coverage, 4) ** 2 * max(LEAST_SURE, match.strength)
    return Found(match.unit_id, match.coverage, match.words, certainty, match.rarity)


@dataclass(frozen=True)
class Listed:
    """What meets the conditions, for a question that describes nothing."""

    name: str = "listed"
    weight: float = 1.0

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:
        """The units that have the words asked for; else the first of each content, the latest first."""
        if question.describes:
            return None
        asked = filters.asked_words(scope.wanted.filters)
        having = {rule: np.intersect1d(live.having(scope.session, rule), scope.ids) for rule in asked}
        worded = reduce(np.union1d, having.values(), np.empty(0, np.int64))
        latest = worded[:depth].tolist()
        if not latest:
            latest = [placed.unit_id for placed in arranged(scope, LATEST)[:depth]]
        words: dict[int, tuple[str, ...]] = defaultdict(tuple)
        for rule, ids in having.items():
            for unit_id in ids.tolist():
                words[unit_id] += (rule.match or "",)
        found = [Found(unit_id, 1.0, words[unit_id], certainty=1.0) for unit_id in latest]
        if len(worded):
            proves = all(map(_may_prove, asked))
            return Ranking("keywords", self.weight, found, proof="kind" if proves else "nothing")
        return Ranking(self.name, self.weight, found, proof="nothing")


def _may_prove(rule: filters.UnitRule) -> bool:
    """Whether not all that fulfils a rule is what a machine tells."""
    return not set(rule.kinds) <= set(kinds.proving("machine"))


def arranged(scope: Scope, order: Order) -> list[Placed]:
    """All contents that may be found, in an order."""
    of_file, among_hidden = live.of_file(scope.wanted.filters), scope.wanted.among_hidden
    return orders.arranged(scope.session, scope.ids, order, of_file, among_hidden=among_hidden)


DRAWN = Nearest("drawing", DRAWING_WEIGHT, CLIP, PICTURE)


def drawn(scope: Scope, vectors: Vectors, depth: int) -> Ranking:
    """Pictures nearest to a drawing of the text, (1, dim): to be fused with others, never used alone."""
    return _nearest(DRAWN, scope, vectors, depth)


_table: Registry[Source] = Registry("sources")
register, unregister, every = _table.register, _table.unregister, _table.every

register("pictures", Nearest("text_to_image", 1.0, CLIP, PICTURE, of_pictures="image_to_image", proves=True))
register("meaning", Nearest("text_to_passage", PASSAGE_WEIGHT, CLIP, PASSAGE, beside=PICTURE))
register("sounds", Nearest("text_to_sound", SOUND_WEIGHT, SOUND, HEARD, beside=PICTURE))
register("motion", Nearest("text_to_clip", MOTION_WEIGHT, MOTION, MOVING, beside=PICTURE))
register("words", Keywords())
register("names", Keywords(names=True))
register("alike pictures", Alike("image_to_image", 1.0, CLIP, PICTURE, unless=SIMILAR))
register("look alike", Alike("image_to_image", 1.0, SIMILAR, PICTURE))
register("alike sounds", Alike("sound_to_sound", 1.0, SOUND, HEARD))
register("alike clips", Alike("clip_to_clip", MOTION_WEIGHT, MOTION, MOVING))
register("alike passages", Alike("text_to_passage", ALIKE_PASSAGE_WEIGHT, CLIP, PASSAGE))
register("listed", Listed())
