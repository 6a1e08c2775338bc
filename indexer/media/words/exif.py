"""What people wrote in EXIF: descriptions, comments, and the fields of Windows' file properties."""

from collections.abc import Callable, Iterator, Sequence

from PIL import ExifTags, Image

from indexer.media.types import Word, WordKey
from indexer.media.words.clean import decoded, keywords
from indexer.media.words.xmp import stars_of_percent

_CHARSETS = {b"ASCII\0\0\0": "", b"UNICODE\0": "utf-16", b"JIS\0\0\0\0\0": "iso2022_jp", b"\0" * 8: ""}
"""How EXIF says in which characters a comment is written; empty where it does not say."""


def words_of(exif: Image.Exif) -> Iterator[Word]:
    """What the main and the detailed directory of EXIF say."""
    details = exif.get_ifd(ExifTags.IFD.Exif)
    for tag, key, read in _TEXTS:
        stored = exif.get(tag, details.get(tag))
        if (text := read(stored)) is not None:
            yield from (Word(key, part, "exif") for part in (keywords(text) if key == "keyword" else [text]))
    stars = exif.get(_RATING)
    stars = stars_of_percent(exif.get(_PER_CENT)) if not isinstance(stars, int) else stars
    if isinstance(stars, int):
        yield Word("rating", max(-1, min(5, stars)), "exif")


def _text(stored: object) -> str | None:
    """A text of EXIF, which Pillow reads as Latin-1 whatever the program wrote."""
    if not isinstance(stored, str):
        return None
    try:
        return decoded(stored.encode("latin-1"))
    except UnicodeEncodeError:
        return stored


def _comment(stored: object) -> str | None:
    """The user's comment: eight bytes name its characters, which not all programs heed."""
    if not isinstance(stored, bytes):
        return _text(stored)
    charset = _CHARSETS.get(stored[:8])
    if charset is None:
        return decoded(stored)
    return _utf16(stored[8:]) if charset == "utf-16" else decoded(stored[8:], charset)


def _windows(stored: object) -> str | None:
    """A text of Windows: UTF-16 in bytes."""
    if isinstance(stored, tuple) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in stored):
        stored = bytes(stored)
    return stored.decode("utf-16-le", "replace").rstrip("\0") if isinstance(stored, bytes) else None


def _utf16(data: bytes) -> str:
    """UTF-16 of unknown byte order: that in which more of it are plain letters."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    texts = [data.decode(order, "replace") for order in ("utf-16-le", "utf-16-be")]
    return max(texts, key=lambda text: sum(char < "\u0250" for char in text)).rstrip("\0")


_RATING, _PER_CENT = 0x4746, 0x4749
_TEXTS: Sequence[tuple[int, WordKey, Callable[[object], str | None]]] = (
    (ExifTags.Base.XPTitle, "title", _windows),
    (ExifTags.Base.ImageDescription, "description", _text),
    (ExifTags.Base.UserComment, "description", _comment),
    (ExifTags.Base.XPComment, "description", _windows),
    (ExifTags.Base.XPSubject, "description", _windows),
    (ExifTags.Base.XPKeywords, "keyword", _windows),
)
