"""The library as a vocabulary: what it says, shows in letters, and calls its files is no typing error."""

import threading
from collections.abc import Iterable

from sqlalchemy.orm import Session

from db.catalog import vocabulary
from db.words.forms import fold

_ENDING = 3
"""Letters that stemming takes off a word at most, as a rule: "ing"."""


class FileWords:
    """Cache of the words of a library's paths and cameras. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._as_of: tuple[int, int] | None = None
        self._words: frozenset[str] = frozenset()

    def at(self, session: Session) -> frozenset[str]:
        """The words, folded, in a snapshot: read again where the library has changed."""
        now = vocabulary.files_as_of(session)
        with self._lock:
            if now != self._as_of:
                self._words, self._as_of = vocabulary.file_words(session), now
            return self._words


class Names:
    """The names of the library's people, whole and word by word."""

    def __init__(self, names: Iterable[str]) -> None:
        self._words = {fold(part) for name in names for part in (name, *name.split())}

    def __contains__(self, word: object) -> bool:
        """Whether somebody is called so."""
        return isinstance(word, str) and fold(word) in self._words

    def near(self, word: str, distance: int) -> Iterable[str]:  # noqa: ARG002 - a name is not mended
        """None: a word is never mended into a name."""
        return ()


class LibraryWords:
    """The words of a library in a snapshot, each looked up when it is asked for."""

    def __init__(self, session: Session, files: FileWords) -> None:
        self._session = session
        self._files = files

    def __contains__(self, word: object) -> bool:
        """Whether a text, a path or a camera has a word."""
        if not isinstance(word, str):
            return False
        return vocabulary.is_said(self._session, word) or fold(word) in self._files.at(self._session)

    def near(self, word: str, distance: int) -> Iterable[str]:
        """The words of its texts that are at most so many typing errors away."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        typed = word.lower()
        stems = vocabulary.stems(
            self._session, range(max(2, len(typed) - distance - _ENDING), len(typed) + distance + 1)
        )
        # A stem may lack an ending that the word has; the words themselves are compared below.
        begun = process.extract(
            typed, list(stems), scorer=OSA.distance, score_cutoff=distance + _ENDING, limit=20
        )
        words = vocabulary.words_with(self._session, {stem: stems[stem] for stem, _, _ in begun})
        return [other for other in sorted(words) if OSA.distance(typed, other) <= distance]
