"""Files of trained weights that come with the project: safetensors in half precision."""

import hashlib
from pathlib import Path

import numpy as np

from db.arrays import Floats
from db.errors import ModelError

FIRST = Path(__file__).with_name("projection.safetensors")
SECOND = Path(__file__).with_name("projection-2.safetensors")


def read_tensors(path: Path) -> dict[str, Floats]:
    """The tensors of a file by name, as float32.

    Raises:
        ModelError: the file is missing or damaged.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as exc:
        raise damaged(path, exc) from exc


def damaged(path: Path, why: Exception) -> ModelError:
    """The error of a file that is missing, damaged, or lacks a tensor."""
    return ModelError(f"the weights {path} cannot be read: {why}", "Install Trove again.")


def file_fingerprint(path: Path) -> str:
    """Hash of a file: 16 hexadecimal digits of SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
