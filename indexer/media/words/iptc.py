"""What people wrote in IPTC IIM, the newspapers' metadata of 1990, in whatever characters that is."""

from collections.abc import Iterator, Mapping

from PIL import Image, IptcImagePlugin

from indexer.media.types import Word, WordKey
from indexer.media.words.clean import decoded

_FIELDS: Mapping[int, WordKey] = {
    5: "title",
    105: "title",
    120: "description",
    25: "keyword",
    92: "location",
    90: "location",
    95: "location",
    101: "location",
}
"""Datasets of record 2: object name, headline, caption, keywords, sublocation, city, state and country."""

_CHARSETS = {b"\x1b%G": "utf-8", b"\x1b-A": "latin-1", b"\x1b.A": "latin-1"}
"""Escape sequences of ISO 2022 in dataset 1:90, which few programs wrote before they all wrote UTF-8."""


def words_of(image: Image.Image) -> Iterator[Word]:
    """What the IPTC block of a JPEG or TIFF says."""
    block = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]
    charset = _CHARSETS.get(b"".join(_all(block.get((1, 90)))).strip(), "")
    for dataset, key in _FIELDS.items():
        for value in _all(block.get((2, dataset))):
            yield Word(key, decoded(value, charset), "iptc")


def _all(stored: object) -> list[bytes]:
    values = stored if isinstance(stored, list) else [stored]
    return [value for value in values if isinstance(value, bytes)]
