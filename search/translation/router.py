"""Language routing: whether a question is English, or is to be read in another language.

English stays as it is: what models have learnt in English, they know better than any dictionary. Another
language is taken only where it explains more of the text than English does, so that a name, a loan word or
a slip of the finger does not switch; and single foreign words in English are put into English.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from db.words.asked import words_of
from db.words.forms import ENGLISH
from db.words.grammar import common_elsewhere, grammar
from indexer.languages import Guess, is_latin, language_of, sure_language
from search.query.asking import asked_for, asked_in, table
from search.translation import english
from search.translation.dictionaries import further_languages, lexicon, readable_languages
from search.translation.lexicon import Sense, languages, normal
from search.translation.reading import ARTICLE, Reading, read, readings

LEAST_COVERAGE = 0.65
"""How much of a text in Latin letters another language has to explain: less may be English, mis-spelt."""
_SURE, _LEAST_WORDS = 0.5, 3
"""How likely the language of a text of how many words must be to do without that."""
_SURE_OF_ARTICLE = (0.35, 0.6)
"""How likely it must be after an article that is no English word, and after one that is."""
_MOST_READ = 300
"""Signs of a text that are read: a longer one is no question."""
_HALF = 0.5
"""The least share of letters in English words of English with single words of another language."""
_ENGLISH_FIRST = 0.05
"""How much more than English another language has to explain."""
_LEAST_LETTERS = 4
"""Of a foreign word among English ones."""
_LEAST_ALONE = 2
_LIKELY = 0.05
"""How likely the language of one word must be for a dictionary to tell that it is no slip.

