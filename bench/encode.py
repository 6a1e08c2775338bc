"""Pictures a second of the builtin picture tower: ONNX Runtime as Trove uses it, beside eager PyTorch.

    python bench/encode.py [--batch 32] [--runs 5] [--json FILE]

Both have the same weights and pictures (noise), in turns, with the threads that each chooses by itself; then
ONNX Runtime with other numbers of threads. The arithmetic of the tower, counted from its convolutions, over
the time gives what it draws from the machine; a product of two matrices shows what there is to be drawn.
"""

import argparse
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from timing import Spread, spread

from db.settings import Settings
from indexer.encoders import towers


def measure(batch: int, runs: int) -> dict[str, Any]:
    """All figures."""
    import onnxruntime

    pixels = np.random.default_rng(0).standard_normal((batch, 3, towers.IMAGE_SIZE, towers.IMAGE_SIZE))
    pixels = pixels.astype(np.float32)
    cache = Settings().cache
    fast, plain = towers.load_image_tower(cache, "cpu"), towers.torch_image_tower("cpu")
    ours, theirs = fast(pixels).features, plain(pixels).features
    cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    figures: dict[str, Any] = {
        "batch": batch,
        "least cosine": float(cosine.min()),
        "onnx": asdict(spread(lambda: fast(pixels), runs)),
        "torch": asdict(spread(lambda: plain(pixels), runs)),
    }
    path = next((cache / "models").glob(f"efficientnet-lite0-{towers.image_stamp()}.onnx"))
    for threads in (1, 2, 4):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        found = spread(lambda run=session.run, names=names: run(names, {"input": pixels}), runs)
        figures[f"onnx, {threads} threads"] = asdict(found)
    figures["gflops of the machine"] = round(_gflops(), 1)
    return figures


def _gflops() -> float:
    """Of a product of two matrices in numpy, the best of several."""
    side = 1_024
    one = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
    best = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best / 1e9


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures = measure(options.batch, options.runs)
    print(f"{os.cpu_count()} cores, {figures['gflops of the machine']} GFLOP/s in a matrix product")
    print(f"{'pictures/s':20}{'least':>9}{'median':>9}{'most':>9}{'by CPU':>9}")
    for name, value in figures.items():
        if isinstance(value, dict):
            found = Spread(**value)
            rates = (found.max_s, found.median_s, found.min_s, found.cpu_s)
            print(
                f"{name:20}"
                + "".join(f"{options.batch / rate:{8 + 3 * (rate is rates[3])}.1f}" for rate in rates)
            )
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
