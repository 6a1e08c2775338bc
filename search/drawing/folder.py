"""The drawings that a library keeps, each with how it was made."""

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
    """A picture that Trove drew, as its file says. Empty where the file says nothing."""

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
                marks = dict(image.info)
        except (OSError, ValueError, SyntaxError):  # not a PNG after all, or half of one
            continue
        if GENERATED_KEY in marks:
            yield Drawn(path, *(str(marks.get(key, "")) for key in ("prompt", "model", "seed", "steps")))


def new_drawing(folder: Path, prompt: str) -> Path:
    """A name for a new drawing: when, so that names sort by time, and what."""
    words = re.sub(r"[^\w]+", "-", prompt.casefold()).strip("-")[:_LONGEST_NAME]
    return folder / f"{datetime.now():%Y%m%d-%H%M%S-%f} {words}.png"
