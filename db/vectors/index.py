"""Nearest-neighbour search over the vectors of one space: FAISS with checked inputs.

The bulk is a *segment*: immutable float16 rows, bit for bit those of the database, which may be mapped
from a file. Vectors added since are *recent*, float32 in memory; those removed since are masked out of
every search. So adding, removing and filtering work the same for all kinds of index, and each change makes a
new index that shares the segment: who searches the old one goes on undisturbed.

- ``flat`` compares a query with every row, which is exact;
- ``ivf-sq8`` searches an inverted file first, see ``db.vectors.ivf``: for large libraries.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import faiss
import numpy as np
import numpy.typing as npt

from db.arrays import Ids, Mask, Vectors
from db.engine.schema import UNIT_TOLERANCE
from db.errors import VectorError
from db.vectors.ivf import Accelerator, train
from db.vectors.store import Found, IndexKind

FLAT_MOST = 100_000
"""Most rows for exhaustive search: 14 ms a query on one core at 512 dimensions (docs/benchmarks.md)."""

_SEGMENT_AT = 20_000
"""So many new vectors at once, or more, go into a new segment: half the memory, and no second copy."""

_GPU_MOST = 2_048
"""The most hits that FAISS returns on a GPU."""

Codes = npt.NDArray[np.uint8]


def kind_for(count: int) -> IndexKind:
    """The kind of index for so many rows."""
    return "flat" if count <= FLAT_MOST else "ivf-sq8"


class VectorIndex:
    """Inner-product search over unit vectors with 64-bit ids. Immutable; safe to share between threads.

    Raises:
        VectorError: vectors or ids do not fit; FAISS itself would accept or abort silently.
    """

    def __init__(self, dim: int, segment: "Segment | None" = None) -> None:
        self.dim = dim
        self.segment = segment or Segment.blank(dim, np.empty(0, np.int64))
        self._recent = self._indexed(np.empty(0, np.int64), self._no_rows())
        self._alive = np.ones(len(self.segment.ids), dtype=bool)
        self._hidden = 0
        self._samples: dict[int, Vectors] = {}

    def __len__(self) -> int:
        return len(self._alive) - self._hidden + int(self._recent.ntotal)

    @property
    def ids(self) -> Ids:
        """All ids, in no particular order."""
        return np.concatenate([self.segment.ids[self._alive], self.recent_ids])

    @property
    def recent_ids(self) -> Ids:
        """The ids that were added after the segment was made, in no particular order."""
        return np.asarray(faiss.vector_to_array(self._recent.id_map), dtype=np.int64)

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
        known_ids, known = self.recent()
        recent = self._indexed(np.concatenate([known_ids, ids]), np.concatenate([known, vectors]))
        return self._changed(recent, self._alive)

    def has(self, ids: Ids) -> Mask:
        """(n,) bool: which of n ids it has."""
        places, inside = _found(self.segment.ids, ids)
        inside[inside] = self._alive[places[inside]]
        has: Mask = inside | np.isin(ids, self.recent_ids)
        return has

    def without(self, ids: Ids) -> "VectorIndex":
        """This index without these ids; those that are not there are no error."""
        if not self.has(ids).any():
            return self
        recent, kept = self._recent, ~np.isin(self.recent_ids, ids)
        if not kept.all():
            recent_ids, rows = self.recent()
            recent = self._indexed(recent_ids[kept], rows[kept])
        return self._changed(recent, self._alive & ~self.segment.mask(ids))

    def with_changes(self, removed: Ids, ids: Ids, read: Callable[[Ids], Vectors]) -> "VectorIndex":
        """This index without some ids and with others, which it must not have besides those.

        ``read`` returns the (n, dim) float32 vectors of n ids. Many of them go into a new segment.
        """
        index = self.without(removed)
        if len(ids) >= _SEGMENT_AT:
            return index.compacted(ids, read)
        return index.plus(ids, read(ids)) if len(ids) else index

    def _changed(self, recent: "faiss.IndexIDMap2", alive: Mask) -> "VectorIndex":
        """An index of the same segment with other changes to it."""
        index = VectorIndex(self.dim, self.segment)
        index._recent = recent
        index._alive, index._hidden = alive, len(alive) - int(np.count_nonzero(alive))
        return index

    def _indexed(self, ids: Ids, vectors: Vectors) -> "faiss.IndexIDMap2":
        recent = faiss.IndexIDMap2(faiss.IndexFlatIP(self.dim))
        if len(ids):
            recent.add_with_ids(np.ascontiguousarray(vectors), np.ascontiguousarray(ids, dtype=np.int64))
        return recent

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
        with _threads_for(len(queries)):
            parts = [self.segment.search(queries, limit, mask, gpu=gpu)]
            if self._recent.ntotal:
                restriction = faiss.SearchParameters()
                restriction.sel = None if only is None else _selector(only)
                parts.append(self._recent.search(queries, limit, params=restriction))
        return [
            _best([(scores[row], ids[row]) for scores, ids in parts], limit) for row in range(len(queries))
        ]

    def recent(self) -> tuple[Ids, Vectors]:
        """The n ids and (n, dim) vectors that were added after the segment was made."""
        rows = faiss.downcast_index(self._recent.index)
        return self.recent_ids, rows.reconstruct_n(0, rows.ntotal) if rows.ntotal else self._no_rows()

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of these ids, (n, dim) float32 in their order.

        Raises:
            KeyError: it has none under one of them.
        """
        rows = np.empty((len(ids), self.dim), dtype=np.float32)
        places, inside = _found(self.segment.ids, ids)
        inside[inside] = self._alive[places[inside]]
        rows[inside] = self.segment.codes[places[inside]].view("<f2")
        if not inside.all():
            recent_ids, recent = self.recent()
            order = np.argsort(recent_ids)
            places, found = _found(recent_ids[order], ids[~inside])
            if not found.all():
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
        rows = self.segment.rows.reconstruct_batch(alive[in_segment]) if len(in_segment) else self._no_rows()
        return np.concatenate([rows, self.recent()[1][in_recent]])

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


