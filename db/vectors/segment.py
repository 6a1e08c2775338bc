"""The bulk of an index: immutable rows of 16-bit floats, searched by FAISS or compared with NumPy.

To load FAISS takes as long as a dozen searches of a library of ten thousand, and as much memory as all else
that a question needs. So a process compares with NumPy until it has compared as much as loading takes: one
that answers a single question mostly ends before, and one that answers many loses little.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from db.arrays import Ids, Mask, Vectors
from db.errors import VectorError
from db.vectors.store import IndexKind

if TYPE_CHECKING:
    import faiss

    from db.vectors.ivf import Accelerator

FLAT_MOST = 100_000
"""Most rows for exhaustive search: 14 ms a query on one core at 512 dimensions (docs/benchmarks.md)."""

WORTH_LOADING = 100_000_000
"""Comparing so many numbers with NumPy takes as long as loading FAISS, 0.1 s."""

_AT_ONCE = 256
"""Rows that are turned into 32-bit floats at a time: they stay in the cache of a core."""

_ADDED_AT_ONCE = 20_000
_GPU_MOST = 2_048
"""The most hits that FAISS returns on a GPU."""

Codes = npt.NDArray[np.uint8]


def kind_for(count: int) -> IndexKind:
    """The kind of index for so many rows."""
    return "flat" if count <= FLAT_MOST else "ivf-sq8"


class Segment:
    """Immutable float16 rows under ascending ids; safe to share between threads.

    ``accelerator``, once it is trained, is searched instead of scanning all rows.
    """

    def __init__(self, ids: Ids, codes: Codes, load: "Callable[[], faiss.IndexIDMap]") -> None:
        """``codes``: (n, 2 dim), see below. ``load`` makes FAISS's index of these rows when it is needed."""
        self.ids = ids
        self.codes = codes
        """The rows, little-endian float16, as they lie in memory or in the file; not a copy."""
        self.accelerator: Accelerator | None = None
        self._load: Callable[[], faiss.IndexIDMap] | None = load
        self._index: faiss.IndexIDMap | None = None
        self._index_lock = threading.Lock()
        self._gpu: faiss.Index | None = None
        self._gpu_lock = threading.Lock()

    @classmethod
    def blank(cls, dim: int, ids: Ids) -> "Segment":
        """A segment for n ascending ids, whose rows are still to be written into ``codes``."""
        if not len(ids):
            return cls(ids, np.empty((0, 2 * dim), np.uint8), lambda: _blank(dim, ids))
        return cls.of(_blank(dim, ids))

    @classmethod
    def of(cls, index: "faiss.IndexIDMap") -> "Segment":
        """A segment over FAISS's index of it."""
        import faiss

        ids: Ids = np.asarray(faiss.vector_to_array(index.id_map), dtype=np.int64)
        segment = cls(ids, _codes(index), lambda: index)
        segment._index = index
        return segment

    @property
    def index(self) -> "faiss.IndexIDMap":
        """FAISS's index of the rows."""
        with self._index_lock:
            if self._index is None and self._load is not None:
                self._index = self._load()
                self.codes, self._load = _codes(self._index), None  # not twice in memory
            return self._index

    @property
    def rows(self) -> "faiss.IndexScalarQuantizer":
        """The rows as FAISS has them."""
        import faiss

        return faiss.downcast_index(self.index.index)

    @property
    def kind(self) -> IndexKind:
        """The kind of search that it uses now."""
        return "flat" if self.accelerator is None else "ivf-sq8"

    def trained(self, old: "Accelerator | None" = None) -> "Accelerator":
        """Train an accelerator, which takes minutes; reuses what ``old`` has learnt where it fits."""
        from db.vectors.ivf import train

        return train(self.rows, old)

    def places(self, ids: Ids) -> Ids:
        """The row positions of those ``ids`` that this segment has."""
        places, inside = found(self.ids, ids)
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
        places = None if mask is None else np.flatnonzero(mask)
        count = len(self.ids if places is None else places)
        limit = min(limit, count)
        if not limit:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        if self.accelerator is None and not _is_worth_loading(queries.size * count):
            ids = self.ids if places is None else self.ids[places]
            return best(similarities(queries, self.codes, places), ids, limit)
        # GPU indexes ignore a selector silently: a restricted search always runs on the CPU.
        if gpu and mask is None and limit <= _GPU_MOST and _has_gpu():
            with self._gpu_lock:  # two searches of one index on a GPU would share its buffers
                scores, rows = self._on_gpu().search(queries, limit)
        else:
            with _threads_for(len(queries)):
                scores, rows = self._on_cpu(queries, limit, count, mask)
        return scores, np.where(rows >= 0, self.ids[rows], -1)

    def _on_cpu(self, queries: Vectors, limit: int, count: int, mask: Mask | None) -> tuple[Vectors, Ids]:
        import faiss

        selector = None if mask is None else faiss.IDSelectorBitmap(np.packbits(mask, bitorder="little"))
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
        import faiss

        if self._gpu is None:
            options = faiss.GpuIndexFlatConfig()
            options.useFloat16 = True
            gpu = faiss.GpuIndexFlatIP(faiss.StandardGpuResources(), self.rows.d, options)
            for start in range(0, self.rows.ntotal, _ADDED_AT_ONCE):
                gpu.add(self.rows.reconstruct_n(start, min(_ADDED_AT_ONCE, self.rows.ntotal - start)))
            self._gpu = gpu
        return self._gpu


