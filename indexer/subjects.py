"""Concepts that people take pictures of, and which one of them a picture clearly shows (zero-shot).

In words that people use for their own pictures (``subjects.txt``): of the classes of ImageNet a hundred and
twenty are breeds of dogs, and none is a dog, a child or the sea.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from db.arrays import Vectors
from db.errors import ModelError
from indexer.encoders.base import Encoder
from indexer.encoders.cache import kept_array

log = logging.getLogger(__name__)

CLEAR = 3.5
"""Standard deviations by which a concept must stand out among all concepts to be what a picture shows."""


def subjects() -> tuple[str, ...]:
    """What people take pictures of, in their words and with articles: a dog, the sea, snow."""
    lines = Path(__file__).with_name("subjects.txt").read_text(encoding="utf-8").splitlines()
    return tuple(filter(None, lines))


def bare(text: str) -> str:
    """A concept without its article."""
    return text.removeprefix("a ").removeprefix("an ").removeprefix("the ")


def clear_concepts(vectors: Vectors, concepts: Vectors, names: Sequence[str]) -> list[str | None]:
    """The concept that each picture shows, or None where none stands out."""
    similarities = vectors @ concepts.T
    z_score = similarities - similarities.mean(axis=1, keepdims=True)
    z_score /= np.maximum(z_score.std(axis=1, keepdims=True), 1e-6)
    best = z_score.argmax(axis=1)
    clear = z_score[np.arange(len(best)), best] >= CLEAR
    return [names[at] if ok else None for at, ok in zip(best.tolist(), clear.tolist(), strict=True)]


def concept_vectors(encoder: Encoder, folder: Path, names: Sequence[str]) -> Vectors:
    """(n, dim) text vectors of the concepts, encoded once for each model and cached in the ``folder``."""
    texts = [f"a photo of {name}" for name in names]
    path = concept_file(encoder.name, encoder.fingerprint, folder, names)
    try:
        return kept_array(path, lambda: encoder.encode_texts(texts))
    except ModelError as exc:
        log.warning("the concepts could not be kept: %s", exc)
        return encoder.encode_texts(texts)


def concept_file(model: str, fingerprint: str, folder: Path, names: Sequence[str]) -> Path:
    """Where ``concept_vectors`` caches those of a model."""
    texts = [f"a photo of {name}" for name in names]
    digest = hashlib.sha256("\n".join([model, fingerprint, *texts]).encode()).hexdigest()[:16]
    return folder / f"{digest}.npy"
