"""Throughput of the picture towers: ONNX Runtime as Trove uses it, beside eager PyTorch.

    python bench/encode.py [--batch 32] [--runs 5] [--json FILE]

For the builtin model and for ViT-B-32 of open_clip with random weights. Both ways have the same weights and
pictures (noise), in turns, with the threads that each chooses by itself. PyTorch is used as introductions
show it (open_clip's README: one picture at a time, ``torch.no_grad``), and with whole batches. Then ONNX
Runtime with other numbers of threads. A matrix product shows what the machine could do at best.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from timing import machine, spread

from db.settings import Settings
from indexer.encoders.builtin import towers
from indexer.encoders.openclip.encoder import OpenClipEncoder, Source
from indexer.encoders.openclip.torch_towers import TorchTower

Floats = npt.NDArray[np.float32]
Encode = Callable[[Floats], Floats]

VIT = "ViT-B-32"


def builtin_towers(cache: Path) -> tuple[Encode, Encode, Path]:
    """Trove's tower, PyTorch's, and the ONNX file that the first runs."""
    fast, plain = (
        towers.load_image_tower(towers.LITE2, cache, "cpu"),
        towers.torch_image_tower(towers.LITE2, "cpu"),
    )
    path = next((cache / "models").glob(f"efficientnet-lite2-{towers.LITE2.fingerprint()}.onnx"))
    return lambda pixels: fast(pixels).features, lambda pixels: plain(pixels).features, path


def vit_towers(cache: Path) -> tuple[tuple[Encode, Encode, Path], Encode]:
    """The same for a ViT-B-32, its random weights saved and loaded as any checkpoint, and it in bfloat16."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    checkpoint = cache / "random.safetensors"
    save_file(dict(open_clip.create_model(VIT).state_dict()), checkpoint)
    encoder = OpenClipEncoder(VIT, Source(VIT, checkpoint=checkpoint), "cpu", cache)
    model = open_clip.create_model(VIT, pretrained=str(checkpoint)).eval()
    encoder.encode_pixels(np.zeros((1, 3, 224, 224), np.float32))  # makes the export
    (path,) = (cache / "models").glob("openclip-*-image.onnx")
    halved = OpenClipEncoder(VIT, Source(VIT, checkpoint=checkpoint), "cpu", cache, "bfloat16")
    return (encoder.encode_pixels, TorchTower(model, "image", "cpu"), path), halved.encode_pixels


def eight_bits(cache: Path) -> Encode:
    """The builtin tower in 8 bits, whether it pays here or not."""
    quick = towers.load_image_tower(towers.LITE2, cache, "cpu", "int8")
    return lambda pixels: quick(pixels).features


def measure(
    side: int, batch: int, runs: int, made: tuple[Encode, Encode, Path], smaller: Encode
) -> dict[str, Any]:
    """All figures of one model, and of its form in smaller numbers; times are of ``batch`` pictures."""
    import onnxruntime

    ours, theirs, path = made
    pixels = np.random.default_rng(0).standard_normal((batch, 3, side, side)).astype(np.float32)
    one, other = ours(pixels), theirs(pixels)
    cosine = (one * other).sum(1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    figures: dict[str, Any] = {
        "least cosine": round(float(cosine.min()), 6),
        "Trove, float32": asdict(spread(lambda: ours(pixels), runs)),
        "Trove, smaller numbers": asdict(spread(lambda: smaller(pixels), runs)),
        "PyTorch, batches": asdict(spread(lambda: theirs(pixels), runs)),
        "PyTorch, one by one": asdict(spread(lambda: [theirs(row[None]) for row in pixels], runs)),
    }
    for threads in (1, 2, 4):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        found = spread(lambda run=session.run: run(None, {"input": pixels}), runs)
        figures[f"ONNX, {threads} threads"] = asdict(found)
    return figures


def _gflops() -> float:
    """GFLOP/s of a matrix product in numpy, the best of several runs."""
    side = 1_024
    one = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
    best = float("inf")
    for _ in range(8):
        started = time.perf_counter()
        one @ one
        best = min(best, time.perf_counter() - started)
    return 2 * side**3 / best / 1e9


def show(title: str, figures: dict[str, Any], batch: int) -> None:
    """A table of pictures a second, and how many times as fast Trove is."""
    print(f"\n{title}, least cosine {figures['least cosine']}")
    print(f"{'pictures/s':24}{'least':>9}{'median':>9}{'most':>9}{'Trove is':>11}")
    trove = figures["Trove, smaller numbers"]["median_s"]
    for name, found in figures.items():
        if isinstance(found, dict):
            rates = "".join(f"{batch / found[key]:9.1f}" for key in ("max_s", "median_s", "min_s"))
            print(f"{name:24}{rates}{found['median_s'] / trove:9.2f} ×")


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    figures: dict[str, Any] = {"cores": os.cpu_count(), "gflops of the machine": round(_gflops(), 1)}
    print(f"{machine()}; {figures['gflops of the machine']} GFLOP/s in a matrix product")
    made = builtin_towers(Settings().cache)
    in_8_bits = eight_bits(Settings().cache)
    figures["builtin"] = measure(towers.LITE2.size, options.batch, options.runs, made, in_8_bits)
    show("builtin, 8 bits", figures["builtin"], options.batch)
    with tempfile.TemporaryDirectory() as cache:
        figures[VIT] = measure(224, options.batch, options.runs, *vit_towers(Path(cache)))
    show(f"{VIT}, bfloat16", figures[VIT], options.batch)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
