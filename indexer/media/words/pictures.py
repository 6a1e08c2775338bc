"""What people wrote into a picture: EXIF, XMP, IPTC and the format's own texts, the most trusted first."""

import logging
from collections.abc import Callable, Iterable

from PIL import Image

from indexer.media.types import Word
from indexer.media.words import exif as exif_words
from indexer.media.words import iptc, png, xmp
from indexer.media.words.clean import cleaned, decoded

log = logging.getLogger(__name__)

_XMP_TAG = 700
"""XMP in a TIFF, which most RAW photographs are."""


def words_of(image: Image.Image, exif: Image.Exif, chunks: png.Chunks | None = None) -> tuple[Word, ...]:
    """The words of a picture that was opened but need not be decoded; ``chunks``: of a PNG."""
    packet = image.info.get("xmp") if chunks is None else chunks.xmp
    return _read(
        lambda: exif_words.words_of(exif),
        lambda: xmp.embedded(packet),
        lambda: iptc.words_of(image),
        lambda: [] if chunks is None else png.words_of(chunks.texts),
        lambda: _comment(image),
    )


def words_of_parts(exif: Image.Exif, packet: object) -> tuple[Word, ...]:
    """The words in EXIF and in an XMP packet."""
    return _read(lambda: exif_words.words_of(exif), lambda: xmp.embedded(packet))


def words_of_raw(exif: Image.Exif) -> tuple[Word, ...]:
    """The words in the first directory of a RAW photograph."""
    return words_of_parts(exif, exif.get(_XMP_TAG))


def _comment(image: Image.Image) -> list[Word]:
    """The comment of a JPEG or GIF file."""
    comment = image.info.get("comment")
    return [Word("description", decoded(comment), "tags")] if isinstance(comment, bytes) else []


def _read(*readers: Callable[[], Iterable[Word]]) -> tuple[Word, ...]:
    found: list[Word] = []
    for read in readers:
        # Damaged metadata makes Pillow raise almost anything, and must not cost the picture.
        try:
            found += read()
        except Exception:
            log.debug("damaged metadata is left out", exc_info=True)
    return tuple(cleaned(found))
