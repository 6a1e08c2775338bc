"""Query translation by dictionary look-up (Pirkola 1998): what a text in another language says in English.

A model that has learnt English alone finds next to nothing for other words. Those of things and their looks
are few, and a question has few of them: so they are looked up, longest first, in every language that the
letters allow, and the language that explains most of the text is taken for its own.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from db.words.grammar import by_letters
from indexer.languages import is_latin
from search.translation import english
from search.translation.dictionaries import further_languages, lexicon
from search.translation.lexicon import NOTHING, Lexicon, Sense, languages, normal

_NOUN_AND_ADJECTIVE = 2
_MOST_WORDS = 3
"""Of a name that is looked up as one."""
_LONGEST_RUN = 10
"""Signs of a name in languages without spaces."""
_LEAST_PART, _LEAST_HEAD, _LEAST_COMPOUND = 3, 4, 7
"""Letters of the first part of a compound, of its head, and of a compound."""
_OF_COMPOUND, _OF_HEAD = 0.9, 0.6
"""How much of a compound is understood by its parts, and by its head alone."""
_OF_SEGMENTS = 0.6
"""The least share of a Korean word that its parts have to explain."""

ARTICLE, LETTER = 0.3, 0.1
"""How much an article before a word, and a letter that few others have, count for a language."""
_PER_NAME = 0.02
"""How much each further name costs: one of three words explains more than three of one."""
_BEHIND = 0.1
"""How much less a language counts of which there is no list of our own: dictionaries have rare words, too."""
TIE = 0.02
"""Languages that explain a text as well as this are both possible: hand is a hand in German, too."""

_ENGLISH = frozenset("the with and of from under behind near".split())
"""Words that are English, whatever else they are: the Italians write "the" for tea."""
_SPACES = re.compile(r"[\s,()\[\]:;/]+")


@dataclass(frozen=True)
class Reading:
    """A text as one language has it. ``english``: what it says, with names and English words as they are.

    ``coverage``: the share of its letters that were understood, but for words that name nothing, 0 to 1;
    ``evidence``: the share of them in words that the language has, those that name nothing too; ``score``:
    that with what else speaks for the language.
    """

    language: str
    english: str
    coverage: float
    evidence: float
    score: float


def readings(text: str) -> list[Reading]:
    """The likeliest readings of a text that is not English, the best first; several only where they tie."""
    possible = [*_by_script(text), *further_languages(text)]
    marked = by_letters(text.lower(), possible)
    every = (read(text, language, is_marked=language in marked) for language in possible)
    found = sorted((reading for reading in every if reading), key=lambda reading: -reading.score)
    distinct: dict[str, Reading] = {}
    for reading in found:
        if reading.score >= found[0].score - TIE:
            distinct.setdefault(reading.english, reading)
    return list(distinct.values())


def read(text: str, language: str, *, is_marked: bool = False) -> Reading | None:
    """What a text says in one language; None where that explains nothing of it."""
    words = lexicon(language)
    parts = _parts(text, words)
    own = [part for part in parts if part.is_own and part.english]
    if not own:
        return None
    said = [part.english for part in parts if part.english]
    if words.grammar.noun_first and len(said) == _NOUN_AND_ADJECTIVE:
        said.reverse()
    named = [part for part in parts if part.counts]
    first, *others = normal(text, language).split() or [""]
    has_article = bool(others) and first in words.grammar.articles
    evidence = _share([part for part in parts if not part.is_name], lambda part: part.is_own)
    return Reading(
        language,
        " ".join(said),
        _share(named, lambda part: bool(part.english)),
        evidence,
        evidence
        + ARTICLE * has_article
        + LETTER * is_marked
        - _PER_NAME * (len(own) - 1)
        - _BEHIND * (language not in languages()),
    )


@dataclass(frozen=True)
class _Part:
    """A piece of a text: what it says in English, if anything, and how many letters it has.

    ``understood``: how many of these. ``is_own``: the language has it; ``counts``: it may name something;
    ``is_name``: it is what somebody or some place is called, in any language.
    """

    english: str
    letters: float
    understood: float
    is_own: bool = True
    counts: bool = True
    is_name: bool = False


def _share(parts: Sequence[_Part], holds: Callable[[_Part], bool]) -> float:
    letters = sum(part.letters for part in parts)
    return min(1.0, sum(part.understood for part in parts if holds(part)) / letters) if letters else 0.0


def _named(senses: Sequence[Sense], letters: float, share: float = 1.0) -> _Part:
    said = senses[0].english
    return _Part(said, letters, share * letters, counts=said != NOTHING)


def _parts(text: str, words: Lexicon) -> list[_Part]:
    """The pieces of a text in its order: the longest names that the language has, and words between them."""
    form = normal(text, words.grammar.language)
    if senses := words.senses(form):
        return [_named(senses, len(form))]
    if words.grammar.unspaced:
        return _segments(form, words)
    typed = [word for word in _SPACES.split(unicodedata.normalize("NFKC", text)) if word]
    each = [(word, form) for word in typed if (form := normal(word, words.grammar.language))]
    found: list[_Part] = []
    at = 0
    while at < len(each):
        for end in range(min(len(each), at + _MOST_WORDS), at + 1, -1):
            phrase = " ".join(form for _, form in each[at:end])
            if senses := words.senses(phrase):
                found.append(_named(senses, len(phrase)))
                at = end
                break
        else:
            found += _of_word(*each[at], words)
            at += 1
    return found


def _of_word(typed: str, form: str, words: Lexicon) -> list[_Part]:
    """What one word says: it may be inflected, a compound, hyphenated or, in Korean, written together."""
    if form not in words.lines:  # all'aperto is a word of its own
        form = _without_elision(form, words)
    if form in _ENGLISH:
        return [_of_none(typed, form)]
    if form in words.grammar.stop or not any(map(str.isalpha, form)):
        return [_of_no_thing(form, words)]
    if senses := words.of_word(form):
        return [_named(senses, len(form))]
    if "-" in form:
        parts = [words.of_word(part) for part in form.split("-") if part]
        if parts and all(parts):
            return [_named(senses, len(form) / len(parts)) for senses in parts]
    if words.grammar.joints and (compound := _compound(form, words)):
        return [compound]
    if words.grammar.language == "ko":
        segments = _segments(form, words)
        if _share(segments, lambda part: bool(part.english)) >= _OF_SEGMENTS:
            return segments
    return [_of_none(typed, form)]


def _of_no_thing(form: str, words: Lexicon) -> _Part:
    """What a word says that names nothing: a number stays as it is."""
    if form in words.grammar.stop:
        return _Part("", len(form), len(form), counts=False)
    return _Part(form, 0, 0, is_own=False, counts=False)


def _of_none(typed: str, form: str) -> _Part:
    """What a word says that the language has not: names and English words stay as they are."""
    if typed[0].isupper() and english.is_known(typed):
        return _Part(typed, len(form), len(form), is_own=False, is_name=True)
    if english.is_word(form):
        return _Part(form, len(form), len(form), is_own=False)
    return _Part("", len(form), 0, is_own=False)


def _without_elision(word: str, words: Lexicon) -> str:
    before, apostrophe, rest = word.partition("'")
    return rest if apostrophe and rest and before in words.grammar.elided else word


def _compound(word: str, words: Lexicon) -> _Part | None:
    """A compound by its parts, the head last: Kinderwagen is a wagon for children; or by its head alone."""
    if len(word) < _LEAST_COMPOUND:
        return None
    for at in range(_LEAST_PART, len(word) - _LEAST_HEAD + 1):
        if not (head := words.of_word(word[at:])):
            continue
        for joint in words.grammar.joints:
            first = word[:at].removesuffix(joint) if joint else word[:at]
            if len(first) >= _LEAST_PART and (senses := words.of_word(first)):
                said = f"{senses[0].english} {head[0].english}"
                return _Part(said, len(word), _OF_COMPOUND * len(word))
        return _named(head, len(word), _OF_HEAD)
    return None


def _segments(form: str, words: Lexicon) -> list[_Part]:
    """The pieces of a text without spaces, by maximum matching: the longest that fits, from left to right."""
    found: list[_Part] = []
    at = 0
    longest = min(_LONGEST_RUN, words.longest)
    while at < len(form):
        for end in range(min(len(form), at + longest), at, -1):
            if (senses := words.senses(form[at:end])) and (end - at > 1 or _is_word_sign(form, at)):
                found.append(_named(senses, end - at))
                at = end
                break
        else:
            if form[at] in words.grammar.stop:
                found.append(_Part("", 1, 1, counts=False))
            elif form[at].isalpha():
                found.append(_Part("", 1, 0, is_own=False))
            at += 1
    return found


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
    return list(_of_latin()) if is_latin(text) else []


def _of_latin() -> Iterator[str]:
    others = {language for _, users in _SCRIPTS for language in users}
    return (language for language in languages() if language not in others)
