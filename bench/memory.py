"""Memory of a search, of an indexing and of the app, by the size of the library.

    python bench/memory.py [--units 1000 10000 100000 1000000] [--json FILE]

Made-up pictures with clustered vectors, and the samples, which are really indexed into them. Each in
processes of its own, in MB: the peak of `trove search` with a question that nobody asked before; the peak of
`trove index` of the samples, of all its processes together (pages that they share count in each); and the
app's server after its first page, and after ten questions more. FAISS's files are mapped: the system keeps
their pages as long as nobody else wants them, and they count here.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
from scale import Clusters
from start import NEW, first_hits
from timing import command, machine

from db.catalog import spaces
from db.library import Library
from db.settings import Settings, load_settings
from indexer.encoders.registry import BUILTIN, load_encoder
from tests.support.driver import App, chromium, serving
from tests.support.rows import add_many

ROOT = Path(__file__).resolve().parents[1]
CHUNK = 50_000
QUESTIONS = 10


def make(folder: Path, cache: Path, count: int) -> None:
    """A library of so many pictures that are nowhere."""
    encoder = load_encoder(BUILTIN, device="cpu", cache=cache)
    with Library(load_settings(library=folder, device="cpu", cache=cache)) as library:
        with library.write() as session:
            space = spaces.add(session, encoder.name, encoder.fingerprint, encoder.dim, "active")
        clusters = Clusters(count, encoder.dim)
        for start in range(0, count, CHUNK):
            paths = [Path(f"/p/{n // 1000}/{n}.jpg") for n in range(start, min(start + CHUNK, count))]
            with library.write() as session:
                add_many(session, paths, clusters.draw(len(paths), start), space.id)
        library.vectors(space).save()


def measure(folder: Path, cache: Path) -> Iterator[tuple[str, float]]:
    """All figures of one library."""
    own = {"TROVE_LIBRARY": str(folder), "TROVE_CACHE": str(cache), "TROVE_DEVICE": "cpu"}
    trove = [sys.executable, "-m", "ui.cli"]
    command([*trove, "search", "warm the page cache"], own)
    yield "search", command([*trove, "search", f"a dog on the beach {NEW}"], own).peak_mb
    yield "index", command([*trove, "index", str(ROOT / "samples")], own).peak_mb
    with chromium() as browser, serving(folder, cache) as app:
        page = browser.new_page()
        page.set_default_timeout(180_000)
        page.goto(app.url)
        # Of a large library nothing is shown before somebody asks.
        page.locator(".tile").or_(page.get_by_text("Show everything by date")).first.wait_for()
        yield "app, first page", resident(app)
        for number in range(QUESTIONS):
            first_hits(page, f"a boat on a lake {number} {NEW}")
        yield f"app, after {QUESTIONS} questions", resident(app)


def resident(app: App) -> float:
    """MB of the server's processes."""
    server = psutil.Process(app.pid)
    return sum(one.memory_info().rss for one in (server, *server.children(recursive=True))) / 1e6


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    print(machine())
    every: dict[int, dict[str, float]] = {}
    for units in options.units:
        with tempfile.TemporaryDirectory() as scratch:
            folder, cache = Path(scratch) / "library", Path(scratch) / "cache"
            cache.mkdir()
            (cache / "models").symlink_to(Settings().cache.absolute() / "models")
            make(folder, cache, units)
            every[units] = dict(measure(folder, cache))
        told = ", ".join(f"{what} {value:.0f}" for what, value in every[units].items())
        print(f"{units:>9,}: {told} MB", flush=True)
    if options.json:
        options.json.write_text(json.dumps(every, indent=1))


if __name__ == "__main__":
    main()
