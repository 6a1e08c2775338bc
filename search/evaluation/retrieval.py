"""Retrieval quality of a model on labelled pictures: how high each caption ranks its picture."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.arrays import Mask, Vectors
from db.errors import SettingsError
from db.settings import Settings
from indexer.encoders.base import Encoder
from indexer.encoders.registry import load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.prefetch import batched, look_ahead
from search.evaluation.measures import auroc

_REPEATS = 10
_SEED = 0


@dataclass(frozen=True)
class Recall:
    """Recall at 1, 5 and 10, in per cent, and the median rank of the best relevant result, from 1."""

    at_1: float
    at_5: float
    at_10: float
    median_rank: float


@dataclass(frozen=True)
class Quality:
    """Retrieval quality in both directions: pictures by their captions, and captions by their picture.

    ``auroc``: the area under the ROC curve, 0 to 1, of the confidence that a query's picture is in the
    library, the mean over ten random removals of half of the pictures.
    """

    model: str
    images: int
    queries: int
    text_to_image: Recall
    image_to_text: Recall
    auroc: float


def read_captions(path: Path) -> list[tuple[str, str]]:
    """Pairs of picture name and caption from a CSV file with the columns ``image`` and ``caption``.

    Raises:
        SettingsError: the file is missing, empty, or lacks a column.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            pairs = [(row["image"], row["caption"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, UnicodeDecodeError, csv.Error) as exc:
        raise SettingsError(
            f"the captions in {path} cannot be read: {exc}", "It must be CSV with the columns image,caption."
        ) from exc
    if not pairs:
        raise SettingsError(
            f"there are no captions in {path}", "It must be CSV with the columns image,caption."
        )
    return pairs


def evaluate(
    encoder: Encoder,
    folder: Path,
    pairs: list[tuple[str, str]],
    settings: Settings,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Quality:
    """Measure a model on the pictures in ``folder`` and (name, caption) ``pairs``.

    Raises:
        MediaError: a picture cannot be read.
    """
    names = list(dict.fromkeys(name for name, _ in pairs))
    pictures = encode_pictures(encoder, [folder / name for name in names], settings, on_progress)
    texts = encoder.encode_texts([caption for _, caption in pairs])
    place = {name: number for number, name in enumerate(names)}
    own = np.array([place[name] for name, _ in pairs])
    scores = texts @ pictures.T
    belong = own[:, None] == np.arange(len(names))
    return Quality(
        model=encoder.name,
        images=len(names),
        queries=len(pairs),
        text_to_image=_recall(ranks(scores, belong)),
        image_to_text=_recall(ranks(scores.T, belong.T)),
        auroc=round(float(np.mean(_present_or_absent(scores, own))), 4),
    )


def evaluate_files(
    settings: Settings,
    model: str,
    images: Path,
    captions: Path,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Quality:
    """Measure a model on the pictures in the folder ``images`` by a CSV file of ``captions``.

    Raises:
        SettingsError: the captions cannot be read.
        MediaError: a picture cannot be read.
        ModelError: the model is unknown or missing.
    """
    pairs = read_captions(captions)
    encoder = load_encoder(model, device=settings.device, cache=settings.cache, precision=settings.precision)
    return evaluate(encoder, images, pairs, settings, on_progress)


def ranks(scores: Vectors, belong: Mask) -> npt.NDArray[np.int64]:
    """The rank, from 1, of each query's best relevant column: (n, m) scores and relevance to (n,)."""
    best = np.where(belong, scores, -np.inf).max(axis=1, keepdims=True)
    best_ranks: npt.NDArray[np.int64] = 1 + ((scores > best) & ~belong).sum(axis=1)
    return best_ranks


def _recall(best_ranks: npt.NDArray[np.int64]) -> Recall:
    at_1, at_5, at_10 = (_per_cent(best_ranks <= depth) for depth in (1, 5, 10))
    return Recall(at_1, at_5, at_10, float(np.median(best_ranks)))


def _present_or_absent(scores: Vectors, own: npt.NDArray[np.intp]) -> list[float]:
    """One AUROC for each random removal of half of the pictures.

    The best score serves as the confidence, which rises with it within one library.
    """
    rng = np.random.default_rng(_SEED)
    areas = []
    for _ in range(_REPEATS):
        kept = rng.permutation(scores.shape[1])[: max(1, scores.shape[1] // 2)]
        best, present = scores[:, kept].max(axis=1), np.isin(own, kept)
        if present.any() and not present.all():
            areas.append(auroc(best[present], best[~present]))
    return areas or [float("nan")]


def encode_pictures(
    encoder: Encoder,
    paths: list[Path],
    settings: Settings,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Vectors:
    """The vectors of picture files, (n, d), decoded in worker processes as the indexer does it.

    Raises:
        MediaError: a picture cannot be read.
    """
    rows: list[Vectors] = []
    with DecodePool.of(settings) as decoders:
        pixels = look_ahead(
            lambda path: read_pixels(path, encoder, settings, decoders), paths, settings.workers + 2
        )
        for batch in batched(pixels, settings.batch):
            rows.append(encoder.encode_pixels(np.stack(batch)))
            on_progress(min(len(rows) * settings.batch, len(paths)), len(paths))
    return np.concatenate(rows)


def _per_cent(hits: Mask) -> float:
    return round(100 * float(hits.mean()), 2)
