"""Which writing systems the builtin reader knows, and what Tesseract reads of the others.

The builtin reader finds lines of any script, and reads letters that it does not know as others: surely where
they look alike ("MOCKBA"), but mostly unsurely, or it leaves some out. So what it says is only believed where
it is sure, or where the rest of the picture speaks for it. Pure functions: neither a model nor a program is
needed.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import regex

from indexer.ocr.lines import Line, Reading


@dataclass(frozen=True)
class Script:
    """A writing system that the builtin reader does not know.

    Args:
        name: in Unicode, and of Tesseract's model of all languages that are written in it.
        languages: Tesseract's models of these languages.
        apart: whether Tesseract reads its signs apart, so that only their distance tells words.
        alike: Latin letters that some of its letters look like.
    """

    name: str
    languages: tuple[str, ...]
    apart: bool = False
    alike: frozenset[str] = frozenset()

    def letters(self, text: str) -> int:
        """How many letters of it a text has, with the marks on them."""
        return len(regex.findall(rf"[\p{{Script={self.name}}}&&[\p{{L}}\p{{M}}]]", text, regex.V1))


SCRIPTS = (
    Script(
        "Cyrillic",
        ("rus", "ukr", "bul", "srp", "bel", "mkd", "kaz", "kir", "mon", "tgk", "tat"),
        alike=frozenset("ABCEHKMOPTXYaceopxy"),
    ),
    Script("Greek", ("ell", "grc"), alike=frozenset("ABEHIKMNOPTXYZo")),
    Script("Arabic", ("ara", "fas", "urd", "pus", "uig", "snd")),
    Script("Hebrew", ("heb", "yid")),
    Script("Thai", ("tha",), apart=True),
    Script("Devanagari", ("hin", "mar", "nep", "san")),
    Script("Hangul", ("kor",), apart=True),
)

_TOGETHER = 2
"""So many models of languages are tried for one script."""
_CERTAIN = 0.97
"""Confidence of most lines in scripts that the builtin reader knows …"""
_SURE = 0.9
"""… and of nearly all; hardly any line of another script has it."""
_LIKELY = 0.8
"""Less is believed of no line."""
_LETTERS = 0.9
"""A line has so many letters for each time that it is longer than high: else some were not read."""
_LINE = 1.5
"""How much longer than high a box is that speaks of a line."""
_LONGEST = 20.0
_SHARE = 0.1
"""Of a picture: fewer lines are not worth a try with other scripts …"""
_TRIED = 1.3
_TRIED_HEIGHT = 12.0
"""… nor are boxes that are shorter, or lower in pixels."""
_READ = 0.85
"""Confidence of lines that Tesseract has read in their script, nearly always …"""
_READ_BESIDE = 0.7
"""… and of further ones, where that script is in the picture."""
_OWN = 0.6
"""The share of their letters that is of the script."""
_OWN_LETTERS = 0.8

_GREEK = regex.compile(r"\p{L}*\p{Greek}\p{L}*")


def available(models: Collection[str]) -> dict[Script, tuple[str, ...]]:
    """The scripts that Tesseract can read with these models, and with which of them.

    Those of languages are smaller and faster, but each of them is tried: where there are more than a few, it
    is that of the script, or the first ones.
    """
    found: dict[Script, tuple[str, ...]] = {}
    for script in SCRIPTS:
        own = [name for name in models if name.removeprefix("script/") == script.name]
        names = [name for name in script.languages if name in models]
        if own and (not names or len(names) > _TOGETHER):
            names = own
        if names:
            found[script] = tuple(names[:_TOGETHER])
    return found


def to_try(reading: Reading, here: Collection[Script] = ()) -> list[Line]:
    """The lines of a picture that may be of another script, longest first.

    ``here``: scripts that were found in it; then only what is certain, and cannot be of them, is left out.
    """
    certain = [line for line in reading.lines if _is_sure(line, _CERTAIN) and not _is_alike(line, here)]
    others = [line for line in reading.lines if not _is_sure(line, _CERTAIN) or _is_alike(line, here)]
    if not here and extent(certain) > extent(others):
        others = [line for line in others if not _is_sure(line)]
    lines = [line for line in others + reading.doubtful if _is_large(line)]
    if not here and extent(lines) < _SHARE * extent(reading.lines):
        return []
    return sorted(lines, key=length, reverse=True)


def believed(lines: Iterable[Line], others: Iterable[Line]) -> list[Line]:
    """What is to be believed of lines of the builtin reader beside ``others``, which it does not know.

    Most of a picture tells: where that is unknown, so is what is not sure, and what looks alike.
    """
    lines = list(lines)
    known = [line for line in lines if _is_sure(line)]
    unknown = [line for line in lines if not _is_likely(line)]
    unknown += [line for line in others if length(line) > _LINE]
    if extent(known) >= extent(unknown):
        return [line for line in lines if _is_likely(line)]
    return [line for line in known if not _is_alike(line, SCRIPTS)]


def extent(lines: Iterable[Line]) -> float:
    """How much text lines are, by their length; one that is very long is not worth a page."""
    return sum(min(_LONGEST, length(line)) for line in lines)


def is_of(script: Script, line: Line, *, beside: bool = False) -> bool:
    """Whether a line of Tesseract is one of that script: its models read others as theirs, too, but badly.

    ``beside``: that script was found in the picture.
    """
    own = script.letters(line.text)
    letters = len(regex.findall(r"[\p{L}\p{M}\p{N}]", line.text))
    sure = line.confidence >= (_READ_BESIDE if beside else _READ)
    return sure and own >= 2 and own >= _OWN * letters and own >= _OWN_LETTERS * length(line)


def length(line: Line) -> float:
    """How much longer than high it is."""
    return float(np.linalg.norm(line.corners[1] - line.corners[0])) / max(1.0, _height(line))


def _height(line: Line) -> float:
    return float(np.linalg.norm(line.corners[3] - line.corners[0]))


def _is_large(line: Line) -> bool:
    return length(line) >= _TRIED and _height(line) >= _TRIED_HEIGHT


def _is_alike(line: Line, scripts: Iterable[Script]) -> bool:
    """Whether every letter of a line could be one of the same script."""
    letters = [letter for letter in line.text if letter.isalpha()]
    return any(all(letter in script.alike for letter in letters) for script in scripts)


def _is_sure(line: Line, confidence: float = _SURE) -> bool:
    return line.confidence >= confidence and _is_likely(line)


def _is_likely(line: Line) -> bool:
    """Whether all of it seems to be read. Of Greek only what looks like Latin, or has no accents, is.

    Numbers are the same in most scripts.
    """
    greek = any(len(word) > 1 for word in _GREEK.findall(line.text))
    signs = sum(not letter.isspace() for letter in line.text)
    whole = signs >= _LETTERS * length(line) or line.text.strip().isdecimal()
    return line.confidence >= _LIKELY and whole and not greek
