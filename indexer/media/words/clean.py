"""Texts as programs store them, made fit to be read and found: sizes, characters, what nobody wrote."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import replace

from indexer.media.types import Word

MOST_WORDS = 2_000
"""Of one source: no person writes more keywords or chapters."""
LONGEST = 20_000
"""Characters of a text; what is beyond is cut."""

_LONGEST_TAG = 200

# What cameras, phones and programs write where people would: nobody looks for it.
_PROGRAMS = (
    "adobe apple canva ffmpeg gimp handbrake imagemagick inkscape itunes krita lame lavf libvips matlab "
    "microsoft nero paint photoshop picasa snapseed vsco windows"
).split()
_CAMERAS = "olympus minolta konica kodak pentax samsung sanyo vivitar casio hp dc".split()
_NOBODYS = re.compile(
    "|".join(
        (
            rf"({'|'.join(_CAMERAS)})?\s*digital (still )?camera",
            r"sony dsc",
            r"exif[ _-]?jpeg[ _-]?(picture|image|\d*)",
            r"default([ _](image|picture))?",
            r"dcim\W.*",
            r"screen ?shot",
            r"untitled|unknown|none|null|n/a",
            rf"\w+ (with|by|using) (the )?({'|'.join(_PROGRAMS)}).*",
            rf"(creator: gd-jpeg|file written|{'|'.join(_PROGRAMS)})\b.*|lav[fc]\d.*|\w*handler",
            r"charset=\w+|ascii|unicode|jis",
            r"cover( \((front|back)\))?",
            # Records of a program, names by a counter, long numbers, punctuation alone.
            r"\{.*\}|(\s*\w+\s*[:=]\s*-?[\d.]+\s*;){2,}.*",
            r"[a-z]+_\d+|[\d\s]{5,}|[\s!-/:-@\[-`{-~]*",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)


def text(value: object) -> str | None:
    """A text without what cannot be seen, or None where nothing is left that a person wrote."""
    if not isinstance(value, str):
        return None
    lines = unicodedata.normalize("NFC", value[:LONGEST]).splitlines()
    kept = "\n".join(" ".join(filter(None, map(_visible, line.split()))) for line in lines).strip()
    return None if _NOBODYS.fullmatch(kept) else kept


def _visible(word: str) -> str:
    # A joiner of emojis is no printable character, but part of them.
    return "".join(char for char in word if char.isprintable() or char == "\u200d")


def tag(value: object) -> str | None:
    """A keyword with its levels, however these are parted: ``Places|France`` is ``Places/France``."""
    if not isinstance(value, str):
        return None
    plain = unicodedata.normalize("NFC", value[:LONGEST])
    parts = (" ".join(map(_visible, part.split())) for part in re.split(r"[|/\\]", plain))
    return "/".join(part for part in parts if part)[:_LONGEST_TAG] or None


def keywords(text: str) -> list[str]:
    """Keywords that a program has written as one text: with semicolons between them, or else commas."""
    return re.split(r"[;\0\n]" if re.search(r"[;\0\n]", text) else ",", text)


_LETTERS = frozenset("äöüßéèêëàâçñóòôíìîïúùûáãõåøæœý")
"""Letters beyond ASCII that texts in old encodings are mostly about."""


def decoded(data: bytes, charset: str = "") -> str:
    """The text of bytes in a known charset, or else in UTF-8, or else as Windows or an old Mac wrote it.

    Which of these two is told by the letters: what is an é in one is a sign or a capital in the other.
    """
    data = data.rstrip(b"\0")
    for known in (charset, "utf-8"):
        try:
            if known:
                return data.decode(known)
        except UnicodeDecodeError:
            continue
    windows, mac = (data.decode(known, "replace") for known in ("cp1252", "mac_roman"))
    return mac if _plausible(mac) > _plausible(windows) else windows


def _plausible(text: str) -> int:
    return sum(2 * (char in _LETTERS) or (char.lower() in _LETTERS) for char in text)


def cleaned(words: Iterable[Word]) -> Iterator[Word]:
    """The words that people wrote among these, each once and ``MOST_WORDS`` at most."""
    seen: set[Word] = set()
    for word in words:
        if len(seen) == MOST_WORDS:
            return
        if isinstance(word.value, str) and word.key not in ("label", "pick"):
            value = tag(word.value) if word.key == "keyword" else text(word.value)
            if value is None:
                continue
            word = replace(word, value=value)
        if word not in seen:
            seen.add(word)
            yield word
