"""Search-term highlighting: which words of a passage match the query."""

import re
from collections.abc import Collection

_ENDINGS = re.compile(r"(ies|es|s|ing|ed|y|e)$")
"""Roughly the suffixes that FTS5's Porter stemmer strips; SQLite does not expose the stemmer itself."""
_SHORTEST = 3


def highlight_spans(text: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Spans (start, end) of the words in ``text`` that are among ``words``, in whatever inflection."""
    stems = {_stem(word) for word in words}
    return [match.span() for match in re.finditer(r"[^\W_]+", text) if _stem(match.group()) in stems]


def _stem(word: str) -> str:
    word = word.casefold()
    short = _ENDINGS.sub("", word)
    return short if len(short) >= _SHORTEST else word
