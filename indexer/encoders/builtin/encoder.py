"""The builtin embedding models: EfficientNet-Lite for pictures, all-MiniLM-L6-v2 for texts.

They need no download. Their towers were trained apart, and are joined in two spaces, concatenated in one
vector, which also carries a correction for pictures that are near every text (``hubness.py``):

- a trained projection of both towers' features (``projection.py``), which knows scenes and people;
- the names of a thousand things: in the first model ConSE alone (Norouzi et al. 2013, "Zero-Shot Learning
  by Convex Combination of Semantic Embeddings", arXiv 1312.5650): a picture is the mean of the sentence
  embeddings of "a CLASS", weighted by how sure the picture tower is of each of the thousand ImageNet
  classes, and a text is its own sentence embedding. The second has the classes themselves beside it
  (``classes.py``), and a larger picture tower.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from db.arrays import Floats, Vectors, unit_length
from db.settings import Precision
from indexer.encoders.base import Pixels
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.classes import (
    CONSE_CLASSES,
    CONSE_TEMPERATURE,
    CONSTANTS,
    conse,
    load_classes,
)
from indexer.encoders.builtin.hubness import EXTRA
from indexer.encoders.builtin.nouns.lookup import Nouns
from indexer.encoders.builtin.nouns.taxonomy import NOUNS, TAXONOMY
from indexer.encoders.builtin.projection import load_projection
from indexer.encoders.builtin.sentences.mapped import FIRST_MAP, SECOND_MAP, load_map
from indexer.encoders.builtin.sentences.tower import load_sentence_tower, sentence_fingerprint
from indexer.encoders.builtin.weights import FIRST, SECOND, file_fingerprint
from indexer.encoders.cache import kept_array
from indexer.encoders.classes import imagenet_names
from indexer.encoders.lazy import Once

CONSE_DIM = 384
CLASS_PROMPT = "a {}"
KNOWN_NOUN = 0.7
"""How much a noun is a name when all of its meaning is among the classes."""


class ConseEncoder:
    """ConSE alone, zero-shot: knows things by name, and only its towers were trained. See ``base.Encoder``.

    English only: both the sentence model and the class names are.
    """

    name = "builtin-conse"
    backbone = towers.LITE0
    image_size = backbone.size

    def __init__(self, cache: Path, device: str = "auto", precision: Precision = "float32") -> None:
        self.cache = cache
        self._image_tower = Once(lambda: towers.load_image_tower(self.backbone, cache, device, precision))
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
        # As bytes they are turned four times as fast.
        pixels = np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1)).astype(np.float32)
        pixels -= 127
        pixels /= 128
        return pixels

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """See ``base.Encoder``."""
        if not len(batch):
            return np.empty((0, self.dim), np.float32)
        return self._images(self._image_tower()(batch))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Encoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._texts(towers.TextFeatures(texts, self._text_tower()(texts)))

    def _fingerprints(self) -> list[str]:
        parts = [self.backbone.fingerprint(), towers.text_fingerprint(), "squash"]
        return [*parts, CLASS_PROMPT, str(CONSE_CLASSES), str(CONSE_TEMPERATURE)]

    def _images(self, outputs: towers.ImageFeatures) -> Vectors:
        return unit_length(conse(outputs.logits, self.class_vectors()))

    def _texts(self, read: towers.TextFeatures) -> Vectors:
        return unit_length(read.layers[:, -1])

    def _load_class_vectors(self) -> Floats:
        """(1000, 384): the unit sentence embedding of every class, cached beside the exports."""

        def make() -> Floats:
            prompts = [CLASS_PROMPT.format(name) for name in imagenet_names()]
            return unit_length(self._text_tower()(prompts)[:, -1])

        digest = hashlib.sha256(f"{towers.text_fingerprint()}\n{CLASS_PROMPT}".encode()).hexdigest()[:16]
        return kept_array(self.cache / "models" / f"imagenet-classes-{digest}.npy", make)


class BuiltinEncoder(ConseEncoder):
    """Names of things and the trained projection, concatenated and corrected for hubness.

    See ``base.SentenceEncoder``: sentences of other languages than English are multilingual-e5-small's,
    mapped to where the text tower puts the same in English (``sentences/``).
    """

    name = "builtin"
    weights = FIRST
    sentence_map = FIRST_MAP

    def __init__(
        self,
        cache: Path,
        device: str = "auto",
        precision: Precision = "float32",
        *,
        weights: Path | None = None,
    ) -> None:
        """``weights``: others than those that come with the project, to train them."""
        super().__init__(cache, device, precision)
        self.weights = weights or self.weights
        self._projection = Once(lambda: load_projection(self.weights))
        self._sentence_tower = Once(lambda: load_sentence_tower(cache))
        self._sentence_map = Once(lambda: load_map(self.fingerprint, self.sentence_map))
        self._map_fingerprint = Once(lambda: file_fingerprint(self.sentence_map))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return EXTRA + self._projection().dim + self.named_dim

    @property
    def named_dim(self) -> int:
        """How many of its last numbers are those of the names of things."""
        return CONSE_DIM

    def sentence_fingerprint(self) -> str:
        """See ``base.SentenceEncoder``."""
        return f"{sentence_fingerprint()}-{self._map_fingerprint()}"

    def encode_sentences(self, texts: Sequence[str]) -> Vectors:
        """See ``base.SentenceEncoder``."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        return self._sentence_map()(self._sentence_tower()(texts))

    def joint_images(self, outputs: towers.ImageFeatures) -> Floats:
        """Both parts of pictures, without the correction: (n, dim - 3) unit rows."""
        projection = self._projection()
        weighted = self._named_images(outputs) * np.sqrt(projection.conse_weight)
        return unit_length(np.hstack([projection.images(outputs.features), weighted]))

    def named(self, read: towers.TextFeatures) -> Floats:
        """(n,) how much each text is the name of a thing, 0 to 1 (``Projection.named``)."""
        return self._projection().named(read.layers)

    def joint_texts(self, read: towers.TextFeatures, named: Floats) -> Floats:
        """The same of texts; how much names count depends on ``named``, from the method of that name."""
        projection = self._projection()
        # The pictures carry the square root of the base weight: the product is each text's own weight.
        weights = projection.conse_weights(named) / np.sqrt(projection.conse_weight)
        rows = self._named_texts(read) * weights[:, None]
        return unit_length(np.hstack([projection.texts(read.layers), rows]))

    def _fingerprints(self) -> list[str]:
        return [*super()._fingerprints(), file_fingerprint(self.weights)]

    def _images(self, outputs: towers.ImageFeatures) -> Vectors:
        return self._projection().hubness.pictures(self.joint_images(outputs))

    def _texts(self, read: towers.TextFeatures) -> Vectors:
        named = self.named(read)
        return self._projection().hubness.texts(self.joint_texts(read, named), described=1 - named)

    def _named_images(self, outputs: towers.ImageFeatures) -> Vectors:
        return super()._images(outputs)

    def _named_texts(self, read: towers.TextFeatures) -> Vectors:
        return super()._texts(read)


