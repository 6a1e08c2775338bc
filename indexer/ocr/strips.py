"""Level strips of a picture, ready to be read: cut out of it, turned, divided, and what is where in them."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from db.arrays import Floats
from indexer.media.types import Picture
from indexer.ocr.lines import EAST_ASIAN, Quad
from indexer.ocr.textmap import sides

_LONGEST = 50
"""Lines that are longer than so many times their height are read in pieces."""
_GLANCE = (192, 48)
"""Width, at most, and height of what the classifier of directions looks at."""
_CLEARLY = 2.5
"""How much longer one side of a box is than the other where it tells the direction of its page."""
_HALF_LETTER, _HALF_SIGN = 0.28, 0.45
"""Half of the width of a letter, and of a sign of Chinese or Japanese, at most, in heights of the strip."""


@dataclass(frozen=True)
class Strip:
    """A line cut out: its pixels, and where its corners are in the picture."""

    pixels: Picture
    corners: Quad

    def turned(self) -> "Strip":
        """Upside down."""
        pixels = np.ascontiguousarray(self.pixels[::-1, ::-1])
        return Strip(pixels, np.roll(self.corners, 2, axis=0))

    def glance(self) -> "Glance":
        """As small as it can be to tell which way up it is."""
        import cv2

        length = self.pixels.shape[1] / self.pixels.shape[0]
        size = (min(_GLANCE[0], math.ceil(_GLANCE[1] * length)), _GLANCE[1])
        return Glance(np.asarray(cv2.resize(self.pixels, size), np.uint8), length)


@dataclass(frozen=True)
class Glance:
    """A strip made small, and how many times as long as high it was."""

    pixels: Picture
    length: float


def lying(boxes: Sequence[Quad]) -> bool:
    """Whether the page lies on its side: most of the length is that of tall boxes."""
    measured = [sides(box) for box in boxes]
    tall = sum(height for width, height in measured if height > _CLEARLY * width)
    wide = sum(width for width, height in measured if width > _CLEARLY * height)
    return tall > wide


def cut(picture: Picture, box: Quad, on_its_side: bool) -> Strip:
    """The level strip that a box holds; a tall one is laid down.

    A single digit is tall, too: what is not clearly one or the other is as its page.
    """
    import cv2

    width, height = sides(box)
    if height > width * (1 / _CLEARLY if on_its_side else _CLEARLY):
        # Its right edge becomes the top one: counter-clockwise.
        box = np.roll(box, -1, axis=0)
        width, height = height, width
    level = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(box.astype(np.float32), level)
    pixels = cv2.warpPerspective(
        picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return Strip(np.asarray(pixels, np.uint8), box)


def pieces(strip: Picture) -> Iterator[tuple[int, int]]:
    """Spans of pixels that are not too long to be read, divided where there is least ink."""
    height, width = strip.shape[:2]
    most = _LONGEST * height
    start = 0
    while width - start > most:
        near = strip[:, start + most - 6 * height : start + most]
        gap = np.convolve(_ink(near).sum(axis=0), np.ones(height), "valid").argmin() + height // 2
        end = start + most - 6 * height + int(gap)
        yield start, end
        start = end
    yield start, width


def _ink(strip: Picture) -> Floats:
    """How much each pixel differs from the usual one of its strip: (height, width)."""
    pixels = strip.astype(np.int16)
    return np.asarray(np.abs(pixels - np.median(pixels, axis=(0, 1))).sum(axis=2), np.float32)


def spans(text: str, places: Sequence[float], height: float) -> list[tuple[float, float]]:
    """Where words begin and end along a strip, 0 to 1; each sign of Chinese and Japanese is one.

    Args:
        places: the middle of each sign of the text that is no space.
        height: of the strip, as a share of its length.
    """
    found: list[tuple[float, float]] = []
    signs = [(sign, text[at - 1 : at].isspace()) for at, sign in enumerate(text) if not sign.isspace()]
    apart = True
    for number, ((sign, spaced), place) in enumerate(zip(signs, places, strict=True)):
        east_asian = bool(EAST_ASIAN.match(sign))
        half = height * (_HALF_SIGN if east_asian else _HALF_LETTER)
        before = place - half if number == 0 else max(place - half, (places[number - 1] + place) / 2)
        last = number == len(places) - 1
        after = place + half if last else min(place + half, (place + places[number + 1]) / 2)
        if apart or spaced or east_asian:
            found.append((max(0.0, before), min(1.0, after)))
        else:
            found[-1] = (found[-1][0], min(1.0, after))
        apart = east_asian
    return found
