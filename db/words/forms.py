"""Full-text tokens: a text as the sequences of terms by which it is indexed, and by which it is asked for.

A term is the stem of a word in the language of its text, marked with that language: ``de_hund``. Since text
and question go through the same function, whatever a stemmer makes of a word, both have it; and as terms of
different languages differ, a stemmer never brings words of two languages together.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from db.words.grammar import Grammar, grammar

UNKNOWN = "und"
"""The language of a text that nobody can tell (ISO 639-2); its words are taken for English ones."""
ENGLISH = "en"
MARK = "_"
"""Between language and stem, in a term; no word has it."""

_LATIN = "Latin"
_LONGEST = 64
"""Letters of a word that has a stem; longer ones are none of a language."""
_READING = dict.fromkeys([0x640, 0x670, *range(0x64B, 0x653), *range(0x591, 0x5C8)])
"""How Arabic and Hebrew letters are to be spoken, or drawn out: hardly ever written."""
_ACCENTS = dict.fromkeys(range(0x300, 0x370))
"""Combining marks of Latin, Greek and Cyrillic; those of other scripts make other letters."""
_PLAIN = re.compile(r"[A-Za-z0-9]+")
_KOREAN = re.compile("[\uac00-\ud7a3\u1100-\u11ff]")


class Form(NamedTuple):
    """A term, and the (start, end) of the characters in the text that it stands for."""

    term: str
    start: int
    end: int


def fold(text: str) -> str:
    """Text for comparison: case-folded, without accents, in Unicode normalisation form C."""
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFD", text).translate(_ACCENTS)
    return unicodedata.normalize("NFC", bare).casefold()


def sequences(text: str, language: str | None) -> list[list[Form]]:
    """The terms of a text in its order: as it is written, and in other ways in which it is asked for.

    These are: without accents, where that changes a stem (corrió, corrio); and syllable by syllable in
    Korean, which writes words together. Scripts without spaces are taken sign by sign, so that any part of
    a text is found. Widths of letters are one (NFKC).

    Args:
        language: by its ISO 639 code; None or ``und`` where it is not known.
    """
    words = list(_words(text))
    written = _terms(words, language)
    if text.isascii():
        return [written]
    bare = _terms([(_bare(word), start, end) for word, start, end in words], language)
    others = [bare] if bare != written else []
    if _KOREAN.search(text):
        others.append([syllable for word in words for syllable in _syllables(*word)])
    return [written, *others]


def ways(asked: str, languages: Iterable[str]) -> list[tuple[str, ...]]:
    """The sequences of terms of which a text in one of these languages has one, if it has what is asked for.

    Empty where there is no letter or digit in it.
    """
    return list(dict.fromkeys(way for language in languages for way in _ways(asked, language)))


@lru_cache(maxsize=10_000)
def _ways(asked: str, language: str) -> Sequence[tuple[str, ...]]:
    each = [tuple(form.term for form in forms) for forms in sequences(asked, language)]
    # One syllable is a part of too many words.
    each = [terms for terms in each if terms and (len(terms) > 1 or not _is_syllables(terms[0]))]
    if _KOREAN.search(asked):
        korean = grammar("ko")
        stems = [_root(_plain(word, korean), korean) for word, _, _ in _words(asked) if _is_syllables(word)]
        each += [tuple(sign for stem in stems for sign in stem)] if sum(map(len, stems)) > 1 else []
    return each


def indexed(text: str | None, language: str | None) -> tuple[str | None, str | None]:
    """A text for an index that knows no language: its terms with spaces, as it is written and otherwise."""
    first, *others = sequences(text or "", language)
    return _joined([first]), _joined(others)


def _joined(each: Sequence[Sequence[Form]]) -> str | None:
    return " ".join(form.term for forms in each for form in forms) or None


def _terms(words: Sequence[tuple[str, int, int]], language: str | None) -> list[Form]:
    known = ENGLISH if language in (None, UNKNOWN) else language or ENGLISH
    return [Form(term(word, known), start, end) for word, start, end in words]


@lru_cache(maxsize=100_000)
def term(word: str, language: str) -> str:
    """The term of one word in a language.

    What has no forms there is as it is written and has no mark: numbers, signs, the commonest words of the
    language, and words in another script, of which those in Latin letters are taken for English.
    """
    rules = grammar(language)
    if rules.script != _LATIN and _in_script(_LATIN, word):
        return term(word, ENGLISH)
    plain = _plain(word, rules)
    if plain in rules.common or not _has_forms(word, rules):
        return fold(plain)
    return f"{language}{MARK}{fold(_root(plain, rules))}"


def _has_forms(word: str, rules: Grammar) -> bool:
    return (
        rules.inflects
        and len(word) <= _LONGEST
        and not any(map(str.isdigit, word))
        and _in_script(rules.script, word)
    )


@lru_cache(maxsize=100_000)
def _bare(word: str) -> str:
    return fold(word)


def _plain(word: str, rules: Grammar) -> str:
    return unicodedata.normalize("NFKC", word).translate(rules.same).lower().translate(_READING)


def _root(plain: str, rules: Grammar) -> str:
    # English drops the accents of its loan words.
    return rules.root(fold(plain) if rules.language == ENGLISH else plain)


def _syllables(word: str, start: int, end: int) -> Iterator[Form]:
    composed = unicodedata.normalize("NFKC", word)
    if len(composed) != end - start or not _is_syllables(composed):
        yield Form(fold(composed), start, end)
        return
    for at, syllable in enumerate(composed, start):
        yield Form(syllable, at, at + 1)


def _is_syllables(word: str) -> bool:
    """Whether it is Korean."""
    return _KOREAN.match(word) is not None


def _words(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text, or signs where there is nothing between words, with their places."""
    if text.isascii():  # most texts, many times as fast
        yield from ((match[0], *match.span()) for match in _PLAIN.finditer(text))
        return
    for match in _pattern().finditer(text):
        start, end = match.span()
        if match["sign"] is None:
            yield match[0], start, end
        else:
            for sign in _cluster().findall(unicodedata.normalize("NFKC", match[0])):
                yield sign, start, end


def _in_script(script: str, word: str) -> bool:
    """Whether a word begins with a letter of a script."""
    return (word[0].isascii() and script == _LATIN) or _of_script(script).match(word) is not None


UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ーｰ\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts without spaces between words, as a set of the module ``regex``."""
SIGN = rf"[[{UNSPACED}]&&[\p{{L}}\p{{N}}]]"
"""A letter or number of one of them; they have radicals, too, which are symbols."""
LETTER = rf"[[\p{{L}}\p{{N}}]--[{UNSPACED}]]"


@cache
def _pattern() -> Any:
    import regex

    sign = rf"(?P<sign>{SIGN}[\p{{M}}\uff9e\uff9f]*)"
    return regex.compile(rf"(?V1){sign}|{LETTER}(?:{LETTER}|\p{{M}})*")


@cache
def _cluster() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{N}]\p{M}*")


@cache
def _of_script(script: str) -> Any:
    import regex

    return regex.compile(rf"\p{{{script}}}")
