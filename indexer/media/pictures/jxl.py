"""Decode JPEG XL with libjxl (pylibjxl)."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, BinaryIO

import brotli
import numpy as np
import pylibjxl
from PIL import Image

from indexer.media.boxes import boxes
from indexer.media.pictures.errors import decoder_errors
from indexer.media.pictures.exif import header, loaded
from indexer.media.pictures.scaling import as_picture, check_size, file_size, shrink
from indexer.media.types import Metadata, Picture
from indexer.media.words.pictures import words_of_parts

_DAMAGED = "the JPEG XL is damaged or cut short, says libjxl"
_LONGEST_BOX = 1 << 20
_MOST_BOXES = 256


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the header; the pixels are not decoded. Errors as ``read``."""
    with decoder_errors(_DAMAGED):
        file.seek(0)
        return _metadata(file, pylibjxl.probe(file.read()))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    libjxl turns it upright; of an animation it gives the first frame.

    Raises:
        DecodeError: damaged.
        TooLargeError: it is too large.
        UnreadableError: input/output error.
    """
    with decoder_errors(_DAMAGED):
        file.seek(0)
        data = file.read()
        found = pylibjxl.probe(data)
        check_size(found["width"], found["height"], max_megapixels, file_size(file))
        pixels, said = pylibjxl.decode(data, metadata=True)
        image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1:] == (1,) else pixels))
        if "icc" in said:
            image.info["icc_profile"] = said["icc"]
        return _metadata(file, found), as_picture(shrink(image, min_side), None)


def _metadata(file: BinaryIO, said: dict[str, Any]) -> Metadata:
    exif, packet = Image.Exif(), None
    for kind, content in _boxes(file):
        if kind == b"xml ":
            packet = packet or content
        elif kind == b"Exif":
            exif = loaded(content[4 + int.from_bytes(content[:4], "big") :])
    return header((said["width"], said["height"]), exif, words=words_of_parts(exif, packet))


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The boxes of EXIF and XMP in a container (ISO/IEC 18181-2); a bare code stream has none."""
    end = file_size(file)
    file.seek(0)
    if file.read(8)[4:] != b"JXL ":
        return
    for kind, begin, after in islice(boxes(file, 0, end), _MOST_BOXES):
        if kind in (b"Exif", b"xml ", b"brob") and after - begin <= _LONGEST_BOX:
            file.seek(begin)
            content = file.read(after - begin)
            yield (content[:4], _unpacked(content[4:])) if kind == b"brob" else (kind, content)


def _unpacked(content: bytes) -> bytes:
    try:
        return bytes(brotli.Decompressor().process(content, output_buffer_limit=_LONGEST_BOX))
    except brotli.error:  # damaged: what is in it is a bonus
        return b""
