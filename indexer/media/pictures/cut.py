"""Pictures that are damaged or cut short: what of them can be decoded."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from PIL import Image, ImageFile

from indexer.media.pictures.scaling import shrink
from indexer.media.types import fit

NOTE = "damaged or cut short: what could be decoded is shown"
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
    file.seek(0)
    try:
        with lenient(), Image.open(_ended(file), formats=formats) as image:
            image.draft(None, fit(*image.size, min_side))  # as ``shrink`` does, before anything is decoded
            _load(image)
            part = shrink(image, min_side)
    except Exception:
        raise error from None
    if all(high - low < _NOTHING for low, high in part.getextrema()):  # type: ignore[misc]
        raise error
    return part, None if _TEXT_TOO_LARGE in str(error).lower().replace("_", " ") else NOTE


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


def _load(image: Image.Image) -> None:
    try:
        image.load()
    except Exception:
        # What was decoded before is there; without tiles Pillow takes the picture for loaded.
        if not isinstance(image, ImageFile.ImageFile) or image._im is None:
            raise
        image.tile = []
