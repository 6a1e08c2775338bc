"""Indexing a folder of pictures, and a first search, beside rclip with the very same model.

    python -m venv ENV && ENV/bin/pip install rclip
    python bench/peers.py FOLDER --rclip ENV/bin/rclip [--files 300] [--runs 3] [--json FILE]

rclip 3 runs a ViT-B-32 of 256 pixels that it downloads. It is given the same architecture with random
weights instead, exported by the same exporter, in the folder where it looks for its own (``RCLIP_DATADIR``);
Trove has these weights as a checkpoint. Speed does not depend on them, and nothing is said of what is found.
Each run is a process of its own on a new library, in turns. Trove runs three times: as it is; without reading
text in the pictures, which rclip does not do; and that in float32, as rclip computes. clip-retrieval takes
weights from the network alone: not run.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from index import some_of
from timing import Spread, machine, side_by_side

from indexer.encoders.onnx import export
from indexer.encoders.openclip.torch_towers import half_module

MODEL = "ViT-B-32-256"
THEIRS = "ViT-B-32-256-datacomp_s34b_b86k"
"""The folder of the model among rclip's data."""
SIDE = 256


def prepare(folder: Path) -> Path:
    """Write a checkpoint of random weights, and rclip's files of the same; returns the checkpoint."""
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    model = open_clip.create_model(MODEL).eval()
    checkpoint = folder / "random.safetensors"
    save_file(dict(model.state_dict()), checkpoint)
    (folder / THEIRS).mkdir()
    (folder / "tokenizer").mkdir()
    tokens = open_clip.get_tokenizer(MODEL)(["a dog", "snow"])
    for name, use, example in (
        ("visual", "image", torch.zeros(2, 3, SIDE, SIDE)),
        ("textual", "text", tokens),
    ):
        export(half_module(model, use), example, ["n"], ["output"], folder / THEIRS / f"{name}.onnx")
    words = Path(open_clip.__file__).with_name("bpe_simple_vocab_16e6.txt.gz")
    (folder / "tokenizer" / words.name).write_bytes(words.read_bytes())
    return checkpoint


def measure(folder: Path, rclip: Path, runs: int) -> dict[str, Spread]:
    """Index the folder into a new library each time and ask a first question."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        checkpoint = prepare(scratch)
        ours = f"{sys.executable} -m ui.cli --library"

        def trove(library: str, **settings: str) -> list[str]:
            own = {"TROVE_MODEL": f"{MODEL}@{checkpoint}", "TROVE_CACHE": str(scratch / "cache"), **settings}
            said = " ".join(f"{key}={value}" for key, value in own.items())
            return _shell(
                f"env {said} sh -c '{ours} {library} index {folder} && {ours} {library} search \"a dog\"'"
            )

        def theirs(run: int) -> list[str]:
            data = f"{scratch}/rclip {run}"
            linked = f"mkdir '{data}' && ln -s {scratch}/{THEIRS} {scratch}/tokenizer '{data}'"
            return _shell(f"{linked} && cd {folder} && RCLIP_DATADIR='{data}' {rclip} 'a dog'")

        side_by_side({"once, to make the exports": [trove(f"{scratch}/first")]}, {})
        return side_by_side(
            {
                "rclip": [theirs(run) for run in range(runs)],
                "Trove, pictures alone, float32": [
                    trove(f"{scratch}/c{run}", TROVE_OFF="text", TROVE_PRECISION="float32")
                    for run in range(runs)
                ],
                "Trove, pictures alone": [
                    trove(f"{scratch}/b{run}", TROVE_OFF="text") for run in range(runs)
                ],
                "Trove": [trove(f"{scratch}/a{run}") for run in range(runs)],
            },
            {},
        )


def _shell(line: str) -> list[str]:
    return ["sh", "-c", f"{line} >/dev/null"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rclip", type=Path, required=True)
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    print(machine())
    with some_of(options.folder, options.files) as some:
        figures = measure(some, options.rclip.resolve(), options.runs)
    print(f"{'':34}{'min s':>9}{'median':>9}{'max':>9}{'CPU s':>9}{'peak MB':>9}{'of rclip':>12}")
    for name, run in figures.items():
        seconds = "".join(f"{value:9.1f}" for value in (run.min_s, run.median_s, run.max_s, run.cpu_s))
        ratio = figures["rclip"].median_s / run.median_s
        print(f"{name:34}{seconds}{run.peak_mb:9.0f}{ratio:10.2f} ×")
    if options.json:
        options.json.write_text(json.dumps({name: asdict(run) for name, run in figures.items()}, indent=1))


if __name__ == "__main__":
    main()
