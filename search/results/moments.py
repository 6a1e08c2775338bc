"""Moments of a video or recording, each with its similarity to a query."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from db import kinds
from db.arrays import Vectors
from db.catalog import units
from db.engine.schema import UnitKind
from db.kinds import CLIP, PICTURE
from search.engine.sight import Sight
from search.query.query import Query
from search.service import SearchService


@dataclass(frozen=True)
class Moment:
    """A frame, a spoken passage, …; ``match``: how well what is seen fits, 0 (baseline) to 1 (best).

    ``language``: of the text, by its ISO 639 code.
    """

    unit_id: int
    kind: UnitKind
    start_s: float
    end_s: float
    text: str | None
    match: float | None
    language: str | None = None


def moments(service: SearchService, query: Query | None, path: Path) -> list[Moment]:
    """The moments of a file in the library, in the order of time.

    ``match`` is the similarity to the query, scaled from its median in this library to the best in the
    library or this file; None for what is not seen, and where the query describes no picture.

    Raises:
        TroveError: as ``SearchService.search``.
    """
    sight = service.sight(query) if query is not None else None
    with service.library.read() as session:
        rows = units.rows(session, units.ids_at(session, path), among_hidden=True).values()
        timed = sorted((row for row in rows if row.start_s is not None), key=lambda row: row.start_s or 0.0)
        seen = kinds.of_modality(CLIP, PICTURE)
        frames = [row.id for row in timed if row.kind in seen]
        vectors = None
        if sight is not None and frames:
            vectors = units.vectors(session, sight.space_id, np.array(frames, np.int64))
    matches = _matches(sight, frames, vectors) if sight is not None and vectors is not None else {}
    return [
        Moment(
            row.id,
            row.kind,
            row.start_s or 0.0,
            row.end_s or row.start_s or 0.0,
            row.text,
            matches.get(row.id),
            row.language,
        )
        for row in timed
    ]


def _matches(sight: Sight, frames: list[int], vectors: Vectors) -> dict[int, float]:
    similarities = (vectors @ sight.vectors.T).max(axis=1)
    baseline = float(np.median(sight.baseline)) if len(sight.baseline) else 0.0
    best = max(float(similarities.max()), float(sight.baseline[-1]) if len(sight.baseline) else 0.0)
    scaled = np.clip((similarities - baseline) / max(best - baseline, 1e-6), 0.0, 1.0)
    return dict(zip(frames, scaled.round(3).tolist(), strict=True))
