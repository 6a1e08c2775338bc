"""Search that looks at a part of the rows: an inverted file over short codes, re-ranked by the rows.

Of the rows, what they have in common and the axes with most of their variance are kept, and turned at
random, so that all numbers of a row are about equally large and 8 bits without a scale of their own do for
each (PCA and a random rotation before codes: Jégou et al. 2010). Such codes are compared in half the time
that FAISS takes for bytes with a scale for each dimension. How many lists a search visits is not guessed: it
is measured on every index that is made, against an exact search. What else was tried, RaBitQ's codes among
it, and what it came to is in docs/benchmarks.md.
"""

import faiss
import numpy as np

from db.catalog.units import Ids, Vectors
from db.errors import VectorError

LEAST_RECALL = 0.99
"""Share of the exact ten nearest that a search must find, on average over the queries of the calibration."""

_VARIANCE = 0.93
"""Share of the variance of the rows that the codes keep."""

_CANDIDATES_PER_HIT = 2.0
_FEWEST_CANDIDATES = 400
"""The exact ten nearest are among the four hundred nearest by their codes, but for a few in a thousand."""

_AT_ONCE = 32
"""Codes are a multiple of it long: FAISS compares so many bytes in one go."""
_LARGEST = 127
_FOR_AXES = 50_000
"""Rows that tell what the axes are, and how large their numbers."""
_POINTS_PER_LIST = 30
_ROUNDS = 4
_QUERIES = 200
_STEP = 1.05
_TEXT_LIKE = 0.4
"""Cosine to the nearest row of half of those queries: texts stay about that far from their pictures."""

_CHUNK = 50_000


class Accelerator:
    """Finds the nearest of many rows without looking at all of them. Safe for concurrent searches.

    ``index`` turns rows into what is coded, and holds the lists; its ids are the places of ``rows``.
    """

    def __init__(self, rows: "faiss.IndexScalarQuantizer", index: "faiss.IndexPreTransform") -> None:
        self.index = index
        self.ivf = faiss.downcast_index(index.index)
        self._refined = faiss.IndexRefine(index, rows)

    @classmethod
    def checked(cls, rows: "faiss.IndexScalarQuantizer", index: "faiss.Index") -> "Accelerator":
        """From what a file held.

        Raises:
            VectorError: it does not belong to these rows.
        """
        fits = isinstance(index, faiss.IndexPreTransform) and (index.d, index.ntotal) == (rows.d, rows.ntotal)
        if not fits or not isinstance(faiss.downcast_index(index.index), faiss.IndexIVFScalarQuantizer):
            raise VectorError("the file belongs to another index")
        found = cls(rows, index)
        lists = faiss.downcast_InvertedLists(found.ivf.invlists)
        if isinstance(lists, faiss.OnDiskInvertedLists):
            # By default every search starts threads that read ahead what is in memory anyway.
            lists.prefetch_nthread = 0
        return found

    def search(
        self, queries: Vectors, limit: int, selector: "faiss.IDSelector | None"
    ) -> tuple[Vectors, Ids]:
        """(n, limit) exact similarities and places, best first; -1 fills the places that stay empty."""
        lists = faiss.SearchParametersIVF(nprobe=self.ivf.nprobe, sel=selector)
        inside = faiss.SearchParametersPreTransform(index_params=lists)
        factor = max(_CANDIDATES_PER_HIT, _FEWEST_CANDIDATES / limit)
        params = faiss.IndexRefineSearchParameters(k_factor=factor, base_index_params=inside)
        found: tuple[Vectors, Ids] = self._refined.search(queries, limit, params=params)
        return found


def train(rows: "faiss.IndexScalarQuantizer", old: Accelerator | None = None) -> Accelerator:
    """An inverted file over all rows, its number of visited lists calibrated.

    k-means on a sample gives the lists. What ``old``, the one before the library grew, has learnt is kept
    while their number stays the same.
    """
    lists = lists_for(rows.ntotal)
    if old is not None and old.ivf.nlist == lists:
        turn, centres = _learnt_by(old)
    else:
        turn, centres = _learnt(rows, lists)
    bits, product = faiss.ScalarQuantizer.QT_8bit_direct_signed, faiss.METRIC_INNER_PRODUCT
    # The codes are not of what is left after the centre of a list: faster, and as good here.
    ivf = faiss.IndexIVFScalarQuantizer(centres, turn.d_out, lists, bits, product, False)
    ivf.is_trained = True
    for start in range(0, rows.ntotal, _CHUNK):
        some = rows.reconstruct_n(start, min(_CHUNK, rows.ntotal - start))
        ivf.add(np.clip(turn.apply(some), -_LARGEST, _LARGEST))
    _shorten_centres(ivf, centres)
    accelerator = Accelerator(rows, faiss.IndexPreTransform(turn, ivf))
    _calibrate(accelerator, rows)
    return accelerator


