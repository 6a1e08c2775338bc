"""Map of a library: its pictures on a plane by their embeddings, what they show, and where that lies.

What they show is told in words that people use for their own pictures (``subjects.txt``): of the classes of
ImageNet a hundred and twenty are breeds of dogs, and none is a dog, a child or the sea.
"""

import hashlib
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db import kinds
from db.arrays import Vectors
from db.catalog import live, spaces, units
from db.errors import ModelError
from db.kinds import CLIP, PICTURE
from indexer.encoders.base import Encoder
from indexer.encoders.cache import kept_array
from search.service import SearchService

log = logging.getLogger(__name__)

MOST_POINTS = 3_000
"""Pictures on the plane, evenly spread over the library."""

CLEAR = 3.5
"""Standard deviations by which a concept must stand out among all concepts to be what a picture shows."""

_MOST_REGIONS = 24
_LEAST_SHARE = 0.005
_LEAST = 3
"""Pictures, or that share of them, that a region must have to be named."""
_WIDEST = 0.4
"""Median distance from its middle beyond which a concept lies here and there, and in no region."""
_APART = (0.2, 0.1)
"""How far names of regions are apart, so that each can be read."""


@dataclass(frozen=True)
class Point:
    """A picture or frame on the plane; ``x`` and ``y`` from -1 to 1, ``concept`` where one is clear."""

    unit_id: int
    x: float
    y: float
    concept: str | None


@dataclass(frozen=True)
class Region:
    """Where on the plane most of the pictures lie that show a concept; ``pictures``: how many show it."""

    concept: str
    pictures: int
    x: float
    y: float


@dataclass(frozen=True)
class Landscape:
    """A map. ``pictures``: how many are on it; ``concepts``: how many of them show each, the most first."""

    pictures: int
    points: tuple[Point, ...]
    concepts: tuple[tuple[str, int], ...]
    regions: tuple[Region, ...] = ()


def landscape(service: SearchService) -> Landscape:
    """Map the library's pictures and frames.

    The plane is that of the two principal components of the embeddings (Pearson 1901). A picture shows the
    concept whose text is nearest, if that stands out.

    Raises:
        TroveError: as ``SearchService.search``.
    """
    encoder = service.encoder()
    if encoder is None:
        return Landscape(0, (), ())
    with service.library.read() as session:
        space = spaces.active(session)
        seen = kinds.of_modality(CLIP, PICTURE)
        ids = live.ids(session, seen, space_id=space.id) if space else np.empty(0, np.int64)
        if space is None or not len(ids):
            return Landscape(0, (), ())
        ids = ids[np.unique(np.linspace(0, len(ids) - 1, MOST_POINTS).astype(np.int64))]
        vectors = units.vectors(session, space.id, ids)
    texts = subjects()
    names = [_bare(text) for text in texts]
    shown = clear_concepts(vectors, concept_vectors(encoder, service.library.paths.concepts, texts), names)
    plane = principal_plane(vectors)
    points = tuple(
        Point(unit_id, round(float(x), 4), round(float(y), 4), concept)
        for unit_id, (x, y), concept in zip(ids.tolist(), plane, shown, strict=True)
    )
    counts = Counter(concept for concept in shown if concept)
    concepts = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return Landscape(len(ids), points, concepts, named_regions(points, concepts))


def subjects() -> tuple[str, ...]:
    """What people take pictures of, in their words and with articles: a dog, the sea, snow."""
    lines = Path(__file__).with_name("subjects.txt").read_text(encoding="utf-8").splitlines()
    return tuple(filter(None, lines))


def _bare(text: str) -> str:
    return text.removeprefix("a ").removeprefix("an ").removeprefix("the ")


def named_regions(points: Sequence[Point], concepts: Sequence[tuple[str, int]]) -> tuple[Region, ...]:
    """Where on the plane concepts lie, the most frequent first; those that lie here and there in none.

    Of two whose names would lie on each other, the less frequent one is left out.
    """
    places: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for point in points:
        if point.concept:
            places[point.concept].append((point.x, point.y))
    regions: list[Region] = []
    for concept, count in concepts:
        own = np.array(places[concept])
        middle = np.median(own, axis=0)
        spread = float(np.median(np.linalg.norm(own - middle, axis=1)))
        if count < max(_LEAST, _LEAST_SHARE * len(points)) or spread > _WIDEST:
            continue
        x, y = (round(float(at), 4) for at in middle)
        if all(abs(x - one.x) > _APART[0] or abs(y - one.y) > _APART[1] for one in regions):
            regions.append(Region(concept, count, x, y))
    return tuple(regions[:_MOST_REGIONS])


def principal_plane(vectors: Vectors) -> Vectors:
    """(n, 2) float32 from -1 to 1: (n, dim) vectors on the plane of their two principal components.

    Half of each coordinate is its rank, so that a few outliers do not press all others together.
    """
    centred = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = centred @ axes[:, :-3:-1]
    reach = np.maximum(np.quantile(np.abs(plane), 0.98, axis=0), 1e-6)
    ranks = plane.argsort(axis=0).argsort(axis=0) / max(1, len(plane) - 1) * 2 - 1
    shown: Vectors = ((np.clip(plane / reach, -1.0, 1.0) + ranks) / 2).astype(np.float32)
    return shown


def clear_concepts(vectors: Vectors, concepts: Vectors, names: Sequence[str]) -> list[str | None]:
    """The concept that each picture shows, or None where none stands out."""
    similarities = vectors @ concepts.T
    z_score = similarities - similarities.mean(axis=1, keepdims=True)
    z_score /= np.maximum(z_score.std(axis=1, keepdims=True), 1e-6)
    best = z_score.argmax(axis=1)
    clear = z_score[np.arange(len(best)), best] >= CLEAR
    return [names[at] if ok else None for at, ok in zip(best.tolist(), clear.tolist(), strict=True)]


def concept_vectors(encoder: Encoder, folder: Path, names: Sequence[str]) -> Vectors:
    """(n, dim) text vectors of the concepts, encoded once for each model and cached in the ``folder``."""
    texts = [f"a photo of {name}" for name in names]
    digest = hashlib.sha256("\n".join([encoder.name, encoder.fingerprint, *texts]).encode()).hexdigest()[:16]
    try:
        return kept_array(folder / f"{digest}.npy", lambda: encoder.encode_texts(texts))
    except ModelError as exc:
        log.warning("the concepts could not be kept: %s", exc)
        return encoder.encode_texts(texts)