class Segment:
    """Immutable float16 rows under ascending ids; safe to share between threads.

    ``accelerator``, once it is trained, is searched instead of scanning all rows.
    """

    def __init__(self, index: "faiss.IndexIDMap") -> None:
        self.index = index
        self.ids: Ids = np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)
        self.rows = faiss.downcast_index(index.index)
        self.accelerator: Accelerator | None = None
        self._gpu: faiss.Index | None = None
        self._gpu_lock = threading.Lock()

    @classmethod
    def blank(cls, dim: int, ids: Ids) -> "Segment":
        """A segment for n ascending ids, whose rows are still to be written into ``codes``."""
        rows = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index = faiss.IndexIDMap(rows)
        rows.codes.resize(2 * dim * len(ids))
        rows.ntotal = index.ntotal = len(ids)
        faiss.copy_array_to_vector(np.ascontiguousarray(ids, dtype=np.int64), index.id_map)
        return cls(index)

    @classmethod
    def checked(cls, index: "faiss.Index", dim: int) -> "Segment":
        """A segment over an index that was read from a file.

        Raises:
            VectorError: it is another kind of index.
        """
        if not isinstance(index, faiss.IndexIDMap) or index.d != dim:
            raise VectorError("the file holds another kind of index")
        rows = faiss.downcast_index(index.index)
        if not isinstance(rows, faiss.IndexScalarQuantizer) or rows.sq.qtype != faiss.ScalarQuantizer.QT_fp16:
            raise VectorError("the file holds another kind of rows")
        return cls(index)

    @property
    def kind(self) -> IndexKind:
        """The kind of search that it uses now."""
        return "flat" if self.accelerator is None else "ivf-sq8"

    @property
    def codes(self) -> Codes:
        """(n, 2 dim): the rows, little-endian float16, as they lie in memory or in the file; not a copy."""
        size = self.rows.ntotal * 2 * self.rows.d
        flat = faiss.rev_swig_ptr(self.rows.codes.data(), size) if size else np.empty(0, np.uint8)
        codes: Codes = flat.reshape(self.rows.ntotal, 2 * self.rows.d)
        return codes

    def trained(self, old: Accelerator | None = None) -> Accelerator:
        """Train an accelerator, which takes minutes; reuses what ``old`` has learnt where it fits."""
        return train(self.rows, old)

    def places(self, ids: Ids) -> Ids:
        """The row positions of those ``ids`` that this segment has."""
        places, inside = _found(self.ids, ids)
        return places[inside]

    def mask(self, ids: Ids) -> Mask:
        """(n,) bool: which rows have one of ``ids``."""
        mask = np.zeros(len(self.ids), dtype=bool)
        mask[self.places(ids)] = True
        return mask

    def search(self, queries: Vectors, limit: int, mask: Mask | None, *, gpu: bool) -> tuple[Vectors, Ids]:
        """(n, limit) similarities and ids of the best rows in the mask, or of all rows.

        Fewer than ``limit`` where there are fewer rows; unfilled places have the id -1.
        """
        count, selector = len(self.ids), None
        if mask is not None:
            count = int(np.count_nonzero(mask))
            selector = faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
        limit = min(limit, count)
        if not limit:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        # GPU indexes ignore a selector silently: a restricted search always runs on the CPU.
        if gpu and selector is None and limit <= _GPU_MOST:
            with self._gpu_lock:  # two searches of one index on a GPU would share its buffers
                scores, places = self._on_gpu().search(queries, limit)
        else:
            scores, places = self._on_cpu(queries, limit, count, selector)
        return scores, np.where(places >= 0, self.ids[places], -1)

    def _on_cpu(
        self, queries: Vectors, limit: int, count: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Vectors, Ids]:
        # Few rows are scanned faster than the lists are searched, and exactly.
        if self.accelerator is not None and count > FLAT_MOST:
            scores, places = self.accelerator.search(queries, limit, selector)
            if (places >= 0).all():
                return scores, places
        restriction = faiss.SearchParameters()
        restriction.sel = selector
        scores, places = self.rows.search(queries, limit, params=restriction)
        return scores, places

    def _on_gpu(self) -> "faiss.Index":
        if self._gpu is None:
            options = faiss.GpuIndexFlatConfig()
            options.useFloat16 = True
            gpu = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), self.rows.d, options)
            for start in range(0, self.rows.ntotal, _SEGMENT_AT):
                gpu.add(self.rows.reconstruct_n(start, min(_SEGMENT_AT, self.rows.ntotal - start)))
            self._gpu = gpu
        return self._gpu


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """No more threads of FAISS than queries, in this thread alone.

    To wake others for a single query costs more than they do, and readers are threads themselves.
    """
    most = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(most, queries))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(most)


