"""Texts in PNG files, which may stand behind the pixels: chunk by chunk, without decoding any."""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from PIL.PngImagePlugin import PngStream

from indexer.media.types import Word, WordKey
from indexer.media.words.clean import keywords

log = logging.getLogger(__name__)

_TEXT = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_KEYS: Mapping[str, WordKey] = {
    "title": "title",
    "description": "description",
    "comment": "description",
    "keywords": "keyword",
}
"""The keywords that the standard registers for what people write, and that digiKam and others add to them."""


@dataclass(frozen=True)
class Chunks:
    """What the chunks of a PNG say, those behind the pixels included: ``texts`` by their keywords."""

    texts: Mapping[str, str]
    xmp: object
    exif: bytes | None


def chunks(file: BinaryIO) -> Chunks:
    """The chunks of text of a PNG, as far as it is sound. The file's position is kept."""
    before = file.tell()
    file.seek(8)
    try:
        with PngStream(file) as stream:
            _walk(file, stream)
            info = stream.im_info
            exif = info.get("exif")
            texts = {str(key): str(value) for key, value in stream.im_text.items()}
            return Chunks(texts, info.get("xmp"), exif if isinstance(exif, bytes) else None)
    finally:
        file.seek(before)


def _walk(file: BinaryIO, stream: PngStream) -> None:
    # Damaged or bombed chunks make Pillow raise almost anything: what came before counts.
    try:
        while True:
            name, at, length = stream.read()
            if name == b"IEND":
                return
            if name in _TEXT:
                stream.crc(name, stream.call(name, at, length))
            else:
                file.seek(length + 4, os.SEEK_CUR)
    except Exception:
        log.debug("damaged chunks of a PNG", exc_info=True)


def words_of(texts: Mapping[str, str]) -> Iterator[Word]:
    """What people wrote in the texts of a PNG."""
    for name, text in texts.items():
        if (key := _KEYS.get(name.casefold())) is not None:
            yield from (Word(key, part, "tags") for part in (keywords(text) if key == "keyword" else [text]))
