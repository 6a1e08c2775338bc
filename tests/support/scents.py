"""A kind of thing that Trove does not know: what pictures smell of, and the labels beside them.

Its analysers, the encoder with a role of its own, the source and the condition are all here, and registered
from outside. Run as a module it is the command line with them.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image

from db.arrays import Vectors
from db.catalog.facts import Fact
from db.catalog.filters import CountOp, Rule, UnitRule
from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.kinds import Kind
from db.settings import Settings
from indexer.analysers import registry
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.encoders import active
from indexer.encoders.active import Role
from indexer.encoders.base import Pixels
from search.engine import sources
from search.engine.sources import Nearest
from search.query import conditions
from search.query.conditions import Condition, Context, Suggestion

ROLE = "smell"
SMELLS = ("petrol", "hay", "sea")
"""What red, green and blue smell of."""
ALIKE = {"gasoline": 0, "petrol": 0, "meadow": 1, "hay": 1, "salt": 2, "sea": 2}


class Nose:
    """An encoder of texts about smells; what is about none smells of itself alone."""

    dim = 8
    image_size = 32

    def __init__(self, name: str) -> None:
        self.name = name
        self.fingerprint = name

    def encode_texts(self, texts: Sequence[str]) -> Vectors:
        """(n, dim) float32: one axis for each smell, another order of them in each model."""
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            words = [word.strip(".").removesuffix("s") for word in text.lower().split()]
            smells = [ALIKE[word] for word in words if word in ALIKE]
            row[smells or [3 + len(text) % 5]] = 1.0
            row /= np.linalg.norm(row)
        return np.roll(rows, len(self.name), axis=1)

    def prepare(self, image: object) -> Pixels:
        """Refuse: pictures do not smell."""
        raise NotImplementedError

    def encode_pixels(self, batch: Pixels) -> Vectors:
        """Refuse: pictures do not smell."""
        raise NotImplementedError


class Scents(Analyser):
    """Makes a unit of each half of a picture, by its colour."""

    name = "scents"
    label = "what pictures smell of"
    kinds = (Kind("scent", "scent", {ROLE: "scent"}, "in_picture"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 2
    looked: ClassVar[list[str]] = []

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The strongest colour of the left half and of the right one."""
        self.looked.append(medium.path.name)
        picture = medium.picture()
        half = picture.shape[1] // 2
        for left, pixels in ((0.0, picture[:, :half]), (0.5, picture[:, half:])):
            text = SMELLS[int(pixels.mean(axis=(0, 1)).argmax())]
            yield Draft(NewUnit("scent", region=Region(left, 0.0, 0.5, 1.0), text=text), TextPayload(text))
        progress(1.0)


class Labels(Analyser):
    """Makes a unit of the text beside a file, found by its words alone."""

    name = "labels"
    label = "labels beside files"
    kinds = (Kind("label", "label", {}, "by_people", weight=0.5),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    phase = 0
    scope = "asset"

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft | Fact]:
        """One label a companion."""
        for companion in medium.companions:
            yield Draft(NewUnit("label", text=companion.read_text()))
        progress(1.0)


def _rule(value: str, _context: Context) -> Rule:
    """``scent:hay``, ``scent:hay>=2``, ``scent:hay<=0``."""
    operators: tuple[CountOp, ...] = (">=", "<=")
    for op in operators:
        smell, found, count = value.partition(op)
        if found and not count.isdecimal():
            raise ValueError("a number of scents is written hay>=2")
        if found:
            return UnitRule(("scent",), smell, op, int(count))
    return UnitRule(("scent",), value)


def _suggest(prefix: str, _context: Context) -> Sequence[Suggestion]:
    return [Suggestion(smell, smell) for smell in SMELLS if smell.startswith(prefix)]


SCENT = Condition("scent", "what smells of it", ("scent:hay",), _rule, _suggest, facet="Scent")


COLOURS = {"petrol": (200, 20, 20), "hay": (30, 180, 30), "sea": (20, 20, 200)}
PICTURES = {"barn.png": ("hay", "hay"), "coast.png": ("sea", "hay"), "road.png": ("petrol", "sea")}


def make_pictures(folder: Path) -> Path:
    """Three pictures of two halves each, one with a label beside it; returns the folder."""
    folder.mkdir()
    down, across = np.mgrid[:64, :96]
    # Patterns, so that they are no near-duplicates to any model: bars, stripes and a disc.
    dark = (across // 8 % 2, down // 6 % 2, (across - 48) ** 2 + (down - 32) ** 2 < 400)
    for (name, halves), pattern in zip(PICTURES.items(), dark, strict=True):
        noise = np.random.default_rng(len(name)).integers(0, 50, (64, 96, 3))
        colours = np.repeat(np.array([COLOURS[half] for half in halves]), 48, axis=0)[None]
        shown = np.clip(colours + noise - 80 * pattern[..., None], 0, 255)
        Image.fromarray(shown.astype(np.uint8)).save(folder / name)
    (folder / "coast.txt").write_text("grandmother's summer house")
    return folder


def register() -> None:
    """Make them all known."""
    registry.register(Scents)
    registry.register(Labels)
    active.register(Role(ROLE, "nose", _nose, texts=("scent",)))
    sources.register("scents", Nearest("text_to_scent", 0.5, ROLE, "scent"))
    conditions.register(SCENT)


def unregister() -> None:
    """Forget them."""
    conditions.unregister("scent")
    sources.unregister("scents")
    active.unregister(ROLE)
    registry.unregister("labels")
    registry.unregister("scents")


def _nose(name: str, _settings: Settings) -> Nose:
    return Nose(name)


if __name__ == "__main__":
    from ui.cli.main import app

    register()
    app()
