"""Paths compared and resolved without looking at the disk."""

import os
from collections.abc import Sequence
from pathlib import Path


def expanded(path: Path | str) -> Path:
    """The path with ``~`` and ``~user`` resolved; as it is where there is no such user.

    ``Path.expanduser`` raises a bare ``RuntimeError`` there, and a folder may well be called ``~1``.
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


def is_under(path: Path, folders: Sequence[Path]) -> bool:
    """Whether a path is one of the folders or inside one."""
    # As text: a hundred thousand files are compared at every run, and ``Path.parents`` makes objects.
    name = str(path)
    return any(path == folder or name.startswith(os.path.join(folder, "")) for folder in folders)  # noqa: PTH118


def outermost(paths: Sequence[Path]) -> list[Path]:
    """The paths that are neither repeated nor inside another one, in the order given."""
    unique = list(dict.fromkeys(paths))
    return [path for path in unique if not any(other in path.parents for other in unique)]
