"""Bilingual dictionaries: words and names of things in other languages, with what they are in English.

A lexicon is a file of lines ``form<tab>english:weight|english:weight``, the best first, that
``bench/languages/build.py`` makes of our own lists of concrete words and of the names and keywords that
Unicode's CLDR gives to emoji. A form after ``~`` is a stem, which any of its inflected forms leads to.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from db.words.grammar import Grammar, grammar

_FOLDER = Path(__file__).with_name("lexicon")
STEM = "~"
NOTHING = ""
"""What a word is in English that names nothing."""

_KATAKANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_NO_WORD = re.compile(r"[^\w\s'\-ー・~]")


@dataclass(frozen=True)
class Sense:
    """What a word is in English. ``weight``: how far that is to be believed, against other senses."""

    english: str
    weight: float


@dataclass(frozen=True)
class Lexicon:
    """The words of a language. ``longest``: the most letters of a form."""

    grammar: Grammar
    lines: Mapping[str, str]
    longest: int

    def senses(self, form: str) -> tuple[Sense, ...]:
        """The senses of a form as it stands in the lexicon (``normal``), the best first; empty if unknown."""
        parts = (part.rpartition(":") for part in self.lines.get(form, "").split("|") if part)
        return tuple(Sense(english, float(weight)) for english, _, weight in parts)

    def of_word(self, word: str) -> tuple[Sense, ...]:
        """The senses of a word in any of its forms: itself, without what is joined to it, or by its stem."""
        if found := self.senses(word):
            return found
        for bare in self.grammar.bare(word):
            if found := self.senses(bare):
                return found
        stem = self.grammar.stem(word)
        # Of the word itself a stemmer may make something else: tengerpart, tengerparton.
        return self.senses(STEM + stem) or self.senses(stem) if self.grammar.algorithm else ()


def normal(text: str, language: str) -> str:
    """Text as the forms of a lexicon are written: NFKC, lower case, without signs and marks of reading.

    Letters that a language takes for the same are one; katakana are taken for hiragana.
    """
    text = unicodedata.normalize("NFKC", text).translate(grammar(language).same)
    text = text.lower().replace("\u2019", "'")
    if language == "ja":
        text = text.translate(_KATAKANA)
    return " ".join(_NO_WORD.sub(" ", text).split()).strip(" -'\u30fb")


@cache
def own_lexicon(language: str) -> Lexicon:
    """The lexicon of a language of ``languages``, by our own list."""
    lines = dict(
        line.split("\t", 1)
        for line in (_FOLDER / f"{language}.tsv").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    )
    return Lexicon(grammar(language), lines, max(map(len, lines)))


@cache
def languages() -> tuple[str, ...]:
    """The ISO 639 codes of the languages that there are lists of our own of."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.tsv")))
