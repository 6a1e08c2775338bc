"""Search that looks at a part of the rows: an inverted file over 8-bit codes, re-ranked by the rows.

At the same speed RaBitQ's codes of 1 and 4 bits lose more of the nearest before the re-ranking than
those of 8 bits (docs/benchmarks.md), so that far more rows would have to be looked up. How many lists a
search visits is not guessed: it is measured on every index that is made, against an exact search.
"""

import faiss
import numpy as np

from db.catalog import Ids, Vectors
from db.errors import VectorError

LEAST_RECALL = 0.99
"""Share of the exact ten nearest that a search must find, on average over the queries of the calibration."""

_CANDIDATES_PER_HIT = 1.25
_FEWEST_CANDIDATES = 50
"""The exact ten nearest are among the fifty nearest by their codes, for all but one in a thousand."""

_POINTS_PER_LIST = 30
_ROUNDS = 4
_QUERIES = 100
_TEXT_LIKE = 0.4
"""Cosine to the nearest row of half of those queries: texts stay about that far from their pictures."""

_CHUNK = 50_000


class Accelerator:
    """Finds the nearest of many rows without looking at all of them. Safe for concurrent searches.

    ``ivf`` has the places of ``rows`` as its ids.
    """

    def __init__(self, rows: "faiss.IndexScalarQuantizer", ivf: "faiss.IndexIVFScalarQuantizer") -> None:
        self.ivf = ivf
        self._rows = rows
        self._refined = faiss.IndexRefine(ivf, rows)

    @classmethod
    def checked(cls, rows: "faiss.IndexScalarQuantizer", ivf: "faiss.Index") -> "Accelerator":
        """From what a file held.

        Raises:
            VectorError: it does not belong to these rows.
        """
        if not isinstance(ivf, faiss.IndexIVFScalarQuantizer) or (ivf.d, ivf.ntotal) != (rows.d, rows.ntotal):
            raise VectorError("the file belongs to another index")
        lists = faiss.downcast_InvertedLists(ivf.invlists)
        if isinstance(lists, faiss.OnDiskInvertedLists):
            # By default every search starts threads that read ahead what is in memory anyway.
            lists.prefetch_nthread = 0
        return cls(rows, ivf)

    def search(
        self, queries: Vectors, limit: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Vectors, Ids]:
        """(n, limit) exact similarities and places, best first; -1 fills the places that stay empty."""
        inside = faiss.SearchParametersIVF(nprobe=self.ivf.nprobe, sel=selector)
        factor = max(_CANDIDATES_PER_HIT, _FEWEST_CANDIDATES / limit)
        params = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=inside)
        found: tuple[Vectors, Ids] = self._refined.search(queries, limit, params=params)
        return found


def train(
    rows: "faiss.IndexScalarQuantizer", old: "faiss.IndexIVFScalarQuantizer | None" = None
) -> Accelerator:
    """An inverted file over all rows, its number of visited lists calibrated.

    k-means on a sample gives the lists; their number, a power of two near 4 sqrt(n), keeps the two
    halves of a search, choosing lists and reading them, in proportion (Jégou et al. 2011). What
    ``old``, the one before the library grew, has learnt is kept while that number stays the same.
    """
    lists = lists_for(rows.ntotal)
    ivf = _like(old) if old is not None and old.nlist == lists else _learnt(rows, lists)
    for start in range(0, rows.ntotal, _CHUNK):
        ivf.add(rows.reconstruct_n(start, min(_CHUNK, rows.ntotal - start)))
    accelerator = Accelerator(rows, ivf)
    _calibrate(accelerator, rows)
    return accelerator


def lists_for(count: int) -> int:
    """How many lists ``count`` rows are put into."""
    return max(1, min(int(2 ** round(np.log2(4 * np.sqrt(count)))), count // _POINTS_PER_LIST))


def _learnt(rows: "faiss.IndexScalarQuantizer", lists: int) -> "faiss.IndexIVFScalarQuantizer":
    sample = rows.reconstruct_batch(_places(rows.ntotal, lists * _POINTS_PER_LIST))
    centres = faiss.IndexFlatIP(rows.d)
    options = faiss.ClusteringParameters()
    options.niter, options.spherical, options.min_points_per_centroid = _ROUNDS, True, 1
    options.max_points_per_centroid = len(sample)
    faiss.Clustering(rows.d, lists, options).train(sample, centres)
    ivf = _empty(centres, rows.d, lists)
    ivf.train(sample)
    return ivf


def _like(old: "faiss.IndexIVFScalarQuantizer") -> "faiss.IndexIVFScalarQuantizer":
    ivf = _empty(faiss.clone_index(old.quantizer), old.d, old.nlist)
    ivf.sq, ivf.is_trained = old.sq, True
    return ivf


def _empty(centres: "faiss.Index", dim: int, lists: int) -> "faiss.IndexIVFScalarQuantizer":
    bits = faiss.ScalarQuantizer.QT_8bit
    # The codes are of the rows themselves, not of what is left after their centre: faster, and as good here.
    ivf = faiss.IndexIVFScalarQuantizer(centres, dim, lists, bits, faiss.METRIC_INNER_PRODUCT, False)
    ivf.own_fields = True
    centres.this.disown()
    return ivf


def _calibrate(accelerator: Accelerator, rows: "faiss.IndexScalarQuantizer") -> None:
    """Set the fewest lists, within a fifth, with which ``LEAST_RECALL`` is reached."""
    queries = _calibration(rows)
    exact = nearest(rows, queries, 10)
    nprobe, lists = 1.0, accelerator.ivf.nlist
    while nprobe < lists:
        accelerator.ivf.nprobe = round(nprobe)
        _, found = accelerator.search(queries, exact.shape[1], None)
        hits = sum(len(np.intersect1d(*pair)) for pair in zip(found, exact, strict=True))
        if hits >= LEAST_RECALL * exact.size:
            return
        nprobe *= 1.2
    accelerator.ivf.nprobe = lists


def _calibration(rows: "faiss.IndexScalarQuantizer") -> Vectors:
    """Queries like those to come: some that are rows, as when a picture is asked for, some far from all."""
    near = rows.reconstruct_batch(_places(rows.ntotal, _QUERIES))
    noise = np.random.default_rng(1).standard_normal(near.shape).astype(np.float32)
    noise -= (noise * near).sum(1, keepdims=True) * near
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    far = _TEXT_LIKE * near + np.sqrt(1 - _TEXT_LIKE**2) * noise
    return np.concatenate([near, far]).astype(np.float32)


def nearest(rows: "faiss.IndexScalarQuantizer", queries: Vectors, limit: int) -> Ids:
    """(n, limit) places of the exact nearest rows: many queries at once, through matrix products."""
    limit = min(limit, rows.ntotal)
    best = faiss.ResultHeap(len(queries), limit, keep_max=True)
    for start in range(0, rows.ntotal, _CHUNK):
        chunk = rows.reconstruct_n(start, min(_CHUNK, rows.ntotal - start))
        scores, places = faiss.knn(queries, chunk, min(limit, len(chunk)), metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, places + start)
    best.finalize()
    found: Ids = best.I
    return found


def _places(count: int, size: int) -> Ids:
    """Up to ``size`` places, drawn at random but always the same, ascending."""
    drawn = np.random.default_rng(0).choice(count, min(count, size), replace=False)
    return np.sort(drawn).astype(np.int64)