def _found(ascending: Ids, ids: Ids) -> tuple[Ids, Mask]:
    """Where each of n ``ids`` would be among ascending ones, and whether it is there."""
    places = np.searchsorted(ascending, ids).astype(np.int64)
    if not len(ascending):
        return places, np.zeros(len(ids), dtype=bool)
    return places, ascending[np.minimum(places, len(ascending) - 1)] == ids


def _chunks(ids: Ids) -> Iterator[Ids]:
    return (ids[start : start + _SEGMENT_AT] for start in range(0, len(ids), _SEGMENT_AT))


def _encoded(vectors: Vectors) -> Codes:
    return np.ascontiguousarray(vectors.astype("<f2")).view(np.uint8)


def _selector(ids: Ids) -> "faiss.IDSelectorBatch":
    return faiss.IDSelectorBatch(np.ascontiguousarray(ids, dtype=np.int64))


def _best(parts: list[tuple[Vectors, Ids]], limit: int) -> list[tuple[int, float]]:
    """Merge rankings into the best ``limit``, without the label -1 that FAISS pads with."""
    scores, ids = (np.concatenate(column) for column in zip(*parts, strict=True))
    scores, ids = scores[ids >= 0], ids[ids >= 0]
    order = np.lexsort((ids, -scores))[:limit]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))
