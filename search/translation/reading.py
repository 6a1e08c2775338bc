"""Query translation by dictionary look-up (Pirkola 1998): what a text in another language says in English.

A model that has learnt English alone finds next to nothing for other words. Those of things and their looks
are few, and a question has few of them: so they are looked up, longest first, in every language that the
letters allow, and the language that explains most of the text is taken for its own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from search.translation.grammar import by_letters, grammar
from search.translation.lexicon import Lexicon, Sense, languages, lexicon, normal

_NOUN_AND_ADJECTIVE = 2
_MOST_WORDS = 3
"""Of a name that is looked up as one."""
_LONGEST_RUN = 10
"""Signs of a name in languages without spaces."""
_LEAST_PART, _LEAST_COMPOUND = 3, 7
"""Letters of a part of a compound, and of a compound."""
_OF_COMPOUND, _OF_HEAD = 0.9, 0.6
"""How much of a compound is understood by its parts, and by its head alone."""
_OF_SEGMENTS = 0.6
"""The least share of a Korean word that its parts have to explain."""

ARTICLE, LETTER = 0.3, 0.1
"""How much an article before a word, and a letter that few others have, count for a language in coverage."""
_PER_NAME = 0.02
"""How much each further name costs: one of three words explains more than three of one."""
TIE = 0.02
"""Languages that explain a text as well as this are both possible: hand is a hand in German, too."""

_SPACES = re.compile(r"[\s,()\[\]:;/]+")


@dataclass(frozen=True)
class Reading:
    """A text as one language has it. ``english``: what it says; ``coverage``: the share of its letters that
    were understood, 0 to 1; ``score``: that with what else speaks for the language.
    """

    language: str
    english: str
    coverage: float
    score: float


@lru_cache(maxsize=1_000)
def readings(text: str) -> tuple[Reading, ...]:
    """The likeliest readings of a text that is not English, the best first; several only where they tie."""
    possible = _by_script(text)
    marked = by_letters(text.lower(), possible)
    every = (read(text, language, is_marked=language in marked) for language in possible)
    found = [reading for reading in every if reading]
    best = max((reading.score for reading in found), default=0.0)
    found.sort(key=lambda reading: -reading.score)
    distinct = {reading.english: reading for reading in reversed(found) if reading.score >= best - TIE}
    return tuple(reversed(distinct.values()))


def read(text: str, language: str, *, is_marked: bool = False) -> Reading | None:
    """What a text says in one language; None where that explains nothing of it."""
    words = lexicon(language)
    form = normal(text, language)
    names, letters = _names(form, words)
    if not names:
        return None
    coverage = min(1.0, sum(name.letters for name in names) / max(letters, 1))
    first, *others = form.split() or [""]
    has_article = bool(others) and first in grammar(language).articles
    said = [name.senses[0].english for name in names]
    if grammar(language).noun_first and len(said) == _NOUN_AND_ADJECTIVE:
        said.reverse()
    score = coverage + ARTICLE * has_article + LETTER * is_marked - _PER_NAME * (len(names) - 1)
    return Reading(language, " ".join(said), coverage, score)


@dataclass(frozen=True)
class _Name:
    """A name that was found: its senses in English, and how many letters of the text that explains."""

    senses: tuple[Sense, ...]
    letters: float


def _names(form: str, words: Lexicon) -> tuple[list[_Name], float]:
    """The names in a text, in its order, and how many letters it has of words that could name something."""
    if senses := words.senses(form):
        return [_Name(senses, len(form))], len(form)
    if words.grammar.unspaced:
        return _segments(form, words)
    found: list[_Name] = []
    letters = 0.0
    parts = [part for part in _SPACES.split(form) if part]
    at = 0
    while at < len(parts):
        for end in range(min(len(parts), at + _MOST_WORDS), at + 1, -1):
            phrase = " ".join(parts[at:end])
            if senses := words.senses(phrase):
                found.append(_Name(senses, len(phrase)))
                letters += len(phrase)
                at = end
                break
        else:
            word = _without_elision(parts[at], words)
            at += 1
            if word in words.grammar.stop:
                continue
            letters += len(word)
            found += _of_word(word, words)
    return found, letters


def _without_elision(word: str, words: Lexicon) -> str:
    before, apostrophe, rest = word.partition("'")
    return rest if apostrophe and rest and before in words.grammar.elided else word


def _of_word(word: str, words: Lexicon) -> list[_Name]:
    """What one word names: it may be inflected, a compound, hyphenated or, in Korean, written together."""
    if senses := words.of_word(word):
        return [_Name(senses, len(word))]
    if "-" in word:
        parts = [words.of_word(part) for part in word.split("-") if part]
        if all(parts):
            return [_Name(senses, len(word) / len(parts)) for senses in parts]
    if words.grammar.joints and (compound := _compound(word, words)):
        return [compound]
    if words.grammar.language == "ko":
        segments, length = _segments(word, words)
        if sum(name.letters for name in segments) >= _OF_SEGMENTS * length:
            return segments
    return []


def _compound(word: str, words: Lexicon) -> _Name | None:
    """A compound by its parts, the head last: Kinderwagen is a wagon for children; or by its head alone."""
    if len(word) < _LEAST_COMPOUND:
        return None
    for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
        if not (head := words.of_word(word[at:])):
            continue
        for joint in words.grammar.joints:
            first = word[:at].removesuffix(joint) if joint else word[:at]
            if len(first) >= _LEAST_PART and (senses := words.of_word(first)):
                both = Sense(f"{senses[0].english} {head[0].english}", senses[0].weight * head[0].weight)
                return _Name((both,), _OF_COMPOUND * len(word))
        return _Name(head, _OF_HEAD * len(word))
    return None


def _segments(form: str, words: Lexicon) -> tuple[list[_Name], float]:
    """The names in a text without spaces, by maximum matching: the longest that fits, from left to right."""
    found: list[_Name] = []
    letters, at = 0.0, 0
    longest = min(_LONGEST_RUN, words.longest)
    while at < len(form):
        for end in range(min(len(form), at + longest), at, -1):
            if (senses := words.senses(form[at:end])) and (end - at > 1 or _is_word_sign(form, at)):
                found.append(_Name(senses, end - at))
                letters += end - at
                at = end
                break
        else:
            letters += form[at] not in words.grammar.stop and not form[at].isspace()
            at += 1
    return found, letters


def _is_word_sign(form: str, at: int) -> bool:
    """Whether one sign may be a word by itself: Chinese ones are, kana and syllables only between spaces."""
    return "\u3400" <= form[at] <= "\u9fff" or len(form) == 1


_SCRIPTS: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile("[\u3040-\u30ff]"), ("ja",)),
    (re.compile("[\uac00-\ud7af\u1100-\u11ff]"), ("ko",)),
    (re.compile("[\u3400-\u9fff]"), ("zh", "ja")),
    (re.compile("[\u0400-\u04ff]"), ("ru", "uk")),
    (re.compile("[\u0600-\u06ff]"), ("ar",)),
)
"""Scripts that few languages use; all else is asked of all others."""


def _by_script(text: str) -> Sequence[str]:
    for pattern, users in _SCRIPTS:
        if pattern.search(text):
            return [language for language in users if language in languages()]
    return list(_of_latin())


def _of_latin() -> Iterator[str]:
    others = {language for _, users in _SCRIPTS for language in users}
    return (language for language in languages() if language not in others)
