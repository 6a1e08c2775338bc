"""Vocabulary of a library: the words of its texts, paths and cameras. Functions take an open session."""

import os
import re
from collections.abc import Collection

from sqlalchemy import Integer, String, column, func, literal, or_, select, table, text, type_coerce
from sqlalchemy.orm import Session

from db.catalog.fulltext import PASSAGE, phrase_match
from db.engine.functions import fold
from db.engine.schema import LIVE, Asset, Unit

_TERMS = table("passage_words", column("term", String), column("doc", Integer))
_WORD = re.compile(r"[^\W\d_]+")
_SAMPLE = 5
"""Texts in which the words of a term are looked for."""


def has_word(session: Session, word: str) -> bool:
    """Whether a text of the library has a word, in whatever inflection, or a path or a camera's name does."""
    match = phrase_match(word)
    if match is None:
        return False
    said = select(literal(1)).select_from(PASSAGE).where(PASSAGE.c.passage.op("MATCH")(match)).limit(1)
    return session.scalar(said) is not None or bool(_named(session, word))


def _named(session: Session, word: str) -> set[str]:
    """The word as paths and names of cameras have it, which may have it within a longer one."""
    folded = fold(word)
    path = type_coerce(Asset.path, String)
    holding = or_(
        func.instr(func.trove_fold(path), folded) > 0, func.instr(func.trove_fold(Asset.camera), folded) > 0
    )
    rows = session.execute(select(path, Asset.camera).where(Asset.state.in_(LIVE), holding))
    texts = (os.fsdecode(value) for row in rows for value in row if value)
    return {found for value in texts for found in _WORD.findall(value) if fold(found) == folded}


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
