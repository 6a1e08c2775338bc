"""What languages do with their words: stop words, where adjectives stand, what joins compounds; and stems.

One table serves all that looks words up: the dictionaries of questions, and the full text of what is said
and written. A language that it does not know is left as it is.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_TABLE = Path(__file__).with_name("grammar.json")
_LEAST_STEM = 3
_DUTCH = re.compile(r"(?<![aeiou])([aeou])([^aeiouwxy])$")
_AT_THE_END = {"v": "f", "z": "s"}


@dataclass(frozen=True)
class Grammar:
    """A language by its ISO 639 code, as far as looking up its words needs it.

    ``script``: in which it is written, by its name in Unicode. ``stop``: words that name nothing;
    ``articles``: of these, those that tell the language; ``common``: these and others of nearly every
    sentence; ``between``: signs that stand between words, in a language without spaces. ``letters``: those of
    its alphabet that few others have; ``same``: letters and what they are taken for. ``elided``: before an
    apostrophe, as in l'arbre. ``joints``: between the parts of a compound, whose head stands last; none where
    there are no compounds. ``prefixes`` and ``suffixes``: what is joined to a word and is no part of it.
    ``unspaced``: there is nothing between words. ``noun_first``: adjectives follow their noun. ``doubling``:
    a vowel is written twice where an ending is gone, as in bomen, boom; ``fleeting``: the last one is gone
    where there is an ending, as in piasek, piasku. ``algorithm``: the stemmer's name for it, empty
    without one.
    """

    language: str
    algorithm: str = ""
    script: str = "Latin"
    letters: str = ""
    same: Mapping[int, str] = field(default_factory=dict)
    stop: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    between: frozenset[str] = frozenset()
    elided: tuple[str, ...] = ()
    joints: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    suffixes: tuple[str, ...] = ()
    unspaced: bool = False
    noun_first: bool = False
    doubling: bool = False
    fleeting: bool = False

    def stem(self, word: str) -> str:
        """The stem of a word by its Snowball algorithm (Porter 2001); the word where there is none."""
        return str(_stemmer(self.algorithm).stemWord(word)) if self.algorithm else word

    def bare(self, word: str) -> Iterator[str]:
        """The word without what may be joined to it, the least taken away first; not the word itself."""
        for prefix in ("", *self.prefixes):
            if not word.startswith(prefix):
                continue
            rest = word.removeprefix(prefix)
            for suffix in ("", *self.suffixes):
                inner = rest.removesuffix(suffix) if rest.endswith(suffix) else ""
                if inner and inner != word and (self.unspaced or len(inner) >= self._least):
                    yield inner
                    if self.doubling and suffix:
                        yield _DUTCH.sub(_doubled, inner)

    @property
    def inflects(self) -> bool:
        """Whether anything is known of its endings."""
        return bool(self.algorithm or self.suffixes)

    def root(self, word: str) -> str:
        """What all forms of a word have in common: its stem, or it without all that may be joined to it."""
        if not self.algorithm:
            return min((word, *self.bare(word)), key=len)
        joined = (prefix for prefix in self.prefixes if word.startswith(prefix) and len(prefix) > 1)
        rest = word.removeprefix(max(joined, key=len, default=""))
        root = rest if len(rest) >= self._least else word
        return self.stem(root) if len(root) >= self._least else root

    @property
    def _least(self) -> int:
        # A syllable of Korean is a letter.
        return 1 if self.language == "ko" else _LEAST_STEM


@cache
def grammar(language: str) -> Grammar:
    """The grammar of a language; one without rules for languages that there are none for."""
    entry = _table().get(language, {})
    same = str.maketrans(entry.get("same", {}))

    def words(name: str) -> frozenset[str]:
        return frozenset(entry.get(name, "").translate(same).split())

    def parts(name: str) -> tuple[str, ...]:
        return tuple(entry[name].split(" ")) if name in entry else ()

    return Grammar(
        language,
        algorithm=entry.get("algorithm", ""),
        script=entry.get("script", "Latin"),
        letters=entry.get("letters", ""),
        same=same,
        stop=words("stop") | words("articles"),
        articles=words("articles"),
        common=words("stop") | words("articles") | words("common"),
        between=words("between"),
        elided=parts("elided"),
        joints=parts("joints"),
        prefixes=parts("prefixes"),
        suffixes=parts("suffixes"),
        unspaced=entry.get("unspaced", False),
        noun_first=entry.get("noun_first", False),
        doubling=entry.get("doubling", False),
        fleeting=entry.get("fleeting", False),
    )


@cache
def languages() -> tuple[str, ...]:
    """All languages that there are rules for, and one that there are none for."""
    return (*_table(), "zxx")


@cache
def common_elsewhere() -> frozenset[str]:
    """The commonest words of all other languages that are none of English."""
    every = frozenset().union(*(grammar(language).common for language in _table()))
    return every - grammar("en").common


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    table: Mapping[str, Mapping[str, Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return table


@cache
def _stemmer(algorithm: str) -> Any:
    import Stemmer

    return Stemmer.Stemmer(algorithm)


def by_letters(text: str, languages: Sequence[str]) -> set[str]:
    """Those of these languages of whose own letters a text has one."""
    return {language for language in languages if set(text) & set(grammar(language).letters)}


def _doubled(end: re.Match[str]) -> str:
    return 2 * end[1] + _AT_THE_END.get(end[2], end[2])
