"""Retrieval quality of a model on labelled pictures: how high each caption ranks its picture."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.catalog import Vectors
from db.errors import SettingsError
from db.settings import Settings
from indexer.ahead import batched, look_ahead
from indexer.encoders.base import Encoder
from indexer.workers import DecodePool
from search.pixels import read_pixels

_REPEATS = 10
_SEED = 0


@dataclass(frozen=True)
class Quality:
    """Recall in per cent of queries, ranks from 1, the area under the ROC curve from 0 to 1.

    ``auroc``: how well the confidence tells queries whose picture is there from those whose picture
    is not, over ten random removals of half of the pictures.
    """

    images: int
    queries: int
    recall_at_1: float
    recall_at_5: float
    recall_at_10: float
    median_rank: float
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
    pictures = _encode_pictures(encoder, [folder / name for name in names], settings, on_progress)
    texts = encoder.encode_texts([caption for _, caption in pairs])
    place = {name: number for number, name in enumerate(names)}
    own = np.array([place[name] for name, _ in pairs])
    scores = texts @ pictures.T
    right = scores[np.arange(len(own)), own]
    ranks = 1 + (scores > right[:, None]).sum(axis=1)
    return Quality(
        images=len(names),
        queries=len(pairs),
        recall_at_1=_per_cent(ranks <= 1),
        recall_at_5=_per_cent(ranks <= 5),
        recall_at_10=_per_cent(ranks <= 10),
        median_rank=float(np.median(ranks)),
        auroc=round(float(np.mean(_present_or_absent(scores, own))), 4),
    )


def auroc(present: npt.NDArray[np.floating], absent: npt.NDArray[np.floating]) -> float:
    """The area under the ROC curve: the probability that a present one scores above an absent one.

    From the rank sum (Mann and Whitney 1947); ties count half.
    """
    everything = np.concatenate([present, absent])
    _, inverse, counts = np.unique(everything, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[: len(present)].sum() - len(present) * (len(present) + 1) / 2
    return float(above / (len(present) * len(absent)))


def _present_or_absent(scores: Vectors, own: npt.NDArray[np.intp]) -> list[float]:
    """Areas under the ROC curve, one a removal. In one library the confidence rises with the best score."""
    rng = np.random.default_rng(_SEED)
    areas = []
    for _ in range(_REPEATS):
        kept = rng.permutation(scores.shape[1])[: max(1, scores.shape[1] // 2)]
        best, there = scores[:, kept].max(axis=1), np.isin(own, kept)
        if there.any() and not there.all():
            areas.append(auroc(best[there], best[~there]))
    return areas or [float("nan")]


def _encode_pictures(
    encoder: Encoder, paths: list[Path], settings: Settings, on_progress: Callable[[int, int], None]
) -> Vectors:
    rows: list[Vectors] = []
    with DecodePool.of(settings) as decoders:
        pixels = look_ahead(
            lambda path: read_pixels(path, encoder, settings, decoders), paths, settings.workers + 2
        )
        for some in batched(pixels, settings.batch):
            rows.append(encoder.encode_pixels(np.stack(some)))
            on_progress(min(len(rows) * settings.batch, len(paths)), len(paths))
    return np.concatenate(rows)


def _per_cent(hits: npt.NDArray[np.bool_]) -> float:
    return round(100 * float(hits.mean()), 2)
