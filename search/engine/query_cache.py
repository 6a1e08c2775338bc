"""Query vectors that were made before: a question that is asked again loads no model.

One small file for each text, named by a digest of the space's fingerprint and the text (so the words
themselves are not in it), and closed by a checksum. It is a cache: whatever is missing, damaged, or
cannot be written costs only the time to make the vector anew.
"""

import hashlib
import logging
from contextlib import suppress
from pathlib import Path

import numpy as np

from db.catalog.units import Vectors
from db.files import is_intact, read_checksummed, write_checksummed
from indexer.encoders.base import Encoder

log = logging.getLogger(__name__)

MOST = 1_000
"""Vectors kept; when there are more, half of them, those not asked for the longest, are forgotten."""


class QueryVectors:
    """The vectors of texts in one space, in files below ``folder``. Safe to share, between processes too."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def of(self, text: str, encoder: Encoder) -> Vectors:
        """(dim,) float32 of unit length: remembered, or made by the encoder and remembered from now on.

        Raises:
            ModelError: it is not remembered, and the encoder cannot be loaded.
        """
        path = self._folder / hashlib.sha256(f"{self._fingerprint}\n{text}".encode()).hexdigest()[:40]
        known = _read(path, encoder.dim)
        if known is not None:
            with suppress(OSError):
                path.touch()
            return known
        vector: Vectors = encoder.encode_texts([text])[0]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._make_room()
            write_checksummed(path, vector.astype("<f4").tobytes())
        except OSError as exc:
            log.info("the vector of a query is not remembered: %s", exc)
        return vector

    def _make_room(self) -> None:
        paths = list(self._folder.iterdir())
        if len(paths) >= MOST:
            for path in sorted(paths, key=_last_asked)[: len(paths) - MOST // 2]:
                path.unlink(missing_ok=True)


def _last_asked(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has just forgotten it
        return 0.0


def _read(path: Path, dim: int) -> Vectors | None:
    if not is_intact(path):
        return None
    try:
        vector: Vectors = np.frombuffer(read_checksummed(path), dtype="<f4").astype(np.float32)
    except (OSError, ValueError):
        return None
    return vector if vector.shape == (dim,) else None
