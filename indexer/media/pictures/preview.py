"""The largest JPEG in a RAW photograph, for one that is damaged or of a camera that LibRaw does not know."""

import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image

from indexer.media.pictures.exif import header, turn_of
from indexer.media.pictures.libraw import head_exif
from indexer.media.pictures.scaling import as_picture, check_size, shrink
from indexer.media.types import Metadata, Picture, UnknownFormatError
from indexer.media.words import pictures

NOTE = "the photograph itself cannot be developed: the preview that the camera put into it is shown"

_START = re.compile(rb"\xff\xd8\xff[\xc0-\xfe]")
_MOST = 64
_HEADER_BYTES = 1 << 17


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the largest preview, and of the photograph as far as it is TIFF. Errors as ``read``."""
    for preview in _previews(file):
        return _metadata(file, preview)
    raise UnknownFormatError("there is no preview in it")


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    Raises:
        UnknownFormatError: there is no preview.
        TooLargeError: it is too large.
    """
    for preview in _previews(file):
        check_size(*preview.size, max_megapixels)
        metadata, turn = _metadata(file, preview), turn_of(_exif(file, preview))
        try:
            return metadata, as_picture(shrink(preview, min_side), turn)
        except (OSError, SyntaxError, ValueError):  # no picture, or cut short: a smaller one may be whole
            continue
    raise UnknownFormatError("there is no preview in it")


def _previews(file: BinaryIO) -> Iterator[Image.Image]:
    """The JPEG pictures in a file, the largest first, not yet decoded."""
    file.seek(0)
    data = memoryview(file.read())
    found: list[tuple[int, int]] = []
    for match in _START.finditer(data):
        if len(found) == _MOST:
            break
        if (preview := _opened(data[match.start() :][:_HEADER_BYTES])) is not None:
            found.append((preview.width * preview.height, match.start()))
    for _, start in sorted(found, reverse=True):
        if (preview := _opened(data[start:])) is not None:
            yield preview


def _opened(data: memoryview) -> Image.Image | None:
    try:
        return Image.open(io.BytesIO(data), formats=("JPEG",))
    except (OSError, SyntaxError, ValueError):
        return None


def _exif(file: BinaryIO, preview: Image.Image) -> Image.Exif:
    head = head_exif(file)
    try:
        return head if len(head) else preview.getexif()
    except Exception:  # damaged: EXIF is a bonus
        return head


def _metadata(file: BinaryIO, preview: Image.Image) -> Metadata:
    exif = _exif(file, preview)
    return header(preview.size, exif, turn=turn_of(exif), words=pictures.words_of_raw(exif), note=NOTE)
