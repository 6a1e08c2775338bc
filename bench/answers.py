"""Time and SQL statements of whole answers, beside another checkout of Trove in turns.

    python bench/answers.py [--units 20000] [--turns 4] [--beside CHECKOUT]

Two libraries: the samples, indexed with all builtin models, and as many made-up pictures as are asked for.
The questions have been asked before, so that no model is loaded; the median of thirty is one turn's time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ("a lighthouse by the sea", '"a dog" +"snow"*0.5 -beach', "a man type:image", "a cat in:p")
ASKED = 30
HITS = (1, 10, 100)


def make(folder: Path, units: int) -> None:
    """The two libraries, in a process that runs the code of its own checkout."""
    import numpy as np

    from db.catalog import spaces
    from db.library import Library
    from db.settings import Settings
    from indexer.encoders.registry import BUILTIN, load_encoder
    from indexer.pipeline import index
    from tests.support.rows import add_many

    with Library(Settings(library=folder / "samples", device="cpu")) as library:
        index(library, [ROOT / "samples"])
    settings = Settings(library=folder / "pictures", device="cpu")
    encoder = load_encoder(BUILTIN, device="cpu", cache=settings.cache)
    rows = np.random.default_rng(0).standard_normal((units, encoder.dim)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    with Library(settings) as library:
        with library.write() as session:
            space = spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "active")
            add_many(session, [Path(f"/p/{n // 100}/{n}.jpg") for n in range(units)], rows, space.id)
        library.vectors(space).save()


def ask(folder: Path) -> dict[str, Any]:
    """Milliseconds of each question, and for each number of hits wanted the statements and transactions."""
    from sqlalchemy import event

    from db.library import Library
    from db.settings import Settings
    from search.query.query import Query
    from search.service import SearchService

    found: dict[str, Any] = {}
    with Library(Settings(library=folder, device="cpu")) as library, SearchService(library) as service:
        asked: list[str] = []
        engine = library.database._engine
        event.listen(engine, "before_cursor_execute", lambda *given: asked.append(str(given[2])))
        for text in QUESTIONS:
            statements = {}
            for k in HITS:
                service.search(Query(text, k=k))
                asked.clear()
                hits = len(service.search(Query(text, k=k)).hits)
                begun = sum(line.startswith("BEGIN") for line in asked)
                statements[hits] = (len(asked) - begun, begun)
            times = []
            for _ in range(ASKED):
                started = time.perf_counter()
                service.search(Query(text))
                times.append(1000 * (time.perf_counter() - started))
            found[text] = {"ms": statistics.median(times), "statements": statements}
    return found


def run(checkout: Path, *arguments: str) -> str:
    """This script with the code of a checkout; returns what it prints."""
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(command, env=environment, cwd=checkout, capture_output=True, text=True, check=True)
    return done.stdout


def main() -> None:
    """Make, ask in turns, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--units", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--beside", type=Path)
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.units)
        return
    if options.ask:
        print(json.dumps(ask(options.ask)))
        return
    checkouts = {"now": ROOT} | ({"beside": options.beside.resolve()} if options.beside else {})
    with tempfile.TemporaryDirectory() as folder:
        for name, checkout in checkouts.items():
            (Path(folder) / name).mkdir()
            run(checkout, "--make", str(Path(folder) / name), "--units", str(options.units))
        for library in ("samples", "pictures"):
            turns: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
            for _ in range(options.turns):
                for name, checkout in checkouts.items():
                    turns[name].append(json.loads(run(checkout, "--ask", str(Path(folder) / name / library))))
            _print(library, turns)


def _print(library: str, turns: dict[str, list[dict[str, Any]]]) -> None:
    print(library)
    for text in QUESTIONS:
        for name, found in turns.items():
            times = [turn[text]["ms"] for turn in found]
            counts = found[0][text]["statements"]
            told = ", ".join(f"{hits} hits {s} in {b}" for hits, (s, b) in counts.items())
            print(f"  {text:28} {name:7} {statistics.median(times):7.1f} ms; statements: {told}")
        if "beside" in turns:
            pairs = zip(turns["now"], turns["beside"], strict=True)
            ratio = statistics.median(now[text]["ms"] / then[text]["ms"] for now, then in pairs)
            print(f"  {'':28} ratio   {ratio:7.2f}", flush=True)


if __name__ == "__main__":
    main()
