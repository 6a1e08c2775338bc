"""How good a drawing model is: agreement with the words, and distance from real pictures, by features.

CLIP score (Hessel et al. 2021, arXiv 2104.08718), Fréchet distance (Heusel et al. 2017, arXiv 1706.08500),
kernel distance (KID, Binkowski et al. 2018, arXiv 1801.01401), precision and recall (Kynkäänniemi et al.
2019, arXiv 1904.06991). All are of the features of whichever model encodes: figures of different features,
such as Inception's of a published FID, cannot be compared.
"""

import csv
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from db.arrays import Doubles, Mask, Vectors, unit_length
from db.errors import SettingsError
from db.settings import Settings
from indexer.encoders.registry import load_encoder
from indexer.media.formats import EXTENSIONS
from indexer.pretrained.keeper import KEEPER
from search.drawing.drawer import Drawer
from search.evaluation.resampling import interval
from search.evaluation.retrieval import encode_pictures

_NEIGHBOURS = 3
_RESAMPLES = 100
"""Of the distances, each of which takes singular values of a matrix."""
_SEED = 0

OnProgress = Callable[[int, int], None]


@dataclass(frozen=True)
class DrawingFigure:
    """A measured value with its 95 % interval."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class DrawingQuality:
    """How good a drawing model is, and what it takes."""

    drawer: str
    features: str
    """The model in whose features all was measured."""
    drawings: int
    real: int
    """Real pictures that were compared with; 0 for none."""
    figures: tuple[DrawingFigure, ...]
    seconds: float
    """A drawing, the median."""
    memory_mb: int
    """By which the process grew while it loaded and drew."""


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


def evaluate_drawer(
    settings: Settings,
    drawer: str,
    prompts: Sequence[str],
    model: str,
    real: Path | None = None,
    on_progress: OnProgress = lambda _done, _total: None,
) -> DrawingQuality:
    """Draw each prompt once, with seeds 0, 1, 2 …, and measure the drawings in the features of ``model``.

    Args:
        real: a folder of real pictures to compare with.
        on_progress: gets the number of drawings done, and of all.

    Raises:
        SettingsError: there are fewer than two pictures of a side to compare.
        ModelError: a model is unknown or missing.
        GenerateError: a picture cannot be drawn.
    """
    pictures = real_pictures(real) if real is not None else []
    if real is not None and min(len(prompts), len(pictures)) < _NEIGHBOURS + 1:
        raise SettingsError(
            f"too few to compare: {len(prompts)} drawings, {len(pictures)} real pictures",
            f"Distances need at least {_NEIGHBOURS + 1} of each; figures of fewer than hundreds say little.",
        )
    KEEPER.release()
    before = psutil.Process().memory_info().rss
    with tempfile.TemporaryDirectory() as folder:
        drawn, seconds = _draw(Drawer(drawer, device=settings.device), prompts, Path(folder), on_progress)
        grown = psutil.Process().memory_info().rss - before
        KEEPER.release()
        encoder = load_encoder(
            model, device=settings.device, cache=settings.cache, precision=settings.precision
        )
        made = encode_pictures(encoder, drawn, settings)
    figures = [clip_score(made, encoder.encode_texts(prompts))]
    if pictures:
        figures += distances(made, encode_pictures(encoder, pictures, settings))
    return DrawingQuality(
        drawer=drawer,
        features=encoder.name,
        drawings=len(prompts),
        real=len(pictures),
        figures=tuple(figures),
        seconds=round(float(np.median(seconds)), 2),
        memory_mb=max(0, round(grown / 1e6)),
    )


def real_pictures(folder: Path) -> list[Path]:
    """The pictures in a folder, in the order of their names.

    Raises:
        SettingsError: there is no such folder.
    """
    if not folder.is_dir():
        raise SettingsError(f"there is no folder {folder}", "Give one with real pictures to compare with.")
    return sorted(path for path in folder.rglob("*") if EXTENSIONS.get(path.suffix.lower()) == "image")


def _draw(
    drawer: Drawer, prompts: Sequence[str], folder: Path, on_progress: OnProgress
) -> tuple[list[Path], list[float]]:
    """Paths and seconds of a drawing of each prompt; the first one's are without loading, as the others'."""
    paths, seconds = [], []
    for seed, prompt in enumerate(prompts):
        drawing = drawer.draw(prompt, path=folder / f"{seed:05d}.png", seed=seed)
        paths.append(drawing.path)
        seconds.append(drawing.seconds)
        on_progress(seed + 1, len(prompts))
    return paths, seconds


def clip_score(pictures: Vectors, texts: Vectors) -> DrawingFigure:
    """100 times the mean cosine of (n, d) pictures and their prompts, those below 0 as 0."""
    cosines = (unit_length(pictures) * unit_length(texts)).sum(axis=1, dtype=np.float64)
    scores = 100 * np.maximum(0.0, cosines)
    low, high = interval(scores[:, None], [str(i) for i in range(len(scores))], lambda rows: rows.mean())
    return DrawingFigure("CLIP score", float(scores.mean()), low, high)


def distances(made: Vectors, real: Vectors) -> list[DrawingFigure]:
    """Fréchet and kernel distance, precision and recall of (n, d) made and (m, d) real features.

    Intervals of the distances are the value and 1.96 standard deviations of the bootstrap each way: pictures
    that are drawn twice shift its mean. Those of precision and recall take what is real as given.
    """
    found = [
        _spread("Fréchet distance", frechet, made, real),
        _spread("KID", kernel_distance, made, real),
    ]
    for name, within in (("precision", inside(made, real)), ("recall", inside(real, made))):
        rows = within.astype(np.float64)[:, None]
        low, high = interval(rows, [str(i) for i in range(len(rows))], lambda some: some.mean())
        found.append(DrawingFigure(name, float(rows.mean()), low, high))
    return found


def frechet(made: Doubles, real: Doubles) -> float:
    """Fréchet distance of the normal distributions with the moments of (n, d) and (m, d) rows."""
    apart = made.mean(axis=0) - real.mean(axis=0)
    left, right = made - made.mean(axis=0), real - real.mean(axis=0)
    left, right = left / np.sqrt(len(made) - 1), right / np.sqrt(len(real) - 1)
    # The trace of the root of both covariances' product is the sum of these singular values.
    common = float(np.linalg.norm(left @ right.T, "nuc"))
    return float(apart @ apart) + float((left**2).sum() + (right**2).sum()) - 2 * common


def kernel_distance(made: Doubles, real: Doubles) -> float:
    """Unbiased squared maximum mean discrepancy of (n, d) and (m, d) rows, kernel (x·y / d + 1)³."""

    def kernel(left: Doubles, right: Doubles) -> Doubles:
        values: Doubles = (left @ right.T / left.shape[1] + 1.0) ** 3
        return values

    def within(rows: Doubles) -> float:
        products = kernel(rows, rows)
        return float((products.sum() - np.trace(products)) / (len(rows) * (len(rows) - 1)))

    return within(made) + within(real) - 2 * float(kernel(made, real).mean())


def inside(some: Vectors, others: Vectors) -> Mask:
    """(n,) whether each of ``some`` lies among the ``others``: nearer to one than its third neighbour is."""
    between = _squared(others, others)
    # The nearest of all is each itself.
    radii = np.sort(between, axis=1)[:, min(_NEIGHBOURS, len(others) - 1)]
    return np.asarray((_squared(some, others) <= radii).any(axis=1))


def _squared(left: Vectors, right: Vectors) -> Doubles:
    one, other = left.astype(np.float64), right.astype(np.float64)
    squares: Doubles = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return squares


def _spread(
    name: str, distance: Callable[[Doubles, Doubles], float], made: Vectors, real: Vectors
) -> DrawingFigure:
    rng = np.random.default_rng(_SEED)
    sides = made.astype(np.float64), real.astype(np.float64)
    value = distance(*sides)
    again = [
        distance(*(side[rng.integers(len(side), size=len(side))] for side in sides))
        for _ in range(_RESAMPLES)
    ]
    reach = 1.96 * float(np.std(again, ddof=1))
    return DrawingFigure(name, value, value - reach, value + reach)
