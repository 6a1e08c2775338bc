"""Benchmark of models on a sample of the library's own pictures: speed and memory, before choosing one."""

import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from db import kinds
from db.catalog import assets, units
from db.errors import MediaError, SettingsError
from db.kinds import CLIP, PASSAGE
from db.library import Library
from db.settings import Settings
from indexer.encoders.base import Encoder, Pixels
from indexer.encoders.registry import load_encoder
from indexer.media.pixels import read_pixels
from indexer.media.pool import DecodePool
from indexer.media.workers import BareSpawnContext
from indexer.prefetch import batched, look_ahead
from search.evaluation.measured import keep_speed, to_embed

_QUERIES = (
    "a dog on the beach",
    "children playing in the snow",
    "a birthday cake with candles",
    "an old stone bridge over a river",
    "a red car parked in front of a house",
    "people dancing at a party",
    "the view from the top of a mountain",
    "a cat asleep on a sofa",
)
_TEXTS = 20
_SEED = 0


@dataclass(frozen=True)
class Trial:
    """Measured cost of a model. ``full_index_s``: the estimated time to embed all that the library has.

    That is pictures, frames and texts. ``texts_per_s``: of texts of the library, if it has some.
    ``memory_mb``: the resident memory of a process that has loaded and run both towers.
    """

    model: str
    pictures: int
    load_s: float
    pictures_per_s: float
    texts_per_s: float
    query_ms: float
    memory_mb: float
    full_index_s: float


def try_models(library: Library, names: Sequence[str], sample: int) -> list[Trial]:
    """Measure each model on the same random pictures of the library, each in a process of its own.

    The rates are kept, see ``search.evaluation.measured``.

    Raises:
        SettingsError: the library has no pictures.
        ModelError: a model is unknown or its weights are missing.
    """
    with library.read() as session:
        paths = assets.picture_paths(session)
        texts = units.some_texts(session, kinds.of_modality(CLIP, PASSAGE), _TEXTS)
        total = to_embed(session)
    if not paths:
        raise SettingsError("the library has no pictures to try a model on", "Index some: trove index FOLDER")
    sampled = random.Random(_SEED).sample(paths, min(sample, len(paths)))  # noqa: S311 - a sample, no secret
    trials = []
    for name in names:
        trial = _in_own_process(name, sampled, texts or _QUERIES, total, library.settings)
        if not trial.pictures:
            raise SettingsError("the pictures to try a model on cannot be read now", "See: trove failures")
        keep_speed(library, trial.model, trial.pictures_per_s, trial.texts_per_s)
        trials.append(trial)
    return trials


def _in_own_process(
    name: str, paths: list[Path], texts: Sequence[str], total: tuple[int, int], settings: Settings
) -> Trial:
    # Memory is only comparable in a process that has loaded nothing else.
    with ProcessPoolExecutor(1, mp_context=BareSpawnContext()) as process:
        return process.submit(_measure, name, paths, texts, total, settings).result()


def _measure(
    name: str, paths: list[Path], texts: Sequence[str], total: tuple[int, int], settings: Settings
) -> Trial:
    encoder = load_encoder(name, device=settings.device, cache=settings.cache, precision=settings.precision)
    started = time.perf_counter()
    with DecodePool.of(settings) as decoders:
        _embed(encoder, paths[: settings.workers], settings, decoders)  # each of them has to start
        encoder.encode_texts(_QUERIES[:1])
        load_s = time.perf_counter() - started
        started = time.perf_counter()
        embedded = _embed(encoder, paths, settings, decoders)
        rate = embedded / (time.perf_counter() - started)
    started = time.perf_counter()
    encoder.encode_texts(texts)
    text_rate = len(texts) / (time.perf_counter() - started)
    latencies_ms = []
    for query in _QUERIES:
        started = time.perf_counter()
        encoder.encode_texts([query])
        latencies_ms.append(1000 * (time.perf_counter() - started))
    pictures, passages = total
    return Trial(
        model=encoder.name,
        pictures=embedded,
        load_s=round(load_s, 2),
        pictures_per_s=_rounded(rate),
        texts_per_s=_rounded(text_rate),
        query_ms=round(statistics.median(latencies_ms), 1),
        memory_mb=round(psutil.Process().memory_info().rss / 1e6),
        full_index_s=round(pictures / rate + passages / text_rate, 1) if rate else 0.0,
    )


def _rounded(rate: float) -> float:
    """Three digits of it: slow models do less than one in a second."""
    return float(f"{rate:.3g}")


def _embed(encoder: Encoder, paths: Sequence[Path], settings: Settings, decoders: DecodePool) -> int:
    """Decode and embed pictures as indexing does; returns how many could be read."""

    def pixels(path: Path) -> Pixels | None:
        try:
            return read_pixels(path, encoder, settings, decoders)
        except MediaError:
            return None

    embedded = 0
    for batch in batched(look_ahead(pixels, paths, settings.workers + 2), settings.batch):
        if readable := [picture for picture in batch if picture is not None]:
            embedded += len(encoder.encode_pixels(np.stack(readable)))
    return embedded
