"""Reading of files: hash, recognise, decode, and what the first phase makes of them, in threads.

Decoding itself runs in worker processes. A file is opened once for its hash, its header and its pixels,
except where another one is as large, and perhaps the same: then its hash comes first, and may save the rest.
"""

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from db.catalog.assets import FileStat
from db.engine.schema import MediaKind
from db.errors import ChangedError, DecodeError, MediaError, UnfinishedError, UnreadableError
from db.settings import Settings
from indexer.analyse import as_media_error, look, require_unchanged
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.embed import Embedder
from indexer.flow import Look, Outcome, Prepared, Read, Recognised, Refused, Task, Twin, Twins
from indexer.media.formats import lacks_end, media_kind
from indexer.media.pool import DecodePool
from indexer.media.reader import read_whole
from indexer.media.types import Opened
from indexer.scan import reason

_LARGE_BYTES = 64 << 20
"""Larger files are hashed apart: the time limit of a worker is one for decoding."""


FRESH_S = 10.0
"""A file that changed so few seconds ago may still be written: recorders write out every few seconds."""


class Preparer:
    """Reads files, in many threads at once.

    Args:
        recognise: returns the id of the content with a hash, else None.
        wanted: the analysers of the first phase that are to look at a file of that kind.
        beside: what they make of what is beside a new one.
        sizes: of which there is more than one file.
    """

    def __init__(
        self,
        pool: DecodePool,
        embedder: Embedder,
        settings: Settings,
        twins: Twins,
        *,
        recognise: Callable[[bytes], int | None],
        wanted: Callable[[Task, MediaKind], Sequence[Analyser]],
        beside: Callable[[Task, MediaKind], Sequence[Look]],
        sizes: Collection[int],
    ) -> None:
        self._pool = pool
        self._embedder = embedder
        self._settings = settings
        self._twins = twins
        self._recognise = recognise
        self._wanted = wanted
        self._beside = beside
        self._sizes = sizes
        self._side = embedder.side

    def __call__(self, task: Task) -> Outcome:
        """Read one file; every fault of the file itself comes back as ``Refused``, or in its looks."""
        try:
            task = _as_it_is(task)
        except UnreadableError as exc:
            return Refused(task, None, str(exc), exc)
        wanted = self._wanted(task, media_kind(task.stat.path) or "image")
        if task.content_id is not None and not wanted:
            return Read(task, None, None, ())
        sha256: bytes | None = None
        try:
            if task.content_id is None and self._is_hashed_first(task):
                sha256 = _sha256(task.stat)
                if (known := self._known(task, sha256)) is not None:
                    return known
            opened = self._open(task, wanted, hashed=task.content_id is None and sha256 is None)
            if opened.header.generated:
                return Refused(task, sha256, "made by Trove, not taken by you")
            if opened.sha256 is not None:
                sha256 = opened.sha256
                if (known := self._known(task, sha256)) is not None:
                    return known
            looks = self._looks(task, opened)
            require_unchanged(task.stat)
        except Exception as exc:
            error = _of_now(task.stat, as_media_error(exc, task.stat.path))
            return Refused(task, sha256, str(error), error)
        return Read(task, sha256, opened.header.kind, looks)

    def _is_hashed_first(self, task: Task) -> bool:
        """Whether its content is perhaps known, or it is too large to be read at once."""
        size = task.stat.size
        return size in self._sizes or size > _LARGE_BYTES

    def _known(self, task: Task, sha256: bytes) -> Recognised | Twin | None:
        known = self.recognised(task, sha256)
        return known or (None if self._twins.claim(sha256) else Twin(task, sha256))

    def recognised(self, task: Task, sha256: bytes) -> Recognised | None:
        """The outcome for a file whose content is known, with what its name and what is beside it say."""
        content_id = self._recognise(sha256)
        if content_id is None:
            return None
        return Recognised(task, content_id, self._beside(task, media_kind(task.stat.path) or "image"))

    def _open(self, task: Task, wanted: Sequence[Analyser], *, hashed: bool) -> Opened:
        path = task.stat.path
        # By the name, which mostly tells; what a file really is decides whether it is decoded as a picture.
        shown = any(kind.proof == "shows" for analyser in wanted for kind in analyser.kinds)
        return self._pool.run(
            read_whole,
            path,
            hashed=hashed,
            side=self._side if shown else None,
            max_megapixels=self._settings.max_megapixels,
        )

    def _looks(self, task: Task, opened: Opened) -> list[Look]:
        medium = Medium(
            task.stat.path,
            self._pool,
            side=self._side,
            max_megapixels=self._settings.max_megapixels,
            opened=opened,
        )
        looks = []
        for analyser in self._wanted(task, opened.header.kind):
            found = look(analyser, medium, self._prepare, self._settings.paths.thumbnails)
            if found.error is not None and task.content_id is None:
                raise found.error
            looks.append(found)
        return looks if task.content_id else [*looks, *self._beside(task, opened.header.kind)]

    def _prepare(self, draft: Draft) -> Prepared:
        return self._embedder.prepare(draft.unit.kind, draft.payload)


def _as_it_is(task: Task) -> Task:
    """The task for the file as it is now, which may have changed since it was listed.

    Raises:
        UnfinishedError: it has, and only a moment ago.
        UnreadableError: it is not there.
    """
    try:
        require_unchanged(task.stat)
    except ChangedError as exc:
        status = task.stat.path.stat()
        if _is_fresh(status.st_mtime_ns):
            raise UnfinishedError("it is still being written") from exc
        stat = FileStat(task.stat.path, status.st_size, status.st_mtime_ns)
        return replace(task, stat=stat, content_id=None)
    return task


def _of_now(stat: FileStat, error: MediaError) -> MediaError:
    """Why a file could not be read: perhaps only since it is being written."""
    try:
        require_unchanged(stat)
        if isinstance(error, DecodeError) and _is_fresh(stat.mtime_ns) and lacks_end(stat.path):
            return UnfinishedError("the recording is not finished")
    except ChangedError as changed:
        return changed
    except (OSError, UnreadableError):
        return error
    return error


def _is_fresh(mtime_ns: int) -> bool:
    return abs(time.time() - mtime_ns / 1e9) < FRESH_S


def _sha256(stat: FileStat) -> bytes:
    if stat.size == 0:
        raise DecodeError("the file is empty")
    try:
        with stat.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as exc:
        raise UnreadableError(reason(exc)) from exc