def similarities(queries: Vectors, codes: Codes, places: Ids | None = None) -> Vectors:
    """(n, m) inner products of n queries with m rows of float16 codes, or those at ``places``."""
    rows = codes.view("<f2")
    count = len(rows if places is None else places)
    products = np.empty((len(queries), count), np.float32)
    for start in range(0, count, _AT_ONCE):
        some = slice(start, start + _AT_ONCE)
        part = rows[some] if places is None else rows[places[some]]
        np.matmul(queries, part.astype(np.float32).T, out=products[:, some])
    return products


def best(scores: Vectors, ids: Ids, limit: int) -> tuple[Vectors, Ids]:
    """Of (n, m) scores of m ids the up to ``limit`` best of each row, and their ids, in no order."""
    if limit >= len(ids):
        return scores, np.broadcast_to(ids, scores.shape)
    places = np.argpartition(scores, -limit, axis=1)[:, -limit:]
    return np.take_along_axis(scores, places, axis=1), ids[places]


class _Compared:
    """How many numbers this process has compared with NumPy."""

    numbers = 0


def _is_worth_loading(numbers: int) -> bool:
    """Whether so many numbers more are rather compared by FAISS."""
    if "faiss" in sys.modules:
        return True
    _Compared.numbers += numbers
    return _Compared.numbers > WORTH_LOADING


@cache
def _has_gpu() -> bool:
    import faiss

    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


def _blank(dim: int, ids: Ids) -> "faiss.IndexIDMap":
    """FAISS's index of rows under these ids that are still to be written."""
    import faiss

    rows = faiss.IndexScalarQuantizer(dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexIDMap(rows)
    rows.codes.resize(2 * dim * len(ids))
    rows.ntotal = index.ntotal = len(ids)
    faiss.copy_array_to_vector(np.ascontiguousarray(ids, dtype=np.int64), index.id_map)
    return index


def checked(index: "faiss.Index", dim: int) -> "faiss.IndexIDMap":
    """An index that was read from a file.

    Raises:
        VectorError: it is another kind of index.
    """
    import faiss

    if not isinstance(index, faiss.IndexIDMap) or index.d != dim:
        raise VectorError("the file holds another kind of index")
    rows = faiss.downcast_index(index.index)
    if not isinstance(rows, faiss.IndexScalarQuantizer) or rows.sq.qtype != faiss.ScalarQuantizer.QT_fp16:
        raise VectorError("the file holds another kind of rows")
    return index


def _codes(index: "faiss.IndexIDMap") -> Codes:
    import faiss

    rows = faiss.downcast_index(index.index)
    size = rows.ntotal * 2 * rows.d
    flat = faiss.rev_swig_ptr(rows.codes.data(), size) if size else np.empty(0, np.uint8)
    codes: Codes = flat.reshape(rows.ntotal, 2 * rows.d)
    return codes


@contextmanager
def _threads_for(queries: int) -> Iterator[None]:
    """No more threads of FAISS than queries, in this thread alone.

    To wake others for a single query costs more than they do, and readers are threads themselves.
    """
    import faiss

    most = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(min(most, queries))
    try:
        yield
    finally:
        faiss.omp_set_num_threads(most)


def found(ascending: Ids, ids: Ids) -> tuple[Ids, Mask]:
    """Where each of n ``ids`` would be among ascending ones, and whether it is there."""
    places = np.searchsorted(ascending, ids).astype(np.int64)
    if not len(ascending):
        return places, np.zeros(len(ids), dtype=bool)
    return places, ascending[np.minimum(places, len(ascending) - 1)] == ids
