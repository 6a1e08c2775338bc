"""Disk usage of a library."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from db.catalog import assets
from db.library import Library


@dataclass(frozen=True)
class Storage:
    """Disk usage in bytes. All but ``originals``, ``database`` and ``drawings`` can be made again."""

    originals: int
    database: int
    vectors: int
    drawings: int
    thumbnails: int
    clips: int
    models: int
    """Exports of the builtin models."""


def storage(library: Library) -> Storage:
    """Measure the disk usage of a library. Originals out of reach now count with their last known size."""
    with library.read() as session:
        originals = assets.total_size(session)
    paths = library.paths
    thumbnails, clips = _size(paths.thumbnails), _size(paths.clips)
    return Storage(
        originals=originals,
        database=library.database.size(),
        vectors=_size(paths.vectors),
        drawings=_size(paths.drawings),
        thumbnails=thumbnails,
        clips=clips,
        models=_size(paths.cache) - thumbnails - clips,
    )


def clear_pictures(library: Library) -> None:
    """Delete thumbnails and clips; they are made again when they are looked at."""
    for folder in (library.paths.thumbnails, library.paths.clips):
        shutil.rmtree(folder, ignore_errors=True)


def _size(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:  # it has just been deleted
                continue
    return total
