"""Models that tell by a fixed list of names what is heard in some seconds of sound, or happens in a clip.

Any class of transformers behind ``AutoModelForAudioClassification`` (AST) or behind
``AutoModelForVideoClassification`` (ViViT, VideoMAE, TimeSformer). Names and scores are those of the
library's own pipelines.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from PIL import Image

from db.arrays import Floats
from indexer.pretrained.loading import load_model, load_processor, used
from indexer.pretrained.weights import Weights


class Label(NamedTuple):
    """A name, and how sure the model is of it, 0 to 1."""

    name: str
    score: float


class _Classifier:
    """A model that tells names of what its ``prepare`` makes an input of."""

    def __init__(self, name: str, model: Any) -> None:
        self.name = name
        self._model = model

    def _labels(self, prepare: Any) -> list[Label]:
        """All names that it knows, the likeliest first.

        Raises:
            ModelError: it cannot take such an input.
        """
        import torch

        with used(self.name, "failed"), torch.inference_mode():
            inputs = prepare().to(self._model.device, dtype=self._model.dtype)
            (logits,) = self._model(**inputs).logits.float()
        config = self._model.config
        several = config.problem_type == "multi_label_classification"
        scores = logits.sigmoid() if several else logits.softmax(-1)
        found = zip(config.id2label.items(), scores.tolist(), strict=True)
        return sorted((Label(name, score) for (_, name), score in found), key=lambda label: -label.score)


class SoundTagger(_Classifier):
    """A tagger of sounds that is loaded. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    def __init__(self, name: str, model: Any, extractor: Any) -> None:
        super().__init__(name, model)
        self._extractor = extractor

    @property
    def rate(self) -> int:
        """Samples a second that it hears."""
        return int(self._extractor.sampling_rate)

    def labels(self, samples: Floats) -> list[Label]:
        """What is heard in mono samples at its rate; errors as ``_labels``."""
        how = {"sampling_rate": self.rate, "return_tensors": "pt"}
        return self._labels(lambda: self._extractor(samples, **how))


class ActionClassifier(_Classifier):
    """A classifier of clips that is loaded. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    def __init__(self, name: str, model: Any, processor: Any) -> None:
        super().__init__(name, model)
        self._processor = processor

    @property
    def count(self) -> int:
        """How many frames of a clip it sees."""
        return int(self._model.config.num_frames)

    def labels(self, frames: Sequence[Image.Image]) -> list[Label]:
        """What happens in ``count`` frames in order; errors as ``_labels``."""
        return self._labels(lambda: self._processor(list(frames), return_tensors="pt"))


def load_tagger(weights: Weights, device: str) -> SoundTagger:
    """A tagger of sounds by the weights that were found.

    Raises:
        ModelError: they cannot be loaded, or are of none.
    """
    model = load_model(weights, "AutoModelForAudioClassification", device)
    return SoundTagger(weights.name, model, load_processor(weights, "AutoFeatureExtractor"))


def load_classifier(weights: Weights, device: str) -> ActionClassifier:
    """A classifier of clips by the weights that were found.

    Raises:
        ModelError: they cannot be loaded, or are of none.
    """
    model = load_model(weights, "AutoModelForVideoClassification", device)
    return ActionClassifier(weights.name, model, load_processor(weights, "AutoVideoProcessor"))
