"""Pictures and texts by ImageNet's classes: what the picture tower sees, and what a text is a name of.

A thousand probabilities say more of a single thing than their mean in a space of sentences (ConSE) does, and
that mean says more of what is no class. Both are kept, each in fewer dimensions. A text is put among the
classes by how near its sentence embedding is to their names, and by what WordNet knows it to be (``nouns/``).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.arrays import Floats, unit_length
from indexer.encoders.builtin.weights import damaged, read_tensors

CONSE_CLASSES = 20
"""Only the likeliest classes count; the long tail only pulls every picture towards the same mean."""
CONSE_TEMPERATURE = 1.5
_TEMPERATURE = 2.0
"""Of the thousand probabilities: less sure than the tower is of itself."""
_SHARPNESS = 20.0
"""Inverse temperature of a text's cosines to the names."""
_TENSORS = frozenset("class_names class_name_counts class_basis conse_names conse_basis".split())
_LOOKED_UP = 0.8
"""Share of what WordNet knows of a name, against what the sentence model does."""
_UNLIKE = 0.01
"""What remains of what the sentence model takes a name for where WordNet knows better: a dog is no hotdog."""
CONSTANTS = f"{_TEMPERATURE} {_SHARPNESS} {_LOOKED_UP} {_UNLIKE}"
"""All that vectors depend on beside the tensors."""


@dataclass(frozen=True)
class ClassSpace:
    """Names of the classes, and the bases of both parts."""

    names: Floats
    """(m, 384) unit sentence embeddings of names, those of one class side by side."""
    firsts: npt.NDArray[np.int64]
    """(1000,) the first name of each class."""
    basis: Floats
    """(1000, k): each class with the synsets above it, in the directions in which names differ most."""
    conse_names: Floats
    """(1000, j) the classes in ConSE's space."""
    conse_basis: Floats
    """(384, j) orthonormal columns."""

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.conse_names.shape[1] + self.basis.shape[1])

    def pictures(self, logits: Floats) -> Floats:
        """(n, 1000) logits to (n, dim) unit rows."""
        seen = unit_length(_softmax(logits / _TEMPERATURE))
        return _joined(conse(logits, self.conse_names), seen @ self.basis)

    def texts(self, sentences: Floats, nouns: Floats) -> Floats:
        """(n, 384) unit sentence embeddings and (n, 1000) as ``Nouns.weights`` to (n, dim) unit rows."""
        meant = self.among_classes(sentences, nouns)
        return _joined(sentences @ self.conse_basis, meant @ self.basis)

    def among_classes(self, sentences: Floats, nouns: Floats) -> Floats:
        """What texts mean in classes, (n, 1000) unit rows; arguments as ``texts``."""
        near = np.maximum.reduceat(sentences @ self.names.T, self.firsts, axis=1)
        most = nouns.max(axis=1, keepdims=True)
        like = np.where(most > 0, nouns / np.maximum(most, np.finfo(np.float32).tiny), 1) + _UNLIKE
        known = _LOOKED_UP * nouns
        read = _softmax(_SHARPNESS * near + np.log(like))
        return unit_length((1 - known.sum(axis=1, keepdims=True)) * read + known)


def load_classes(path: Path) -> ClassSpace:
    """Load the tensors that are named after the fields.

    Raises:
        ModelError: the file is missing, damaged, or lacks a tensor.
    """
    stored = read_tensors(path, _TENSORS)
    try:
        counts = stored["class_name_counts"].astype(np.int64)
        return ClassSpace(
            names=stored["class_names"],
            firsts=np.concatenate([[0], np.cumsum(counts)[:-1]]),
            basis=stored["class_basis"],
            conse_names=stored["conse_names"],
            conse_basis=stored["conse_basis"],
        )
    except KeyError as exc:
        raise damaged(path, exc) from exc


def conse(logits: Floats, class_vectors: Floats) -> Floats:
    """(n, 1000) logits to (n, d): mean of the likeliest classes' vectors, weighted by probability."""
    rows = np.arange(len(logits))[:, None]
    best = np.argpartition(logits, -CONSE_CLASSES, axis=1)[:, -CONSE_CLASSES:]
    weights = _softmax(logits[rows, best].astype(np.float64) / CONSE_TEMPERATURE)
    mean: Floats = np.einsum("nk,nkd->nd", weights, class_vectors[best]).astype(np.float32)
    return mean


def _joined(first: Floats, second: Floats) -> Floats:
    return unit_length(np.hstack([unit_length(first), unit_length(second)]))


def _softmax(rows: npt.NDArray[np.floating]) -> Floats:
    raised = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares
