"""Map of a library: its pictures on a plane by their embeddings, what they show, and where that lies.

What they show is told in words that people use for their own pictures: see ``indexer.subjects``.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db import kinds
from db.arrays import Vectors
from db.catalog import live, spaces, units
from db.kinds import CLIP, PICTURE
from indexer.subjects import bare, clear_concepts, concept_vectors, subjects
from search.service import SearchService

MOST_POINTS = 3_000
"""Pictures on the plane, evenly spread over the library."""

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
    names = [bare(text) for text in texts]
    shown = clear_concepts(vectors, concept_vectors(encoder, service.library.paths.concepts, texts), names)
    plane = principal_plane(vectors)
    points = tuple(
        Point(unit_id, round(float(x), 4), round(float(y), 4), concept)
        for unit_id, (x, y), concept in zip(ids.tolist(), plane, shown, strict=True)
    )
    counts = Counter(concept for concept in shown if concept)
    concepts = tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return Landscape(len(ids), points, concepts, named_regions(points, concepts))


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
