"""The boxes of which HEIC, AVIF, JPEG XL, JPEG 2000, MP4 and QuickTime are made (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Iterator
from typing import BinaryIO

_MOST = 10_000

Box = tuple[bytes, int, int]
"""Its name, where its content begins, and where it says that it ends."""


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """The boxes between two places, as far as they are sound; the last one may say that it goes beyond."""
    for _ in range(_MOST):
        file.seek(at)
        head = file.read(16)
        length, name, begin = int.from_bytes(head[:4], "big"), head[4:8], at + 8
        if length == 1:
            length, begin = int.from_bytes(head[8:16], "big"), at + 16
        length = length or end - at
        if at + len(head) > end + 8 or len(head) < 8 or length < begin - at:
            return
        yield name, begin, at + length
        at += length
        if at >= end:
            return
