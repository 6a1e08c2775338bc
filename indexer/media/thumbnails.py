"""JPEG thumbnails of pictures and video frames, made once and cached.

Everything goes through the decoder, since browsers show neither HEIC nor camera raw nor most TIFF.
"""

import hashlib
import io
import os
from pathlib import Path

from PIL import Image

from db.errors import UnreadableError
from db.files import is_intact, write_checksummed
from indexer.media.pool import DecodePool
from indexer.media.reader import read_image, still_at

_QUALITY = 85


def thumbnail(
    path: Path, at_s: float | None, *, cache: Path, side: int, max_megapixels: float, decoders: DecodePool
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
    data = decoders.run(_make, path, at_s, side, max_megapixels)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_checksummed(target, data)
    except OSError as exc:
        raise UnreadableError(
            f"the thumbnail cannot be saved in {cache}: {exc.strerror or exc}",
            "Make room on the disk, or name another folder with TROVE_CACHE.",
        ) from exc
    return target


def _make(path: Path, at_s: float | None, side: int, max_megapixels: float) -> bytes:
    """Decode the file and encode the JPEG. Runs in a worker."""
    if at_s is None:
        _, picture = read_image(path, min_side=side, max_megapixels=max_megapixels)
    else:
        picture = still_at(path, at_s, min_side=side)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _name(path: Path, at_s: float | None, side: int) -> Path:
    """Path of the thumbnail in the cache: a hash of its parameters and of the file's size and time."""
    try:
        status = path.stat()
    except OSError as exc:
        raise UnreadableError(
            f"the file cannot be read: {exc.strerror or exc}", "Check that its drive is connected."
        ) from exc
    moment = None if at_s is None else round(at_s, 3)
    facts = (os.fsencode(path), status.st_size, status.st_mtime_ns, moment, side)
    digest = hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    # A hundred thousand files in one folder make some file managers and backups crawl.
    return Path(digest[:2]) / f"{digest}.jpg"
