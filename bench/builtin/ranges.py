"""Measure where the activations of the builtin picture tower lie, for its form in 8 bits.

    python bench/builtin/ranges.py --images DIR --captions captions.csv [--split train] [--pictures 192]

Of the input and of each operator's output of the exported tower, over pictures: the range whose quantisation
in 256 steps has the least mean squared error on a sample. Writes ``indexer/encoders/builtin/ranges-2.json``.
"""

import argparse
import csv
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from PIL import Image

from db.settings import load_settings
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.eight_bits import activations, folded
from indexer.encoders.builtin.encoder import SecondEncoder
from indexer.encoders.onnx import onnx_session

BATCH = 4
SAMPLED = 1500
"""Numbers of an activation and a batch that its range is chosen by."""
STEPS = 255

Floats = npt.NDArray[np.float32]


@dataclass
class Seen:
    """One activation: its bounds, and a sample of it."""

    low: float = 0.0
    high: float = 0.0
    sample: list[Floats] = field(default_factory=list)

    def add(self, values: Floats, rng: np.random.Generator) -> None:
        """Take note of one batch."""
        flat = values.ravel()
        self.low, self.high = min(self.low, float(flat.min())), max(self.high, float(flat.max()))
        self.sample.append(flat[rng.integers(0, flat.size, min(flat.size, SAMPLED))])

    def range(self) -> tuple[float, float]:
        """The share of the bounds that loses least."""
        values = np.concatenate(self.sample).astype(np.float64)
        shares = [float(share) for share in np.linspace(0.2, 1, 33)]
        share = min(shares, key=lambda share: quantised_error(values, self.low * share, self.high * share))
        return round(self.low * share, 5), round(self.high * share, 5)


def quantised_error(values: npt.NDArray[np.float64], low: float, high: float) -> float:
    """Mean squared error of quantising values to 8 bits, those outside of the range being clipped."""
    step = (high - low) / STEPS or 1.0
    zero = np.round(-low / step)
    rounded = (np.clip(np.round(values / step) + zero, 0, STEPS) - zero) * step
    return float(((rounded - values) ** 2).mean())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--split", default="train")
    parser.add_argument("--pictures", type=int, default=192)
    arguments = parser.parse_args()
    with arguments.captions.open(newline="", encoding="utf-8") as file:
        names = list(
            dict.fromkeys(row["image"] for row in csv.DictReader(file) if row["split"] == arguments.split)
        )
    rng = np.random.default_rng(0)
    chosen = [names[at] for at in rng.choice(len(names), arguments.pictures, replace=False)]
    cache = load_settings().cache
    encoder = SecondEncoder(cache, "cpu")
    towers.load_image_tower(encoder.backbone, cache, "cpu", "float32")  # makes the export
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "folded.onnx"
        folded(towers.export_of(encoder.backbone, cache), path)
        model = onnx.load(path)
        operators = [node.op_type for node in model.graph.node]
        names_of = activations(model.graph)
        given = {output.name for output in model.graph.output}
        for name in set(names_of[1:]) - given:
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
        onnx.save(model, path)
        session = onnx_session(path)
    seen = {name: Seen() for name in names_of}
    for start in range(0, len(chosen), BATCH):
        prepared = []
        for name in chosen[start : start + BATCH]:
            with Image.open(arguments.images / name) as picture:
                prepared.append(encoder.prepare(picture.convert("RGB")))
        batch = np.stack(prepared)
        seen[names_of[0]].add(batch, rng)
        for name, values in zip(names_of[1:], session.run(names_of[1:], {"input": batch}), strict=True):
            seen[name].add(values, rng)
    stored = {"operators": operators, "bounds": [seen[name].range() for name in names_of]}
    assert encoder.backbone.ranges is not None
    encoder.backbone.ranges.write_text(json.dumps(stored) + "\n", encoding="utf-8")
    print(
        f"{len(chosen)} pictures, {len(names_of)} activations, {encoder.backbone.ranges.stat().st_size} bytes"
    )


if __name__ == "__main__":
    main()
