"""A library moved to a PostgreSQL server and back, and asked on both: rows and vectors a second, ms.

    python bench/move.py [--units 20000] [--rounds 20] [--json FILE]

The vectors are random directions, one a picture, with the rows that an indexed picture has. The server is the
one of the tests, on this machine, reached by a socket, without ``fsync``. The questions have been asked
before, so that no model is loaded, by turns on the one and the other; their answers must be equal.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from db.catalog import spaces
from db.library import Library
from db.moving import move
from db.settings import Settings
from indexer.encoders.registry import BUILTIN, load_encoder
from search.query.query import Query
from search.service import SearchService

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.support.rows import add_many, directions
from tests.support.server import NOTHING, Server, serving

QUESTIONS = ("a lighthouse by the sea", "a man type:image", "a cat in:p")
_CHUNK = 10_000


def fill(library: Library, units: int) -> None:
    """Fill a library with so many pictures, in folders of a hundred."""
    encoder = load_encoder(BUILTIN, device="cpu", cache=library.settings.cache)
    with library.write() as session:
        space = spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "active")
        for start in range(0, units, _CHUNK):
            numbers = range(start, min(start + _CHUNK, units))
            files = [Path(f"/p/{number // 100}/{number}.jpg") for number in numbers]
            add_many(session, files, directions(len(files), encoder.dim, seed=start), space.id)
    library.vectors(space).save()


def moved(library: Library, to: Settings, units: int) -> dict[str, float]:
    """Move it; returns how fast that was. The seconds of the processor are those of this process alone."""
    began, cpu = time.perf_counter(), time.process_time()
    done = move(library, to, lambda _done, _total: None)
    took = time.perf_counter() - began
    return {
        "seconds": round(took, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "rows_per_second": round(done.rows / took),
        "vectors_per_second": round(units / took),
    }


def asked(libraries: dict[str, Library], rounds: int) -> dict[str, dict[str, float]]:
    """The median milliseconds of each question on each, by turns."""
    services = {name: SearchService(library) for name, library in libraries.items()}
    took: dict[str, dict[str, list[float]]] = {text: {name: [] for name in services} for text in QUESTIONS}
    for number in range(rounds + 1):
        for text, times in took.items():
            hits: list[Any] = []
            for name, service in services.items():
                began = time.perf_counter()
                hits.append(service.search(Query(text)).hits)
                if number:  # the first time the index is read
                    times[name].append(1e3 * (time.perf_counter() - began))
            assert hits[0] == hits[1], f"both must find the same: {text}"
    for service in services.values():
        service.close()
    return {
        text: {name: round(statistics.median(each), 1) for name, each in times.items()}
        for text, times in took.items()
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
            answers = asked({"embedded": library, "server": shared}, rounds)
    return {"units": units, "to a server": to_server, "back": from_server, "milliseconds": answers}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving() as server:
        figures = measure(Path(folder), server, given.units, given.rounds)
    print(json.dumps(figures, indent=2))
    if given.json:
        given.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