class SecondEncoder(BuiltinEncoder):
    """The same with a larger picture tower, and the classes themselves beside their names."""

    name = "builtin-2"
    backbone = towers.LITE2
    image_size = backbone.size
    weights = SECOND
    sentence_map = SECOND_MAP

    def __init__(
        self,
        cache: Path,
        device: str = "auto",
        precision: Precision = "float32",
        *,
        weights: Path | None = None,
    ) -> None:
        super().__init__(cache, device, precision, weights=weights)
        self._classes = Once(lambda: load_classes(self.weights))
        self._nouns = Nouns()

    @property
    def named_dim(self) -> int:
        """See ``BuiltinEncoder``."""
        return self._classes().dim

    def named(self, read: towers.TextFeatures) -> Floats:
        """See ``BuiltinEncoder``; a noun that WordNet knows is one, however common it is in captions."""
        looked_up: Floats = KNOWN_NOUN * self._nouns.weights(read.texts).sum(axis=1)
        return np.maximum(super().named(read), looked_up)

    def _fingerprints(self) -> list[str]:
        tables = [file_fingerprint(NOUNS), file_fingerprint(TAXONOMY)]
        return [*super()._fingerprints(), *tables, str(KNOWN_NOUN), CONSTANTS]

    def _named_images(self, outputs: towers.ImageFeatures) -> Vectors:
        return self._classes().pictures(outputs.logits)

    def _named_texts(self, read: towers.TextFeatures) -> Vectors:
        return self._classes().texts(super()._named_texts(read), self._nouns.weights(read.texts))


BUILTINS: Mapping[str, type[ConseEncoder]] = MappingProxyType(
    {encoder.name: encoder for encoder in (SecondEncoder, BuiltinEncoder, ConseEncoder)}
)
"""The builtin encoders by name."""
