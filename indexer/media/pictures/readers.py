"""The table of readers of pictures, and which are tried for a file, by its first bytes and its suffix.

Each reader is a module, or an object in one, with two functions: ``probe`` and ``read``.
"""

import importlib
from collections.abc import Iterator
from typing import BinaryIO, Protocol, cast

from db.errors import DecodeError
from indexer.media.formats import RAW_SUFFIXES, VECTOR_SUFFIXES, Signature
from indexer.media.types import Metadata, Picture


class Reader(Protocol):
    """Reads the header or the pixels of a picture from an open file."""

    def probe(self, file: BinaryIO) -> Metadata:
        """Metadata of the header."""

    def read(self, file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
        """Metadata and the pixels, see ``indexer.media.reader.read_image``."""


# In the package; a reader is imported when it is first needed, for each brings a large library.
_READERS = {
    "pictures": ("pillow", "PICTURES"),
    "targa": ("pillow", "TARGA"),
    "raw": ("libraw", None),
    "preview": ("preview", None),
    "tiff": ("tiff", None),
    "jpeg xl": ("jxl", None),
    "svg": ("svg", None),
    "icon": ("icon", None),
    "avif": ("avif", None),
}


def readers(content: Signature, head: bytes, suffix: str) -> Iterator[Reader]:
    """The readers for a file, the likeliest first; the next one is for what the one before cannot read."""
    for name in _names(content, head, suffix.lower()):
        module, attribute = _READERS[name]
        try:
            found = importlib.import_module(f"{__package__}.{module}")
        except ModuleNotFoundError as exc:  # some have no package for some machines
            raise DecodeError(f"it cannot be read here: the package {exc.name} is missing") from exc
        yield cast(Reader, getattr(found, attribute) if attribute else found)


def _names(content: Signature, head: bytes, suffix: str) -> tuple[str, ...]:
    is_named_raw = suffix in RAW_SUFFIXES
    if content == "tiff":
        # Most photographs of cameras begin as a TIFF does.
        return ("raw", "pictures", "tiff", "preview") if is_named_raw else ("pictures", "raw", "tiff")
    if content == "raw" or (is_named_raw and content == "unknown"):
        return ("raw", "preview")
    if content in ("jpeg xl", "icon"):
        return (content,)
    if content == "unknown" and suffix in VECTOR_SUFFIXES:
        return ("svg",)
    if content == "unknown" and suffix == ".tga":
        return ("targa",)
    return ("pictures", "avif") if head[8:12] in (b"avif", b"avis") else ("pictures",)