def lists_for(count: int) -> int:
    """How many lists ``count`` rows are put into: a power of two near 8 sqrt(n).

    The two halves of a search, choosing lists and reading them, then stay in proportion (Jégou et al. 2011).
    With half as many lists a search of a million rows has to read more of them, with twice as many not less.
    """
    return max(1, min(int(2 ** round(np.log2(8 * np.sqrt(count)))), count // _POINTS_PER_LIST))


def _learnt(
    rows: "faiss.IndexScalarQuantizer", lists: int
) -> tuple["faiss.LinearTransform", "faiss.IndexFlatIP"]:
    """What turns rows into what is coded, and the centres of the lists, there."""
    sample = rows.reconstruct_batch(_places(rows.ntotal, lists * _POINTS_PER_LIST))
    turn = _turned(sample)
    sample = turn.apply(sample)
    centres = faiss.IndexFlatIP(turn.d_out)
    options = faiss.ClusteringParameters()
    options.niter, options.spherical, options.min_points_per_centroid = _ROUNDS, True, 1
    options.max_points_per_centroid = len(sample)
    faiss.Clustering(turn.d_out, lists, options).train(sample, centres)
    return turn, centres


def _learnt_by(old: Accelerator) -> tuple["faiss.LinearTransform", "faiss.IndexFlatIP"]:
    """The same, from an index that has it."""
    turn = faiss.downcast_VectorTransform(old.index.chain.at(0))
    centres = faiss.IndexFlatIP(turn.d_out)
    centres.add(old.ivf.quantizer.reconstruct_n(0, old.ivf.nlist))
    return _linear(faiss.vector_to_array(turn.A).reshape(turn.d_out, turn.d_in)), centres


def _turned(sample: Vectors) -> "faiss.LinearTransform":
    """(n, d) to (n, codes): mean and principal axes, turned at random, and stretched to what 8 bits hold."""
    dim, mean = sample.shape[1], sample.mean(axis=0)
    some = sample[:: -(-len(sample) // _FOR_AXES)]  # from first to last: a sample is in the order of the rows
    centred = some - mean
    variances, axes = np.linalg.eigh(centred.T @ centred / len(centred))
    variances, axes = variances[::-1], axes[:, ::-1]
    wanted = 2 + int(np.searchsorted(np.cumsum(variances), _VARIANCE * variances.sum()))
    codes = max(1, round(wanted / _AT_ONCE)) * _AT_ONCE
    kept = min(codes, dim)
    basis = np.linalg.qr(np.column_stack([mean, axes[:, : kept - 1]]))[0]
    turned = np.linalg.qr(np.random.default_rng(0).standard_normal((codes, kept)))[0]
    matrix = turned @ basis.T
    matrix *= _LARGEST / max(float(np.quantile(np.abs(some @ matrix.T), 0.9999)), 1e-6)
    return _linear(matrix)


def _linear(matrix: Vectors) -> "faiss.LinearTransform":
    turn = faiss.LinearTransform(matrix.shape[1], matrix.shape[0], False)
    faiss.copy_array_to_vector(np.ascontiguousarray(matrix, dtype=np.float32).ravel(), turn.A)
    turn.is_trained = True
    return turn


def _shorten_centres(ivf: "faiss.IndexIVFScalarQuantizer", centres: "faiss.IndexFlatIP") -> None:
    """8 bits for the centres, too. Matrix products put rows into lists, but each query reads all centres."""
    rows = centres.reconstruct_n(0, centres.ntotal)
    bits = faiss.ScalarQuantizer.QT_8bit_direct_signed
    short = faiss.IndexScalarQuantizer(centres.d, bits, faiss.METRIC_INNER_PRODUCT)
    short.add(rows * (_LARGEST / np.abs(rows).max()))
    ivf.quantizer, ivf.own_fields = short, True
    short.this.disown()


def _calibrate(accelerator: Accelerator, rows: "faiss.IndexScalarQuantizer") -> None:
    """Set the fewest lists, within a twentieth, with which ``LEAST_RECALL`` is reached."""
    queries = _calibration(rows)
    exact = nearest(rows, queries, 10)
    nprobe, lists = 1, accelerator.ivf.nlist
    while nprobe < lists:
        accelerator.ivf.nprobe = nprobe
        _, found = accelerator.search(queries, exact.shape[1], None)
        hits = sum(len(np.intersect1d(*pair)) for pair in zip(found, exact, strict=True))
        if hits >= LEAST_RECALL * exact.size:
            return
        nprobe = max(nprobe + 1, round(nprobe * _STEP))
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
