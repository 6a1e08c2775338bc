"""Encoders that put clips of films and texts into one space: X-CLIP of transformers (Ni et al. 2022).

A clip is its frames in order. X-CLIP's classifier words its names anew for each clip that it sees; vectors
that are compared with any clip cannot have that.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from db.settings import Settings
from indexer.encoders.base import Pixels
from indexer.encoders.by_name import EncoderByName, TwoTowers
from indexer.encoders.lazy import Once
from indexer.pretrained.loading import load_model, load_processor
from indexer.pretrained.weights import Weights

_USUAL_SIZE, _USUAL_FRAMES = 224, 8


class MovingEncoder(EncoderByName):
    """A model of clips and texts by preset, Hub name or folder, see ``base.Encoder``."""

    task = "motion"
    does = "compare clips with words"

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self._processor = Once(lambda: load_processor(self._model.weights))

    @property
    def image_size(self) -> int:
        """Side in pixels of the square of a frame that is seen."""
        return int(self._seen("image_size", _USUAL_SIZE))

    def prepare(self, content: Sequence[Image.Image]) -> Pixels:
        """As many frames as the model sees, evenly chosen of a clip, as its own configuration says.

        Raises:
            ModelError: it is a model of something else.
        """
        processor: Any = getattr(self._processor(), "image_processor", None)
        if processor is None:
            raise self._unfit()
        count = int(self._seen("num_frames", _USUAL_FRAMES))
        frames = [content[int(at)] for at in np.linspace(0, len(content) - 1, count).round()]
        made = processor([frames], return_tensors="np")
        pixels: Pixels = np.asarray(made["pixel_values"][0], np.float32)
        return pixels

    def blank(self) -> Sequence[Image.Image]:
        """See ``EncoderByName``."""
        return [Image.new("RGB", (self.image_size, self.image_size))]

    @staticmethod
    def _load(weights: Weights, device: str) -> "_XClip":
        return _XClip(load_model(weights, "AutoModel", device), load_processor(weights))

    def _seen(self, name: str, usual: int) -> int:
        return int(self._config().get("vision_config", {}).get(name, usual))


class _XClip(TwoTowers):
    def features(self, batch: Any) -> Any:
        """Of clips, (n, frames, 3, H, W)."""
        return self._model.get_video_features(pixel_values=batch)
