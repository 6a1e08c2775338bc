"""Encoders that see pictures alone, such as DINOv2, BEiT and MAE: any of transformers or timm.

They know no words, and compare by nothing but looks. A vector is what the library calls the pooled output of
a picture, or its class token where there is none.
"""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from db.arrays import Floats, Vectors
from db.errors import ModelError
from db.settings import Settings
from indexer.encoders.base import Pixels, no_texts
from indexer.encoders.by_name import EncoderByName
from indexer.encoders.lazy import Once
from indexer.pretrained.loading import load_model, load_processor, loaded
from indexer.pretrained.weights import Weights

_USUAL_SIZE = 224
_MASKED = {"vit_mae": {"mask_ratio": 0.0}}
"""Models that hide parts of a picture when they learn, and how they are told to look at all of it."""


@dataclass(frozen=True)
class _Tower:
    """A model of pictures: ``encode`` gives (n, dim) of (n, 3, H, W)."""

    encode: Callable[[Pixels], Floats]

    def contents(self, batch: Pixels) -> Floats:
        return self.encode(batch)

    def texts(self, texts: Sequence[str]) -> Floats:  # noqa: ARG002 - it knows none
        raise ModelError("it knows no words")


class LookalikeEncoder(EncoderByName):
    """A model of pictures alone by preset, Hub name or folder, see ``base.Encoder``."""

    task = "similar"
    does = "look at pictures"

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__(name, settings)
        self._prepare = Once(lambda: _load_preparation(self._model.weights))

    @property
    def image_size(self) -> int:
        """See ``base.Encoder``."""
        config = self._config()
        size = config.get("image_size") or config.get("pretrained_cfg", {}).get("input_size", _USUAL_SIZE)
        return int(size if isinstance(size, int) else size[-1])

    def prepare(self, content: Image.Image) -> Pixels:
        """As the model's own configuration says, see ``base.Encoder``."""
        return self._prepare()(content.convert("RGB"))

    def blank(self) -> Image.Image:
        """See ``EncoderByName``."""
        return Image.new("RGB", (self.image_size, self.image_size))

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """It knows none, see ``base.no_texts``."""
        return no_texts(self, texts)

    @staticmethod
    def _load(weights: Weights, device: str) -> _Tower:
        return _load_tower(weights, device)

    def _find_dim(self) -> int:
        return len(self.encode_pixels(self.prepare(self.blank())[None])[0])


def _load_tower(weights: Weights, device: str) -> _Tower:
    import torch

    config = weights.config()
    forward = _timm(weights, device) if _is_timm(config) else _transformers(weights, config, device)

    def encode(batch: Pixels) -> Floats:
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(batch)).to(device)
            vectors: Floats = forward(pixels).flatten(1).float().cpu().numpy()
        return vectors

    return _Tower(encode)


def _transformers(weights: Weights, config: dict[str, Any], device: str) -> Callable[[Any], Any]:
    model = load_model(weights, "AutoModel", device, **loaded(weights, lambda: _options(weights, config)))

    def forward(pixels: Any) -> Any:
        seen = model(pixel_values=pixels.to(model.dtype))
        pooled = getattr(seen, "pooler_output", None)
        return seen.last_hidden_state[:, 0] if pooled is None else pooled

    return forward


def _options(weights: Weights, config: dict[str, Any]) -> dict[str, Any]:
    """How its class is made: without a pooling layer where the checkpoint has none."""
    import transformers

    options: dict[str, Any] = dict(_MASKED.get(config.get("model_type", ""), {}))
    known = transformers.AutoConfig.from_pretrained(
        weights.folder, local_files_only=True, trust_remote_code=False
    )
    made = inspect.signature(transformers.MODEL_MAPPING[type(known)].__init__)
    if "add_pooling_layer" in made.parameters:
        options["add_pooling_layer"] = _pools(weights)
    return options


def _pools(weights: Weights) -> bool:
    from safetensors import safe_open

    safe = [file for file in weights.files if file.suffix == ".safetensors"]
    for file in safe:
        with safe_open(file, framework="numpy") as tensors:
            if any("pooler." in name for name in tensors.keys()):  # noqa: SIM118 - it is no mapping
                return True
    return not safe


def _timm(weights: Weights, device: str) -> Callable[[Any], Any]:
    def load() -> Any:
        import timm

        return timm.create_model(f"local-dir:{weights.folder}", pretrained=True).to(device).eval()

    model = loaded(weights, load)
    return lambda pixels: model.forward_head(model.forward_features(pixels), pre_logits=True)


def _load_preparation(weights: Weights) -> Callable[[Image.Image], Pixels]:
    if _is_timm(weights.config()):
        return loaded(weights, lambda: _timm_preparation(weights))
    processor = load_processor(weights, "AutoImageProcessor")

    def prepare(image: Image.Image) -> Pixels:
        pixels: Pixels = processor(images=image, return_tensors="np")["pixel_values"][0]
        return pixels.astype(np.float32, copy=False)

    return prepare


def _timm_preparation(weights: Weights) -> Callable[[Image.Image], Pixels]:
    import timm

    model = timm.create_model(f"local-dir:{weights.folder}", pretrained=False)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)

    def prepare(image: Image.Image) -> Pixels:
        pixels: Pixels = transform(image).numpy()
        return pixels

    return prepare


def _is_timm(config: dict[str, Any]) -> bool:
    return "architecture" in config and "model_type" not in config
