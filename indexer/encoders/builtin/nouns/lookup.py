"""What a text that names something means in ImageNet's classes, looked up in WordNet.

A sentence model knows "pony" from texts, and may put it nearer to "pony express" than to any horse; a
dictionary knows that it is one. For each of a noun's senses, the more usual ones counting more, its kinds
among the classes count fully, and what is only like it (``taxonomy.py``) counts steeply less.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from db.arrays import Floats
from db.errors import ModelError
from indexer.encoders.builtin.nouns.taxonomy import CLASSES, NOUNS, Sense, Taxonomy
from indexer.encoders.lazy import Once

MOST_WORDS = 4
"""Of a text that may be a name; in longer ones what stands last is not what they are about."""
_STEEP = 16
_MERELY_LIKE = 0.1
"""Of something that has kinds among the classes, what is only like it: this share of its weight."""
_LATER_SENSE = 0.5
_SURENESS = 4
"""Exponent of how like its nearest class something is, in how much is believed of it."""
_WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")
_PLURALS = (("ies", "y"), ("es", ""), ("s", ""))


class Nouns:
    """The nouns of a table, see ``taxonomy.NOUNS``. Only the lines that are needed are parsed."""

    def __init__(self, path: Path = NOUNS) -> None:
        self._path = path
        self._table = Once(self._read)
        self._taxonomy = Once(Taxonomy.load)
        self._weights = lru_cache(maxsize=4096)(self._weigh)

    def weights(self, texts: Sequence[str]) -> Floats:
        """(n, 1000) non-negative rows whose sums, up to 1, say how near the nearest class is.

        They are null for what is no name, or none that is known.

        Raises:
            ModelError: a table is missing or damaged.
        """
        rows = np.zeros((len(texts), CLASSES), np.float32)
        for row, text in enumerate(texts):
            if (noun := self._noun(text)) is not None:
                rows[row] = self._weights(noun)
        return rows

    def _noun(self, text: str) -> str | None:
        """The last words of a name that the table has, as many as it has: "wooden rocking chair", "chair"."""
        words = _WORD.findall(text.lower())
        if len(words) > MOST_WORDS:
            return None
        parts = [" ".join(words[start:]) for start in range(len(words))]
        return next((form for part in parts for form in _forms(part) if self._line(form) is not None), None)

    def _weigh(self, noun: str) -> Floats:
        taxonomy, senses = self._taxonomy(), list(self._senses(noun))
        total, surest = np.zeros(CLASSES, np.float32), 0.0
        for place, sense in enumerate(senses):
            like, kinds = taxonomy.likeness(sense), taxonomy.kinds(sense)
            weights = np.where(kinds, 1, _MERELY_LIKE * like**_STEEP) if kinds.any() else like**_STEEP
            total += _LATER_SENSE**place * weights / weights.sum()
            surest = max(surest, float(like.max()) ** _SURENESS)
        weighted: Floats = surest * total / total.sum()
        return weighted

    def _senses(self, noun: str) -> Iterator[Sense]:
        try:
            for sense in (self._line(noun) or "").split("|"):
                pairs = (pair.split(":") for pair in sense.split())
                yield {int(node): int(steps) for node, steps in pairs}
        except ValueError as exc:
            raise ModelError(f"{self._path} has a damaged line: {noun}", "Install Trove again.") from exc

    def _line(self, noun: str) -> str | None:
        lines, key = self._table(), f"{noun}\t"
        at = bisect_left(lines, key)
        found = lines[at] if at < len(lines) else ""
        return found.removeprefix(key) if found.startswith(key) else None

    def _read(self) -> list[str]:
        try:
            return self._path.read_text(encoding="utf-8").split("\n")[:-1]
        except (OSError, UnicodeDecodeError) as exc:
            raise ModelError(f"{self._path} cannot be read: {exc}", "Install Trove again.") from exc


def _forms(words: str) -> Iterator[str]:
    """As they are, then with the last one in the singular."""
    yield words
    for ending, singular in _PLURALS:
        if words.endswith(ending):
            yield words.removesuffix(ending) + singular
