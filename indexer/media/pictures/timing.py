"""Timing of animated GIF, APNG, WebP and AVIF: when each frame is shown, read without decoding any."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import accumulate, islice
from typing import BinaryIO

from indexer.media.boxes import boxes
from indexer.media.pictures.cut import NOTE
from indexer.media.types import LARGEST_ANIMATION

MOST_FRAMES = 3_000
_MOST_S = 600.0
_MOST_PIXELS = 1_000_000_000
"""Of all frames: each is made of the one before, so that to see the last one all are decoded."""
_SHORTEST_S, _INSTEAD_S = 0.011, 0.1
"""Frames that are to be shown for less are shown for a tenth of a second, as browsers do."""
_MOST_BLOCKS = 2_000_000
_LONGEST_TABLE = 1 << 20


@dataclass(frozen=True)
class Timing:
    """When each frame of an animation is shown first, in seconds, and where it ends.

    Args:
        first: its number in the file: a picture before it may be for programs that show no animations.
        note: what its owner should know.
    """

    starts: tuple[float, ...]
    duration_s: float
    first: int = 0
    note: str | None = None


def timing(file: BinaryIO, kind: str | None, size: tuple[int, int]) -> Timing | None:
    """The timing of an animation; None for what has a single frame in time, or is too large for a film.

    What is read is bounded: only so many frames are counted as are looked at.

    Args:
        kind: Pillow's name of the format.
        size: pixels of the picture, (width, height).
    """
    read = _READERS.get(kind or "")
    pixels = max(1, size[0] * size[1])
    if read is None or pixels > LARGEST_ANIMATION:
        return None
    before = file.tell()
    delays, first, is_cut = [], 0, False
    most = min(MOST_FRAMES, max(2, _MOST_PIXELS // pixels))
    try:
        file.seek(0)
        for delay_s in islice(read(file), most + 2):
            if delay_s is None:
                first = 1
            else:
                delays.append(_INSTEAD_S if delay_s < _SHORTEST_S else delay_s)
    except EOFError:
        is_cut = True
    except (struct.error, ValueError, OverflowError):
        return None
    finally:
        file.seek(before)
    ends = list(accumulate(delays))
    looked_at = max(2, min(most, sum(start_s < _MOST_S for start_s in (0.0, *ends[:-1]))))
    if len(delays) < 2:
        return None
    left_out = f"the first {looked_at:,} frames of the animation" if len(delays) > looked_at else None
    starts = (0.0, *ends[: looked_at - 1])[: len(delays)]
    return Timing(starts, ends[len(starts) - 1], first, NOTE if is_cut and not left_out else left_out)


def _of_gif(file: BinaryIO) -> Iterator[float | None]:
    """Seconds of each frame that is whole (GIF89a, 23: the graphic control extension)."""
    flags = _exactly(file, 13)[10]
    _skip_palette(file, flags)
    delay_s = 0.0
    while kind := file.read(1):
        if kind == b"!":
            if _exactly(file, 1) == b"\xf9":
                length = _exactly(file, 1)[0]
                control = _exactly(file, length)
                delay_s = int.from_bytes(control[1:3], "little") / 100
            _skip_blocks(file)
        elif kind == b",":
            _skip_palette(file, _exactly(file, 9)[8])
            _exactly(file, 1)
            _skip_blocks(file)
            yield delay_s
            delay_s = 0.0
        elif kind == b";":
            return


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 0x80:
        _exactly(file, 3 << (flags & 7) + 1)


def _skip_blocks(file: BinaryIO) -> None:
    for _ in range(_MOST_BLOCKS):
        length = _exactly(file, 1)[0]
        if not length:
            return
        file.seek(length, 1)
    raise ValueError("more blocks than any picture has")


def _of_png(file: BinaryIO) -> Iterator[float | None]:
    """Seconds of each frame that is whole; None first for a picture before them (PNG, 11.3.6)."""
    _exactly(file, 8)
    delay_s: float | None = None
    is_animated = False
    for _ in range(_MOST_BLOCKS):
        length, name = struct.unpack(">I4s", _exactly(file, 8))
        if name == b"acTL":
            is_animated = True
        elif name == b"IDAT" and not is_animated:
            return
        elif name == b"IDAT" and delay_s is None:
            delay_s = -1.0
            yield None
        elif name in (b"fcTL", b"IEND"):
            if delay_s is not None and delay_s >= 0:
                yield delay_s
            if name == b"IEND":
                return
            control = _exactly(file, 26)
            over, under = struct.unpack(">HH", control[20:24])
            delay_s, length = over / (under or 100), length - 26
        file.seek(length + 4, 1)


def _of_webp(file: BinaryIO) -> Iterator[float | None]:
    """Seconds of each frame that is whole (RFC 9649, 2.7.1.1: the chunk ANMF)."""
    _exactly(file, 12)
    for _ in range(_MOST_BLOCKS):
        head = file.read(8)
        if not head:
            return
        name, length = struct.unpack("<4sI", head if len(head) == 8 else _nothing())
        if name in (b"VP8 ", b"VP8L"):
            return
        if name == b"ANMF":
            delay_s = int.from_bytes(_exactly(file, 16)[12:15], "little") / 1000
            file.seek(length - 17, 1)
            _exactly(file, 1)
            yield delay_s
        else:
            file.seek(length, 1)
        file.seek(length & 1, 1)


def _of_avif(file: BinaryIO) -> Iterator[float | None]:
    """Seconds of each frame of the first track of pictures (ISO/IEC 14496-12, 8.6.1.2: the box stts)."""
    if _exactly(file, 12)[8:] != b"avis":
        return
    end = file.seek(0, 2)
    for name, at, after in boxes(file, 0, end):
        if name == b"moov":
            for track, start, stop in boxes(file, at, after):
                if track == b"trak" and (found := _track(file, start, stop)):
                    yield from found
                    return


def _track(file: BinaryIO, start: int, stop: int) -> Iterator[float] | None:
    """Seconds of each frame of a track; None for one of another kind, such as transparency."""
    scale, table, is_picture = 0, b"", False
    parts = list(boxes(file, start, stop))
    while parts:
        name, at, after = parts.pop()
        file.seek(at)
        if name in (b"mdia", b"minf", b"stbl"):
            parts += boxes(file, at, after)
        elif name == b"hdlr":
            is_picture = _exactly(file, 12)[8:] == b"pict"
        elif name == b"mdhd":
            long = _exactly(file, 1) == b"\1"
            file.seek(at + (20 if long else 12))
            scale = int.from_bytes(_exactly(file, 4), "big")
        elif name == b"stts" and after - at <= _LONGEST_TABLE:
            table = _exactly(file, after - at)[8:]
    if not is_picture or not scale:
        return None
    return (delta / scale for count, delta in struct.iter_unpack(">II", table) for _ in range(count))


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count) if count >= 0 else b""
    return data if len(data) == count else _nothing()


def _nothing() -> bytes:
    raise EOFError


_READERS: dict[str, Callable[[BinaryIO], Iterator[float | None]]] = {
    "GIF": _of_gif,
    "PNG": _of_png,
    "WEBP": _of_webp,
    "AVIF": _of_avif,
}