Of 1,339 English words with a wrong letter 12 stand in dictionaries, two of them in such a language.
"""
_ARTICLES = frozenset({"a", "an", "the"})


@dataclass(frozen=True)
class Translation:
    """A text of another language and what it was read as.

    ``language``: by its ISO 639 code. ``english``: what it says; several only where it may be several things.
    ``coverage``: the share of its letters that were understood, 0 to 1. ``is_mixed``: it is English with some
    words of that language.
    """

    text: str
    language: str
    english: tuple[str, ...]
    coverage: float
    is_mixed: bool = False


@lru_cache(maxsize=1_000)
def translated(text: str) -> Translation | None:
    """What a question asks for, in English; None where it is English, or no language explains enough of it.

    The words of asking tell the language, and are not read: "zeig mir Bilder vom Strand" asks for a beach.
    """
    text = unicodedata.normalize("NFKC", text[:_MOST_READ])
    thing = asked_for(text)
    words = english.WORD.findall(thing)
    if not words or english.is_loan(thing):
        return None
    asked = asked_in(text)
    if asked in readable_languages() and (reading := _covering(thing, asked)):
        return Translation(thing, asked, (reading.english,), reading.coverage)
    if not is_latin(thing):
        return _of(thing, readings(thing))
    if asked == ENGLISH and all(map(english.is_known, words)):
        return None
    if (told := _by_article(thing)) and (reading := _covering(thing, told)):
        return _of(thing, [reading])
    if all(map(english.is_word, words)) or _is_name(words) or (len(words) == 1 and _is_slip(words[0])):
        return None
    as_english = _as_english(words)
    possible = readings(thing)
    best = possible[0] if possible else None
    if best and best.score > as_english + _ENGLISH_FIRST and _explains(best, words):
        return _of(thing, possible)
    if as_english >= _HALF:
        return _mixed(thing, words)
    if (told := _by_letters(thing, words)) and (reading := read(thing, told)):
        return _of(thing, [reading])
    return None


def language_asked_in(text: str) -> str:
    """The language of a question by its ISO 639 code: English where nothing else is sure.

    By its letters alone, many times as fast as reading it: enough to know which of its words are common. The
    table of letters takes a tenth of a second to load, and is not asked where no word is common elsewhere.
    """
    text = text[:_MOST_READ]
    if is_latin(text) and common_elsewhere().isdisjoint(words_of(text, None)):
        return ENGLISH
    return sure_language(text) or ENGLISH


def after_article(text: str) -> Guess | None:
    """The language of a text that begins with an article of it that English has not: le chat, der Strand."""
    first, *others = english.WORD.findall(text) or [""]
    if not others or first.lower() not in _articles():
        return None
    guess = language_of(text)
    return guess if guess is not None and guess.share >= _SURE_OF_ARTICLE[english.is_word(first)] else None


def _by_article(text: str) -> str:
    guess = after_article(text)
    return guess.language if guess else ""


def _by_letters(text: str, words: list[str]) -> str:
    """The language of a longer text by its letters; empty for a short one."""
    guess = language_of(text) if len(words) >= _LEAST_WORDS else None
    is_sure = guess is not None and guess.share >= _SURE
    return guess.language if guess and is_sure and guess.language in readable_languages() else ""


def _covering(text: str, language: str) -> Reading | None:
    """The reading in a language, where there is one and it explains enough."""
    reading = read(text, language) if language in readable_languages() else None
    return reading if reading and reading.coverage >= LEAST_COVERAGE else None


def _explains(reading: Reading, words: list[str]) -> bool:
    """Whether it explains enough, and words that are no English ones."""
    stop = grammar(reading.language).stop
    is_foreign = any(not english.is_word(word) for word in words if word.lower() not in stop)
    return is_foreign and reading.evidence >= LEAST_COVERAGE


def _of(text: str, possible: Sequence[Reading]) -> Translation | None:
    each = tuple(dict.fromkeys(reading.english for reading in possible))
    typed = set(text.casefold().split())
    if not each or any(typed <= set(said.split()) for said in each):
        return None  # both languages have the words
    return Translation(text, possible[0].language, each, max(reading.coverage for reading in possible))


def _is_name(words: list[str]) -> bool:
    """Whether all words have capitals, as names have, and models have seen them."""
    return len(words) > 1 and all(word[0].isupper() and english.is_known(word) for word in words)


def _is_slip(word: str) -> bool:
    """Whether a word is too short, or stands in no lexicon as it is and nearly does in an English one."""
    if len(word) < _LEAST_ALONE:
        return True
    if any(_exactly(word, language) for language in (*languages(), *further_languages(word, _LIKELY))):
        return False
    return bool(english.parted(word)) or any(
        english.errors(word, other) == 1 for other in english.near(word)[:1]
    )


def _as_english(words: list[str]) -> float:
    """The share of letters in English words, with what an article says for it."""
    letters = sum(len(word) for word in words if english.is_word(word))
    has_article = len(words) > 1 and words[0].lower() in _ARTICLES
    return letters / sum(map(len, words)) + ARTICLE * has_article


def _mixed(text: str, words: list[str]) -> Translation | None:
    """English with words of one other language in it: perro on the beach."""
    strange = [word for word in words if len(word) >= _LEAST_LETTERS and not english.is_known(word)]
    found = {
        language: known
        for language in languages()
        if (known := {word: senses[0] for word in strange if (senses := _exactly(word, language))})
    }
    if not found:
        return None
    language, known = max(found.items(), key=lambda item: len(item[1]))
    said = english.WORD.sub(lambda word: known[word[0]].english if word[0] in known else word[0], text)
    unread = sum(len(word) for word in strange if word not in known)
    return Translation(text, language, (said,), 1 - unread / sum(map(len, words)), is_mixed=True)


def _exactly(word: str, language: str) -> tuple[Sense, ...]:
    return lexicon(language).senses(normal(word, language))


@cache
def _articles() -> frozenset[str]:
    """What stands before nouns in other languages and not in English, by the table of words of asking."""
    of_asking = table()
    foreign = {word for language, row in of_asking.items() if language != "en" for word in row["determiners"]}
    return frozenset(foreign - set(of_asking["en"]["determiners"]))
