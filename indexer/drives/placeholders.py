"""Placeholders: what stands for a file that is in the cloud and not on this machine."""

import os
from pathlib import Path

_DATALESS = 0x40000000
"""macOS: SF_DATALESS of ``st_flags`` (sys/stat.h)."""

_RECALLED = 0x400000 | 0x40000 | 0x1000
"""Windows: FILE_ATTRIBUTE_RECALL_ON_DATA_ACCESS, _RECALL_ON_OPEN and _OFFLINE of ``st_file_attributes``."""

STUB = ".icloud"
"""Of ``a.jpg``, a file ``.a.jpg.icloud`` may stand in its place."""


def is_placeholder(status: os.stat_result) -> bool:
    """Whether a file is only a placeholder of one in the cloud, which reading it would download.

    It has the size and the time of the file itself.
    """
    flags, attributes = getattr(status, "st_flags", 0), getattr(status, "st_file_attributes", 0)
    return bool(flags & _DATALESS or attributes & _RECALLED)


def stub_of(path: Path) -> Path:
    """The file that may stand in the place of one in the cloud. It has a size and a time of its own."""
    return path.with_name(f".{path.name}{STUB}")
