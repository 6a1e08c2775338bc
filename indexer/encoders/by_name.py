"""What encoders of models have in common that people choose by preset, Hub name or folder.

The weights are found when they are needed, and the model is kept no longer than it is used.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from db.arrays import Floats, Vectors, unit_length
from db.errors import ModelError, first_line
from db.paths import expanded
from db.settings import Settings
from indexer.encoders.base import Pixels
from indexer.encoders.lazy import Once
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.memory import in_batches
from indexer.pretrained.presets import Task, of_task
from indexer.pretrained.weights import Weights

_SAMPLES = 256
_SAMPLE = 4096
"""Bytes of a checkpoint that are read to know it again: gigabytes would take seconds at every start."""
_TEXTS_AT_ONCE = 32


class Towers(Protocol):
    """A model that is loaded."""

    def contents(self, batch: Pixels) -> Floats:
        """What was prepared, stacked, to (n, dim)."""

    def texts(self, texts: Sequence[str]) -> Floats:
        """n texts to (n, dim)."""


class TwoTowers(ABC):
    """A model of transformers that puts texts and something else into one space."""

    def __init__(self, model: Any, processor: Any) -> None:
        self._model = model
        self._processor = processor

    @abstractmethod
    def features(self, batch: Any) -> Any:
        """What the model makes of a batch of the other kind, a tensor on its device."""

    def contents(self, batch: Pixels) -> Floats:
        """See ``Towers``."""
        import torch

        with torch.inference_mode():
            return _vectors(self.features(torch.from_numpy(batch).to(self._model.device, self._model.dtype)))

    def texts(self, texts: Sequence[str]) -> Floats:
        """See ``Towers``."""
        import torch

        read = self._processor.tokenizer(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.inference_mode():
            return _vectors(self._model.get_text_features(**read.to(self._model.device)))


def _vectors(made: Any) -> Floats:
    vectors: Floats = getattr(made, "pooler_output", made).float().cpu().numpy()
    return vectors


class EncoderByName(ABC):
    """An encoder of a task's models, see ``base.Encoder``."""

    task: ClassVar[Task]
    does: ClassVar[str]
    """What models of another kind cannot do, for people: ``look at pictures``."""

    def __init__(self, name: str, settings: Settings) -> None:
        folder = expanded(name)
        self.name = str(folder.resolve()) if name and folder.is_dir() else name
        self._model = Pretrained(self.name, self.task, settings, self._load)
        self._config = Once(lambda: self._model.weights.config())
        self._fingerprint = Once(lambda: _fingerprint(self._model.weights))
        self._dim = Once(self._find_dim)

    @property
    def fingerprint(self) -> str:
        """See ``base.Encoder``.

        Raises:
            ModelError: its weights cannot be had.
        """
        return self._fingerprint()

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim()

    @abstractmethod
    def prepare(self, content: Any) -> Pixels:
        """See ``base.Encoder``."""

    @abstractmethod
    def blank(self) -> Any:
        """Something that can be prepared, to try the model with."""

    def require(self) -> None:
        """Try the model: it is known by its name alone, and may be one of something else.

        Raises:
            ModelError: it is, or cannot be loaded.
        """
        self.encode_pixels(self.prepare(self.blank())[None])

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """See ``base.Encoder``.

        Raises:
            ModelError: the model is of another kind, or there is too little memory for it.
        """
        return self._encoded(
            list(batch), len(batch), lambda model: lambda some: list(model.contents(np.stack(some)))
        )

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """See ``base.Encoder``; errors as ``encode_pixels``."""
        return self._encoded(list(texts), _TEXTS_AT_ONCE, lambda model: lambda some: list(model.texts(some)))

    @staticmethod
    @abstractmethod
    def _load(weights: Weights, device: str) -> Towers:
        """The model of some weights."""

    def _find_dim(self) -> int:
        return int(self._config()["projection_dim"])

    def _encoded(
        self, items: list[Any], at_once: int, run: Callable[[Towers], Callable[[Sequence[Any]], list[Floats]]]
    ) -> Vectors:
        if not items:
            return np.empty((0, self.dim), np.float32)
        with self._model.use() as model:
            try:
                return unit_length(np.stack(list(in_batches(self.name, items, at_once, run(model)))))
            except ModelError:
                raise
            except Exception as exc:  # anything: it may be a model of something else
                raise self._unfit(f": {first_line(exc)}") from exc

    def _unfit(self, why: str = "") -> ModelError:
        """The error of a model that is one of something else."""
        return ModelError(
            f"the model {self.name} cannot {self.does}{why}",
            f"Name one that can, such as {next(of_task(self.task)).name}: see trove models",
        )


def _fingerprint(weights: Weights) -> str:
    """Of the configuration, and of samples of the weights from the first to the last byte."""
    digest = hashlib.sha256()
    for beside in sorted(weights.folder.glob("*.json")):
        digest.update(beside.read_bytes())
    for file in weights.files:
        digest.update(_sampled(file))
    return digest.hexdigest()[:16]


def _sampled(file: Path) -> bytes:
    size = file.stat().st_size
    with file.open("rb") as weights:
        parts = [str(size).encode()]
        for at in np.linspace(0, max(0, size - _SAMPLE), _SAMPLES).astype(int).tolist():
            weights.seek(at)
            parts.append(weights.read(_SAMPLE))
    return b"".join(parts)
