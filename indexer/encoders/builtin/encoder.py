"""The builtin embedding model: EfficientNet-Lite0 for pictures, all-MiniLM-L6-v2 for texts.

It needs no download. Its towers were trained apart, and are joined in two spaces, concatenated in one
vector, which also carries a correction for pictures that are near every text (``hubness.py``):

- a trained projection of both towers' features (``projection.py``), which knows scenes and people;
- ConSE (Norouzi et al. 2013, "Zero-Shot Learning by Convex Combination of Semantic Embeddings",
  arXiv 1312.5650), which knows the names of a thousand things: a picture is the mean of the sentence
  embeddings of "a CLASS", weighted by how sure the picture tower is of each of the thousand ImageNet
  classes, and a text is its own sentence embedding.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from db.arrays import Floats, Vectors, unit_length
from indexer.encoders.base import Pixels
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.hubness import EXTRA
from indexer.encoders.builtin.projection import Projection, load_projection, projection_fingerprint
from indexer.encoders.builtin.sentences.mapped import MAP, load_map
from indexer.encoders.builtin.sentences.tower import load_sentence_tower, sentence_fingerprint
from indexer.encoders.cache import kept_array
from indexer.encoders.classes import imagenet_names
from indexer.encoders.lazy import Once

CONSE_DIM = 384
CONSE_CLASSES = 20
"""Only the likeliest classes count; the long tail only pulls every picture towards the same mean."""
CONSE_TEMPERATURE = 1.5
CLASS_PROMPT = "a {}"


class ConseEncoder:
    """ConSE alone, zero-shot: knows things by name, and only its towers were trained. See ``base.Encoder``.

    English only: both the sentence model and the class names are.
    """

    name = "builtin-conse"
    image_size = towers.IMAGE_SIZE

    def __init__(self, cache: Path, device: str = "auto") -> None:
        self.cache = cache
        self._image_tower = Once(lambda: towers.load_image_tower(cache, device))
        self._text_tower = Once(lambda: towers.load_text_tower(cache))
        self.class_vectors = Once(self._load_class_vectors)

    @property
    def fingerprint(self) -> str:
        """See ``base.Encoder``.

        Raises:
            ModelMissingError: the weights are not installed.
        """
        return hashlib.sha256("\n".join(self._fingerprints()).encode()).hexdigest()[:16]

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return CONSE_DIM

    def prepare(self, image: Image.Image) -> Pixels:
        """The whole picture resized to a square, (3, S, S) float32: a crop would lose the edges."""
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        square = rgb.resize((self.image_size, self.image_size), Image.Resampling.BICUBIC, reducing_gap=3.0)
        pixels = np.asarray(square, dtype=np.float32).transpose(2, 0, 1)
        return np.ascontiguousarray((pixels - 127.0) / 128.0)

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """See ``base.Encoder``."""
        if not len(batch):
            return np.empty((0, self.dim), np.float32)
        return self._images(self._image_tower()(batch))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Encoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._texts(self._text_tower()(texts))

    def _fingerprints(self) -> list[str]:
        parts = [towers.image_fingerprint(), towers.text_fingerprint(), "squash"]
        return [*parts, CLASS_PROMPT, str(CONSE_CLASSES), str(CONSE_TEMPERATURE)]

    def _images(self, outputs: towers.ImageFeatures) -> Vectors:
        return unit_length(conse(outputs.logits, self.class_vectors()))

    def _texts(self, layers: Floats) -> Vectors:
        return unit_length(layers[:, -1])

    def _load_class_vectors(self) -> Floats:
        """(1000, 384): the unit sentence embedding of every class, cached beside the exports."""

        def make() -> Floats:
            prompts = [CLASS_PROMPT.format(name) for name in imagenet_names()]
            return unit_length(self._text_tower()(prompts)[:, -1])

        digest = hashlib.sha256(f"{towers.text_fingerprint()}\n{CLASS_PROMPT}".encode()).hexdigest()[:16]
        return kept_array(self.cache / "models" / f"imagenet-classes-{digest}.npy", make)


class BuiltinEncoder(ConseEncoder):
    """ConSE and the trained projection, concatenated and corrected for hubness. See ``base.SentenceEncoder``.

    Sentences of other languages than English are multilingual-e5-small's, mapped to where the text tower puts
    the same in English (``sentences/``).
    """

    name = "builtin"

    def __init__(self, cache: Path, device: str = "auto") -> None:
        super().__init__(cache, device)
        self._projection = Once(load_projection)
        self._sentence_tower = Once(lambda: load_sentence_tower(cache))
        self._sentence_map = Once(lambda: load_map(self.fingerprint))
        self._map_fingerprint = Once(lambda: projection_fingerprint(MAP))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return EXTRA + self._projection().dim + CONSE_DIM

    def sentence_fingerprint(self) -> str:
        """See ``base.SentenceEncoder``."""
        return f"{sentence_fingerprint()}-{self._map_fingerprint()}"

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        """See ``base.SentenceEncoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._sentence_map()(self._sentence_tower()(texts))

    def _fingerprints(self) -> list[str]:
        return [*super()._fingerprints(), projection_fingerprint()]

    def _images(self, outputs: towers.ImageFeatures) -> Vectors:
        projection = self._projection()
        return projection.hubness.pictures(joint_images(projection, outputs, super()._images(outputs)))

    def _texts(self, layers: Floats) -> Vectors:
        projection = self._projection()
        named = projection.named(layers)
        joint = joint_texts(projection, layers, super()._texts(layers), named)
        return projection.hubness.texts(joint, described=1 - named)


def joint_images(projection: Projection, outputs: towers.ImageFeatures, conse_rows: Floats) -> Floats:
    """Concatenate the projected pictures with ConSE's (n, 384) unit rows: (n, dim + 384) unit rows."""
    weighted = conse_rows * np.sqrt(projection.conse_weight)
    return unit_length(np.hstack([projection.images(outputs.features), weighted]))


def joint_texts(projection: Projection, layers: Floats, conse_rows: Floats, named: Floats) -> Floats:
    """The same for texts; ConSE's weight depends on the gate, ``named`` (n,), see ``Projection.named``."""
    # The pictures carry the square root of the base weight: the product is each text's own weight.
    weights = projection.conse_weights(named) / np.sqrt(projection.conse_weight)
    return unit_length(np.hstack([projection.texts(layers), conse_rows * weights[:, None]]))


def conse(logits: Floats, class_vectors: Floats) -> Floats:
    """(n, 1000) logits to (n, d): mean of the likeliest classes' vectors, weighted by probability."""
    rows = np.arange(len(logits))[:, None]
    best = np.argpartition(logits, -CONSE_CLASSES, axis=1)[:, -CONSE_CLASSES:]
    top = logits[rows, best].astype(np.float64) / CONSE_TEMPERATURE
    weights = np.exp(top - top.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    mean: Floats = np.einsum("nk,nkd->nd", weights, class_vectors[best]).astype(np.float32)
    return mean
