"""The library as a vocabulary: what it says, shows in letters, and calls its files is no typing error."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from db.catalog import vocabulary

_ENDING = 3
"""Letters that stemming takes off a word at most, as a rule: "ing"."""


class LibraryWords:
    """The words of a library in a snapshot, each looked up when it is asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __contains__(self, word: object) -> bool:
        """Whether a text, a path or a camera has a word."""
        return isinstance(word, str) and vocabulary.has_word(self._session, word)

    def near(self, word: str, distance: int) -> Iterable[str]:
        """The words of its texts that are at most so many typing errors away."""
        from rapidfuzz import process
        from rapidfuzz.distance import OSA

        typed = word.lower()
        stems = vocabulary.stems(
            self._session, range(max(2, len(typed) - distance - _ENDING), len(typed) + distance + 1)
        )
        # A stem may lack an ending that the word has; the words themselves are compared below.
        begun = process.extract(typed, stems, scorer=OSA.distance, score_cutoff=distance + _ENDING, limit=20)
        words = vocabulary.words_with(self._session, [stem for stem, _, _ in begun])
        return [other for other in sorted(words) if OSA.distance(typed, other) <= distance]
