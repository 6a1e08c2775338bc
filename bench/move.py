"""A library moved to a PostgreSQL server and back, and searched on both: rows and vectors a second.

    python bench/move.py [--units 50000] [--rounds 40] [--json FILE]

The vectors are random directions of 512 dimensions, one a picture, with the rows that an indexed picture has.
The server is the one of the tests, on this machine, without ``fsync``. Searches are for the 200 nearest of
the pictures of half of the folders, each in a snapshot of its own, by turns on the one and the other.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from db.catalog import spaces
from db.catalog.filters import FactRule, Filter, Wanted
from db.library import Library
from db.moving import move
from db.settings import Settings
from tests.support.rows import add_many, directions, space
from tests.support.server import NOTHING, Server, serving

DIM = 512
LIMIT = 200
_CHUNK = 10_000
_HALF = Wanted(None, (Filter((FactRule("folder", "matches", "/0"),)),))


def fill(library: Library, units: int) -> None:
    """Fill a library with so many pictures, in two folders."""
    with library.write() as session:
        made = space(session, DIM)
        for start in range(0, units, _CHUNK):
            numbers = range(start, min(start + _CHUNK, units))
            files = [Path(f"/{number % 2}/{number}.jpg") for number in numbers]
            add_many(session, files, directions(len(files), DIM, seed=start), made.id)


def moved(library: Library, to: Settings, units: int) -> dict[str, float]:
    """Move it; returns how fast that was."""
    began, cpu = time.perf_counter(), time.process_time()
    done = move(library, to, lambda _done, _total: None)
    took = time.perf_counter() - began
    return {
        "seconds": round(took, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "rows_per_second": round(done.rows / took),
        "vectors_per_second": round(units / took),
    }


def paired(libraries: dict[str, Library], rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of a search on each, by turns."""
    stores = {}
    for name, library in libraries.items():
        with library.read() as session:
            active = spaces.active(session)
        assert active is not None
        stores[name] = library.vectors(active)
    took: dict[str, list[float]] = {name: [] for name in libraries}
    found: dict[str, list[Any]] = {name: [] for name in libraries}
    for number in range(rounds + 2):
        query = directions(1, DIM, seed=number)
        for name, library in libraries.items():
            began = time.perf_counter()
            with library.read() as session:
                hits = stores[name].at(session).search("picture", query, LIMIT, wanted=_HALF)
            if number >= 2:  # the first ones read the index
                took[name].append(1e3 * (time.perf_counter() - began))
                found[name].append(hits)
    one, other = found.values()
    assert one == other, "both must find the same"
    return {
        name: {
            "median_ms": round(statistics.median(times), 1),
            "p90_ms": round(sorted(times)[int(0.9 * len(times))], 1),
        }
        for name, times in took.items()
    }


def measure(folder: Path, server: Server, units: int, rounds: int) -> dict[str, Any]:
    """All figures."""
    here, back = (Settings(library=folder / name, device="cpu") for name in ("here", "back"))
    with server.lending("moved", NOTHING) as address, Library(here) as library:
        there = here.model_copy(update={"library": folder / "there", "shared": address})
        fill(library, units)
        to_server = moved(library, there, units)
        with Library(there) as shared:
            from_server = moved(shared, back, units)
            searched = paired({"embedded": library, "server": shared}, rounds)
    return {"units": units, "to a server": to_server, "back": from_server, "search": searched}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--units", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        figures = measure(Path(folder), server, given.units, given.rounds)
    print(json.dumps(figures, indent=2))
    if given.json:
        given.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
