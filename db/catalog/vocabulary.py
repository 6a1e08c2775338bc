"""Vocabulary of a library: the words of its texts, paths and cameras. Functions take an open session."""

import os
import re
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Integer, String, column, func, select, table, text, type_coerce
from sqlalchemy.orm import Session

from db.catalog import hidden, revision
from db.catalog.fulltext import LANGUAGES, having
from db.engine.schema import LIVE, Asset, Unit
from db.words.forms import MARK, fold

_TERMS = table("passage_words", column("term", String), column("doc", Integer))
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 5
"""Texts in which the words of a term are looked for."""


def is_said(session: Session, word: str) -> bool:
    """Whether a text of the library has a word, in whatever inflection."""
    if not _WORD.search(word):
        return False
    return session.scalar(having(func.trove_phrase(word, LANGUAGES)).limit(1)) is not None


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
        for part in os.fsdecode(stored).rsplit(os.sep, 1)
    }
    cameras = session.scalars(select(Asset.camera).where(Asset.camera.is_not(None)).distinct())
    return frozenset(fold(word) for word in set(_WORD.findall("\n".join((*parts, *map(str, cameras))))))


def stems(session: Session, lengths: range) -> dict[str, list[str]]:
    """The stems in the full text index, of these numbers of letters, each with its terms in the index."""
    session.execute(
        text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.passage_words USING fts5vocab(main, passage, row)")
    )
    stem = func.substr(_TERMS.c.term, func.instr(_TERMS.c.term, MARK) + 1)
    length = func.length(stem)
    rows = select(stem, _TERMS.c.term).where(length >= lengths.start, length < lengths.stop)
    found: dict[str, list[str]] = defaultdict(list)
    for each, term in session.execute(rows):
        found[each].append(term)
    return found


def words_with(session: Session, found: Mapping[str, Collection[str]]) -> set[str]:
    """The words, in small letters, of which these are the stems, as some of the texts have them."""
    words: set[str] = set()
    for stem, terms in found.items():
        rows = having(" OR ".join(f'"{term}"' for term in terms)).limit(_SAMPLE)
        for said in session.scalars(select(Unit.text).where(Unit.id.in_(rows))):
            each = _WORD.findall((said or "").lower())
            words |= {word for word in each if fold(word).startswith(stem[:-1])}
    return words
