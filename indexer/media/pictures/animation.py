"""Decode animated pictures as the short films that they are: frames at their times, with Pillow.

A frame is made of those before it, so that all up to the one that is wanted are decoded; how many that may be
is bounded by ``timing``.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import BinaryIO

import numpy as np
from PIL import Image

from db.errors import DecodeError
from indexer.media.pictures.exif import turn_of
from indexer.media.pictures.pillow import PICTURES
from indexer.media.pictures.scaling import as_picture, check_size, file_size, shrink
from indexer.media.pictures.timing import Timing, timing
from indexer.media.types import GLIMPSE_SIDE, LARGEST_ANIMATION, Glimpse, Picture, Still

_GAP_S = 0.5
_AT_LEAST = 4
"""Stills that even the shortest animation gives, where its frames differ."""
_ROUNDED_S = 0.001
_LAST_S = 1 / 30
"""How long before its end the last frame is given once more, so that a film of it does not end before."""


@dataclass(frozen=True)
class _Animation:
    image: Image.Image
    timing: Timing

    def shown(self, times: Sequence[float], min_side: int) -> Iterator[tuple[float, Picture]]:
        """(seconds, frame on screen) at ascending times; beyond the end it is the last frame.

        It ends where a frame cannot be decoded.
        """
        turn = turn_of(self.image.getexif())
        number, picture = -1, None
        for at_s in times:
            wanted = max(0, bisect_right(self.timing.starts, at_s + _ROUNDED_S) - 1)
            if wanted != number or picture is None:
                try:
                    self.image.seek(self.timing.first + wanted)
                    picture = as_picture(shrink(self.image, min_side), turn)
                except (EOFError, OSError, SyntaxError, ValueError) as exc:
                    if picture is None:
                        raise DecodeError(f"the animation is damaged or cut short: {exc}") from exc
                    return
                number = wanted
            yield at_s, picture

    def begins(self, start_s: float, end_s: float) -> list[float]:
        """When frames begin in a span, and its start for the one that is on screen then."""
        end_s = min(end_s, self.timing.duration_s)
        inside = [at_s for at_s in self.timing.starts if start_s < at_s < end_s]
        return [start_s, *inside] if start_s < end_s else []


def read_stills(
    file: BinaryIO, start_s: float, end_s: float, *, min_side: int, every_s: float
) -> list[Still]:
    """Stills that cover the span, near-duplicates not yet merged; see ``indexer.media.reader.read_stills``.

    Raises:
        DecodeError: it is no animation, or nothing can be decoded.
        UnreadableError: input/output error.
    """
    with _opened(file) as moving:
        gap_s = min(_GAP_S, every_s, moving.timing.duration_s / _AT_LEAST)
        begins, times = moving.begins(start_s, end_s), list[float]()
        for at_s, until_s in pairwise([*begins, min(end_s, moving.timing.duration_s)]):
            # Those that stand for long, and of the others as many as there are in as long a time.
            if not times or max(until_s - at_s, at_s - times[-1]) >= gap_s - _ROUNDED_S:
                times.append(at_s)
        taken = list(moving.shown(times, min_side))
        end_s = min(end_s, moving.timing.duration_s)
    ends = [*(at_s for at_s, _ in taken[1:]), end_s]
    return [Still(at_s, until, at_s, picture) for (at_s, picture), until in zip(taken, ends, strict=False)]


def still_at(file: BinaryIO, at_s: float, *, min_side: int) -> Picture:
    """The frame on screen at ``at_s`` seconds, upright RGB. Errors as ``read_stills``."""
    with _opened(file) as moving:
        for _, picture in moving.shown([at_s], min_side):
            return picture
    raise DecodeError(f"no frame of the animation could be decoded at {at_s:.1f} s")


def stills_at(file: BinaryIO, times: list[float], *, min_side: int) -> list[tuple[float, Picture]]:
    """Frames at ascending times, see ``indexer.media.reader.stills_at``."""
    with _opened(file) as moving:
        return list(moving.shown(times, min_side))


def read_glimpses(file: BinaryIO, start_s: float, end_s: float, *, every_s: float) -> list[Glimpse]:
    """Small grey pictures of the span, see ``indexer.media.reader.read_glimpses``.

    Errors as ``read_stills``.
    """
    with _opened(file) as moving:
        times = np.arange(start_s, min(end_s, moving.timing.duration_s), every_s).tolist()
        return [
            Glimpse(at_s, np.asarray(Image.fromarray(picture).convert("L")))
            for at_s, picture in moving.shown(times, GLIMPSE_SIDE)
        ]


def frames(file: BinaryIO, start_s: float, end_s: float, *, min_side: int) -> Iterator[tuple[float, Picture]]:
    """(seconds, frame) as they are shown in a span, the last one also shortly before its end.

    Errors as ``read_stills``.
    """
    with _opened(file) as moving:
        times = moving.begins(start_s, end_s)
        last_s = min(end_s, moving.timing.duration_s) - _LAST_S
        yield from moving.shown([*times, last_s] if times and times[-1] < last_s else times, min_side)


@contextmanager
def _opened(file: BinaryIO) -> Iterator[_Animation]:
    with PICTURES.opened(file) as image:
        found = timing(file, image.format, image.size)
        if found is None:
            raise DecodeError("not a video but a picture")
        check_size(*image.size, LARGEST_ANIMATION / 1e6, file_size(file))
        yield _Animation(image, found)
