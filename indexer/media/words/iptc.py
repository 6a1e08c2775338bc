"""What people wrote in IPTC IIM, the newspapers' metadata of 1990, in whatever characters that is."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from PIL import Image, IptcImagePlugin

from indexer.media.dates import of_iso
from indexer.media.types import Word, WordKey
from indexer.media.words.clean import decoded

_FIELDS: Mapping[int, WordKey] = {
    5: "title",
    105: "title",
    120: "description",
    25: "keyword",
    92: "location",
    90: "city",
    95: "state",
    101: "country",
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
    if (taken_at := _taken_at(*(_first(block, dataset) for dataset in _CREATED))) is not None:
        yield Word("taken_at", taken_at, "iptc")


_CREATED = (55, 60)
"""Datasets of the day and of the time of day at which something was made."""


def _taken_at(day: str, time: str) -> datetime | None:
    """The moment of a day, ``20230714``, and a time with its offset, ``180500+0200``; the day alone else."""
    return of_iso(f"{day}T{time}") or of_iso(day)


def _first(block: Mapping[tuple[int, int], object], dataset: int) -> str:
    return b"".join(_all(block.get((2, dataset)))[:1]).decode("ascii", "replace").strip("\0 ")


def _all(stored: object) -> list[bytes]:
    values = stored if isinstance(stored, list) else [stored]
    return [value for value in values if isinstance(value, bytes)]
