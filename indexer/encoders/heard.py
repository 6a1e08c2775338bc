"""Encoders that put sounds and texts into one space: CLAP of transformers (Wu et al. 2022, arXiv 2211.06687).

A sound is mono samples at ``RATE``, ten seconds at most, and is heard as it is by itself.
"""

from typing import Any

import numpy as np

from db.arrays import Floats
from db.settings import Settings
from indexer.encoders.base import Pixels
from indexer.encoders.by_name import EncoderByName, TwoTowers
from indexer.encoders.lazy import Once
from indexer.pretrained.loading import load_model, load_processor
from indexer.pretrained.weights import Weights

RATE = 48_000
"""Samples a second that all models of this kind hear."""
_FUSED = "fusion"
"""How a model is told of sounds that also takes long ones."""


class HeardEncoder(EncoderByName):
    """A model of sounds and texts by preset, Hub name or folder, see ``base.Encoder``."""

    task = "sound"
    does = "compare sounds with words"
    image_size = 0

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self._processor = Once(lambda: load_processor(self._model.weights))

    def prepare(self, content: Floats) -> Pixels:
        """The spectrogram of mono samples, as the model's own configuration says.

        Raises:
            ModelError: it is a model of something else.
        """
        extractor: Any = getattr(self._processor(), "feature_extractor", None)
        if getattr(extractor, "sampling_rate", 0) != RATE:
            raise self._unfit()
        made = extractor(content, sampling_rate=RATE, return_tensors="np")
        pixels: Pixels = np.asarray(made["input_features"][0], np.float32)
        return pixels

    def blank(self) -> Floats:
        """See ``EncoderByName``."""
        return np.zeros(RATE, np.float32)

    @staticmethod
    def _load(weights: Weights, device: str) -> "_Clap":
        return _Clap(load_model(weights, "AutoModel", device), load_processor(weights))


class _Clap(TwoTowers):
    def features(self, batch: Any) -> Any:
        """Of spectrograms; a fused model takes a sound that stands alone as a long one."""
        import torch

        is_longer = self._processor.feature_extractor.truncation == _FUSED
        longer = torch.full((len(batch), 1), is_longer, device=batch.device)
        return self._model.get_audio_features(input_features=batch, is_longer=longer)
