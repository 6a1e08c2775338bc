"""How right the time is that a run says is left, over the whole of it: pictures, then a film, then speech.

    python bench/remaining.py --pictures FOLDER --audio FOLDER [--photos 200] [--minutes 3] [--runs 2]
        [--json FILE]

The media are those of ``hours.py``. Each run says every two seconds what it expects; what was really left is
known once it has ended. Told is the factor between both, from a tenth of the way on and as long as five
seconds are left. The first run knows nothing of this machine; the second one, of other media, what the first
one took.
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

from hours import make_film, make_photos, make_recording

from db.catalog import runs
from db.library import Library
from db.settings import load_settings

BEGUN, ENDING_S = 0.1, 5.0
MOST = 1.5


def expected(library: Library) -> dict[str, float]:
    """Seconds by step that the last run says are left; empty where it says nothing."""
    with library.read() as session:
        run = runs.last_run(session)
    return {} if run is None or run.finished_at is not None else run.left()


def watch(library: Path, folder: Path) -> list[tuple[float, float, str]]:
    """Of a run: seconds since its start, those said to be left, and its step; the last one is its end."""
    command = [sys.executable, "-m", "ui.cli", "--library", str(library), "index", str(folder)]
    started, said = time.monotonic(), []
    core = Library(load_settings(library=library))
    child = subprocess.Popen(command, env=os.environ | {"TROVE_DEVICE": "cpu"}, stdout=subprocess.DEVNULL)
    while child.poll() is None:
        if left := expected(core):
            said.append((time.monotonic() - started, sum(left.values()), next(iter(left))))
        time.sleep(0.5)
    assert child.returncode == 0
    return [*said, (time.monotonic() - started, 0.0, "")]


def factors(said: list[tuple[float, float, str]]) -> list[tuple[float, float, float, str]]:
    """Seconds since the start, those said to be left, those that were, and the step, where it counts."""
    whole_s = said[-1][0]
    return [
        (at, left, whole_s - at, step)
        for at, left, step in said[:-1]
        if at >= BEGUN * whole_s and whole_s - at >= ENDING_S
    ]


def main() -> None:
    """Make, run, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    pictures, recordings = sorted(options.pictures.rglob("*.jpg")), sorted(options.audio.rglob("*.mp3"))
    figures = []
    with tempfile.TemporaryDirectory() as scratch:
        for run in range(options.runs):
            folder = Path(scratch) / f"media {run}"
            folder.mkdir()
            own = pictures[run * options.photos :]
            make_photos(own, options.photos, folder)
            make_film(own, options.minutes, folder / "film.mp4")
            make_recording(recordings[run * 50 :], options.minutes, folder / "speech.mp3")
            load = os.getloadavg()[0]
            told = factors(watch(Path(scratch) / "library", folder))
            ratios = [max(left / true, true / max(left, 0.1)) for _, left, true, _ in told]
            right = sum(ratio <= MOST for ratio in ratios) / len(ratios)
            print(
                f"run {run + 1}: {told[-1][0] + told[-1][2]:.0f} s, "
                f"load {load:.1f} to {os.getloadavg()[0]:.1f}; "
                f"factor: median {statistics.median(ratios):.2f}, most {max(ratios):.2f}; "
                f"within {MOST} for {right:.0%} of the time",
                flush=True,
            )
            for at, left, true, step in told[:: max(1, len(told) // 20)]:
                print(f"  at {at:6.1f} s: {left:6.1f} s said, {true:6.1f} s true ({step})")
            figures.append({"said": told, "load": load})
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
