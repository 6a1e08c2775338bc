"""The directories of a TIFF, classic or BigTIFF: its pages, and the tags that tell how they are stored."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

Directory = dict[int, int]
"""The first number of each tag."""

SUBFILE, WIDTH, HEIGHT, BITS, ORIENTATION, SAMPLES = 254, 256, 257, 258, 274, 277

_MOST_PAGES = 10_000
_MOST_TAGS = 4096
# Type: its letter for struct. Others hold no numbers.
_NUMBERS = {1: "B", 3: "H", 4: "L", 16: "Q", 18: "Q"}


def directories(file: BinaryIO) -> Iterator[Directory]:
    """The directories in order, as far as they are sound; none twice."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None or len(head) < 16:
        return
    is_big = struct.unpack(order + "H", head[2:4])[0] == 43
    at = struct.unpack(order + ("Q" if is_big else "L"), head[8:16] if is_big else head[4:8])[0]
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MOST_PAGES:
        seen.add(at)
        try:
            file.seek(at)
            directory, at = _directory(file, order, is_big)
        except (struct.error, OSError, OverflowError, ValueError):
            return
        yield directory


def place_of(file: BinaryIO, tag: int) -> tuple[int, str] | None:
    """Where the number of a tag of the first directory lies, and its form for ``struct``; None without it."""
    file.seek(0)
    head = file.read(16)
    order, is_big = ("<" if head[:2] == b"II" else ">"), head[2:4] in (b"+\0", b"\0+")
    at = struct.unpack(order + ("Q" if is_big else "L"), head[8:16] if is_big else head[4:8])[0]
    file.seek(at)
    (count,) = struct.unpack(order + ("Q" if is_big else "H"), file.read(8 if is_big else 2))
    for _ in range(min(count, _MOST_TAGS)):
        found, kind = struct.unpack(order + "HH", file.read(4))
        file.seek(8 if is_big else 4, 1)
        if found == tag and kind in _NUMBERS:
            return file.tell(), order + _NUMBERS[kind]
        file.seek(8 if is_big else 4, 1)
    return None


def pages(file: BinaryIO) -> int:
    """How many pages there are; smaller versions of one are none."""
    return sum(not directory.get(SUBFILE, 0) & 1 for directory in directories(file))


def _directory(file: BinaryIO, order: str, is_big: bool) -> tuple[Directory, int]:
    count_letter, offset_letter = ("Q", "Q") if is_big else ("H", "L")
    room = struct.calcsize(offset_letter if is_big else "<L")
    (count,) = struct.unpack(order + count_letter, file.read(struct.calcsize("<" + count_letter)))
    if count > _MOST_TAGS:
        raise ValueError("more tags than any TIFF has")
    entry = struct.Struct(order + "HH" + offset_letter)
    numbers: Directory = {}
    for _ in range(count):
        tag, kind, _ = entry.unpack(file.read(entry.size))
        value = file.read(room)
        letter = _NUMBERS.get(kind)
        if letter is not None and struct.calcsize("<" + letter) <= room:
            # Several numbers that fit in lie behind one another; of others this is no number.
            numbers[tag] = struct.unpack_from(order + letter, value)[0]
    (following,) = struct.unpack(order + offset_letter, file.read(room))
    return numbers, following
