"""Approximate search: an inverted file (IVF) over 8-bit codes, re-ranked by the exact rows.

Rows are projected onto their mean and principal axes, then rotated at random, so that all components are
about equally large and 8 bits suffice for each without a scale of its own (PCA and a random rotation before
quantisation: Jégou et al. 2010). Such codes are compared in half the time that FAISS takes for bytes with a
scale for each dimension. How many lists a search visits is calibrated on every new index against an exact
search. Alternatives that were tried, RaBitQ among them, and their results are in docs/benchmarks.md.
"""

import faiss
import numpy as np

from db.arrays import Ids, Vectors
from db.errors import VectorError
from db.vectors.calibration import typical_queries

LEAST_RECALL = 0.99
"""Recall of the exact ten nearest that a search must reach, on average over the calibration queries."""

_VARIANCE = 0.93
"""Share of the variance of the rows that the codes keep."""

_CANDIDATES_PER_HIT = 2.0
_FEWEST_CANDIDATES = 400
"""The exact ten nearest are among the four hundred nearest by their codes, but for a few in a thousand."""

_AT_ONCE = 32
"""Code lengths are a multiple of it: FAISS compares so many bytes in one go."""
_LARGEST = 127
_FOR_AXES = 50_000
"""Rows from which the principal axes and the scale are estimated."""
_POINTS_PER_LIST = 30
_ROUNDS = 4
_QUERIES = 200

_CHUNK = 50_000


class Accelerator:
    """Approximate search of many rows through an inverted file. Safe for concurrent searches.

    ``index`` projects rows and holds the inverted lists of their codes; its ids are positions in ``rows``.
    """

    def __init__(self, rows: "faiss.IndexScalarQuantizer", index: "faiss.IndexPreTransform") -> None:
        self.index = index
        self.ivf = faiss.downcast_index(index.index)
        self._refined = faiss.IndexRefine(index, rows)

    @classmethod
    def checked(cls, rows: "faiss.IndexScalarQuantizer", index: "faiss.Index") -> "Accelerator":
        """An accelerator over an index that was read from a file.

        Raises:
            VectorError: it does not belong to these rows.
        """
        fits = isinstance(index, faiss.IndexPreTransform) and (index.d, index.ntotal) == (rows.d, rows.ntotal)
        if not fits or not isinstance(faiss.downcast_index(index.index), faiss.IndexIVFScalarQuantizer):
            raise VectorError("the file belongs to another index")
        accelerator = cls(rows, index)
        lists = faiss.downcast_InvertedLists(accelerator.ivf.invlists)
        if isinstance(lists, faiss.OnDiskInvertedLists):
            # By default every search starts threads that read ahead what is in memory anyway.
            lists.prefetch_nthread = 0
        return accelerator

    def search(
        self, queries: Vectors, limit: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Vectors, Ids]:
        """(n, limit) exact similarities and row positions, best first; -1 where a place is not filled."""
        lists = faiss.SearchParametersIVF(nprobe=self.ivf.nprobe, sel=selector)
        pretransform = faiss.SearchParametersPreTransform(index_params=lists)
        factor = max(_CANDIDATES_PER_HIT, _FEWEST_CANDIDATES / limit)
        params = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=pretransform)
        hits: tuple[Vectors, Ids] = self._refined.search(queries, limit, params=params)
        return hits


def train(rows: "faiss.IndexScalarQuantizer", old: Accelerator | None = None) -> Accelerator:
    """Train an inverted file over all rows and calibrate how many lists a search visits.

    k-means on a sample gives the lists. The projection and centroids of ``old``, trained before the library
    grew, are reused while the number of lists stays the same.
    """
    lists = lists_for(rows.ntotal)
    if old is not None and old.ivf.nlist == lists:
        projection, centroids = _reuse(old)
    else:
        projection, centroids = _learn(rows, lists)
    bits, product = faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    # ``by_residual=False``: codes quantise the vectors themselves, not the residuals to the centroid. Faster,
    # and recall is the same here.
    ivf = faiss.IndexIVFScalarQuantizer(centroids, projection.d_out, lists, bits, product, False)
    ivf.is_trained = True
    for start in range(0, rows.ntotal, _CHUNK):
        chunk = rows.reconstruct_n(start, min(_CHUNK, rows.ntotal - start))
        ivf.add(np.clip(projection.apply(chunk), -_LARGEST, _LARGEST))
    _quantise_centroids(ivf, centroids)
    accelerator = Accelerator(rows, faiss.IndexPreTransform(projection, ivf))
    _calibrate(accelerator, rows)
    return accelerator


