"""Scaling of vector search: build time, bytes, query time, recall and memory, by number of units.

    python bench/scale.py [--units 10000 100000 1000000] [--json FILE] [--plot FILE.png]

The vectors are made up: 512 dimensions, drawn from n / 200 clusters of very unequal size around one
common direction, as in a CLIP space, with a spectrum that falls like 1 / rank, as that of pictures
does. Queries are further draws, which were not indexed (``alike``), and directions whose nearest row is
at a cosine of 0.4, as texts are from pictures (``far``); each among all units, and among those that a filter
leaves. Queries run one by one on one thread. On a machine that others use, wall-clock times are theirs too:
the CPU time of the process stands beside. Memory is that of a fresh process that has only answered the
queries, from the files; the system counts their pages as resident while nobody else wants them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

from db.arrays import Ids, Vectors
from db.vectors.files import IndexFiles
from db.vectors.index import VectorIndex
from db.vectors.ivf import nearest
from db.vectors.segment import kind_for

DIM = 512
QUERIES = 100
LIMIT = 10
SHARES = (0.01, 0.2)
"""Of the units that a filter leaves, at random."""
_CHUNK = 20_000


class Clusters:
    """Synthetic clustered vectors, the same for the same seed."""

    def __init__(self, units: int, dim: int = DIM) -> None:
        self._dim = dim
        self._spectrum = np.arange(1, dim + 1, dtype=np.float32) ** -0.5
        self._spectrum /= np.linalg.norm(self._spectrum)
        draw = np.random.default_rng(0).standard_normal((max(50, units // 200), dim), dtype=np.float32)
        self._centres = 0.8 * draw * self._spectrum
        self._centres[:, -1] += 0.7

    def draw(self, count: int, seed: int) -> Vectors:
        """(count, dim) float32 unit rows."""
        rng = np.random.default_rng((1, seed))
        rows = self._centres[rng.zipf(1.3, count) % len(self._centres)]
        rows += 0.7 * rng.standard_normal((count, self._dim), dtype=np.float32) * self._spectrum
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def read(self, ids: Ids) -> Vectors:
        """The rows of a chunk of ascending ids, as a database would give them."""
        return self.draw(len(ids), int(ids[0]))

    def far(self, count: int) -> Vectors:
        """Queries at a cosine of 0.4 to some row."""
        near = self.draw(count, 0)
        noise = np.random.default_rng(2).standard_normal((count, self._dim), dtype=np.float32)
        noise -= (noise * near).sum(1, keepdims=True) * near
        noise /= np.linalg.norm(noise, axis=1, keepdims=True)
        rows: Vectors = (0.4 * near + np.sqrt(1 - 0.16) * noise).astype(np.float32)
        return rows


def measure(units: int, folder: Path) -> dict[str, Any]:
    """All figures for one number of units."""
    clusters = Clusters(units)
    started, cpu = time.monotonic(), time.process_time()
    index = VectorIndex(DIM).compacted(np.arange(units, dtype=np.int64), clusters.read)
    rows_s = time.monotonic() - started
    if kind_for(units) != "flat":
        index.segment.accelerator = index.segment.trained()
    figures: dict[str, Any] = {
        "units": units,
        "kind": index.segment.kind,
        "rows_s": round(rows_s, 1),
        "build_s": round(time.monotonic() - started, 1),
        "build_cpu_s": round(time.process_time() - cpu, 1),
    }
    files = IndexFiles(folder, 1, "picture", DIM)
    files.write(index, 0)
    figures["bytes_a_unit"] = {
        path.name.split(".")[-2]: round(path.stat().st_size / units) for path in folder.glob("*.faiss")
    }
    if index.segment.accelerator is not None:
        ivf = index.segment.accelerator.ivf
        figures |= {"lists": ivf.nlist, "visited": ivf.nprobe}
    queries = {"alike": clusters.draw(QUERIES, -1 % 2**32), "far": clusters.far(QUERIES)}
    exact = {name: nearest(index.segment.rows, some, LIMIT).tolist() for name, some in queries.items()}
    for share in SHARES:
        only = left_by(share, units)
        rows = index.vectors(only)
        for name, some in queries.items():
            best = np.argsort(-(some @ rows.T), axis=1)[:, :LIMIT]
            exact[f"{name}, {share:.0%}"] = only[best].tolist()
    (folder / "exact.json").write_text(json.dumps(exact))
    for name, some in queries.items():
        np.save(folder / f"{name}.npy", some)
    asked = subprocess.run([sys.executable, __file__, "--ask", folder], stdout=subprocess.PIPE, check=True)
    return figures | json.loads(asked.stdout)


def left_by(share: float, units: int) -> Ids:
    """Ids that a filter leaves, ascending."""
    drawn = np.random.default_rng(3).choice(units, round(share * units), replace=False)
    return np.sort(drawn).astype(np.int64)


def ask(folder: Path) -> dict[str, Any]:
    """Figures of the saved index, measured in a fresh process."""
    faiss.omp_set_num_threads(1)
    started = time.perf_counter()
    files = IndexFiles(folder, 1, "picture", DIM)
    found = files.read()
    assert found is not None
    index, figures = found[0], {"load_ms": round(1000 * (time.perf_counter() - started), 1)}
    exact = json.loads((folder / "exact.json").read_text())
    for name, best in exact.items():
        drawn, _, share = name.partition(", ")
        queries = np.load(folder / f"{drawn}.npy")
        only = left_by(float(share[:-1]) / 100, len(index)) if share else None
        wall, cpu, hits = [], [], 0
        for query, wanted in zip(queries, best, strict=True):
            began, worked = time.perf_counter(), time.thread_time()
            answer = index.search(query[None], LIMIT, only=only)[0]
            wall.append(1000 * (time.perf_counter() - began))
            cpu.append(1000 * (time.thread_time() - worked))
            hits += len({unit_id for unit_id, _ in answer} & set(wanted))
        figures[name] = {
            "p50_ms": round(float(np.percentile(wall, 50)), 2),
            "p99_ms": round(float(np.percentile(wall, 99)), 2),
            "cpu_p50_ms": round(float(np.percentile(cpu, 50)), 2),
            "recall@10": round(hits / (LIMIT * len(queries)), 4),
        }
    memory = psutil.Process().memory_info()
    figures["resident_mb"] = round(memory.rss / 1e6)
    figures["of which files_mb"] = round(memory.shared / 1e6)
    return figures


def plot(results: list[dict[str, Any]], target: Path) -> None:
    """Milliseconds of a query against units."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    units = [found["units"] for found in results]
    for percentile, style in (("p50_ms", "o-"), ("p99_ms", "o--")):
        for kind in ("alike", "far"):
            times = [found[kind][percentile] for found in results]
            axes.plot(units, times, style, label=f"{percentile[:3]}, {kind}")
    axes.set(xlabel="units", ylabel="milliseconds", xscale="log", yscale="log")
    axes.legend()
    figure.savefig(target, dpi=120, bbox_inches="tight")


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--plot", type=Path, help="also draw milliseconds against units (needs matplotlib)")
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.ask:
        print(json.dumps(ask(options.ask)))
        return
    results = []
    for units in options.units:
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as folder:
            results.append(measure(units, Path(folder)))
        print(json.dumps(results[-1]), flush=True)
        if options.json:
            options.json.write_text(json.dumps(results, indent=1))
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
