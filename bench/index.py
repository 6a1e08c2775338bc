"""Time and memory of indexing a folder of pictures, beside the plain way to do the same.

    python bench/index.py FOLDER [--json FILE]

Both use the builtin encoder with its export already cached. The plain way is what a script does:
open with Pillow, prepare, encode in batches, add to FAISS, one after the other; it keeps no
database. Each is a process of its own; peak memory is the largest sum of the resident sets of a
process and its children, looked at every 0.2 s, so pages that they share count more than once.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

PLAIN = """
import sys
from pathlib import Path
import faiss
import numpy as np
from PIL import Image
from db.settings import Settings
from indexer.encoders.registry import load_encoder

settings = Settings(device="cpu")
encoder = load_encoder("builtin", device="cpu", cache=settings.cache)
paths = sorted(Path(sys.argv[1]).rglob("*.jpg"))
index = faiss.IndexFlatIP(encoder.dim)
for start in range(0, len(paths), 32):
    batch = [encoder.prepare(Image.open(path).convert("RGB")) for path in paths[start : start + 32]]
    index.add(encoder.encode_pixels(np.stack(batch)))
faiss.write_index(index, sys.argv[2])
"""


@dataclass(frozen=True)
class Measurement:
    """One run: wall-clock seconds, and the peak resident memory of the process tree in MB."""

    name: str
    seconds: float
    peak_mb: float


def measure(name: str, command: list[str]) -> Measurement:
    """Run a command to its end."""
    started = time.monotonic()
    child = subprocess.Popen(command, env=os.environ | {"TROVE_DEVICE": "cpu"}, stdout=subprocess.DEVNULL)
    process, peak = psutil.Process(child.pid), 0
    while child.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in family))
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.2)
    assert child.returncode == 0, f"{name} ended with {child.returncode}"
    return Measurement(name, round(time.monotonic() - started, 1), round(peak / 1e6))


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    files = len(list(options.folder.rglob("*.jpg")))
    with tempfile.TemporaryDirectory() as scratch:
        trove = [sys.executable, "-m", "ui.cli", "--library", f"{scratch}/library", "index"]
        runs = [
            measure("trove index", [*trove, str(options.folder)]),
            measure("trove index, nothing changed", [*trove, str(options.folder)]),
            measure("plain script", [sys.executable, "-c", PLAIN, str(options.folder), f"{scratch}/plain"]),
        ]
    print(f"{files} pictures, {platform.processor() or platform.machine()}, {os.cpu_count()} cores")
    print(f"{'':30}{'seconds':>9}{'pictures/s':>12}{'peak MB':>9}{'plain/it':>10}")
    for run in runs:
        ratio = runs[-1].seconds / run.seconds
        print(f"{run.name:30}{run.seconds:9.1f}{files / run.seconds:12.1f}{run.peak_mb:9.0f}{ratio:10.2f}")
    if options.json:
        options.json.write_text(json.dumps({"files": files, "runs": [asdict(run) for run in runs]}, indent=1))


if __name__ == "__main__":
    main()