def lists_for(count: int) -> int:
    """How many lists ``count`` rows are put into: a power of two near 8 sqrt(n).

    The two halves of a search, choosing lists and reading them, then stay in proportion (Jégou et al. 2011).
    With half as many lists a search of a million rows has to read more of them, with twice as many not less.
    """
    return max(1, min(int(2 ** round(np.log2(8 * np.sqrt(count)))), count // _POINTS_PER_LIST))


def _learn(
    rows: "faiss.IndexScalarQuantizer", lists: int
) -> tuple["faiss.LinearTransform", "faiss.IndexFlatIP"]:
    """The projection of rows to codes, and the centroids of the lists in its space."""
    sample = rows.reconstruct_batch(_places(rows.ntotal, lists * _POINTS_PER_LIST))
    projection = _projection(sample)
    sample = projection.apply(sample)
    centroids = faiss.IndexFlatIP(projection.d_out)
    options = faiss.ClusteringParameters()
    options.niter, options.spherical, options.min_points_per_centroid = _ROUNDS, True, 1
    options.max_points_per_centroid = len(sample)
    faiss.Clustering(projection.d_out, lists, options).train(sample, centroids)
    return projection, centroids


def _reuse(old: Accelerator) -> tuple["faiss.LinearTransform", "faiss.IndexFlatIP"]:
    """The projection and centroids of a trained accelerator."""
    projection = faiss.downcast_VectorTransform(old.index.chain.at(0))
    centroids = faiss.IndexFlatIP(projection.d_out)
    centroids.add(old.ivf.quantizer.reconstruct_n(0, old.ivf.nlist))
    return _linear(faiss.vector_to_array(projection.A).reshape(projection.d_out, projection.d_in)), centroids


def _projection(sample: Vectors) -> "faiss.LinearTransform":
    """Linear map from rows to codes: onto mean and principal axes, rotated at random, scaled to 8 bits."""
    dim, mean = sample.shape[1], sample.mean(axis=0)
    # From first to last, since a sample is in the order of the rows.
    subset = sample[:: -(-len(sample) // _FOR_AXES)]
    centred = subset - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, axes = variances[::-1], axes[:, ::-1]
    needed = 2 + int(np.searchsorted(np.cumsum(variances), _VARIANCE * variances.sum()))
    length = max(1, round(needed / _AT_ONCE)) * _AT_ONCE
    rank = min(length, dim)
    basis = np.linalg.qr(np.column_stack([mean, axes[:, : rank - 1]]))[0]
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((length, rank)))[0]
    matrix = rotation @ basis.T
    matrix *= _LARGEST / max(float(np.quantile(np.abs(subset @ matrix.T), 0.9999)), 1e-6)
    return _linear(matrix)


def _linear(matrix: Vectors) -> "faiss.LinearTransform":
    transform = faiss.LinearTransform(matrix.shape[1], matrix.shape[0], False)
    faiss.copy_array_to_vector(np.ascontiguousarray(matrix, dtype=np.float32).ravel(), transform.A)
    transform.is_trained = True
    return transform


def _quantise_centroids(ivf: "faiss.IndexIVFScalarQuantizer", centroids: "faiss.IndexFlatIP") -> None:
    """Quantise the centroids to 8 bits, too, since every query compares all of them.

    Done after the rows are added, as matrix products with the exact centroids assign those to lists.
    """
    rows = centroids.reconstruct_n(0, centroids.ntotal)
    bits = faiss.ScalarQuantizer.QT_8bit_direct_signed
    quantised = faiss.IndexScalarQuantizer(centroids.d, bits, faiss.METRIC_INNER_PRODUCT)
    quantised.add(rows * (_LARGEST / np.abs(rows).max()))
    ivf.quantizer, ivf.own_fields = quantised, True
    quantised.this.disown()


def _calibrate(accelerator: Accelerator, rows: "faiss.IndexScalarQuantizer") -> None:
    """Set ``nprobe`` to the fewest lists, within a twentieth, that reach ``LEAST_RECALL``.

    Doubled until it reaches it, then halved between: rows without clusters need nearly all lists, and to try
    one number after the other took more than a quarter of an hour for a million of them.
    """
    queries = typical_queries(rows.reconstruct_batch(_places(rows.ntotal, _QUERIES)))
    exact = nearest(rows, queries, 10)

    def reaches(nprobe: int) -> bool:
        accelerator.ivf.nprobe = nprobe
        _, approximate = accelerator.search(queries, exact.shape[1], None)
        hits = sum(len(np.intersect1d(*pair)) for pair in zip(approximate, exact, strict=True))
        return bool(hits >= LEAST_RECALL * exact.size)

    few, enough = 0, 1
    while enough < accelerator.ivf.nlist and not reaches(enough):
        few, enough = enough, min(2 * enough, accelerator.ivf.nlist)
    while enough - few > max(1, enough // 20):
        middle = (few + enough) // 2
        few, enough = (few, middle) if reaches(middle) else (middle, enough)
    accelerator.ivf.nprobe = enough


def nearest(rows: "faiss.IndexScalarQuantizer", queries: Vectors, limit: int) -> Ids:
    """(n, limit) positions of the exact nearest rows: many queries at once, through matrix products."""
    limit = min(limit, rows.ntotal)
    best = faiss.ResultHeap(len(queries), limit, keep_max=True)
    for start in range(0, rows.ntotal, _CHUNK):
        chunk = rows.reconstruct_n(start, min(_CHUNK, rows.ntotal - start))
        scores, places = faiss.knn(queries, chunk, min(limit, len(chunk)), metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, places + start)
    best.finalize()
    labels: Ids = best.I
    return labels


def _places(count: int, size: int) -> Ids:
    """Up to ``size`` row positions, ascending: a random sample with a fixed seed."""
    drawn = np.random.default_rng(0).choice(count, min(count, size), replace=False)
    return np.sort(drawn).astype(np.int64)
