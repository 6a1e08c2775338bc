"""Conditions on files: ``name:``, ``ext:``, ``size:``, ``duration:``."""

import re
from collections.abc import Callable

from db.catalog.filters import FactRule, Op, Rule
from search.query.conditions.table import Condition, Context

_SAME = ("jpg jpeg jpe jfif", "tif tiff", "heic heif hif", "mpg mpeg", "aif aiff", "htm html", "mid midi")
"""Extensions of one format."""

_BYTES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(?:([kmgt]?)(i?)b|([kmgt])|bytes?)", re.I)

_SECONDS = {"s": 1, "m": 60, "h": 3600}
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2})")
_LENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h)(?:ec(?:ond)?s?|in(?:ute)?s?|(?:ou)?rs?)?", re.I)

_COMPARED = re.compile(r"(>=|<=|>|<|≥|≤)\s*(.+)")
_OPS: dict[str, Op] = {"≥": ">=", "≤": "<=", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}


def _size(text: str) -> float | None:
    """Bytes of ``10MB``, ``10 MiB`` or ``500 bytes``."""
    if (match := _SIZE.fullmatch(text)) is None:
        return None
    unit = (match[2] or match[4] or "").lower()
    return float(match[1]) * (_BINARY if match[3] else _BYTES)[unit]


def _seconds(text: str) -> float | None:
    """Seconds of ``90s``, ``2 min``, ``1.5h``, ``1:30`` or ``1:02:03``."""
    if clock := _CLOCK.fullmatch(text):
        return 3600 * int(clock[1] or 0) + 60 * int(clock[2]) + int(clock[3])
    if (match := _LENGTH.fullmatch(text)) is None:
        return None
    return float(match[1]) * _SECONDS[match[2].lower()]


def _compared(key: str, amount: Callable[[str], float | None], valid: str) -> Callable[[str, Context], Rule]:
    """A rule on an amount: above or below one, or from one to another, either of which may be missing."""

    def known(text: str) -> float:
        if (found := amount(text.strip())) is None:
            raise ValueError(valid)
        return found

    def rule(value: str, _context: Context) -> Rule:
        if match := _COMPARED.fullmatch(value.strip()):
            return FactRule(key, _OPS[match[1]], known(match[2]))
        first, dots, last = value.replace("…", "..").partition("..")
        if not dots or not value.strip(" ."):
            raise ValueError(valid)
        bounds = (known(first) if first.strip() else None, known(last) if last.strip() else None)
        return FactRule(key, "between", bounds)

    return rule


def _extension(value: str, _context: Context) -> Rule:
    name = value.lower().removeprefix("*").removeprefix(".")
    if not re.fullmatch(r"\w+", name):
        raise ValueError("an extension is written ext:heic")
    same = next((names.split() for names in _SAME if name in names.split()), [name])
    return FactRule("name", "matches", tuple(f"*.{other}" for other in same))


CONDITIONS = (
    Condition(
        "name",
        "by the file's name",
        ("name:*.jpg",),
        lambda value, _context: FactRule("name", "matches", value),
        also=("file", "filename"),
    ),
    Condition(
        "ext",
        "by the end of its name",
        ("ext:heic",),
        _extension,
        also=("format", "filetype", "extension", "suffix"),
    ),
    Condition(
        "size",
        "larger or smaller files",
        ("size:>10MB", "size:1MB..5MB"),
        _compared("bytes", _size, "a size is written size:>10MB, size:<500kB, or size:1MB..5MB"),
        words=3,
        also=("filesize",),
    ),
    Condition(
        "duration",
        "longer or shorter films and recordings",
        ("duration:<1m", "duration:>1:30"),
        _compared(
            "duration_s",
            _seconds,
            "a duration is written duration:<1m, duration:>1:30, or duration:10s..2min",
        ),
        words=3,
        also=("length",),
    ),
)
