"""Uploaded query pictures and sounds, kept in a temporary folder until the app ends."""

import hashlib
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from indexer.media.formats import media_kind

MOST_BYTES = 50_000_000
_MOST_KEPT = 64


@dataclass(frozen=True)
class Upload:
    """An uploaded picture or sound; ``name``: its original file name."""

    path: Path
    name: str

    @property
    def is_sound(self) -> bool:
        """Whether it is to be heard, by its name."""
        return media_kind(self.path) == "audio"


class Uploads:
    """Uploads by the hash of their content, so that links to questions with one hold while it is kept.

    The oldest are evicted for new ones. Thread-safe.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trove-", ignore_cleanup_errors=True)
        self._kept: OrderedDict[str, Upload] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, data: bytes, name: str) -> str:
        """Store a picture or sound; returns its SHA-256 in hexadecimal digits."""
        sha256 = hashlib.sha256(data).hexdigest()
        # The ending decides between decoders; the rest of a stranger's name must not become a path.
        suffix = Path(name).suffix.lower()
        path = Path(self._folder.name) / f"{sha256}{suffix if suffix[1:].isalnum() else ''}"
        with self._lock:
            before = self._kept.pop(sha256, None)
            if before is None or before.path != path:
                path.write_bytes(data)
            self._kept[sha256] = Upload(path, Path(name).name or "picture")
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)[1].path.unlink(missing_ok=True)
        return sha256

    def get(self, sha256: str) -> Upload | None:
        """The upload, or None once it was evicted."""
        return self._kept.get(sha256)


@cache
def uploads() -> Uploads:
    """The uploads of this process."""
    return Uploads()
