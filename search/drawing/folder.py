"""The folder of drawings in a library: PNG files whose metadata says how each was made."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from db.errors import UnreadableError
from indexer.media.types import GENERATED_KEY

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Drawn:
    """A drawing with the metadata of its file; '' for values that the file lacks."""

    path: Path
    prompt: str
    model: str
    seed: str
    steps: str


def drawings(folder: Path) -> list[Drawn]:
    """The drawings in a folder, the latest first; other files there are passed over.

    Raises:
        UnreadableError: the folder cannot be read.
    """
    try:
        paths = sorted(folder.glob("*.png"), reverse=True) if folder.is_dir() else []
    except OSError as exc:
        raise UnreadableError(f"{folder} cannot be read: {exc.strerror or exc}") from exc
    return list(_read(paths))


def _read(paths: list[Path]) -> Iterator[Drawn]:
    for path in paths:
        try:
            with Image.open(path, formats=["PNG"]) as image:
                metadata = dict(image.info)
        except (OSError, ValueError, SyntaxError):  # not a PNG after all, or half of one
            continue
        if GENERATED_KEY in metadata:
            yield Drawn(path, *(str(metadata.get(key, "")) for key in ("prompt", "model", "seed", "steps")))


def new_drawing(folder: Path, prompt: str) -> Path:
    """The path of a new drawing: named by time, so that names sort by it, and by the prompt."""
    words = re.sub(r"[^\w]+", "-", prompt.casefold()).strip("-")[:_LONGEST_NAME]
    return folder / f"{datetime.now():%Y%m%d-%H%M%S-%f} {words}.png"
