"""How good drawing models are: agreement with the words, distance from real pictures, seconds and memory.

All is measured in the features of one or several models of the library, and distances in those of Inception
as well, where its weights are here: what is called FID elsewhere is of these alone.
"""

import csv
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import psutil
from pebble import ProcessExpired

from db.errors import SettingsError
from db.settings import Device, Settings
from indexer.encoders.registry import load_encoder
from indexer.media.formats import EXTENSIONS
from indexer.media.workers import WorkerPool
from search.drawing.drawer import Drawer
from search.drawing.memory import out_of_memory
from search.drawing.weights import chosen, installed
from search.evaluation.distances import FEWEST, Measure, clip_score, distances
from search.evaluation.inception import Inception, find_inception
from search.evaluation.retrieval import encode_pictures

_LOOKED_S = 0.5
"""How often it is looked how many drawings there are."""
_SAMPLED_S = 0.02
_OWN_NAMES = {"Fréchet distance": "FID", "kernel distance": "KID"}
"""What distances are called in Inception's features."""

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class DrawingFigure(Measure):
    """A measured value with its 95 % interval, in the features of a model."""

    features: str
    """The model; ``Inception`` of FID."""


@dataclass(frozen=True)
class DrawingQuality:
    """How good a drawing model is, and what it takes."""

    drawer: str
    drawings: int
    real: int
    """Real pictures that were compared with; 0 for none."""
    figures: tuple[DrawingFigure, ...]
    seconds: float
    """A drawing, the median."""
    memory_mb: int
    """The most that a process which did nothing else held while it loaded and drew."""
    gpu_mb: int
    """The same of a GPU's memory; 0 without one."""


@dataclass(frozen=True)
class Drawn:
    """Drawings of one model, a prompt each, with what they took."""

    paths: list[Path]
    seconds: list[float]
    memory: int
    """Bytes, as of the GPU."""
    gpu: int


def read_prompts(path: Path) -> list[str]:
    """Prompts from a CSV file with the column ``prompt``, or ``caption``.

    Raises:
        SettingsError: the file is missing, empty, or lacks the column.
    """
    hint = "It must be CSV with the column prompt (or caption)."
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            column = next((name for name in ("prompt", "caption") if name in (rows.fieldnames or ())), None)
            prompts = [row[column] for row in rows if row[column]] if column else []
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(f"the prompts in {path} cannot be read: {exc}", hint) from exc
    if not prompts:
        raise SettingsError(f"there are no prompts in {path}", hint)
    return prompts


