"""Query intent: what a question asks for, without the words that only ask, such as "show me pictures of".

An embedding of "do I have any photos of dogs?" lies nearer to other questions than to pictures of dogs, and
is not of the kind of texts that the null model of the verdict is fitted on. The words of asking are data,
by language: ``asking.json``.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path

from db.words.grammar import grammar

_TABLE = Path(__file__).with_name("asking.json")
_ENDS = " \t\n.,?!()[]'\"\u00bf\u00a1\u2026\u3002\uff01\uff1f"
_GAP = r"(?:[\s,]+|(?<='))"
_MOST_NAMED = 2
"""Words of a thing before "pictures": "golden retriever photos", and no sentence that ends in that word."""
_Patterns = tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]
_NEEDED = ("asks", "asks before media", "media", "closers", "after")
_TURKISH = {ord("\u0130"): "i", ord("\u0131"): "i"}
_MAKING = frozenset(
    "take takes taking took make makes making draw draws drawing paint paints painting".split()
)


@lru_cache(maxsize=1_000)
def asked_for(text: str) -> str:
    """The thing that a question names: "dogs" of "show me dogs, please"; where that is nothing, the text.

    Articles go only with words of asking: "a dog" keeps its own.
    """
    plain = " ".join(text.split())
    return min(_things(plain).values(), key=len)


def asked_in(text: str) -> str:
    """The language of the words that only ask, by its ISO 639 code; empty without any."""
    things = _things(" ".join(text.split()))
    return min(things, key=lambda language: len(things[language]))


@cache
def table() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The words of asking by language (ISO 639), and what they do: openers, asks, media, determiners, …"""
    words: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return words


def _things(text: str) -> Mapping[str, str]:
    """What a text asks for by language, and first, for none, all of it.

    The patterns of all languages take a tenth of a second to compile: only those are that may match.
    """
    folded = _folded(text)
    may_ask = (language for language, words in _needed().items() if any(word in folded for word in words))
    return {"": text.strip(_ENDS) or text} | {name: _asked_for(text, _language(name)) for name in may_ask}


@cache
def _needed() -> Mapping[str, frozenset[str]]:
    """By language the words of which its patterns need at least one."""
    return {
        language: frozenset(_folded(word) for name in _NEEDED for word in words[name])
        for language, words in table().items()
    }


def _folded(text: str) -> str:
    """Without case, as patterns compare: a dotted or dotless Turkish i is an i."""
    return text.translate(_TURKISH).lower()


@cache
def _language(language: str) -> _Patterns:
    """The words before a thing, those after it, and "pictures" after its name."""
    words = table()[language]
    with_of = {word for each in table().values() if "" not in each["of"] for word in each["media"]}
    return _patterns(words, set(words["media"]) - with_of, unspaced=grammar(language).unspaced)


def _patterns(words: Mapping[str, Sequence[str]], own: Collection[str], *, unspaced: bool) -> _Patterns:
    """The patterns of a language; ``own``: its words for pictures that no language has which needs a
    word for "of".

    Those that need none have an empty one: only after those words, or "film noir" would be Polish.
    """
    gap, end = (r"[\s,]*", r"[\s,]*") if unspaced else (_GAP, r"[\s,]+")
    some = {
        name: _any(f"{re.escape(word)}{gap}" for word in _longest(filter(None, listed)))
        for name, listed in words.items()
    }
    of_media = f"{some['media']}{some['of']}"
    if "" in words["of"]:
        of_media = _any([of_media, *(f"{re.escape(word)}{gap}" for word in _longest(own))])
    # Possessive, as what follows is no article: long rows of them must not be tried in all their parts.
    determined, polite = f"{some['determiners']}*+", f"{some['closers']}*+"
    asks = f"{some['asks']}{polite}(?:{determined}{of_media})?"
    asks += f"|{some['asks before media']}{polite}{determined}{of_media}|{determined}{of_media}"
    before = f"{some['openers']}*+(?:{asks}){determined}"
    return (
        re.compile(before, re.IGNORECASE),
        re.compile(rf"(?:{end}{_any(map(re.escape, _longest(words['closers'])))})+$", re.IGNORECASE),
        re.compile(rf"\s+{_any(map(re.escape, _longest(words['after'])))}$", re.IGNORECASE),
    )


def _any(patterns: Iterable[str]) -> str:
    """One of these patterns; without any, what matches nothing."""
    return f"(?:{'|'.join(patterns) or '(?!)'})"


def _longest(words: Iterable[str]) -> Iterator[str]:
    """The longest first, so that "find me" is not taken for "find"."""
    return iter(sorted(words, key=len, reverse=True))


def _asked_for(text: str, patterns: _Patterns) -> str:
    """The text without what one language puts around a thing, step by step, and never nothing."""
    before, after, named = patterns
    thing = text.strip(_ENDS) or text
    thing = after.sub("", thing).rstrip(_ENDS) or thing
    if match := before.match(thing):
        thing = thing[match.end() :] or thing
    name = named.sub("", thing)
    words = name.lower().split()
    is_name = 0 < len(words) <= _MOST_NAMED and words[-1] not in _MAKING
    return name if is_name else thing
