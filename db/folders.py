"""Folders that programs fill, such as bins, caches and thumbnails: nobody keeps originals there."""

from pathlib import Path

_FILLED = frozenset(
    {
        "$recycle.bin",
        "#recycle",
        "#snapshot",
        ".cache",
        ".thumbnails",
        ".trash",
        ".trashes",
        "@eadir",
        "__macosx",
        "bin",
        "cache",
        "caches",
        "lost+found",
        "recycler",
        "system volume information",
        "thumbnails",
        "thumbs",
        "trash",
    }
)
"""Names of such folders, in small letters."""


def filled_by_program(path: Path) -> bool:
    """Whether a file lies in a folder that a program fills, by the names of the folders above it."""
    return any(part.casefold() in _FILLED for part in path.parts[:-1])
