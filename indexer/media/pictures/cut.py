"""Pictures that are damaged or cut short: what of them can be decoded."""

import io
import logging
import math
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from typing import BinaryIO

from PIL import Image, ImageFile, TiffImagePlugin

from indexer.media.boxes import boxes
from indexer.media.pictures import directories
from indexer.media.pictures.scaling import file_size, shrink
from indexer.media.types import fit

log = logging.getLogger(__name__)

NOTE = "damaged or cut short: what could be decoded is shown"
_SHARES = (1.0, 0.95, 0.9, 0.8)
_MOST_MISSING = 8
"""How many times longer than what is there a file may be."""
_LARGEST = 1 << 29
_IS_ANIMATED = 2
_STRIP_HEIGHT, _STRIPS, _PLANES = 278, (273, 279), 284
_TILE_WIDTH, _TILE_HEIGHT, _TILES = 322, 323, 324
_JPEG = b"\xff\xd8\xff"
_END_OF_JPEG = b"\xff\xd9"
_TEXT_TOO_LARGE = "text chunk"
_NOTHING = 8
"""Levels that a picture has at least, of which anything was decoded."""


def first_part(
    file: BinaryIO, formats: tuple[str, ...], min_side: int, error: Exception
) -> tuple[Image.Image, str | None]:
    """What can be decoded of a picture that could not be decoded whole, as ``scaling.shrink``; and a note.

    Without a note the picture is whole, and only its texts are damaged.

    Raises:
        Exception: ``error``, where nothing can be decoded.
    """
    for whole in _tries(file):
        try:
            with lenient(), Image.open(whole, formats=formats) as image:
                image.draft(
                    None, fit(*image.size, min_side)
                )  # as ``shrink`` does, before anything is decoded
                part = shrink(_strips(file, image) or _loaded(image), min_side)
        except Exception:
            log.debug("nothing of it can be decoded", exc_info=True)
            continue
        if any(high - low >= _NOTHING for low, high in part.getextrema()):  # type: ignore[misc]
            return part, None if _TEXT_TOO_LARGE in str(error).lower().replace("_", " ") else NOTE
    raise error


def said_end(file: BinaryIO) -> int | None:
    """Where a file says that it ends, by the lengths in it; None for formats that do not say.

    Beyond its end something of it is missing.
    """
    size = file_size(file)
    file.seek(0)
    head = file.read(16)
    if head.startswith(b"RIFF"):
        return 8 + int.from_bytes(head[4:8], "little")
    if head[4:8] in (b"ftyp", b"JXL ", b"jP  "):
        return max((after for _, _, after in boxes(file, 0, size)), default=None)
    if head.startswith((b"II*\0", b"MM\0*")):
        return int.from_bytes(head[4:8], "little" if head.startswith(b"II") else "big")
    return None


def is_missing(file: BinaryIO) -> bool:
    """Whether a file is shorter than it says; some writers forget its last byte, which fills it up."""
    return (said_end(file) or 0) > file_size(file) + 1


def completed(file: BinaryIO, share: float = 1.0) -> BinaryIO | None:
    """A WebP or HEIC that is cut short, with zeros for what is missing; an animated WebP without it.

    Their decoders refuse to begin with less, and go on to where the zeros are. None for an AVIF, as AV1 makes
    noise of zeros; for a file that says that it is whole; and where hardly anything is there.

    Args:
        share: how much of what is there to use.
    """
    end = said_end(file)
    file.seek(0)
    data = file.read()
    if end is None or end <= len(data) or end > min(_MOST_MISSING * len(data), _LARGEST):
        return None
    if data[8:12] == b"WEBP":
        if data[12:16] == b"VP8X" and data[20] & _IS_ANIMATED:
            return _whole_frames(data)
        at = data.find(b"VP8 ")
        # Without all of the first partition, which says how each block is made, there is only noise.
        if at >= 0 and at + 18 + (int.from_bytes(data[at + 8 : at + 11], "little") >> 5) > len(data):
            return None
    elif data[4:8] != b"ftyp" or data[8:12] in (b"avif", b"avis"):
        return None
    return io.BytesIO(data[: round(share * len(data))].ljust(end, b"\0"))


def _whole_frames(data: bytes) -> BinaryIO | None:
    at = 12
    while (after := at + 8 + int.from_bytes(data[at + 4 : at + 8], "little") + 1 & ~1) <= len(data):
        at = after
    return io.BytesIO(b"RIFF" + (at - 8).to_bytes(4, "little") + data[8:at])


def _tries(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file in ways in which decoders may give a part of it."""
    if completed(file) is None:
        file.seek(0)
        yield _ended(file)
        return
    for share in _SHARES:  # zeros at an unlucky place are refused, too
        if (whole := completed(file, share)) is not None:
            yield whole


def _strips(file: BinaryIO, image: Image.Image) -> Image.Image | None:
    """The strips, or rows of tiles, of a packed TIFF that are whole; None of other pictures.

    libtiff is told that it has no more rows than these.
    """
    if (
        not isinstance(image, TiffImagePlugin.TiffImageFile)
        or not image.tile
        or image.tile[0][0] != "libtiff"
    ):
        return None
    tags, size = image.tag_v2, file_size(file)
    is_tiled = _TILE_WIDTH in tags
    across = math.ceil(image.width / tags[_TILE_WIDTH]) if is_tiled else 1
    rows = tags[_TILE_HEIGHT] if is_tiled else tags.get(_STRIP_HEIGHT, image.height)
    starts, lengths = (tags[_TILES + n if is_tiled else _STRIPS[n]] for n in (0, 1))
    parts = list(takewhile(lambda part: sum(part) <= size, zip(starts, lengths, strict=False)))
    lines = min(image.height, len(parts) // across * rows)
    place = directories.place_of(file, directories.HEIGHT)
    if not lines or place is None or tags.get(_PLANES, 1) != 1:
        return None
    file.seek(0)
    data = bytearray(file.read())
    struct.pack_into(place[1], data, place[0], lines)
    with Image.open(io.BytesIO(data), formats=("TIFF",)) as part:
        part.load()
        whole = Image.new(part.mode, (part.width, image.height * part.height // lines))
        whole.paste(part)
        whole.info |= part.info
    return whole


@contextmanager
def lenient() -> Iterator[None]:
    """Have Pillow pass over texts and profiles that are damaged or huge, and over a missing end.

    It is one switch for the whole process; those that decode have one thread.
    """
    before, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _ended(file: BinaryIO) -> BinaryIO:
    """The file; a JPEG with an end, without which libjpeg gives nothing of a progressive one."""
    start = file.read(len(_JPEG))
    file.seek(0)
    return io.BytesIO(file.read() + _END_OF_JPEG) if start == _JPEG else file


def _loaded(image: Image.Image) -> Image.Image:
    try:
        image.load()
    except Exception:
        # What was decoded before is there; without tiles Pillow takes the picture for loaded.
        if not isinstance(image, ImageFile.ImageFile) or image._im is None:
            raise
        image.tile = []
    return image
