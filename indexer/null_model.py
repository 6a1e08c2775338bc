"""Null model: the distribution of best similarities under background queries, the verdict's reference.

A similarity means something only in comparison with others of its kind. Those of CLIP models differ from
space to space, and the best of a library grows with its size and depends on its content. So a few hundred
*background queries*, plain names of all kinds of things, are run against the library; the distribution of
their best similarities is the null model for a text query. (Score distributions are made comparable by
an unrelated query set in retrieval and in biometrics: cohort or test normalisation, Auckenthaler, Carey
and Lloyd-Thomas 2000.) The library does have hits for some of them, which makes the null model a little
too strict and changes nothing else. For pictures as queries the null model is the distribution of
similarities between a picture of the library and its nearest other one.

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
from sqlalchemy.orm import Session

from db.arrays import Reals, Vectors
from db.catalog import revision, spaces, units
from db.catalog.spaces import NullScores
from db.engine.database import PATIENCE_MS
from db.errors import LibraryError
from db.kinds import CLIP, PICTURE, of_modality
from db.library import Library
from db.vectors.store import VectorStore, VectorView
from indexer.encoders import phrasings
from indexer.encoders.base import Encoder
from indexer.encoders.cache import kept_array
from indexer.encoders.phrasings import encode_phrased
from indexer.encoders.registry import near_duplicate

log = logging.getLogger(__name__)

TEXTS = Path(__file__).with_name("background_queries.txt")

REFIT_SHARE = 0.2
"""The share of pictures that may be new or gone before the null model is fitted again."""

_SAMPLE = 1_000
_NEAR_SAMPLE = 300
_BURST = 20
"""Nearest pictures among which one that is no near-duplicate is looked for."""

_LEAST_DEVIATION = 1e-3
"""Libraries of near-identical pictures must not make every difference look large."""


@cache
def background_queries() -> tuple[str, ...]:
    """The background queries, one a line in ``background_queries.txt``."""
    return tuple(TEXTS.read_text(encoding="utf-8").splitlines())


def background_vectors(encoder: Encoder, models: Path) -> Vectors:
    """(m, dim) float32 unit vectors of the background queries, kept in the folder of the models' exports.

    Raises:
        ModelError: the model or the cache folder cannot be used.
    """
    digest = hashlib.sha256(
        f"{encoder.name}\n{encoder.fingerprint}\n{_queries_digest()}".encode()
    ).hexdigest()
    path = models / f"background-{digest[:16]}.npy"
    return kept_array(path, lambda: encode_phrased(encoder, background_queries()))


def fit(best: Reals, spread: Reals, near: Reals, pictures: int, revision: int = 0) -> NullScores:
    """Fit the null model to the best similarities of background queries.

    Args:
        best: (m,) best similarity of each query.
        spread: (m,) standard deviation of each query's similarities.
        near: (k,) similarities of pictures to their nearest other one; k may be 0.
        pictures: how many there are, at which revision of the library.
    """
    return NullScores(
        texts=_queries_digest(),
        pictures=pictures,
        revision=revision,
        best_mean=float(best.mean()),
        best_deviation=max(float(best.std()), _LEAST_DEVIATION),
        spread=max(float(spread.mean()), _LEAST_DEVIATION),
        near_mean=float(near.mean()) if len(near) else None,
        near_deviation=max(float(near.std()), _LEAST_DEVIATION) if len(near) else None,
    )


def grown(scores: NullScores, count: int) -> float:
    """By how much the expected best similarity grows from the pictures fitted on to ``count`` pictures."""
    return scores.spread * (_by_chance(count) - _by_chance(scores.pictures))


def due(scores: NullScores | None, count: int, written: int) -> bool:
    """Whether the null model must be fitted (again) for a library of ``count`` pictures.

    ``written``: the vectors of pictures, live or not, that were stored since it was fitted.
    """
    if scores is None or scores.texts != _queries_digest():
        return True
    new = min(count, written)
    gone = scores.pictures + new - count
    return max(new, gone) > REFIT_SHARE * scores.pictures


def fitted(
    library: Library, session: Session, store: VectorStore, encoder: Encoder
) -> tuple[NullScores | None, bool]:
    """The null model of the store's space in a snapshot, and whether it was fitted now and is to be kept.

    None without pictures. Fitted again if it is due.

    Raises:
        ModelError: the model or the cache folder cannot be used.
    """
    view = store.at(session)
    count = view.count(PICTURE)
    if count == 0:
        return None, False
    now, scores = revision.current(session), spaces.null_scores(session, store.space_id)
    if scores is not None:
        pictures = of_modality(CLIP, PICTURE)
        written = len(units.written(session, store.space_id, pictures, scores.revision))
        if not due(scores, count, written):
            return scores, False
    texts = background_vectors(encoder, library.paths.models)
    best, spread, near = _measure(view, texts, near_duplicate(encoder.name))
    return fit(best, spread, near, count, now), True


def keep(library: Library, space_id: int, scores: NullScores, *, patience_ms: int) -> None:
    """Store the null model of a space.

    Where that cannot be, on a read-only disk, it is still good for this process.

    ``patience_ms``: how long another writer is waited for; who comes later fits it anew.
    """
    try:
        with library.write(patience_ms=patience_ms) as session:
            spaces.put_null_scores(session, space_id, scores)
    except LibraryError as exc:
        log.warning("the null model could not be stored: %s", exc)


def refit(library: Library, store: VectorStore, encoder: Encoder) -> NullScores | None:
    """The null model of the library as it is now, fitted and stored if it is due; errors as ``fitted``."""
    with library.read() as session:
        scores, is_new = fitted(library, session, store, encoder)
    if is_new and scores is not None:
        keep(library, store.space_id, scores, patience_ms=PATIENCE_MS)
    return scores


def _measure(view: VectorView, texts: Vectors, duplicate_threshold: float) -> tuple[Reals, Reals, Reals]:
    """What ``fit`` is given."""
    best = [hits[0][1] for hits in view.search(PICTURE, texts, 1) if hits]
    sample = view.sample(PICTURE, _SAMPLE)
    subset = sample[:: max(1, len(sample) // _NEAR_SAMPLE)]
    near = [
        next((similarity for _, similarity in hits if similarity < duplicate_threshold), math.nan)
        for hits in view.search(PICTURE, subset, _BURST)
    ]
    others = np.array(near)[~np.isnan(near)]
    return np.array(best), (texts @ sample.T).std(axis=1), others


def _by_chance(count: int) -> float:
    return math.sqrt(2 * math.log(max(count, 1)))


@cache
def _queries_digest() -> str:
    texts = "\n".join((str(phrasings.VERSION), *background_queries()))
    return hashlib.sha256(texts.encode()).hexdigest()[:16]
