"""Run all speed benchmarks: tables as they come, figures as JSON in one folder, and what they come to.

    python bench/all.py [--quick] [--pictures FOLDER] [--audio FOLDER --transcripts CSV]
        [--rclip ENV/bin/rclip] [--out FOLDER]

Without folders of one's own the samples serve, which are few. ``--quick`` takes a few minutes and leaves out
all that needs a million units or thousands of files; it shows that the benchmarks work, not how fast Trove
is. At the end stands one table of Trove beside what else does the same, from the same runs.
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from timing import machine

Row = tuple[str, float, str, float]
"""What is done, seconds that Trove takes, what is beside it, and its seconds."""

HERE = Path(__file__).parent
SAMPLES = HERE.parent / "samples"


def steps(options: argparse.Namespace) -> dict[str, list[str]]:
    """The benchmarks by name, each with its arguments."""
    pictures, quick = options.pictures, options.quick
    one = next(path for path in sorted(pictures.rglob("*.jpg")))
    found = {
        "encode": ["--runs", "2", "--batch", "8"] if quick else [],
        "decode": [str(one), "--runs", "2" if quick else "5"],
        "start": [str(pictures)],
        "gpu": ["--quick"] if quick else [],
        "memory": ["--units", "1000"] if quick else [],
        "scale": ["--units", "10000"] if quick else [],
        "rescan": [str(one), "--files", "1000" if quick else "100000"],
        "index": [str(pictures)] if quick else [str(pictures), "--files", "1000", "2000", "4000"],
    }
    if options.rclip:
        counts = ["--files", "10", "--runs", "1"] if quick else []
        found["peers"] = [str(pictures), "--rclip", str(options.rclip), *counts]
    if options.audio:
        minutes = "1" if quick else "10"
        given = ["--audio", str(options.audio), "--transcripts", str(options.transcripts)]
        found["speech"] = [*given, "--minutes", minutes]
        large = ["--pictures", str(pictures), "--audio", str(options.audio)]
        found["hours"] = [*large, *(["--photos", "10", "--minutes", "1"] if quick else [])]
    return found


def in_short(folder: Path) -> str:
    """A table of the seconds that Trove takes, and what else does the same, with their ratio."""
    lines = [f"{'seconds, median':44}{'Trove':>10}{'':4}{'beside it':34}{'':>10}{'ratio':>10}"]
    for benchmark, pick in _PAIRS.items():
        path = folder / f"{benchmark}.json"
        if path.exists():
            for what, own, beside, other in pick(json.loads(path.read_text())):
                lines.append(f"{what:44}{own:10.3f}{'':4}{beside:34}{other:10.3f}{other / own:8.2f} ×")
    return "\n".join(lines)


def _encoded(figures: dict[str, Any]) -> Iterator[Row]:
    for model, ways in figures.items():
        if isinstance(ways, dict):
            seconds = {way: times["median_s"] for way, times in ways.items() if isinstance(times, dict)}
            own = min(value for way, value in seconds.items() if way.startswith("Trove"))
            yield from (
                (f"a batch by {model}", own, way, seconds[way])
                for way in ("PyTorch, batches", "PyTorch, one by one")
            )


def _indexed(figures: dict[str, Any]) -> Iterator[Row]:
    for amount, ways in figures.items():
        own = ways["trove index"]["median_s"]
        for way, run in ways.items():
            if "plain" in way:
                yield f"indexing, {amount}", own, way, run["median_s"]


def _heard(figures: dict[str, Any]) -> Iterator[Row]:
    for way in ("one look", "plain"):
        beside = f"{way}, {figures[way]['word error rate %']} % of the words wrong"
        own = figures["trove"]
        said = f"speech, {own['word error rate %']} % of the words wrong"
        yield said, own["seconds"], beside, figures[way]["seconds"]


def _beside_peers(figures: dict[str, Any]) -> Iterator[Row]:
    peer = figures["rclip"]["median_s"]
    for way, run in figures.items():
        if way.startswith("Trove"):
            yield f"indexing, a first search: {way}", run["median_s"], "rclip, the same model", peer


_PAIRS: Mapping[str, Callable[[dict[str, Any]], Iterator[Row]]] = MappingProxyType(
    {"encode": _encoded, "index": _indexed, "hours": _indexed, "speech": _heard, "peers": _beside_peers}
)
"""What the figures of a benchmark say of Trove beside something else."""


def main() -> None:
    """Run all; one that fails does not stop the others."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--pictures", type=Path, default=SAMPLES)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--rclip", type=Path, help="rclip's command, see peers.py")
    parser.add_argument("--out", type=Path, default=Path("bench-output"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"Python {platform.python_version()} on {platform.platform()}; {machine()}")
    failed = []
    for name, arguments in steps(options).items():
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        command = [sys.executable, str(HERE / f"{name}.py"), *arguments]
        done = subprocess.run([*command, "--json", str(options.out / f"{name}.json")])
        failed += [name] if done.returncode else []
        print(f"({time.monotonic() - started:.0f} s)", flush=True)
    print(f"\n== in short; {machine()}\n{in_short(options.out)}")
    if not options.rclip:
        print("rclip: not run, --rclip names its command")
    print("clip-retrieval: not run, it takes weights from the network alone")
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
