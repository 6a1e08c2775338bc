"""The identity of faces: dlib's residual network, which puts faces of one person near each other.

It was trained on some 3 million faces, and is in the public domain (CC0). A vector is 128 numbers, here of
unit length, so that it is compared by the dot product as all others are.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from db.arrays import Vectors, unit_length
from db.errors import ModelError
from db.settings import Settings
from indexer.encoders.base import Pixels, no_texts
from indexer.encoders.cache import load_or_build
from indexer.encoders.faces.aligned import SIDE
from indexer.encoders.faces.arrays import resnet_file, resnet_fingerprint
from indexer.encoders.faces.graphs import build_resnet
from indexer.encoders.lazy import Once
from indexer.encoders.onnx import data_parallel, one_thread_session

NAME = "dlib-resnet"
LICENCE = "CC0-1.0"
_VERSION = 1
"""Grows whenever the vectors would differ."""


class FaceEncoder:
    """Tells faces apart, see ``base.Encoder``; pictures are faces as ``aligned`` cuts them out.

    Raises:
        ModelError: there is no such model of faces.
    """

    dim = 128
    image_size = SIDE

    def __init__(self, name: str, settings: Settings) -> None:
        if name != NAME:
            raise ModelError(f"there is no model of faces {name!r}", f"There is {NAME}.")
        self.name = name
        self._cache = settings.cache
        self._run = Once(self._load)

    @property
    def fingerprint(self) -> str:
        """See ``base.Encoder``.

        Raises:
            ModelMissingError: the weights are not installed.
        """
        return f"{resnet_fingerprint()} {_VERSION}"

    def require(self) -> None:
        """Make sure that its weights are there; errors as ``package_file``."""
        resnet_file()

    def _load(self) -> Any:
        weights = resnet_file()
        path = self._cache / "models" / f"dlib-resnet-{resnet_fingerprint()}.onnx"
        session = load_or_build(path, lambda target: build_resnet(weights, target), one_thread_session)
        (output,) = session.get_outputs()
        return data_parallel(session, [output.name])

    def prepare(self, content: Image.Image) -> Pixels:
        """See ``base.Encoder``."""
        pixels = np.asarray(content.convert("RGB").resize((SIDE, SIDE)), np.float32)
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """See ``base.Encoder``."""
        (vectors,) = self._run()(batch)
        return unit_length(vectors)

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """It knows none, see ``base.no_texts``."""
        return no_texts(self, texts)
