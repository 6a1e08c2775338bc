"""Sizes and modes of pictures: the guard against bombs, and any picture as small upright RGB pixels."""

import math
import os
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from indexer.media.pictures.colour import managed
from indexer.media.types import Picture, TooLargeError, fit

_BELIEVED_PIXELS = 64_000_000
_SHARE_USED = 0.25
_OUTLIERS = 0.2
"""Per cent at either end."""
_MOST_PIXELS_PER_BYTE = 10_000
"""Above what drawings of one bit have, of which large areas are white."""


def check_size(width: int, height: int, max_megapixels: float, bytes_there: int | None = None) -> None:
    """Refuse decompression bombs before a pixel is decoded.

    Args:
        bytes_there: the size of the file, where its format packs empty areas into nothing.

    Raises:
        TooLargeError: the picture has more than ``max_megapixels``, or far more than its file can hold.
    """
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise TooLargeError(
            f"the picture has {megapixels:,.0f} megapixels ({width} by {height}), "
            f"more than the {max_megapixels:,.0f} allowed",
            "Raise TROVE_MAX_MEGAPIXELS if you trust it.",
        )
    if width * height > max(_BELIEVED_PIXELS, _MOST_PIXELS_PER_BYTE * (bytes_there or math.inf)):
        raise TooLargeError(
            f"the picture says that it has {megapixels:,.0f} megapixels ({width} by {height}), "
            f"and is a file of {bytes_there:,} bytes: there is no picture in it"
        )


def file_size(file: BinaryIO) -> int:
    """Bytes of an open file, whose position is kept."""
    before = file.tell()
    try:
        return file.seek(0, os.SEEK_END)
    finally:
        file.seek(before)


def shrink(image: Image.Image, min_side: int) -> Image.Image:
    """The image as RGB, downscaled to the size of ``indexer.media.types.fit``."""
    size = fit(*image.size, min_side)
    # Never below ``size``: a JPEG is decoded at 1/2, 1/4 or 1/8 straight from its DCT coefficients,
    # of a HEIC with a thumbnail that is large enough only the thumbnail is decoded.
    image.draft(None, size)
    image = _resizable(image)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    # Only now, when it is small.
    image = managed(image)
    return _on_white(image) if image.mode in ("RGBA", "LA") else image.convert("RGB")


def as_picture(image: Image.Image, turn: Image.Transpose | None) -> Picture:
    """(height, width, 3) uint8 pixels of an RGB image, turned upright."""
    return np.asarray(image if turn is None else image.transpose(turn))


def _resizable(image: Image.Image) -> Image.Image:
    """The image in a mode that can be averaged over pixels."""
    if image.mode == "F" or image.mode.startswith("I"):
        levels = Image.fromarray(eight_bits(np.asarray(image)))
        levels.info = image.info
        return levels
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("P", "1"):
        return image.convert("RGB")
    return image


def eight_bits(levels: npt.NDArray[Any]) -> Picture:
    """Levels of 10, 12, 16 or 32 bits, or floating point, brought to 0 to 255."""
    if levels.dtype == np.uint8:
        return levels
    is_float = levels.dtype.kind == "f"
    levels = np.nan_to_num(levels.astype(np.float32), posinf=0, neginf=0)
    low, high = float(levels.min()), float(levels.max())
    if is_float:
        # From 0 to 1, but for what editing has brought a little beyond.
        white = 1.0 if low >= -0.5 and 0.1 < high <= 1.5 else None
    else:
        # A sensor of 12 bits stores 0 to 4095 in 16: its own white, not the container's, is white.
        white = None if low < 0 else 2 ** max(8, int(high).bit_length()) - 1
    if white is None or high - low < _SHARE_USED * white:
        # Heights, temperatures, or grey that differs little: its own range, without hot and dead pixels.
        low, high = (float(level) for level in np.percentile(levels, (_OUTLIERS, 100 - _OUTLIERS)))
        scale = 255 / ((high - low) or 1.0)
    else:
        low, scale = 0.0, 255 / white
    return (np.clip((levels - low) * scale, 0, 255) + 0.5).astype(np.uint8)


def pages_note(pages: int) -> str | None:
    """What is to be known of a picture with several pages."""
    return f"the first of {pages:,} pages" if pages > 1 else None


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
