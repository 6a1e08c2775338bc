"""On-disk cache of query vectors: a query that was asked before loads no model.

One small file for each text, named by a digest of the space's fingerprint and the text (so the words
themselves are not in it), and closed by a checksum. A file that is missing, damaged, or cannot be
written costs only the time to encode the text again.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from db.arrays import Vectors
from db.files import is_intact, read_checksummed, write_checksummed
from indexer.encoders import phrasings
from indexer.encoders.base import Encoder, SentenceEncoder
from indexer.encoders.phrasings import encode_phrased

log = logging.getLogger(__name__)

MOST = 1_000
"""Vectors kept; when it is full, half of them are deleted, the least recently used first."""


class QueryVectors:
    """Cache of the text vectors of one space, phrased as questions are, in files below ``folder``.

    Safe to share between threads and processes.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder
        self._fingerprint = fingerprint

    def of(self, text: str, encoder: Encoder) -> Vectors:
        """The vector of a text, (dim,) float32 of unit length: from the cache, or encoded and then cached.

        Raises:
            ModelError: it is not cached, and the encoder cannot be loaded.
        """
        return self._kept(
            f"{phrasings.VERSION}\n{text}", encoder.dim, lambda: encode_phrased(encoder, [text])[0]
        )

    def of_sentence(self, text: str, encoder: SentenceEncoder, dim: int) -> Vectors:
        """The same by the meaning of a text in another language than English, of ``dim`` numbers.

        Raises:
            ModelError: the model of such sentences is missing or damaged.
        """
        key = f"{encoder.sentence_fingerprint()}\n{text}"
        return self._kept(key, dim, lambda: encoder.encode_sentences([text])[0])

    def _kept(self, key: str, dim: int, make: Callable[[], Vectors]) -> Vectors:
        key = f"{self._fingerprint}\n{key}"
        path = self._folder / hashlib.sha256(key.encode()).hexdigest()[:40]
        cached = _read(path, dim)
        if cached is not None:
            with suppress(OSError):
                path.touch()
            return cached
        vector = make()
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
            for path in sorted(paths, key=_last_used)[: len(paths) - MOST // 2]:
                path.unlink(missing_ok=True)


def _last_used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has just deleted it
        return 0.0


def _read(path: Path, dim: int) -> Vectors | None:
    if not is_intact(path):
        return None
    try:
        vector: Vectors = np.frombuffer(read_checksummed(path), dtype="<f4").astype(np.float32)
    except (OSError, ValueError):
        return None
    return vector if vector.shape == (dim,) else None
