"""Vocabulary of a library: the words of its texts, paths and cameras. Functions take an open session."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import String, func, select, type_coerce
from sqlalchemy.orm import Session

from db.catalog import hidden, revision
from db.catalog.fulltext import having
from db.engine import matching, textsearch
from db.engine.dialect import stored_name
from db.engine.schema import LIVE, Asset, Unit
from db.words.forms import MARK, fold

_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 5
"""Texts in which the words of a term are looked for."""


def is_said(session: Session, word: str) -> bool:
    """Whether a text of the library has a word, in whatever inflection."""
    if not _WORD.search(word):
        return False
    return session.scalar(having(textsearch.phrase(word)).limit(1)) is not None


def files_as_of(session: Session) -> tuple[int, int]:
    """What changes when the library has new files: its revision, and the newest of them."""
    return revision.current(session), session.scalar(select(func.max(Asset.id))) or 0


def file_words(session: Session) -> frozenset[str]:
    """The words of all paths and cameras, folded. A read of the whole table: keep it."""
    path = type_coerce(Asset.path, String)
    # Files share their folders, of which each is taken apart once.
    parts = {
        part
        for stored in session.scalars(select(path).where(Asset.state.in_(LIVE), *hidden.shown(session)))
        for part in stored_name(stored).rsplit(os.sep, 1)
    }
    cameras = session.scalars(select(Asset.camera).where(Asset.camera.is_not(None)).distinct())
    return frozenset(fold(word) for word in set(_WORD.findall("\n".join((*parts, *map(str, cameras))))))


def stems(session: Session, lengths: range) -> dict[str, list[str]]:
    """The stems in the full text index, of these numbers of letters, each with its terms in the index."""
    term = textsearch.terms(session).c.term
    stem = func.substr(term, func.instr(term, MARK) + 1)
    length = func.length(stem)
    rows = select(stem, term).where(length >= lengths.start, length < lengths.stop)
    found: dict[str, list[str]] = defaultdict(list)
    for each, marked in session.execute(rows):
        found[each].append(marked)
    return found


def words_with(session: Session, found: Mapping[str, Collection[str]]) -> set[str]:
    """The words, in small letters, of which these are the stems, as some of the texts have them."""
    words: set[str] = set()
    for stem, terms in found.items():
        rows = having(matching.any_of(terms)).limit(_SAMPLE)
        for said in session.scalars(select(Unit.text).where(Unit.id.in_(rows))):
            each = _WORD.findall((said or "").lower())
            words |= {word for word in each if fold(word).startswith(stem[:-1])}
    return words
