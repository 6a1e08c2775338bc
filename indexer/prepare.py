"""Preparation of files for the encoder: hash, recognise, decode (in threads; decoding in processes)."""

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from db.catalog.assets import FileStat
from db.errors import DecodeError, MediaError, TroveError, UnreadableError
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.flow import DecodedPicture, Prepared, Recognised, Refused, Task, Timed, Twin, Twins
from indexer.media.pool import DecodePool
from indexer.media.reader import probe, read_image
from indexer.scan import reason

log = logging.getLogger(__name__)


class Preparer:
    """Prepares files, in many threads at once.

    ``recognise`` returns the id of the fully indexed content with a hash, else None.
    """

    def __init__(
        self,
        pool: DecodePool,
        encoder: Encoder,
        settings: Settings,
        recognise: Callable[[bytes], int | None],
        twins: Twins,
    ) -> None:
        self._pool = pool
        self._encoder = encoder
        self._settings = settings
        self._recognise = recognise
        self._twins = twins

    def __call__(self, task: Task) -> Prepared:
        """Prepare one file; every fault of the file itself comes back as ``Refused``."""
        sha256: bytes | None = None
        try:
            sha256 = _sha256(task.stat)
            if (content_id := self._recognise(sha256)) is not None:
                return Recognised(task, content_id)
            if not self._twins.claim(sha256):
                return Twin(task, sha256)
            prepared = self._decode(task, sha256)
            _check_unchanged(task.stat)
        except Exception as exc:
            error = as_media_error(exc, task.stat.path)
            return Refused(task, sha256, str(error), error)
        return prepared

    def _decode(self, task: Task, sha256: bytes) -> Prepared:
        path = task.stat.path
        metadata = self._pool.submit(probe, path).result()
        if metadata.generated:
            return Refused(task, sha256, "drawn by Trove, not a picture of yours")
        if metadata.kind != "image":
            return Timed(task, sha256, metadata)
        # Twice the side that the encoder sees leaves it to the encoder how to shrink the rest.
        metadata, picture = self._pool.submit(
            read_image,
            path,
            min_side=2 * self._encoder.image_size,
            max_megapixels=self._settings.max_megapixels,
        ).result()
        return DecodedPicture(task, sha256, metadata, self._encoder.prepare(Image.fromarray(picture)))


def as_media_error(exc: Exception, path: Path) -> MediaError:
    """The error to record for a file. A bug that one file brings to light must not end the run.

    Raises:
        TroveError: ``exc`` itself, where it is about more than this file.
    """
    if isinstance(exc, MediaError):
        return exc
    if isinstance(exc, TroveError):
        raise exc
    log.error("%s: an unexpected error", path, exc_info=exc)
    return DecodeError(f"the decoder failed unexpectedly: {type(exc).__name__}: {exc}")


def _sha256(stat: FileStat) -> bytes:
    if stat.size == 0:
        raise DecodeError("the file is empty")
    try:
        with stat.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as exc:
        raise UnreadableError(reason(exc)) from exc


def _check_unchanged(stat: FileStat) -> None:
    try:
        now = stat.path.stat()
    except OSError as exc:
        raise UnreadableError(reason(exc)) from exc
    if (now.st_size, now.st_mtime_ns) != (stat.size, stat.mtime_ns):
        raise UnreadableError("it changed while it was being read")
