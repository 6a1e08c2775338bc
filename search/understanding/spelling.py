"""Spelling of questions: words that nobody knows, and those that may have been meant."""

import re
from collections.abc import Sequence

from search.answer import Note, Understood
from search.understanding import english
from search.understanding.asked import Asked, Finding, Known

_LEAST_LETTERS = 3
_MOST_OFFERS = 3
_MOST_NEAR = 3


def read(asked: Asked, known: Known) -> Sequence[Finding]:
    """A note on words that are neither English nor in the library, with what may have been meant."""
    if english.is_loan(asked.thing):
        return ()
    unknown = [word for word in dict.fromkeys(asked.words) if _is_unknown(word, known)]
    if not unknown:
        return ()
    offers = _offers(asked, unknown, known)
    meant = f" Did you mean “{offers[0][0]}”?" if offers else ""
    words = " and ".join(f"“{word}”" for word in unknown)
    says = f"{words} {'is no word' if len(unknown) == 1 else 'are no words'} that Trove knows.{meant}"
    level: Understood = "partly" if len(set(asked.words) - set(unknown)) else "no"
    return [Finding(level, Note("unknown word", says, tuple(offer for _, offer in offers)), tuple(unknown))]


def _is_unknown(word: str, known: Known) -> bool:
    if len(word) < _LEAST_LETTERS or word.isupper() or english.is_known(word) or known.has(word):
        return False
    # Three letters are soon an abbreviation, such as bmx, if they are not those of a word.
    return len(word) > _LEAST_LETTERS or any(english.is_twisted(word, other) for other in english.near(word))


def _offers(asked: Asked, unknown: Sequence[str], known: Known) -> list[tuple[str, str]]:
    """Texts and whole queries with better words: the best for all, then the next for one of them."""
    meant = {word: _meant(word, known) for word in unknown}
    best = {word: words[0] for word, words in meant.items() if words}
    if not best:
        return []
    choices = [best]
    choices += [{**best, word: other} for word, words in meant.items() for other in words[1:]]
    texts = dict.fromkeys(_replaced(asked.text, choice) for choice in choices)
    return [(text, asked.saying(text)) for text in list(texts)[:_MOST_OFFERS]]


def _meant(word: str, known: Known) -> list[str]:
    distance = english.distance(word)
    own = [other for vocabulary in (*known.names, *known.words) for other in vocabulary.near(word, distance)]
    near = english.near(word, own)[:_MOST_NEAR]
    parts = [] if own else english.parted(word)
    # One error is likelier than a space that is missing, and that than two.
    first = near[:1] if near and english.errors(word, near[0]) == 1 else []
    return [*first, *parts, *(other for other in near if other not in first)][:_MOST_NEAR]


def _replaced(text: str, better: dict[str, str]) -> str:
    pattern = "|".join(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])" for word in better)
    return re.sub(pattern, lambda match: better[match.group()], text)
