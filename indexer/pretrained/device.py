"""Detection of the devices that models can run on."""

import ctypes
import os
import sys

from db.errors import ModelError


def cores() -> int:
    """How many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_cuda() -> bool:
    """Whether PyTorch can use a GPU, without importing it where there is no NVIDIA driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()


def picked(device: str) -> str:
    """The device to use, ``cpu`` or ``cuda``, for the setting: ``auto`` takes a GPU where there is one.

    Raises:
        ModelError: CUDA is asked for, and there is none.
    """
    # Where there is no GPU, torch need not be imported to find that out.
    if device == "cpu" or (device == "auto" and not has_cuda()):
        return "cpu"
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise ModelError("PyTorch sees no CUDA device", "Use the device auto or cpu (TROVE_DEVICE).")
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return device
