"""Read icons with Pillow, once their sizes are known: it decodes the pictures in them while it opens one."""

import struct
from typing import BinaryIO

from indexer.media.pictures.exif import header
from indexer.media.pictures.pillow import PillowReader
from indexer.media.pictures.scaling import check_size
from indexer.media.types import Metadata, Picture, UnknownFormatError

_PNG = b"\x89PNG\r\n\x1a\n"
_BITMAP = struct.Struct("<4xii")
_MOST = 256

_PILLOW = PillowReader(("ICO",))


def probe(file: BinaryIO) -> Metadata:
    """The size of the largest picture; none is decoded. Errors as ``read``."""
    return header(max(_sizes(file), key=lambda size: size[0] * size[1]))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the largest picture, see ``indexer.media.reader.read_image``.

    Raises:
        UnknownFormatError: it is no icon.
        DecodeError: damaged.
        TooLargeError: one in it is too large, whatever the icon says of it.
    """
    for width, height in _sizes(file):
        check_size(width, height, max_megapixels)
    return _PILLOW.read(file, min_side=min_side, max_megapixels=max_megapixels)


def _sizes(file: BinaryIO) -> list[tuple[int, int]]:
    """Of each picture in it, by its own header."""
    file.seek(0)
    head = file.read(6)
    count = min(_MOST, int.from_bytes(head[4:6], "little"))
    sizes = []
    for entry in [file.read(16) for _ in range(count)]:
        file.seek(int.from_bytes(entry[12:16], "little"))
        start = file.read(24)
        if len(start) < 24:
            continue
        if start.startswith(_PNG):
            sizes.append((int.from_bytes(start[16:20], "big"), int.from_bytes(start[20:24], "big")))
        else:
            # A bitmap has its mask below it.
            width, height = _BITMAP.unpack_from(start)
            sizes.append((abs(width), abs(height) // 2))
    if not sizes or not all(width and height for width, height in sizes):
        raise UnknownFormatError("not an icon, or damaged at its very start")
    return sizes
