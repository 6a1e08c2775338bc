"""The folder of drawings in a library: files whose metadata says how each was made."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from db.errors import MediaError, UnreadableError
from indexer.media.reader import read_tags
from indexer.media.types import GENERATED_KEY
from search.drawing.output import SUFFIXES
from search.drawing.presets import Makes

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Drawn:
    """A drawing with the metadata of its file; '' for values that the file lacks."""

    path: Path
    prompt: str
    model: str
    seed: str
    steps: str
    makes: Makes = "picture"


def drawings(folder: Path) -> list[Drawn]:
    """The drawings in a folder, the latest first; other files there are passed over.

    Raises:
        UnreadableError: the folder cannot be read.
    """
    try:
        names = sorted(folder.iterdir(), reverse=True) if folder.is_dir() else []
    except OSError as exc:
        raise UnreadableError(f"{folder} cannot be read: {exc.strerror or exc}") from exc
    return list(_read(names))


def _read(paths: list[Path]) -> Iterator[Drawn]:
    kinds = {suffix: makes for makes, suffix in SUFFIXES.items()}
    for path in paths:
        if (makes := kinds.get(path.suffix.lower())) is None:
            continue
        try:
            metadata = _told(path, makes)
        except (MediaError, OSError, ValueError, SyntaxError):  # of another format after all, or half of one
            continue
        if GENERATED_KEY in metadata:
            prompt, model, seed, steps = (
                str(metadata.get(key, "")) for key in ("prompt", "model", "seed", "steps")
            )
            yield Drawn(path, prompt, model, seed, steps, makes)


def _told(path: Path, makes: Makes) -> Mapping[str, object]:
    """The metadata of a file by name."""
    if makes == "picture":
        with Image.open(path, formats=["PNG"]) as image:
            return {str(key): value for key, value in image.info.items()}
    return read_tags(path)


def new_drawing(folder: Path, prompt: str, makes: Makes = "picture") -> Path:
    """The path of a new drawing: named by time, so that names sort by it, and by the prompt."""
    words = re.sub(r"[^\w]+", "-", prompt.casefold()).strip("-")[:_LONGEST_NAME]
    return folder / f"{datetime.now():%Y%m%d-%H%M%S-%f} {words}{SUFFIXES[makes]}"
