"""Decoders that fail in every way there is. Light, since workers with little memory import it."""

import ctypes
import os
import signal
from pathlib import Path


def crash(_path: Path, *_args: object, **_more: object) -> None:
    """A file makes it die."""
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(_path: Path, *_args: object, **_more: object) -> None:
    """It hangs in C and holds Python's lock."""
    ctypes.PyDLL(None).sleep(600)


def devour(_path: Path, *_args: object, **_more: object) -> bytes:
    """It wants more memory than it may have."""
    return bytes(4 << 30)


def write(path: Path) -> None:
    """It writes a file, which a decoder has no business doing."""
    path.write_bytes(b"x")
