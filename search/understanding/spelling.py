"""Spelling of questions: words that nobody knows, and those that may have been meant."""

import re
from collections.abc import Mapping, Sequence

from indexer.languages import language_of
from search.answer import Note, Understood
from search.translation import english
from search.translation.english import WORD
from search.understanding.asked import Asked, Finding, Known, listed, quoted
from search.understanding.tongues import is_english_only

_LEAST_LETTERS = 3
_MOST_OFFERS = 3
_MOST_NEAR = 3
_MOST_MENDED = 5
"""Words of a text for which better ones are looked for."""
_MOST_OF_SHORT_FORMS = 5
_COMMON = 1e7
"""Count of a word of three letters that may have been meant by others of the same letters."""
_LIKELY = 0.5
"""How likely English must be where the model speaks other languages too."""


def read(asked: Asked, known: Known) -> Sequence[Finding]:
    """A note on words that are neither English nor in the library, with what may have been meant.

    A model that has learnt other languages may know them all the same.
    """
    if english.is_loan(asked.thing):
        return ()
    unknown = [word for word in dict.fromkeys(asked.words) if _is_unknown(word, asked, known)]
    only_english = is_english_only(known.model)
    is_english = only_english or _looks_english(asked.text)
    meant = {word: _meant(word, known, is_english=is_english) for word in unknown[:_MOST_MENDED]}
    if not unknown or not (is_english or any(meant.values())):
        return ()
    offers = _offers(asked, meant)
    better = f" Did you mean {quoted(offers[0][0])}?" if offers else ""
    is_one = "is no word" if len(unknown) == 1 else "are no words"
    says = f"{listed(map(quoted, unknown), 'and')} {is_one} that Trove knows.{better}"
    level = _level(asked, unknown, meant) if only_english else "yes"
    return [Finding(level, Note("unknown word", says, tuple(offer for _, offer in offers)), tuple(unknown))]


def _level(asked: Asked, unknown: Sequence[str], meant: Mapping[str, Sequence[str]]) -> Understood:
    """``no`` where every word is a slip or nonsense: what nobody has listed may be known to a model."""
    others = set(asked.words) - set(unknown)
    is_slip = all(
        english.is_soundless(word) or any(_is_slip(word, other) for other in meant.get(word, ())[:1])
        for word in unknown
    )
    return "no" if is_slip and not others else "partly"


def _is_slip(word: str, other: str) -> bool:
    return " " not in other and english.errors(word, other) == 1  # two words joined are understood as well


def _looks_english(text: str) -> bool:
    """Whether there is reason to read a text as English where the model has learnt more."""
    guess = language_of(text) if len(WORD.findall(text)) > 1 else None
    return guess is not None and guess.language == "en" and guess.share >= _LIKELY


def _is_unknown(word: str, asked: Asked, known: Known) -> bool:
    is_short_form = word.isupper() and len(word) <= _MOST_OF_SHORT_FORMS and not asked.text.isupper()
    if len(word) < _LEAST_LETTERS or is_short_form or english.is_known(word) or known.has(word):
        return False
    # Three letters are soon an abbreviation, such as bmx, if they are not those of a common word.
    return len(word) > _LEAST_LETTERS or any(
        english.is_twisted(word, other) and english.count(other) >= _COMMON for other in english.near(word)
    )


def _offers(asked: Asked, meant: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Texts and whole queries with better words: the best for all, then the next for one of them."""
    best = {word: words[0] for word, words in meant.items() if words}
    if not best:
        return []
    choices = [best]
    choices += [{**best, word: other} for word, words in meant.items() for other in words[1:]]
    texts = dict.fromkeys(_replaced(asked.text, choice) for choice in choices)
    return [(text, asked.saying(text)) for text in list(texts)[:_MOST_OFFERS]]


def _meant(word: str, known: Known, *, is_english: bool) -> list[str]:
    distance = english.distance(word)
    own = [other for vocabulary in (*known.names, *known.words) for other in vocabulary.near(word, distance)]
    if not is_english:
        return own[:_MOST_NEAR]
    near = english.near(word, own)[:_MOST_NEAR]
    parts = [] if own else english.parted(word)
    # One error is likelier than a space that is missing, and that explains a word better than two.
    first = near[:1] if near and english.errors(word, near[0]) == 1 else []
    rest = [] if parts else near[len(first) :]
    return [*first, *parts, *rest][:_MOST_NEAR]


def _replaced(text: str, better: dict[str, str]) -> str:
    pattern = "|".join(rf"(?<![^\W\d_]){re.escape(word)}(?![^\W\d_])" for word in better)
    return re.sub(pattern, lambda match: better[match.group()], text)
