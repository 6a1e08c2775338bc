"""Vocabulary of a library: the words of its texts, paths and cameras. Functions take an open session."""

import os
import re
from collections.abc import Collection

from sqlalchemy import Integer, String, column, func, literal, select, table, text, type_coerce
from sqlalchemy.orm import Session

from db.catalog import hidden, revision
from db.catalog.fulltext import PASSAGE, phrase_match
from db.engine.functions import fold
from db.engine.schema import LIVE, Asset, Unit

_TERMS = table("passage_words", column("term", String), column("doc", Integer))
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 5
"""Texts in which the words of a term are looked for."""


def is_said(session: Session, word: str) -> bool:
    """Whether a text of the library has a word, in whatever inflection."""
    match = phrase_match(word)
    if match is None:
        return False
    said = select(literal(1)).select_from(PASSAGE).where(PASSAGE.c.passage.op("MATCH")(match)).limit(1)
    return session.scalar(said) is not None


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


def stems(session: Session, lengths: range) -> list[str]:
    """The terms of the full text index, which are stems, of these numbers of letters."""
    session.execute(
        text("CREATE VIRTUAL TABLE IF NOT EXISTS temp.passage_words USING fts5vocab(main, passage, row)")
    )
    length = func.length(_TERMS.c.term)
    return list(session.scalars(select(_TERMS.c.term).where(length >= lengths.start, length < lengths.stop)))


def words_with(session: Session, found: Collection[str]) -> set[str]:
    """The words, in small letters, of which these are the stems, as some of the texts have them."""
    words: set[str] = set()
    for stem in found:
        rows = select(PASSAGE.c.rowid).where(PASSAGE.c.passage.op("MATCH")(f'"{stem}"')).limit(_SAMPLE)
        for said in session.scalars(select(Unit.text).where(Unit.id.in_(rows))):
            words |= {word for word in _WORD.findall((said or "").lower()) if word.startswith(stem[:-1])}
    return words
