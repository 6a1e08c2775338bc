"""What a library takes on disk."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from db.catalog import assets
from db.engine.database import Database
from db.settings import Settings


@dataclass(frozen=True)
class Storage:
    """Bytes. All but ``originals``, ``database`` and ``drawings`` can be made again."""

    originals: int
    database: int
    vectors: int
    drawings: int
    thumbnails: int
    clips: int
    models: int
    """Exports of the builtin models."""


def storage(database: Database, settings: Settings) -> Storage:
    """Measure it. Files that cannot be seen now count with the size that they had."""
    with database.read() as session:
        originals = assets.total_size(session)
    cache = settings.cache
    thumbnails, clips = _size(cache / "thumbnails"), _size(cache / "clips")
    return Storage(
        originals=originals,
        database=sum(_size(path) for path in settings.library.glob("trove.db*")),
        vectors=_size(settings.library / "vectors"),
        drawings=_size(settings.library / "drawings"),
        thumbnails=thumbnails,
        clips=clips,
        models=_size(cache) - thumbnails - clips,
    )


def clear_pictures(settings: Settings) -> None:
    """Delete thumbnails and clips; they are made again when they are looked at."""
    for name in ("thumbnails", "clips"):
        shutil.rmtree(settings.cache / name, ignore_errors=True)


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
