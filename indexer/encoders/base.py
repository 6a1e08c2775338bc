"""The contract that every embedding model fulfils."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from db.arrays import Vectors
from db.errors import ModelError

Pixels = npt.NDArray[np.float32]


class Encoder(Protocol):
    """Puts pictures and texts into one space of unit vectors, compared by their dot product.

    Loading is lazy: making an encoder is cheap, the towers are loaded on first use, and
    either may be used without the other (a text search never loads the picture tower).
    """

    @property
    def name(self) -> str:
        """The name that was resolved, such as ``builtin`` or ``ViT-B-32/laion2b_s34b_b79k``."""

    @property
    def fingerprint(self) -> str:
        """Short text that changes whenever the vectors would (weights, preprocessing)."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def image_size(self) -> int:
        """Side in pixels of the square that the picture tower sees; 0 where it sees no single pictures."""

    def prepare(self, content: Any) -> Pixels:
        """An RGB picture as one (3, H, W) float32 array, ready for ``encode_pixels``. Thread-safe.

        Models of other things take those: one of sounds mono samples, one of films the frames of a clip.
        """

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """(n, 3, H, W) float32, or n of what else was prepared, to (n, dim) float32 with unit rows."""

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """n texts to (n, dim) float32 with unit rows."""


def no_texts(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """(0, dim) float32: all that an encoder of pictures alone has of texts.

    Raises:
        ModelError: there are some.
    """
    if texts:
        raise ModelError(f"the model {encoder.name} knows no words", "Choose one of pictures and texts.")
    return np.empty((0, encoder.dim), np.float32)


@runtime_checkable
class SentenceEncoder(Protocol):
    """What an encoder of English has that puts sentences of other languages into its space, too."""

    def sentence_fingerprint(self) -> str:
        """Short text that changes whenever these vectors would; told without loading that model.

        Raises:
            ModelMissingError: the weights of that model are not installed.
        """

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        """n texts of any language to (n, dim) float32 with unit rows.

        Raises:
            ModelError: that model is missing or damaged.
        """
