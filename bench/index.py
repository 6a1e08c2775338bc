"""Time and memory of indexing a folder of pictures, beside the plain ways to do the same.

    python bench/index.py FOLDER [--files 1000 2000 4000 7000] [--runs 1] [--json FILE]
        [--plot FILE.png]

For the plain ways see ``plain.py``. Each run is a process of its own. ``--files`` indexes so many of the
files each time, to see how cost grows.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from timing import Spread, commands, machine, side_by_side

from indexer.analysers import registry

_PLAIN = Path(__file__).with_name("plain.py")
_COMPARED = {"headers", "pictures", "frames", "speech"}
BESIDE_PLAIN = {"TROVE_DEVICE": "cpu", "TROVE_OFF": ",".join(sorted(set(registry.every()) - _COMPARED))}
"""Settings with which Trove leaves out what the plain script does not do, such as reading text."""


def measure(folder: Path, runs: int, plain: bool) -> dict[str, Spread]:
    """Index a folder into a new library each time, and in the plain ways; then index it again unchanged."""
    script = [sys.executable, str(_PLAIN), "pictures", str(folder)]
    with tempfile.TemporaryDirectory() as scratch:
        trove = [sys.executable, "-m", "ui.cli", "--library"]
        new = [[*trove, f"{scratch}/{run}", "index", str(folder)] for run in range(runs)]
        ways = {"trove index": new}
        if plain:
            ways |= {
                "plain script, torch": [script] * runs,
                "plain script, onnx": [[*script, "--onnx"]] * runs,
            }
        figures = side_by_side(ways, BESIDE_PLAIN)
        return figures | {"trove index, nothing changed": commands(new, BESIDE_PLAIN)}


@contextmanager
def some_of(folder: Path, count: int | None) -> Iterator[Path]:
    """A folder with so many of the pictures, evenly chosen; the folder itself without a number."""
    if count is None:
        yield folder
        return
    paths = sorted(folder.rglob("*.jpg"))
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(count):
            path = paths[number * len(paths) // count]
            shutil.copy2(path, Path(scratch) / f"{number}.jpg")
        yield Path(scratch)


def plot(results: dict[int, dict[str, Spread]], target: Path) -> None:
    """Seconds against files."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4))
    for name in next(iter(results.values())):
        axes.plot(list(results), [runs[name].median_s for runs in results.values()], "o-", label=name)
    axes.set(xlabel="files", ylabel="seconds", xlim=(0, None), ylim=(0, None))
    axes.legend()
    figure.savefig(target, dpi=120, bbox_inches="tight")


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, nargs="*", help="how many of the files, each in turn")
    parser.add_argument("--no-plain", action="store_true", help="without the plain scripts")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--plot", type=Path, help="also draw seconds against files (needs matplotlib)")
    options = parser.parse_args()
    results: dict[int, dict[str, Spread]] = {}
    for count in options.files or [None]:
        with some_of(options.folder, count) as folder:
            files = len(list(folder.rglob("*.jpg")))
            ways = results[files] = measure(folder, options.runs, not options.no_plain)
        print(f"{files} pictures, {options.runs} runs; {machine()}")
        print(f"{'':30}{'min s':>9}{'median':>9}{'max':>9}{'pictures/s':>12}{'CPU s':>9}{'peak MB':>9}")
        for name, run in ways.items():
            seconds = "".join(f"{value:9.1f}" for value in (run.min_s, run.median_s, run.max_s))
            rate = f"{files / run.median_s:12.1f}"
            print(f"{name:30}{seconds}{rate}{run.cpu_s:9.1f}{run.peak_mb:9.0f}", flush=True)
    if options.json:
        named = {files: {name: asdict(run) for name, run in ways.items()} for files, ways in results.items()}
        options.json.write_text(json.dumps(named, indent=1))
    if options.plot:
        plot(results, options.plot)


if __name__ == "__main__":
    main()
