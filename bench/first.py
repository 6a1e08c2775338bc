"""How soon the first pictures of a large folder can be found, while films are in it.

    python bench/first.py FOLDER [--film FILM] [--files 5000] [--first 1000] [--large] [--until-first]
        [--beside CHECKOUT] [--json FILE]

FOLDER has pictures, of which so many are copied (in turns, each a little different, so that none is a copy);
the film comes first by its name. ``--large``: fifty of them are enlarged to twelve megapixels before.
``--until-first``: the run is stopped once so many can be found. ``--beside``: an older checkout of Trove that
does the same. The load of the machine is printed with the figures: other programs make them worse.
"""

import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil
from hours import make_photos

HERE = Path(__file__).parents[1]


def fill(folder: Path, pictures: list[Path], files: int, film: Path | None, *, large: bool) -> None:
    """So many pictures, each with a few bytes after its end, and a film before them all."""
    if film is not None:
        shutil.copy(film, folder / f"0 film{film.suffix}")
    if large:
        make_photos(pictures, files, folder)
        return
    for number in range(files):
        data = pictures[number % len(pictures)].read_bytes()
        (folder / f"{number:05}.jpg").write_bytes(data + b"\0" * (1 + number // len(pictures)))


def searchable(database: Path) -> int:
    """How many pictures can be found, as any other program sees it."""
    query = """SELECT count(*) FROM unit JOIN embedding ON embedding.unit_id = unit.id WHERE kind = 'image'"""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def measure(checkout: Path, folder: Path, library: Path, first: int, *, whole: bool) -> dict[str, float]:
    """Seconds until the first picture, the first so many, and the end; processor time until then."""
    command = [sys.executable, "-m", "ui.cli", "--library", str(library), "index", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(checkout), "TROVE_DEVICE": "cpu"}
    started = time.monotonic()
    child = psutil.Popen(command, cwd=checkout, env=environment, stdout=subprocess.DEVNULL)
    marks = {"first picture": 1, f"first {first:,} pictures": first}
    took: dict[str, float] = {}
    while child.poll() is None:
        count = searchable(library / "trove.db")
        for name, needed in marks.items():
            if name not in took and count >= needed:
                took[name] = time.monotonic() - started
                took[f"{name}, processor"] = processor_s(child)
        if not whole and len(took) == 2 * len(marks):
            child.send_signal(signal.SIGINT)
            child.wait()
            return took
        time.sleep(0.2)
    assert child.returncode == 0
    return took | {"whole run": time.monotonic() - started}


def processor_s(process: psutil.Process) -> float:
    """Processor time of a process and its workers."""
    every = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in every))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--film", type=Path)
    parser.add_argument("--large", action="store_true", help="pictures of twelve megapixels")
    parser.add_argument("--until-first", action="store_true", help="stop each run after the first so many")
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--first", type=int, default=1_000)
    parser.add_argument("--beside", type=Path, help="an older checkout, for comparison")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    checkouts = {"now": HERE} | ({"before": options.beside.resolve()} if options.beside else {})
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "media"
        folder.mkdir()
        pictures = sorted(options.folder.rglob("*.jpg"))
        fill(folder, pictures, options.files, options.film, large=options.large)
        print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        figures = {
            name: measure(
                checkout, folder, Path(scratch) / name, options.first, whole=not options.until_first
            )
            for name, checkout in checkouts.items()
        }
    for name, took in figures.items():
        print(f"load after: {os.getloadavg()[0]:.1f}")
        print(f"{name:8}" + "".join(f"{mark}: {seconds:7.1f} s   " for mark, seconds in took.items()))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
