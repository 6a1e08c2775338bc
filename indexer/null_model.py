"""What similarities are like when the library has no particular answer: the null of the verdict.

A similarity means something only beside others of its kind. Those of CLIP models differ from space
to space, and the best of a library grows with its size and depends on what is in it. So a few hundred
*background texts*, plain names of all kinds of things, are asked of the library; how high each of them
comes out at best is the null distribution for the best similarity of a text. (A null from an unrelated
query set is how score distributions are made comparable in retrieval and biometrics alike: cohort or
test normalisation, Auckenthaler, Carey and Lloyd-Thomas 2000.) Some of the texts are there, which makes
the null a little too strict and changes nothing else. For pictures as queries it is how near a picture
of the library is to the nearest other one.

Both are fitted once for a space, kept in the database, and fitted again when a fifth of the
library's pictures are new or gone. In between they follow the library's size, since the best of n
independent normal scores grows like sqrt(2 ln n) standard deviations.
"""

import hashlib
import logging
import math
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.catalog import spaces
from db.catalog.units import Vectors
from db.engine.schema import NullScores, Space
from db.errors import LibraryError
from db.library import Library
from db.vectors.store import VectorStore
from indexer.encoders.base import Encoder
from indexer.encoders.cache import kept_array
from indexer.encoders.registry import near_duplicate

log = logging.getLogger(__name__)

TEXTS = Path(__file__).with_name("background_queries.txt")

REFIT_SHARE = 0.2
"""The share of pictures that may be new or gone before the null is fitted again."""

_SAMPLE = 1_000
_NEAR_SAMPLE = 300
_BURST = 20
"""Nearest pictures that are looked at for one that is not the same picture again."""

_LEAST_DEVIATION = 1e-3
"""Libraries of near-identical pictures must not make every difference look large."""

Floats = npt.NDArray[np.floating]


@cache
def background_queries() -> tuple[str, ...]:
    """The background texts, one a line in ``background_queries.txt``."""
    return tuple(TEXTS.read_text(encoding="utf-8").splitlines())


def background_vectors(encoder: Encoder, models: Path) -> Vectors:
    """(m, dim) unit vectors of the background texts, kept in the folder of the models' exports.

    Raises:
        ModelError: the model or the cache folder cannot be used.
    """
    digest = hashlib.sha256(
        f"{encoder.name}\n{encoder.fingerprint}\n{_queries_digest()}".encode()
    ).hexdigest()
    path = models / f"background-{digest[:16]}.npy"
    return kept_array(path, lambda: encoder.encode_texts(background_queries()))


def fit(best: Floats, spread: Floats, near: Floats) -> NullScores:
    """The null from (m,) best similarities of background texts and deviations of each text's
    similarities, and from (k,) similarities of pictures to their nearest other one, perhaps none.
    """
    return NullScores(
        texts=_queries_digest(),
        best_mean=float(best.mean()),
        best_deviation=max(float(best.std()), _LEAST_DEVIATION),
        spread=max(float(spread.mean()), _LEAST_DEVIATION),
        near_mean=float(near.mean()) if len(near) else None,
        near_deviation=max(float(near.std()), _LEAST_DEVIATION) if len(near) else None,
    )


def grown(null: NullScores, count: int) -> float:
    """How much higher the best of ``count`` pictures is by chance than the best of those fitted on."""
    return null.spread * (_by_chance(count) - _by_chance(null.pictures))


def due(null: NullScores | None, count: int, newest: int) -> bool:
    """Whether the null must be fitted (again) for a library of ``count`` pictures.

    Of the pictures that came since, at most ``newest - null.newest`` are there: ids are never given twice.
    """
    if null is None or null.texts != _queries_digest():
        return True
    new = min(count, newest - null.newest)
    gone = null.pictures + new - count
    return max(new, gone) > REFIT_SHARE * null.pictures


def fitted(library: Library, space: Space, encoder: Encoder) -> NullScores | None:
    """The null of a space as it must be now, fitted and stored if it is due; None without pictures.

    Where it cannot be stored, on a read-only disk, it is still good for this process.

    Raises:
        ModelError: the model or the cache folder cannot be used.
    """
    store = library.vectors(space)
    count = store.count("picture")
    if count == 0:
        return None
    with library.read() as session:
        null, newest = spaces.null_scores(session, space.id), spaces.newest_unit(session, space.id)
    if null is not None and not due(null, count, newest):
        return null
    null = _measure(store, background_vectors(encoder, library.paths.models), near_duplicate(encoder.name))
    null.space_id, null.pictures, null.newest = space.id, count, newest
    try:
        with library.write() as session:
            spaces.put_null_scores(session, null)
    except LibraryError as exc:
        log.warning("what is usual in this library could not be stored: %s", exc)
    return null


def _measure(store: VectorStore, texts: Vectors, same: float) -> NullScores:
    best = [found[0][1] for found in store.search("picture", texts, 1) if found]
    sample = store.sample("picture", _SAMPLE)
    some = sample[:: max(1, len(sample) // _NEAR_SAMPLE)]
    near = [
        next((similarity for _, similarity in found if similarity < same), math.nan)
        for found in store.search("picture", some, _BURST)
    ]
    others = np.array(near)[~np.isnan(near)]
    return fit(np.array(best), (texts @ sample.T).std(axis=1), others)


def _by_chance(count: int) -> float:
    return math.sqrt(2 * math.log(max(count, 1)))


@cache
def _queries_digest() -> str:
    return hashlib.sha256("\n".join(background_queries()).encode()).hexdigest()[:16]
