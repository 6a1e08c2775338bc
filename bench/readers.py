"""Queries a second of several threads that share one vector store, alone and while somebody writes.

    python bench/readers.py [--units 90000] [--threads 1 2 4] [--seconds 8] [--every 1.0] [--json FILE]

The vectors are random directions of 512 dimensions, searched exactly for the 200 nearest to one query at a
time, each query on one thread of FAISS and in a snapshot of its own, as a search has it. The writer commits
one more picture ``--every`` so many seconds: the next query brings the index up to date, and those that come
meanwhile wait for it. A tree from before there were views of a store is measured by the search it has.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from db.library import Library
from db.settings import Settings

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.rows import add_many, directions, space

DIM = 512
LIMIT = 200
QUERIES = 500
_CHUNK = 10_000


def make(library: Library, units: int) -> Any:
    """Fill a library with so many pictures; returns the store of their vectors, with its index loaded."""
    with library.write() as session:
        made = space(session, DIM)
        for start in range(0, units, _CHUNK):
            files = [Path(f"/{number}.jpg") for number in range(start, min(start + _CHUNK, units))]
            add_many(session, files, directions(len(files), DIM, seed=start), made.id)
    store = library.vectors(made)
    store.save()
    return store


def ask(library: Library, store: Any, query: Any) -> None:
    """One search."""
    if hasattr(store, "at"):
        with library.read() as session:
            store.at(session).search("picture", query, LIMIT)
    else:
        store.search("picture", query, LIMIT)


@contextmanager
def writing(library: Library, space_id: int, every_s: float) -> Iterator[None]:
    """Somebody who commits a new picture every so often, where that is not 0."""
    done = threading.Event()

    def write() -> None:
        while every_s and not done.wait(every_s):
            path = Path(f"/new/{time.monotonic_ns()}.jpg")
            with library.write() as session:
                add_many(session, [path], directions(1, DIM, seed=time.monotonic_ns() % 2**32), space_id)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        done.set()
        writer.join()


def measure(library: Library, store: Any, threads: int, seconds: float, every_s: float) -> dict[str, Any]:
    """Figures of so many threads that search for so long."""
    queries = directions(QUERIES, DIM, seed=1)
    until = time.perf_counter() + seconds

    def search(thread: int) -> list[float]:
        times: list[float] = []
        while (began := time.perf_counter()) < until:
            place = (thread + threads * len(times)) % QUERIES
            ask(library, store, queries[place : place + 1])
            times.append(1000 * (time.perf_counter() - began))
        return times

    started, worked = time.perf_counter(), time.process_time()
    with writing(library, store.space_id, every_s), ThreadPoolExecutor(threads) as pool:
        took_ms = np.concatenate(list(pool.map(search, range(threads))))
        wall_s, cpu_s = time.perf_counter() - started, time.process_time() - worked
    return {
        "threads": threads,
        "commit_every_s": every_s,
        "queries_a_second": round(len(took_ms) / wall_s, 1),
        "p50_ms": round(float(np.percentile(took_ms, 50)), 1),
        "p99_ms": round(float(np.percentile(took_ms, 99)), 1),
        "cores": round(cpu_s / wall_s, 2),
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=90_000)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--seconds", type=float, default=8.0, help="how long each is measured")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two commits")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Library(Settings(library=Path(folder), device="cpu")) as made,
    ):
        store = make(made, options.units)
        measure(made, store, 1, 1.0, 0.0)
        print("threads  commits  queries/s     p50 ms     p99 ms      cores")
        for every_s in (0.0, options.every):
            for threads in options.threads:
                found = measure(made, store, threads, options.seconds, every_s)
                results.append(found)
                commits = f"{every_s:g} s" if every_s else "none"
                columns = [found[name] for name in ("queries_a_second", "p50_ms", "p99_ms", "cores")]
                print(f"{threads:7}  {commits:>7}  " + "  ".join(f"{column:9}" for column in columns))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
