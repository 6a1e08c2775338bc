"""Questions without meaning: only signs, or only words such as "the"."""

import re
from collections.abc import Sequence

from db.words.forms import ENGLISH
from db.words.grammar import grammar
from search.answer import Note
from search.understanding.asked import Asked, Finding, Known, quoted
from search.understanding.emojis import spelled_out

_LETTER = re.compile(r"[^\W_]")
_MAY_SAY = frozenset("may might us will".split())
"""They say nothing beside others; alone, after a preposition, or with a capital they are months or names."""
_PREPOSITIONS = frozenset("about at by for from in of on to with".split())


def read(asked: Asked, _known: Known) -> Sequence[Finding]:
    """A note where no word says what to look for."""
    thing = spelled_out(asked.thing)
    is_silent = not _LETTER.search(thing) or (bool(asked.words) and not _says_something(asked.words))
    if is_silent and not any(letter.isdigit() for letter in thing):
        says = f"{quoted(asked.text)} names nothing to look for: say what is to be seen, said or written."
        return [Finding("no", Note("empty", says), asked.words)]
    return ()


def _says_something(words: Sequence[str]) -> bool:
    before = ["", *(word.lower() for word in words)]
    return any(_says(word, other, alone=len(words) == 1) for word, other in zip(words, before, strict=False))


def _says(word: str, before: str, *, alone: bool) -> bool:
    if word.lower() in _MAY_SAY:
        return alone or before in _PREPOSITIONS or (bool(before) and word[0].isupper())
    return word.lower() not in grammar(ENGLISH).common
