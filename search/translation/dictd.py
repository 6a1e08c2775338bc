"""The dictd format (RFC 2229's server): dictionaries such as FreeDict's, an index and a compressed text.

Each line of the index has a headword, and where its article stands in the text, in digits of base 64.
"""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_ABOUT_ITSELF = "00"
"""With which headwords begin that say something of the dictionary."""
_MOST_BYTES = 500_000_000
"""Of a text: the largest that there is has a tenth of it, and a damaged one may promise anything."""

_BETWEEN = "\0"
_BETWEEN_SENSES = re.compile(r"^\s*\d+\.|[,;|]")
_PRONOUNCED = re.compile(r"/[^/\n\0]*/")
_REMARK = re.compile(r"<[^<>\0]*>|\[[^\[\]\0]*\]|\([^()\0]*\)|\{[^{}\0]*\}")
_NO_SENSE = re.compile(r"\s*(?:(?:see|synonyms?|antonyms?|note|cf)\b|- |\")|\s{5}", re.IGNORECASE)


class DamagedDictionary(Exception):  # noqa: N818
    """A dictionary is damaged, or is none of this format. Stays inside this package."""


def text_of(index: Path) -> Path:
    """The file of the text that an index leads into."""
    return index.with_suffix(".dict.dz")


def articles(index: Path) -> Iterator[tuple[str, list[str]]]:
    """The headwords of a dictionary by the path of its index, each with what stands for it, the usual first.

    Raises:
        DamagedDictionary: see there.
    """
    places, text = _read(index)
    # Patterns go over all of it at once, several times as fast as over each.
    texts = (text[start : start + length].decode("utf-8", "replace") for start, length in places)
    for article in _plain(_BETWEEN.join(texts)).split(_BETWEEN):
        head, _, body = article.strip().partition("\n")
        senses = list(_senses(body))
        for headword in head.split(",") if senses else ():
            if headword.strip():
                yield headword.strip(), senses


def problem_of(index: Path) -> DamagedDictionary | None:
    """What is wrong with a dictionary; None where all is well."""
    try:
        _read(index)
    except DamagedDictionary as exc:
        return exc
    return None


def _read(index: Path) -> tuple[list[tuple[int, int]], bytes]:
    try:
        places = sorted(set(_places(index.read_text(encoding="utf-8"))))
        with gzip.open(text_of(index), "rb") as file:
            text = file.read(_MOST_BYTES)
    except (OSError, EOFError, zlib.error, ValueError, KeyError) as exc:
        raise DamagedDictionary(f"the dictionary {index.stem} cannot be read: {exc}") from exc
    if not places or sum(places[-1]) > len(text):
        raise DamagedDictionary(f"the dictionary {index.stem} is not whole")
    return places, text


def _places(index: str) -> Iterator[tuple[int, int]]:
    for line in index.splitlines():
        headword, start, length = line.split("\t")[:3]
        if not headword.startswith(_ABOUT_ITSELF):
            yield _number(start), _number(length)


def _number(digits: str) -> int:
    value = 0
    for digit in digits:
        value = 64 * value + _VALUES[digit]
    return value


def _senses(body: str) -> Iterator[str]:
    """The words that an article has for its headword, without examples and references."""
    for line in body.split("\n"):
        if not _NO_SENSE.match(line):
            for sense in _BETWEEN_SENSES.split(line):
                if plain := sense.strip(" .-"):
                    yield plain


def _plain(text: str) -> str:
    """It without remarks, which may stand in others, and without how it is spoken."""
    return _REMARK.sub("", _REMARK.sub("", _PRONOUNCED.sub("", text)))
