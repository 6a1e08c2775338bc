"""Telling words of events: what their pictures show, or are tagged with, more than the rest of the library.

By the log-odds of each word with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, "Fightin'
Words"), which does not take a rare word for a telling one.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import spaces, units
from db.catalog.spaces import Space
from db.engine.batches import chunks
from db.engine.schema import Asset, AssetTag, Embedding, Unit
from db.kinds import CLIP, PICTURE
from db.words.forms import fold
from indexer.encoders.base import Encoder
from indexer.subjects import bare, clear_concepts, concept_file, concept_vectors, subjects

MOST = 3
"""Words of an event."""

_LEAST, _LEAST_SHARE = 3, 0.08
"""Pictures of an event, and the share of them, that must have a word."""
_Z_SCORE = 2.33
"""Standard errors by which the log-odds of a word must lie above those of the rest of the library."""
_PRIOR = 20.0
"""Pictures of an average event that are taken for known before any was seen."""
_OF_EVENT, _OF_LIBRARY = 200, 3_000
"""Pictures that are looked at, evenly spread."""


class Teller:
    """Words of events, by those of the whole library. ``encoder``: of the active space, if one is at hand."""

    def __init__(self, session: Session, folder: Path, encoder: Encoder | None = None) -> None:
        self._session = session
        self._space = spaces.active(session)
        self._concepts = None if self._space is None else _concepts(self._space, folder, encoder)
        everything = _spread(session.scalars(select(Asset.content_id).distinct()), _OF_LIBRARY)
        self._library = self._said_of(everything)

    def words(self, contents: Collection[int], without: Sequence[str] = ()) -> tuple[str, ...]:
        """The most telling words of an event, at most three; none that are ``without``, such as its town."""
        own = set(contents)
        event = Words.of(self._said_of(_spread(own, _OF_EVENT)).values())
        rest = Words.of(words for one, words in self._library.items() if one not in own)
        return telling(event, rest, {fold(word) for word in without if word})

    def _said_of(self, contents: Sequence[int]) -> dict[int, set[str]]:
        """The words of each content: what it clearly shows, and its tags."""
        shown, tags = self._shown(contents), _tags(self._session, contents)
        return {one: {*shown.get(one, ()), *tags.get(one, ())} for one in contents}

    def _shown(self, contents: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """What the pictures clearly show."""
        if self._space is None or self._concepts is None:
            return {}
        of_unit: dict[int, int] = {}
        for batch in chunks(list(contents)):
            statement = (
                select(func.min(Unit.id), Unit.content_id)
                .join(Embedding, (Embedding.unit_id == Unit.id) & (Embedding.space_id == self._space.id))
                .where(Unit.kind.in_(kinds.of_modality(CLIP, PICTURE)), Unit.content_id.in_(batch))
                .group_by(Unit.content_id)
            )
            of_unit |= dict(self._session.execute(statement).all())
        ids: Ids = np.array(sorted(of_unit), np.int64)
        if not len(ids):
            return {}
        vectors = units.vectors(self._session, self._space.id, ids)
        shown = clear_concepts(vectors, self._concepts, [bare(text) for text in subjects()])
        return {of_unit[unit]: (word,) for unit, word in zip(ids.tolist(), shown, strict=True) if word}


@dataclass(frozen=True)
class Words:
    """In how many of some pictures each word is."""

    counts: Mapping[str, int]
    pictures: int

    @classmethod
    def of(cls, pictures: Iterable[Collection[str]]) -> "Words":
        """Those of pictures with the words of each."""
        several = list(pictures)
        return cls(Counter(word for words in several for word in words), len(several))


def telling(own: Words, rest: Words, without: Collection[str] = ()) -> tuple[str, ...]:
    """The words by which an event stands out most from the rest of the library, at most three."""
    least = max(_LEAST, _LEAST_SHARE * own.pictures)
    scores: dict[str, float] = {}
    if not rest.pictures:
        return ()  # there is nothing to tell it from
    for word, count in own.counts.items():
        if count < least or fold(word) in without:
            continue
        usual = (rest.counts.get(word, 0) + 0.5) / (rest.pictures + 1)
        prior = _PRIOR * usual
        lead = _odds(count + prior, own.pictures + _PRIOR) - _odds(usual, 1.0)
        error = math.sqrt(1 / (count + prior) + 1 / (rest.counts.get(word, 0) + prior + 0.5))
        scores[word] = lead / error
    ranked = sorted(scores, key=lambda word: (-scores[word], word))
    return tuple(word for word in ranked if scores[word] >= _Z_SCORE)[:MOST]


def _odds(count: float, whole: float) -> float:
    return math.log(count) - math.log(max(whole - count, 1e-9))


def _spread(contents: Iterable[int | None], most: int) -> list[int]:
    """At most so many of the contents, evenly spread in the order of their ids."""
    every = sorted(one for one in contents if one is not None)
    if len(every) <= most:
        return every
    return [every[at] for at in np.linspace(0, len(every) - 1, most).astype(int).tolist()]


def _tags(session: Session, contents: Sequence[int]) -> dict[int, set[str]]:
    """The last level of each tag of contents; what they are below, as a place of its country, says less."""
    found: dict[int, set[str]] = {}
    for batch in chunks(list(contents)):
        statement = (
            select(Asset.content_id, AssetTag.tag)
            .join(AssetTag, AssetTag.asset_id == Asset.id)
            .where(Asset.content_id.in_(batch))
        )
        for content_id, tag in session.execute(statement):
            found.setdefault(content_id or 0, set()).add(tag.rpartition("/")[2])
    return found


def _concepts(space: Space, folder: Path, encoder: Encoder | None) -> Vectors | None:
    """The vectors of what people take pictures of; without a model at hand those that were cached."""
    names = subjects()
    if encoder is not None:
        return concept_vectors(encoder, folder, names)
    kept = concept_file(space.model, space.fingerprint, folder, names)
    try:
        vectors: Vectors = np.load(kept, allow_pickle=False)
    except (OSError, ValueError):
        return None
    return vectors if vectors.shape == (len(names), space.dim) else None
