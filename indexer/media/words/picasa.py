"""Names of faces in ``.picasa.ini``, which Picasa keeps in each folder for all pictures in it.

A section of a picture has ``faces=rect64(3f845bcb59418507),8e62398ebda8c1a5;…``: left, top, right and bottom
of a face, 16 bits each, and a contact, whose name stands in the section ``Contacts2``.
"""

import re
from collections.abc import Iterator
from configparser import Error, RawConfigParser
from functools import lru_cache
from pathlib import Path

from db.errors import DecodeError, UnreadableError
from indexer.media.types import Word
from indexer.media.words.clean import cleaned

NAMES = (".picasa.ini", "picasa.ini")
"""Of the file, in newer and older versions; in small letters."""
LARGEST = 16 << 20
"""Bytes: a folder of 10,000 pictures with two faces each has some two million."""

_CONTACTS = "contacts2", "contacts"
_FACE = re.compile(r"rect64\(([0-9a-f]{1,16})\),([0-9a-f]{1,16})", re.I)


def of_picture(ini: Path, name: str) -> list[Word]:
    """The people whom a file of Picasa names in the picture of that name beside it.

    Their places are those on the upright picture, as Picasa shows it.

    Raises:
        DecodeError: it is too large, or no such file.
        UnreadableError: it cannot be read now.
    """
    try:
        status = ini.stat()
        sections = _sections(ini, status.st_mtime_ns, status.st_size)
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    contacts: dict[str, str] = {}
    for title in reversed(_CONTACTS):
        contacts |= {key.lstrip("0"): text.partition(";")[0] for key, text in sections.get(title, {}).items()}
    return list(cleaned(_people(sections.get(name.casefold(), {}).get("faces", ""), contacts)))


def _people(faces: str, contacts: dict[str, str]) -> Iterator[Word]:
    for rectangle, contact in _FACE.findall(faces):
        name = contacts.get(contact.casefold().lstrip("0"), "").strip()
        sides = [int(rectangle.zfill(16)[at : at + 4], 16) / 0xFFFF for at in range(0, 16, 4)]
        left, top, right, bottom = sides
        if name and right > left and bottom > top:
            yield Word("person", name, "sidecar", region=(left, top, right - left, bottom - top))


@lru_cache(maxsize=2)  # all pictures of a folder ask for the same one
def _sections(ini: Path, _mtime_ns: int, _size: int) -> dict[str, dict[str, str]]:
    """The values of each section; names of sections and keys in small letters."""
    with ini.open("rb") as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise DecodeError(f"the file is larger than {LARGEST >> 20} MB")
    parser = RawConfigParser(
        delimiters=("=",), comment_prefixes=(), strict=False, allow_no_value=True, default_section=""
    )
    try:
        parser.read_string(data.decode("utf-8-sig", errors="replace"))
    except Error as exc:
        raise DecodeError(f"it is no file of Picasa: {type(exc).__name__}") from exc
    return {
        title.casefold(): {key: value or "" for key, value in parser.items(title)}
        for title in parser.sections()
    }
