"""Emoji in a question: their names are asked for, since models have rarely seen the signs in captions."""

import re
from collections.abc import Sequence

from search.answer import Note
from search.translation.english import WORD
from search.understanding.asked import Asked, Finding, Known, quoted

_MAY_BE = re.compile("[\u203c-\u3299\U0001f000-\U0001faff]")
"""Where emoji are among the characters: a text without one of these needs no look into their table."""
_SKIN_TONE = re.compile(
    r"_(?:medium-)?(?:light|medium|dark)_skin_tone|_(?:medium-light|medium-dark)_skin_tone"
)


def spelled_out(text: str) -> str:
    """The text with its emoji by name where it is made of them, "dog face" for 🐶; without them beside words.

    Beside words they are ornament, and the name of a smile finds smiles.
    """
    found = _emoji_in(text)
    if not found:
        return text
    beside = bool(WORD.search(_replaced(text, found, named=False)))
    return " ".join(_replaced(text, found, named=not beside).split())


def read(asked: Asked, _known: Known) -> Sequence[Finding]:
    """A note where nothing but emoji was asked."""
    found = _emoji_in(asked.thing)
    if not found or WORD.search(_replaced(asked.thing, found, named=False)):
        return ()
    name = spelled_out(asked.thing)
    return [
        Finding(
            "partly",
            Note("emoji", f"{quoted(asked.thing)} was read as {quoted(name)}.", (asked.saying(name),)),
        )
    ]


def _emoji_in(text: str) -> list[tuple[int, int, str]]:
    """Start, end and name of each emoji."""
    if not _MAY_BE.search(text):
        return []
    import emoji

    return [
        (found["match_start"], found["match_end"], _name(emoji.demojize(found["emoji"], delimiters=("", ""))))
        for found in emoji.emoji_list(text)
    ]


def _name(slug: str) -> str:
    return _SKIN_TONE.sub("", slug).replace("_", " ")


def _replaced(text: str, found: Sequence[tuple[int, int, str]], *, named: bool) -> str:
    for start, end, name in reversed(found):
        text = f"{text[:start]} {name if named else ''} {text[end:]}"
    return text
