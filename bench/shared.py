"""Search of vectors on the server (pgvector) beside a copy on this machine (FAISS), in the same run.

    python bench/shared.py [--units 200000] [--queries 50] [--seconds 6] [--json FILE]

The vectors are those of ``bench/scale.py``: clustered, 512 dimensions; queries are further draws (``alike``)
and directions at a cosine of 0.4 from a row, as texts are (``far``). Filters leave 1 % of the files: at
random, or those that lie together, as the pictures of a place do. The server is the one of the tests, on this
machine, reached by a socket, without ``fsync``, with 1 GB of shared buffers. Both stores answer with their
search in a snapshot of its own, as a question has it, and look first whether anything has changed. Times of
the processor are those of this process and of the server's together; recall is that of the ten nearest.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.scale import DIM, Clusters
from db.arrays import Ids, Vectors
from db.catalog.filters import ALL, FactRule, Filter, Wanted
from db.library import Library
from db.settings import Settings
from db.vectors.store import VectorStore
from tests.support.rows import add_many, space
from tests.support.server import NOTHING, Server, serving

LIMIT = 10
READERS = 8
_CHUNK = 10_000


def in_folder(name: str) -> Wanted:
    """What is in one of the folders."""
    return Wanted(filters=(Filter((FactRule("folder", "matches", f"/p/{name}"),)),))


WANTED = {"no filter": ALL, "1 % at random": in_folder("7"), "1 % together": in_folder("event")}


class Clock:
    """Seconds of the wall and of the processor, the server's with ours."""

    def __init__(self, server: Server) -> None:
        first = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
        self._postmaster = psutil.Process(first)
        self._spent: dict[int, float] = {}

    def cpu(self) -> float:
        """Seconds of the processor so far."""
        for process in self._postmaster.children():
            try:
                self._spent[process.pid] = sum(process.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
        return time.process_time() + sum(self._spent.values())

    def timed(self, work: Callable[[], object]) -> dict[str, float]:
        """How long something takes."""
        began, cpu = time.perf_counter(), self.cpu()
        work()
        return {"s": round(time.perf_counter() - began, 1), "cpu_s": round(self.cpu() - cpu, 1)}


def fill(library: Library, units: int) -> tuple[Any, Vectors]:
    """Fill a library; returns the space and the vectors in the order of the units, as they are stored."""
    clusters = Clusters(units)
    rows = np.concatenate([clusters.draw(min(_CHUNK, units - at), at) for at in range(0, units, _CHUNK)])
    event = set(np.argsort(-(rows @ rows[0]))[: units // 100].tolist())
    with library.write() as session:
        made = space(session, DIM)
    for start in range(0, units, _CHUNK):
        numbers = range(start, min(start + _CHUNK, units))
        files = [Path(f"/p/{'event' if n in event else n % 100}/{n}.jpg") for n in numbers]
        with library.write() as session:
            add_many(session, files, rows[start : numbers.stop], made.id)
    return made, rows.astype(np.float16).astype(np.float32)


def ask(library: Library, store: VectorStore, query: Vectors, wanted: Wanted) -> list[int]:
    """The units that one question finds."""
    with library.read() as session:
        (found,) = store.at(session).search("picture", query[None], LIMIT, wanted=wanted)
    return [unit_id for unit_id, _ in found]


def exact(library: Library, store: VectorStore, rows: Vectors, queries: Vectors, wanted: Wanted) -> list[Ids]:
    """The exact nearest of each query."""
    with library.read() as session:
        ids = store.at(session).ids("picture", wanted)
    scores = queries @ rows[ids - 1].T
    return [ids[np.argsort(-own, kind="stable")[:LIMIT]] for own in scores]


def measure(
    library: Library, stores: dict[str, VectorStore], rows: Vectors, clock: Clock, options: Any
) -> list[dict[str, Any]]:
    """Recall and time by filter and kind of query, on each store."""
    clusters = Clusters(len(rows))
    asked = {"alike": clusters.draw(options.queries, 2**31), "far": clusters.far(options.queries)}
    results = []
    for filtered, wanted in WANTED.items():
        for kind, queries in asked.items():
            right = exact(library, stores["copy"], rows, queries, wanted)
            for name, store in stores.items():
                ask(library, store, queries[0], wanted)
                times, hits, cpu = [], 0, clock.cpu()
                for query, best in zip(queries, right, strict=True):
                    began = time.perf_counter()
                    found = ask(library, store, query, wanted)
                    times.append(1000 * (time.perf_counter() - began))
                    hits += len(np.intersect1d(found, best))
                spent = 1000 * (clock.cpu() - cpu) / len(queries)
                results.append(
                    {
                        "filter": filtered,
                        "queries": kind,
                        "store": name,
                        "recall": round(hits / sum(map(len, right)), 3),
                        "cpu_ms": round(spent, 1),
                        "p50_ms": round(float(np.percentile(times, 50)), 1),
                        "p99_ms": round(float(np.percentile(times, 99)), 1),
                    }
                )
                print(results[-1], flush=True)
    return results


def at_once(
    library: Library, store: VectorStore, units: int, clock: Clock, seconds: float
) -> dict[str, float]:
    """Questions a second of several readers, without a filter."""
    clusters = Clusters(units)
    queries = np.concatenate([clusters.draw(100, 2**31), clusters.far(100)])
    cpu, until = clock.cpu(), time.perf_counter() + seconds

    def read(reader: int) -> list[float]:
        times: list[float] = []
        while (began := time.perf_counter()) < until:
            ask(library, store, queries[(reader * 25 + len(times)) % len(queries)], ALL)
            times.append(1000 * (time.perf_counter() - began))
        return times

    with ThreadPoolExecutor(READERS) as pool:
        times = np.concatenate(list(pool.map(read, range(READERS))))
    return {
        "queries_a_second": round(len(times) / seconds, 1),
        "cpu_ms": round(1000 * (clock.cpu() - cpu) / len(times), 1),
        "p50_ms": round(float(np.percentile(times, 50)), 1),
        "p99_ms": round(float(np.percentile(times, 99)), 1),
    }


def main() -> None:
    """Measure, and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    with serving() as server, tempfile.TemporaryDirectory() as folder:
        server.execute("ALTER SYSTEM SET shared_buffers = '1GB'")
        server.stop()
        server.start()
        clock = Clock(server)
        with server.lending("bench", NOTHING) as address:
            settings = Settings(library=Path(folder), device="cpu").model_copy(update={"shared": address})
            with Library(settings) as library:
                figures = _figures(library, clock, options)
    print(json.dumps(figures, indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


def _figures(library: Library, clock: Clock, options: Any) -> dict[str, Any]:
    from db.vectors.server_store import ServerStore

    database: Any = library.database
    figures: dict[str, Any] = {"units": options.units}
    kept: list[Any] = []
    figures["rows"] = clock.timed(lambda: kept.extend(fill(library, options.units)))
    made, rows = kept
    database.execute_alone("CREATE EXTENSION vector", "ANALYZE")
    print(figures, flush=True)
    served, copy = ServerStore(database, made.id, DIM), library.vectors(made)
    figures["server_build"] = clock.timed(served.save)
    with library.read() as session:
        told = session.connection().exec_driver_sql(
            "SELECT pg_total_relation_size('half'), "
            "coalesce(pg_relation_size(to_regclass('half_1_picture')), 0)"
        )
        whole, graph = told.one()
        figures["ef_search"] = served.ef_search(session, "picture")
    figures["server_bytes_a_unit"] = {
        "rows": round((whole - graph) / options.units),
        "graph": round(graph / options.units),
    }
    print(figures, flush=True)
    figures["copy_build"] = clock.timed(copy.save)
    files = sum(path.stat().st_size for path in library.paths.vectors.rglob("*") if path.is_file())
    figures["copy_bytes_a_unit"] = round(files / options.units)
    print(figures, flush=True)
    stores: dict[str, VectorStore] = {"server": served, "copy": copy}
    figures["questions"] = measure(library, stores, rows, clock, options)
    figures["readers"] = {
        name: at_once(library, store, options.units, clock, options.seconds) for name, store in stores.items()
    }
    return figures


if __name__ == "__main__":
    main()
