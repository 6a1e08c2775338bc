"""Nearest-neighbour search over the vectors of one space: FAISS with checked inputs.

The bulk is a *segment*: immutable float16 rows, bit for bit those of the database, which may be mapped
from a file. Vectors added since are *recent*, float32 in memory; those removed since are masked out of
every search. So adding, removing and filtering work the same for all kinds of index, and each change makes a
new index that shares the segment: who searches the old one goes on undisturbed.

- ``flat`` compares a query with every row, which is exact;
- ``ivf-sq8`` searches an inverted file first, see ``db.vectors.ivf``: for large libraries.
"""

from collections.abc import Callable, Iterator

import numpy as np

from db.arrays import Ids, Mask, Vectors
from db.engine.schema import UNIT_TOLERANCE
from db.errors import VectorError
from db.vectors.segment import Codes, Segment, best, found
from db.vectors.store import Found

_SEGMENT_AT = 20_000
"""So many new vectors at once, or more, go into a new segment: half the memory, and no second copy."""


class VectorIndex:
    """Inner-product search over unit vectors with 64-bit ids. Immutable; safe to share between threads.

    Raises:
        VectorError: vectors or ids do not fit; FAISS itself would accept or abort silently.
    """

    def __init__(self, dim: int, segment: Segment | None = None) -> None:
        self.dim = dim
        self.segment = segment or Segment.blank(dim, np.empty(0, np.int64))
        self.recent_ids: Ids = np.empty(0, np.int64)
        """The ids that were added after the segment was made, in no particular order."""
        self._recent = self._no_rows()
        self._alive = np.ones(len(self.segment.ids), dtype=bool)
        self._hidden = 0
        self._samples: dict[int, Vectors] = {}

    def __len__(self) -> int:
        return len(self._alive) - self._hidden + len(self._recent)

    @property
    def ids(self) -> Ids:
        """All ids, in no particular order."""
        return np.concatenate([self.segment.ids[self._alive], self.recent_ids])

    @property
    def removed_ids(self) -> Ids:
        """The ids of the segment that were removed since, ascending."""
        return self.segment.ids[~self._alive]

    def plus(self, ids: Ids, vectors: Vectors) -> "VectorIndex":
        """This index with (n, dim) float32 unit vectors under n ids that it does not have yet."""
        vectors = self._checked(vectors)
        if ids.shape != (len(vectors),):
            raise VectorError(f"{len(vectors)} vectors cannot have ids of shape {ids.shape}")
        if len(np.unique(ids)) != len(ids) or self.has(ids).any():
            raise VectorError("an id is given twice")
        if not len(ids):
            return self
        recent = np.concatenate([self.recent_ids, ids]), np.concatenate([self._recent, vectors])
        return self._changed(recent, self._alive)

    def has(self, ids: Ids) -> Mask:
        """(n,) bool: which of n ids it has."""
        places, inside = found(self.segment.ids, ids)
        inside[inside] = self._alive[places[inside]]
        has: Mask = inside | np.isin(ids, self.recent_ids)
        return has

    def without(self, ids: Ids) -> "VectorIndex":
        """This index without these ids; those that are not there are no error."""
        if not self.has(ids).any():
            return self
        kept = ~np.isin(self.recent_ids, ids)
        recent = self.recent() if kept.all() else (self.recent_ids[kept], self._recent[kept])
        return self._changed(recent, self._alive & ~self.segment.mask(ids))

    def with_changes(self, removed: Ids, ids: Ids, read: Callable[[Ids], Vectors]) -> "VectorIndex":
        """This index without some ids and with others, which it must not have besides those.

        ``read`` returns the (n, dim) float32 vectors of n ids. Many of them go into a new segment.
        """
        index = self.without(removed)
        if len(ids) >= _SEGMENT_AT:
            return index.compacted(ids, read)
        return index.plus(ids, read(ids)) if len(ids) else index

    def _changed(self, recent: tuple[Ids, Vectors], alive: Mask) -> "VectorIndex":
        """An index of the same segment with other changes to it."""
        index = VectorIndex(self.dim, self.segment)
        index.recent_ids, index._recent = recent
        index._alive, index._hidden = alive, len(alive) - int(np.count_nonzero(alive))
        return index

    def search(self, queries: Vectors, limit: int, *, only: Ids | None = None, gpu: bool = False) -> Found:
        """The nearest ids with their similarity, best first, for each of (n, dim) queries.

        ``only`` restricts the search to some ids *before* it ranks.
        """
        queries = self._checked(queries)
        limit = min(limit, len(self) if only is None else len(only))
        if limit <= 0 or len(self) == 0:
            return [[] for _ in queries]
        mask = self._alive if self._hidden else None
        if only is not None:
            mask = self._alive & self.segment.mask(only)
        parts = [self.segment.search(queries, limit, mask, gpu=gpu)]
        if len(self._recent):
            wanted = slice(None) if only is None else np.isin(self.recent_ids, only)
            parts.append(best(queries @ self._recent[wanted].T, self.recent_ids[wanted], limit))
        return [
            _merged([(scores[row], ids[row]) for scores, ids in parts], limit) for row in range(len(queries))
        ]

    def recent(self) -> tuple[Ids, Vectors]:
        """The n ids and (n, dim) vectors that were added after the segment was made."""
        return self.recent_ids, self._recent

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of these ids, (n, dim) float32 in their order.

        Raises:
            KeyError: it has none under one of them.
        """
        rows = np.empty((len(ids), self.dim), dtype=np.float32)
        places, inside = found(self.segment.ids, ids)
        inside[inside] = self._alive[places[inside]]
        rows[inside] = self.segment.codes[places[inside]].view("<f2")
        if not inside.all():
            recent_ids, recent = self.recent()
            order = np.argsort(recent_ids)
            places, is_there = found(recent_ids[order], ids[~inside])
            if not is_there.all():
                raise KeyError("an id is not in the index")
            rows[~inside] = recent[order[places]]
        return rows

    def sample(self, size: int) -> Vectors:
        """Up to ``size`` of the vectors, evenly spread over the index, always the same ones: (n, dim)."""
        if size not in self._samples:
            self._samples[size] = self._sample(size)
        return self._samples[size]

    def _sample(self, size: int) -> Vectors:
        places = np.unique(np.linspace(0, len(self) - 1, min(size, len(self))).astype(np.int64))
        alive = np.flatnonzero(self._alive)
        in_segment, in_recent = places[places < len(alive)], places[places >= len(alive)] - len(alive)
        rows = self.segment.codes[alive[in_segment]].view("<f2").astype(np.float32)
        return np.concatenate([rows, self._recent[in_recent]])

    def compacted(
        self, ids: Ids | None = None, read: Callable[[Ids], Vectors] | None = None
    ) -> "VectorIndex":
        """A new index with all vectors of this one and of the new ``ids`` in one segment.

        ``read`` returns the (n, dim) float32 vectors of n of these ids; few are in memory at a time.
        """
        ids = np.empty(0, np.int64) if ids is None else ids
        merged = np.sort(np.concatenate([self.ids, ids]))
        segment = Segment.blank(self.dim, merged)
        codes, kept = segment.codes, np.flatnonzero(self._alive)
        for chunk in _chunks(kept):
            codes[np.searchsorted(merged, self.segment.ids[chunk])] = self.segment.codes[chunk]
        recent_ids, recent = self.recent()
        codes[np.searchsorted(merged, recent_ids)] = _encoded(recent)
        if read is not None:
            for chunk in _chunks(ids):
                codes[np.searchsorted(merged, chunk)] = _encoded(self._checked(read(chunk)))
        return VectorIndex(self.dim, segment)

    def _no_rows(self) -> Vectors:
        return np.empty((0, self.dim), dtype=np.float32)

    def _checked(self, vectors: Vectors) -> Vectors:
        if vectors.ndim != 2 or vectors.shape[1] != self.dim:
            raise VectorError(f"vectors of shape {vectors.shape} do not fit {self.dim} dimensions")
        if vectors.dtype != np.float32:
            raise VectorError(f"vectors must be float32, not {vectors.dtype}")
        lengths = np.linalg.norm(vectors, axis=1)
        # Written so that NaN fails too: FAISS takes a NaN row and never finds it again.
        if not np.all(np.abs(lengths - 1) < UNIT_TOLERANCE):
            raise VectorError("vectors must be finite and of unit length")
        return np.ascontiguousarray(vectors)


def _chunks(ids: Ids) -> Iterator[Ids]:
    return (ids[start : start + _SEGMENT_AT] for start in range(0, len(ids), _SEGMENT_AT))


def _encoded(vectors: Vectors) -> Codes:
    return np.ascontiguousarray(vectors.astype("<f2")).view(np.uint8)


def _merged(parts: list[tuple[Vectors, Ids]], limit: int) -> list[tuple[int, float]]:
    """Merge rankings into the best ``limit``, without the label -1 that FAISS pads with."""
    scores, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
    scores, ids = scores[ids >= 0], ids[ids >= 0]
    order = np.lexsort((ids, -scores))[:limit]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))
