"""Files of trained weights that come with the project: safetensors in half precision."""

import hashlib
from collections.abc import Container
from pathlib import Path

import numpy as np

from db.arrays import Floats
from db.errors import ModelError

FIRST = Path(__file__).with_name("projection.safetensors")
SECOND = Path(__file__).with_name("projection-2.safetensors")


def read_tensors(path: Path, names: Container[str]) -> dict[str, Floats]:
    """Those tensors of a file that have one of these names, as float32.

    Raises:
        ModelError: the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            there = [name for name in file.keys() if name in names]  # noqa: SIM118
            return {name: file.get_tensor(name).astype(np.float32) for name in there}
    except (OSError, SafetensorError) as exc:
        raise damaged(path, exc) from exc


def damaged(path: Path, why: Exception) -> ModelError:
    """The error of a file that is missing, damaged, or lacks a tensor."""
    return ModelError(f"the weights {path} cannot be read: {why}", "Install Trove again.")


def file_fingerprint(path: Path) -> str:
    """Hash of a file: 16 hexadecimal digits of SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
