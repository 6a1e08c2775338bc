"""Numbers and codes in a question, such as IMG_2034: words to search, which no picture looks like."""

import re
from collections.abc import Sequence

from search.answer import Note
from search.translation.english import WORD
from search.understanding.asked import Asked, Finding, Known, listed, quoted

_CAPITALS = re.compile(r"[A-Z]{1,4}")
_DIGITS = re.compile(r"\d")
_EVERYDAY = re.compile(
    r"\d{1,3}(?:st|nd|rd|th)|(?:19|20)\d\d|(?:\d\d)?\d0'?s|\d{1,4}x\d{1,4}|\d{1,2}:\d\d(?:am|pm)?|\d{1,2}(?:am|pm)|"
    r"\d{1,3}(?:[.,]\d+)?|[a-z]{1,6}-?\d{1,2}(?:[a-z]{1,3}\d?)?|\d+(?:[.,]\d+)?(?:km|cm|mm|m|kg|g|l|ml|mb|gb|k|d|p|mp|fps|°|%|€|\$)|[$€£]\d+(?:[.,]\d+)?|mp[34]|[a-z]{2,}:[^/]*|\d+(?:/\d+)+|\d+-year-old",
    re.IGNORECASE,
)
"""Numbers as they stand in descriptions: 1st, 2019, 90s, 4x4, 5km, ps5, h2o, covid-19, from:2019."""
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d+)?")
_ENDS = " .,;:!?()[]\"'"
_LEAST = 4


def is_code(text: str) -> bool:
    """Whether a text is nothing but a number or code: 4711, IMG_2034, AB12-3345, DE89 3704 0044."""
    tokens = [token.strip(_ENDS) for token in text.split()]
    # Scripts without spaces put numbers among words.
    is_coded = text.isascii() and _DIGITS.search(text)
    if not is_coded or all(_is_everyday(it) for it in tokens):
        return False
    return all(_DIGITS.search(it) or _CAPITALS.fullmatch(it) for it in tokens if it)


def read(asked: Asked, _known: Known) -> Sequence[Finding]:
    """A note on the text that is a code, or on the codes in it."""
    if is_whole := is_code(asked.thing):
        codes = [asked.thing.strip(_ENDS)]
    else:
        codes = [
            token for token in (it.strip(_ENDS) for it in asked.thing.split()) if _is_code_among_words(token)
        ]
    if not codes:
        return ()
    says = (
        f"{listed(map(quoted, codes), 'and')} was searched as a word: "
        "what pictures look like says nothing of numbers and codes."
    )
    return [
        Finding(
            "no" if is_whole else "partly",
            Note("code", says),
            tuple(word for code in codes for word in WORD.findall(code)),
        )
    ]


def _is_everyday(token: str) -> bool:
    return bool(_EVERYDAY.fullmatch(token)) and not _NUMBER.fullmatch(token)


def _is_code_among_words(token: str) -> bool:
    is_long = len(re.findall(r"[^\W_]", token)) >= _LEAST
    return is_long and token.isascii() and bool(_DIGITS.search(token)) and not _EVERYDAY.fullmatch(token)
