"""Time of filters, facets and sorting by number of files, and of bringing an old library up to date.

    python bench/facts.py [--files 100000 1000000] [--turns 5] [--beside CHECKOUT] [--json FILE]

The rows are those of the first schema, put in as SQL: pictures by a dozen cameras over ten years, a third
with a place. ``--beside``: an older checkout of Trove that is measured on the same rows, in turns with this
one; it must have the same names of filters.
"""

import argparse
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

HERE = Path(__file__).parents[1]
_ROW = """
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :files)
"""
_ROWS = (
    """INSERT INTO content (id, sha256, kind, width, height, taken_at, latitude, longitude, camera, has_audio)
       SELECT i, randomblob(32), 'image', 4000, 3000,
        CASE WHEN i % 10 THEN strftime('%Y-%m-%d %H:%M:%f', 1400000000 + (i * 7919) % 315360000, 'unixepoch')
            || '000' END,
        CASE WHEN i % 3 = 0 THEN 40 + (i % 1000) / 100.0 END, CASE WHEN i % 3 = 0 THEN (i % 777) / 50.0 END,
        CASE WHEN i % 7 THEN 'Camera ' || (i % 12) END, 0 FROM n""",
    """INSERT INTO asset (path, size, mtime_ns, content_id, state, indexed_at)
       SELECT '/photos/' || (i / 1000) || '/' || i || '.jpg', 3000000 + i, 1500000000000000000 + i, i,
        'indexed', '2024-01-01 00:00:00.000000' FROM n""",
    "INSERT INTO unit (content_id, kind) SELECT i, 'image' FROM n",
    "INSERT INTO embedding SELECT 1, i, x'003c0000' FROM n",
)


def make(path: Path, files: int) -> None:
    """A library of the first edition with so many pictures."""
    from db.engine.migrations import MIGRATIONS

    with closing(sqlite3.connect(path)) as connection:
        for statement in (step for migration in MIGRATIONS[:3] for step in migration):
            connection.execute(statement)
        connection.execute(
            "INSERT INTO space (model, fingerprint, dim, state) VALUES ('builtin', 'x', 2, 'active')"
        )
        for statement in _ROWS:
            into, _, rest = statement.partition("SELECT")
            connection.execute(f"{into} {_ROW} SELECT {rest}", {"files": files})
        connection.execute("PRAGMA user_version = 3")
        connection.execute(f"PRAGMA application_id = {0x54525645}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.commit()


def measure(path: Path) -> dict[str, float]:
    """Seconds of each question, the median of three; run in a process of its own."""
    from datetime import datetime

    from db.catalog import facets, live, orders, units
    from db.catalog.filters import FactRule, Filter
    from db.engine.sqlite import SqliteDatabase

    with suppress(ImportError):  # registers the kinds, where there is such a table
        from indexer.analysers import registry  # noqa: F401
    started = time.perf_counter()
    database = SqliteDatabase(path)
    took = {"open": time.perf_counter() - started}

    def timed(name: str, ask: Callable[[], object]) -> None:
        times = []
        for _ in range(3):
            started = time.perf_counter()
            ask()
            times.append(time.perf_counter() - started)
        took[name] = statistics.median(times)

    rules = {
        "filter: a month": FactRule("taken_at", "between", (datetime(2018, 7, 1), datetime(2018, 8, 1))),
        "filter: a place": FactRule("place", "within", (45.0, 7.0, 20.0)),
        "filter: a camera": FactRule("camera", "contains", "camera 7"),
        "filter: a folder": FactRule("folder", "matches", "42"),
    }
    with database.read() as session:
        everything = live.ids(session, ["image"], space_id=1)
        timed("all that can be found", lambda: live.ids(session, ["image"], space_id=1))
        for name, rule in rules.items():
            filters = (Filter((rule,)),)
            timed(name, lambda filters=filters: live.ids(session, ["image"], filters, space_id=1))  # type: ignore[misc]
        timed("sort: latest of all", lambda: orders.arranged(session, everything, orders.LATEST))
        timed("facets: months", lambda: facets.months(session))
        timed("facets: cameras", lambda: facets.cameras(session))
        timed("facets: places", lambda: facets.places(session))
        timed("facets: folders", lambda: facets.folders(session, [Path("/photos")]))
        timed("rows of 200 hits", lambda: units.rows(session, everything[:200].tolist()))
    return took


def in_turns(library: Path, checkouts: dict[str, Path], turns: int) -> dict[str, dict[str, float]]:
    """The medians of each checkout, measured in turns on copies of a library."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in checkouts}
    copies = {}
    for name in checkouts:
        copies[name] = library.with_name(f"{name}.db")
        shutil.copyfile(library, copies[name])
    for _ in range(turns):
        for name, checkout in checkouts.items():
            command = [sys.executable, str(Path(__file__).resolve()), "--measure", str(copies[name])]
            environment = os.environ | {"PYTHONPATH": str(checkout)}
            done = subprocess.run(
                command, env=environment, cwd=checkout, capture_output=True, text=True, check=True
            )
            found[name].append(json.loads(done.stdout))
    return {
        name: {
            key: (max if key == "open" else statistics.median)(run[key] for run in runs) for key in runs[0]
        }
        for name, runs in found.items()
    }


def main() -> None:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--beside", type=Path, help="an older checkout, for comparison")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    checkouts = {"now": HERE} | ({"before": options.beside.resolve()} if options.beside else {})
    figures = {}
    for files in options.files:
        with tempfile.TemporaryDirectory() as scratch:
            make(Path(scratch) / "made.db", files)
            found = figures[files] = in_turns(Path(scratch) / "made.db", checkouts, options.turns)
        print(f"{files:,} files" + "".join(f"{name:>12}" for name in found) + "   (seconds)")
        for key in found["now"]:
            values = [seconds[key] for seconds in found.values()]
            ratio = f"{values[0] / values[1]:8.2f}" if len(values) > 1 else ""
            print(f"{key:26}" + "".join(f"{value:12.3f}" for value in values) + ratio, flush=True)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
