"""Detection of the devices that models can run on."""

import ctypes
import sys


def has_cuda() -> bool:
    """Whether PyTorch can use a GPU, without importing it where there is no NVIDIA driver."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    import torch

    return torch.cuda.is_available()
