"""Query intent: what a question asks for, without the words that only ask, such as "show me pictures of".

An embedding of "do I have any photos of dogs?" lies nearer to other questions than to pictures of dogs, and
is not of the kind of texts that the null model of the verdict is fitted on. The words of asking are data,
by language: ``asking.json``.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("asking.json")
_ENDS = " \t\n.,?!\u00bf\u00a1\u2026\u3002\uff01\uff1f"
_GAP = r"(?:[\s,]+|(?<='))"
_MOST_NAMED = 2
"""Words of a thing before "pictures": "golden retriever photos", and no sentence that ends in that word."""
_MAKING = frozenset(
    "take takes taking took make makes making draw draws drawing paint paints painting".split()
)


@cache
def asked_for(text: str) -> str:
    """The thing that a question names: "dogs" of "show me dogs, please"; where that is nothing, the text.

    Articles go only with words of asking: "a dog" keeps its own.
    """
    plain = " ".join(text.split())
    return min((_asked_for(plain, language) for language in _languages()), key=len)


@cache
def _languages() -> tuple[tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]], ...]:
    """Of each language the words before a thing, those after it, and "pictures" after its name."""
    table: Mapping[str, Mapping[str, Sequence[str]]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return tuple(_patterns(words) for words in table.values())


def _patterns(words: Mapping[str, Sequence[str]]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    # Some languages need no word for "of": theirs is empty there.
    some = {
        name: rf"(?:{'|'.join(rf'{re.escape(word)}{_GAP}' if word else '' for word in _longest(listed))})"
        for name, listed in words.items()
    }
    determined, polite = f"{some['determiners']}*", f"{some['closers']}*"
    of_media = f"{determined}{some['media']}{some['of']}"
    asks = f"{some['asks']}{polite}(?:{of_media})?|{some['asks before media']}{polite}{of_media}|{of_media}"
    before = f"{some['openers']}*(?:(?:{asks}){determined})?"
    ends = {name: "|".join(map(re.escape, _longest(words[name]))) for name in ("closers", "media")}
    return (
        re.compile(before, re.IGNORECASE),
        re.compile(rf"(?:[\s,]+(?:{ends['closers']}))+$", re.IGNORECASE),
        re.compile(rf"\s+(?:{ends['media']})$", re.IGNORECASE),
    )


def _longest(words: Iterable[str]) -> Iterator[str]:
    """The longest first, so that "find me" is not taken for "find"."""
    return iter(sorted(words, key=len, reverse=True))


def _asked_for(text: str, patterns: tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]) -> str:
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