def evaluate_drawers(
    settings: Settings,
    drawers: Sequence[str],
    prompts: Sequence[str],
    models: Sequence[str],
    *,
    real: Path | None = None,
    inception: Path | None = None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> list[DrawingQuality]:
    """Have each drawing model draw each prompt once, with seeds 0, 1, 2 …, and measure the drawings.

    Args:
        models: that look at pictures and texts, whose features are measured in.
        real: a folder of real pictures to compare with.
        inception: a file with Inception's weights; None takes that of other packages, if it is here.
        on_progress: gets the number of drawings done, and of all.

    Raises:
        SettingsError: there are fewer than four pictures of a side to compare, or no such file or folder.
        ModelError: a model is unknown or missing.
        GenerateError: a picture cannot be drawn.
    """
    pictures = real_pictures(real) if real is not None else []
    if real is not None and min(len(prompts), len(pictures)) < FEWEST:
        raise SettingsError(
            f"too few to compare: {len(prompts)} drawings, {len(pictures)} real pictures",
            f"Distances need at least {FEWEST} of each; figures of fewer than hundreds say little.",
        )
    if inception is not None and not pictures:
        raise SettingsError("FID compares with real pictures, and there are none", "Give a folder: --real.")
    weights = find_inception(inception) if pictures else None
    for drawer in drawers:
        installed(chosen(drawer))  # an unknown name is told before anything is drawn
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for at, drawer in enumerate(drawers):

            def tell(count: int, before: int = at * len(prompts)) -> None:
                on_progress(before + count, len(drawers) * len(prompts))

            made.append(_drawn(settings, drawer, prompts, Path(folder) / str(at), tell))
        paths = [drawn.paths for drawn in made]
        figures = [_by_model(settings, model, paths, prompts, pictures) for model in models]
        if weights is not None:
            figures.append(_by_inception(settings, weights, paths, pictures))
    return [
        DrawingQuality(
            drawer=drawer,
            drawings=len(prompts),
            real=len(pictures),
            figures=tuple(chain.from_iterable(of_drawer)),
            seconds=round(float(np.median(drawn.seconds)), 2),
            memory_mb=round(drawn.memory / 1e6),
            gpu_mb=round(drawn.gpu / 1e6),
        )
        for drawer, drawn, of_drawer in zip(drawers, made, zip(*figures, strict=True), strict=True)
    ]


def real_pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, in the order of their names.

    Raises:
        SettingsError: there is no such folder.
    """
    if not folder.is_dir():
        raise SettingsError(f"there is no folder {folder}", "Give one with real pictures to compare with.")
    return sorted(path for path in folder.rglob("*") if EXTENSIONS.get(path.suffix.lower()) == "image")


# --- drawing, in a process of its own: what another model has left in memory would count as this one's


def _drawn(
    settings: Settings, drawer: str, prompts: Sequence[str], folder: Path, on_progress: Callable[[int], None]
) -> Drawn:
    folder.mkdir()
    pool = WorkerPool(1)
    try:
        drawing = pool.schedule(draw_all, args=[settings.device, drawer, list(prompts), folder])
        while not wait([drawing], _LOOKED_S).done:
            on_progress(len(list(folder.glob("*.png"))))
        on_progress(len(prompts))
        drawn: Drawn = drawing.result()
    except ProcessExpired as exc:  # killed by the system
        raise out_of_memory() from exc
    finally:
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
    return drawn


def draw_all(device: Device, name: str, prompts: Sequence[str], folder: Path) -> Drawn:
    """Draw each prompt, in this process.

    Raises:
        ModelError: there is no such model, or it cannot be loaded.
        GenerateError: a picture cannot be drawn.
    """
    import torch

    drawer = Drawer(name, device=device)
    with _Peak() as peak:
        drawings = [
            drawer.draw(prompt, path=folder / f"{seed:05d}.png", seed=seed)
            for seed, prompt in enumerate(prompts)
        ]
    gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0
    return Drawn(
        [drawing.path for drawing in drawings], [drawing.seconds for drawing in drawings], peak.bytes, gpu
    )


class _Peak(threading.Thread):
    """Samples how much memory the process holds, and keeps the most, until the block ends."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self._done = threading.Event()

    def __enter__(self) -> "_Peak":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        process = psutil.Process()
        while not self._done.wait(_SAMPLED_S):
            self.bytes = max(self.bytes, process.memory_info().rss)


# --- measuring: a list of figures for each drawer


def _by_model(
    settings: Settings, model: str, made: list[list[Path]], prompts: Sequence[str], real: list[Path]
) -> list[list[DrawingFigure]]:
    encoder = load_encoder(model, device=settings.device, cache=settings.cache, precision=settings.precision)
    texts = encoder.encode_texts(prompts)
    known = encode_pictures(encoder, real, settings) if real else None

    def measured(paths: list[Path]) -> list[Measure]:
        drawn = encode_pictures(encoder, paths, settings)
        return [clip_score(drawn, texts), *(distances(drawn, known) if known is not None else [])]

    return [[DrawingFigure(**vars(one), features=encoder.name) for one in measured(paths)] for paths in made]


def _by_inception(
    settings: Settings, weights: Path, made: list[list[Path]], real: list[Path]
) -> list[list[DrawingFigure]]:
    network = Inception(weights, settings)
    known = network.encode(real)
    return [
        [
            DrawingFigure(**vars(one) | {"name": _OWN_NAMES.get(one.name, one.name)}, features="Inception")
            for one in distances(network.encode(paths), known)
        ]
        for paths in made
    ]
