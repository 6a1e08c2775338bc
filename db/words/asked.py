"""Query tokenisation: the words of a question that are worth looking up, without those of every sentence."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from db.words.forms import ENGLISH, LETTER, SIGN
from db.words.grammar import grammar
from db.words.numbers import numbers

MAX_WORDS = 32
"""Longer texts are cut: nobody types them, and every word is one look-up."""

_SIGNS, _CLUSTERS = 2, 3
"""The length of the parts of a run without spaces: two Chinese signs, three Thai letters are about a word."""


def words_of(query: str, most: int | None = MAX_WORDS, *, language: str = ENGLISH) -> list[str]:
    """The words of a text that are worth looking up, without repetition; none if all are common.

    Scripts without spaces are taken in overlapping parts, and without Japanese endings: 走る is asked for
    by 走, which 走った has, too.

    Args:
        language: of the text, by its ISO 639 code.
    """
    words = dict.fromkeys(word for word, _ in _words(query))
    # Questions mix English with their own language.
    common = grammar(language).common | grammar(ENGLISH).common
    return [word for word in words if word not in common][:most]


def run_of(query: str, words: Sequence[str]) -> str:
    """The part of a text from the first to the last of these words."""
    each = list(_words(query))[:MAX_WORDS]
    among = [place for word, place in each if word in words]
    text = _normal(query)
    return text[min(start for start, _ in among) : max(end for _, end in among)] if among else ""


def asked_of(query: str, language: str = ENGLISH) -> list[str]:
    """What texts with words of a query may have: those words, and its long numbers whatever their gaps."""
    return [*words_of(query, language=language), *numbers(query, MAX_WORDS)]


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _words(query: str) -> Iterator[tuple[str, tuple[int, int]]]:
    """The words with their places in the text as it is compared."""
    for match in _pattern().finditer(_normal(query)):
        start = match.start()
        if match["run"] is None:
            yield match[0], match.span()
        else:
            for part, at in _parts(match[0]):
                yield part, (start + at, start + at + len(part))


def _parts(run: str) -> Iterator[tuple[str, int]]:
    """The words that a run without spaces may have, with their places in it."""
    before = ""
    for match in _scripts().finditer(run):
        script, part, at = match.lastgroup, match[0], match.start()
        if script == "katakana":
            yield part, at
        elif script == "other":
            yield from _grams(_clusters().findall(part), _CLUSTERS, at)
        elif script == "han":
            yield from _grams(list(part), _SIGNS, at)
        elif before != "han":  # after Chinese signs they are endings
            yield from _grams(list(_without_particles(part)), _SIGNS, at)
        before = script


def _grams(signs: Sequence[str], length: int, at: int) -> Iterator[tuple[str, int]]:
    """Overlapping parts of so many signs; all of them where they are fewer."""
    ends = chain([0], _running(signs))
    places = list(ends)
    for first in range(max(1, len(signs) - length + 1)):
        if part := "".join(signs[first : first + length]):
            yield part, at + places[first]


def _running(signs: Sequence[str]) -> Iterator[int]:
    total = 0
    for sign in signs:
        total += len(sign)
        yield total


def _without_particles(kana: str) -> str:
    """Hiragana without the particles after a word."""
    ends = sorted(grammar("ja").stop, key=len, reverse=True)
    while (end := next((end for end in ends if kana.endswith(end)), "")) and len(kana) > len(end) + 1:
        kana = kana.removesuffix(end)
    return kana if kana not in grammar("ja").stop else ""


@cache
def _pattern() -> Any:
    import regex

    return regex.compile(
        rf"(?V1)\d+(?:[.,:/\-]\d+)+|(?P<run>{SIGN}(?:{SIGN}|\p{{M}})*)|{LETTER}(?:{LETTER}|\p{{M}})*"
    )


@cache
def _scripts() -> Any:
    import regex

    between = "".join(sorted(grammar("zh").between))
    return regex.compile(
        rf"(?V1)(?P<han>[\p{{Han}}--[{between}]]+)|(?P<katakana>[\p{{Katakana}}ー]+)"
        rf"|(?P<hiragana>[\p{{Hiragana}}ー]+)|(?P<other>[^\p{{Han}}\p{{Hiragana}}\p{{Katakana}}]+)"
    )


@cache
def _clusters() -> Any:
    import regex

    return regex.compile(r"[\p{L}\p{N}]\p{M}*")
