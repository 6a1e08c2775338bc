"""JPEG thumbnails of pictures and video frames, made once and cached.

Everything goes through the decoder, since browsers show neither HEIC nor camera raw nor most TIFF.
"""

import hashlib
import io
import logging
import math
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from db.catalog.assets import FileStat
from db.catalog.units import Region
from db.errors import QueryError, UnreadableError
from db.files import is_intact, read_checksummed, write_checksummed
from indexer.media.reader import read_image, still_at
from indexer.media.types import Picture, fit

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

log = logging.getLogger(__name__)

GRID_SIDE = 320
"""Pixels of the shorter side of a thumbnail in a list of results: those are made while indexing."""

WHOLE_SIDE = 65_500
"""Pixels that hardly a picture has: with it, all that there are are kept. JPEG has sides up to 65,535."""

_ENOUGH = 1.1
"""How many times as large as asked for a picture may be to be kept as it is."""

_QUALITY = 85
_PART_SIDE = 640
"""Pixels of the shorter side of a part of a picture, where the picture has so many: more than models see."""
_SMALLEST = 0.01
_ROUNDED = 1e-6


def thumbnail(
    path: Path, at_s: float | None, *, cache: Path, side: int, max_megapixels: float, decoders: "DecodePool"
) -> Path:
    """Path of the JPEG thumbnail of a picture or a video frame, made unless the cache has it.

    Args:
        at_s: seconds into a video; None for a picture.
        cache: folder that holds the thumbnails of all sides and libraries.
        side: length of the short side in pixels; smaller pictures are not enlarged.
        max_megapixels: larger pictures raise ``DecodeError``.
        decoders: the worker processes that decode the file.

    Raises:
        DecodeError: the file cannot be decoded.
        UnreadableError: it cannot be read now, or the cache cannot be written.
    """
    target = cache / _name(path, at_s, side)
    if is_intact(target):
        return target
    _save(target, decoders.run(_make, path, at_s, side, max_megapixels))
    return target


def _make(path: Path, at_s: float | None, side: int, max_megapixels: float) -> bytes:
    """Decode the file and encode the JPEG. Runs in a worker."""
    if at_s is None:
        _, picture = read_image(path, min_side=side, max_megapixels=max_megapixels)
    else:
        picture = still_at(path, at_s, min_side=side)
    return _jpeg(Image.fromarray(picture))


def part(path: Path, region: Region, *, cache: Path, max_megapixels: float, decoders: "DecodePool") -> Path:
    """Path of a JPEG of a part of a picture, to search by, made unless the cache has it.

    Errors as ``thumbnail``; a region is made by ``region_of``.
    """
    target = cache / _name(path, None, _PART_SIDE, region)
    if not is_intact(target):
        _save(target, decoders.run(_cut, path, region, max_megapixels))
    return target


def region_of(numbers: Sequence[float]) -> Region:
    """A part of a picture: x and y of its top left corner, width and height, 0 to 1 of the upright picture.

    Raises:
        QueryError: these numbers are none.
    """
    with suppress(TypeError, ValueError):
        region = Region(*map(float, numbers))
        right, bottom = region.x + region.w, region.y + region.h
        # Written so that NaN does not pass.
        if min(region) >= 0 and min(region[2:]) >= _SMALLEST and max(right, bottom) <= 1 + _ROUNDED:
            return region
    raise QueryError(
        "that is no part of a picture",
        "Give x, y, width and height, each 0 to 1 of the picture: 0.25,0.25,0.5,0.5.",
    )


def _cut(path: Path, region: Region, max_megapixels: float) -> bytes:
    """Decode the file and encode a JPEG of a part of it. Runs in a worker."""
    side = math.ceil(_PART_SIDE / min(region.w, region.h))
    _, picture = read_image(path, min_side=side, max_megapixels=max_megapixels)
    height, width = picture.shape[:2]
    left, right = (round(at * width) for at in (region.x, region.x + region.w))
    top, bottom = (round(at * height) for at in (region.y, region.y + region.h))
    return _jpeg(Image.fromarray(picture[top : max(bottom, top + 1), left : max(right, left + 1)]))


def keep(picture: Picture, path: Path, at_s: float | None, *, cache: Path) -> None:
    """Keep a thumbnail for lists of results of a picture or frame that was just decoded.

    So the first look at results shows them at once. Where it cannot be kept, it is made when it is looked at.
    """
    image = Image.fromarray(picture)
    try:
        target = cache / _name(path, at_s, GRID_SIDE)
        if not is_intact(target):
            if min(image.size) > _ENOUGH * GRID_SIDE:
                image = image.resize(fit(*image.size, GRID_SIDE), reducing_gap=2.0)
            _write(target, _jpeg(image))
    except (OSError, UnreadableError) as exc:
        log.debug("%s: its thumbnail could not be kept: %s", path, exc)


def kept(path: Path, *, cache: Path) -> Picture | None:
    """The thumbnail for lists of results of a picture, if it is there; nothing is made."""
    try:
        target = cache / _name(path, None, GRID_SIDE)
    except UnreadableError:
        return None
    if not is_intact(target):
        return None
    with Image.open(io.BytesIO(read_checksummed(target)), formats=("JPEG",)) as image:
        return np.asarray(image.convert("RGB"))


def kept_before(was: FileStat, at_s: float | None, *, cache: Path, side: int) -> Path | None:
    """The thumbnail of a file that cannot be reached now, as it was; or a smaller one, for lists.

    None where there is neither.
    """
    targets = (cache / _hashed(was, at_s, one) for one in dict.fromkeys((side, GRID_SIDE)))
    return next((target for target in targets if is_intact(target)), None)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _save(target: Path, data: bytes) -> None:
    try:
        _write(target, data)
    except OSError as exc:
        raise UnreadableError(
            f"the thumbnail cannot be saved in {target.parent.parent}: {exc.strerror or exc}",
            "Make room on the disk, or name another folder with TROVE_CACHE.",
        ) from exc


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # One that a power cut tears is told by its checksum, and made again.
    write_checksummed(target, data, durable=False)


def _name(path: Path, at_s: float | None, side: int, region: Region | None = None) -> Path:
    """Path of the thumbnail in the cache: a hash of its parameters and of the file's size and time."""
    try:
        status = path.stat()
    except OSError as exc:
        raise UnreadableError(
            f"the file cannot be read: {exc.strerror or exc}", "Check that its drive is connected."
        ) from exc
    return _hashed(FileStat(path, status.st_size, status.st_mtime_ns), at_s, side, region)


def _hashed(file: FileStat, at_s: float | None, side: int, region: Region | None = None) -> Path:
    moment = None if at_s is None else round(at_s, 3)
    facts: tuple[object, ...] = (os.fsencode(file.path), file.size, file.mtime_ns, moment, side)
    facts += () if region is None else tuple(region)
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    # A hundred thousand files in one folder make some file managers and backups crawl.
    return Path(digest[:2]) / f"{digest}.jpg"
