"""Which words of a passage are those that were asked for."""

import re
from collections.abc import Collection

_ENDINGS = re.compile(r"(ies|es|s|ing|ed|y|e)$")
"""Roughly what the stemmer of the full text takes off; it itself is out of reach in SQLite."""
_SHORTEST = 3


def highlight_spans(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where in ``text`` words stand that were asked for, in whatever inflection: (start, end) each."""
    stems = {_stem(word) for word in words}
    return [found.span() for found in re.finditer(r"[^\W_]+", text) if _stem(found.group()) in stems]


def _stem(word: str) -> str:
    word = word.casefold()
    short = _ENDINGS.sub("", word)
    return short if len(short) >= _SHORTEST else word
