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
_MAKING = frozenset(
    "take takes taking took make makes making draw draws drawing paint paints painting".split()
)


@lru_cache(maxsize=1_000)
def asked_for(text: str) -> str:
    """The thing that a question names: "dogs" of "show me dogs, please"; where that is nothing, the text.

    Articles go only with words of asking: "a dog" keeps its own.
    """
    plain = " ".join(text.split())
    return min((_asked_for(plain, patterns) for patterns in _languages().values()), key=len)


def asked_in(text: str) -> str:
    """The language of the words that only ask, by its ISO 639 code; empty without any."""
    plain = " ".join(text.split())
    things = {language: _asked_for(plain, patterns) for language, patterns in _languages().items()}
    shortest = min(map(len, things.values()))
    first = next(language for language, thing in things.items() if len(thing) == shortest)
    return first if shortest < len(plain.strip(_ENDS)) else ""


@cache
def table() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The words of asking by language (ISO 639), and what they do: openers, asks, media, determiners, …"""
    words: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return words


@cache
def _languages() -> Mapping[str, _Patterns]:
    """By language the words before a thing, those after it, and "pictures" after its name."""
    with_of = {word for words in table().values() if "" not in words["of"] for word in words["media"]}
    return {
        language: _patterns(words, set(words["media"]) - with_of, unspaced=grammar(language).unspaced)
        for language, words in table().items()
    }


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
