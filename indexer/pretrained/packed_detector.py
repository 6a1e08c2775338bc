"""An object detector in one file, in TensorFlow Lite's format: that of MediaPipe's Objectron, or one like it.

An SSD on MobileNetV2 (Liu et al. 2016, arXiv 1512.02325) with the anchors that MediaPipe gives it. The names
of what it knows stand before the model, a line each. It is run by LiteRT, where that package is installed.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from db.arrays import Doubles, Ids
from db.errors import ModelError
from indexer.pretrained.boxes import Box, Detector
from indexer.pretrained.loading import loaded
from indexer.pretrained.weights import Weights

_STRIDES = (16, 32, 64, 128, 256, 512)
_SCALES = (0.2, 0.95)
"""Of the anchors of the first and last layer, as shares of the picture; between them as evenly apart."""
_RATIOS = (1.0, 2.0, 0.5, 3.0, 1 / 3)
_OF_CENTRE, _OF_SIZE = 10.0, 5.0
"""By how much places and sizes are multiplied in what the model gives."""
_OVERLAP = 0.5
"""Intersection over union, from which two boxes of a name are of one thing."""
_MAGIC = b"TFL3"


class PackedDetector(Detector):
    """A detector that LiteRT runs. Not thread-safe: ``Pretrained.use`` lets one thread in."""

    sure: ClassVar[float | None] = 0.6  # bench/things.py

    def __init__(self, name: str, interpreter: Any, names: list[str]) -> None:
        super().__init__(name, interpreter, None)
        interpreter.allocate_tensors()
        (self._input,) = interpreter.get_input_details()
        outputs = {int(each["shape"][-1]): each["index"] for each in interpreter.get_output_details()}
        self._boxes, self._scores = outputs[4], outputs[len(names)]
        self._names = names
        self._side = int(self._input["shape"][1])
        self._anchors = anchors(self._side)

    def _detect(self, picture: Image.Image, least: float) -> list[Box]:
        small = picture.convert("RGB").resize((self._side, self._side), Image.Resampling.BILINEAR)
        pixels = np.asarray(small, np.float32)[None] / 127.5 - 1
        self._model.set_tensor(self._input["index"], pixels)
        self._model.invoke()
        logits = self._model.get_tensor(self._scores)[0].astype(np.float64)
        corners = decoded(self._model.get_tensor(self._boxes)[0].astype(np.float64), self._anchors)
        chances = 1 / (1 + np.exp(-logits))
        # The first name stands for nothing.
        labels = 1 + chances[:, 1:].argmax(axis=1)
        scores = chances[np.arange(len(labels)), labels]
        kept = apart(corners, labels, scores, least)
        return [
            Box(self._names[labels[i]].lower(), float(scores[i]), left, top, right - left, bottom - top)
            for i, (left, top, right, bottom) in ((i, corners[i].tolist()) for i in kept)
            if right > left and bottom > top
        ]


def load_packed(weights: Weights) -> PackedDetector:
    """The detector in a file.

    Raises:
        ModelError: it is none, or LiteRT is not installed.
    """
    names, model = unpacked(weights.files[0])
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as exc:
        raise ModelError(
            f"{weights.name} needs a package that is not installed: ai-edge-litert",
            "Install it: pip install ai-edge-litert",
        ) from exc

    def load() -> PackedDetector:
        # The delegate that it takes by default is faster, but prints a line of its own.
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        engine = Interpreter(model_content=model, num_threads=1, experimental_op_resolver_type=plain)
        return PackedDetector(weights.name, engine, names)

    return loaded(weights, load)


def unpacked(file: Path) -> tuple[list[str], bytes]:
    """The names and the model in a file: lines of text, then a model of TensorFlow Lite.

    Raises:
        ModelError: it cannot be read, or is another file.
    """
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise ModelError(f"{file} cannot be read: {exc.strerror}", "Check the path.") from exc
    # A model begins with the place of its table, in four bytes; then come those that all have.
    at = content.find(_MAGIC) - 4
    names = content[: max(0, at)].decode("utf-8", "replace").split("\n")
    names = [name for name in names if name.strip()]
    if at < 0 or len(names) < 2:
        raise ModelError(
            f"{file} is no detector with names before it",
            "Give objectron_solution_packed_assets.data, or a folder with a model of transformers.",
        )
    return names, content[at:]


def anchors(side: int) -> Doubles:
    """(n, 4) anchors of all layers: middle across and down, width and height, as shares of the picture."""
    lowest, highest = _SCALES
    scales = [*np.linspace(lowest, highest, len(_STRIDES)), 1.0]
    found = []
    for layer, stride in enumerate(_STRIDES):
        scale = scales[layer]
        shapes = [(scale, ratio) for ratio in _RATIOS] + [(np.sqrt(scale * scales[layer + 1]), 1.0)]
        if layer == 0:  # which has fewer
            shapes = [(0.1, 1.0), (scale, 2.0), (scale, 0.5)]
        cells = -(-side // stride)
        middles = (np.arange(cells) + 0.5) / cells
        sizes = np.array([(each * np.sqrt(ratio), each / np.sqrt(ratio)) for each, ratio in shapes])
        down, across, shape = np.meshgrid(middles, middles, np.arange(len(sizes)), indexing="ij")
        places = np.stack([across, down], axis=-1).reshape(-1, 2)
        found.append(np.concatenate([places, sizes[shape.ravel()]], axis=1))
    return np.concatenate(found)


def decoded(raw: Doubles, of: Doubles) -> Doubles:
    """(n, 4) left, top, right and bottom edges within the picture of what a model gives for the anchors."""
    centre = raw[:, 1::-1] / _OF_CENTRE * of[:, 2:] + of[:, :2]
    half = np.exp(raw[:, 3:1:-1] / _OF_SIZE) * of[:, 2:] / 2
    return np.concatenate([centre - half, centre + half], axis=1).clip(0.0, 1.0)


def apart(corners: Doubles, labels: Ids, scores: Doubles, least: float) -> list[int]:
    """Which boxes are left, the surest first, when of those of one thing the surest is kept."""
    kept: list[int] = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < least:
            break
        if all(labels[i] != labels[j] or _shared(corners[i], corners[j]) < _OVERLAP for j in kept):
            kept.append(int(i))
    return kept


def _shared(one: Doubles, other: Doubles) -> float:
    """Intersection over union of two boxes."""
    inside = np.prod(np.clip(np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2]), 0, None))
    both = np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]) - inside
    return float(inside / both) if both else 0.0
