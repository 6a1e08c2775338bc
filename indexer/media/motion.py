"""Motion photos: the short film that is appended to a JPEG or HEIC picture.

Google writes in XMP how many bytes before the end of the file it begins (motion photo format 1.0, and
``MicroVideo`` before that); HEIC has it in a box of its own, ``mpvd``, or simply after its own boxes; Samsung
lists what it has appended in a directory at the very end, between "SEFH" and "SEFT" (ExifTool's
Image::ExifTool::Samsung). Wherever it is said to be, it must begin as an MP4 file does.
"""

import io
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from indexer.media import xmp

Place = tuple[int, int]
"""The first byte of a film in a file, and how many it has."""

_SAMSUNG_MOTION = 0x0A30
_LONGEST_DIRECTORY = 1 << 16
_MOST_BOXES = 64


def film_in(file: BinaryIO, packet: object) -> Place | None:
    """Where the film of a motion photo is; None for a picture without one. The file's position is kept.

    Args:
        packet: the picture's XMP, as bytes.
    """
    before = file.tell()
    try:
        size = file.seek(0, os.SEEK_END)
        for start, length in _said(file, size, packet):
            if 0 < start < start + length <= size and _begins_a_film(file, start):
                return start, length
        return None
    except struct.error:
        return None
    finally:
        file.seek(before)


def _said(file: BinaryIO, size: int, packet: object) -> Iterator[Place]:
    for length in xmp.film_lengths(packet):
        yield size - length, length
    yield from _by_samsung(file, size)
    if _read(file, 0, 8)[4:] == b"ftyp":
        yield from _in_boxes(file, size)


def _in_boxes(file: BinaryIO, size: int) -> Iterator[Place]:
    """The film in the boxes of a HEIC file (ISO/IEC 14496-12), or after them."""
    at = 0
    for number in range(_MOST_BOXES):
        head = _read(file, at, 16)
        if len(head) < 8:
            return
        (length,), kind, header = struct.unpack(">I", head[:4]), head[4:8], 8
        if length == 1:
            (length,), header = struct.unpack(">Q", head[8:16]), 16
        length = length or size - at
        if kind == b"ftyp" and number:
            yield at, size - at
            return
        if kind == b"mpvd":
            yield at + header, length - header
        if length < header:
            return
        at += length


def _by_samsung(file: BinaryIO, size: int) -> Iterator[Place]:
    end = _read(file, max(0, size - 8), 8)
    if end[4:] != b"SEFT":
        return
    (length,) = struct.unpack("<I", end[:4])
    at = size - 8 - length
    directory = _read(file, at, min(length, _LONGEST_DIRECTORY)) if at > 0 else b""
    if not directory.startswith(b"SEFH"):
        return
    (count,) = struct.unpack_from("<I", directory, 8)
    for number in range(count):
        kind, back, block = struct.unpack_from("<2xHII", directory, 12 + 12 * number)
        if kind == _SAMSUNG_MOTION and at - back > 0:
            # Before the film stands its name: two bytes, the kind, how long the name is, the name.
            (name,) = struct.unpack("<4xI", _read(file, at - back, 8))
            yield at - back + 8 + name, block - 8 - name


def _begins_a_film(file: BinaryIO, start: int) -> bool:
    return _read(file, start + 4, 4) == b"ftyp"


def _read(file: BinaryIO, start: int, count: int) -> bytes:
    file.seek(start)
    return file.read(count)


class Part(io.RawIOBase):
    """A part of an open file, read as if it were a file of its own. Closing it leaves the file open."""

    def __init__(self, file: BinaryIO, place: Place) -> None:
        self._file = file
        self._start, self._length = place
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place in the part."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the part; returns it."""
        origin = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read as much as there is of what is wanted; returns how many bytes."""
        wanted = max(0, min(len(buffer), self._length - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
