"""Measure the builtin drawer: how often its drawings are recognised, and their Fréchet distance.

    python bench/drawer/measure.py [--data build/drawer] [--pipeline FOLDER] [--steps 16] [--guidance 2]

Before: train.py, judge.py. Printed as JSON, and drawn as sheets beside it:

- for 200 names that it learnt and the 200 paraphrases of paraphrases.csv, which are neither a name nor a
  keyword in the data: how often the judge has the thing's name among its 1 and 10 likeliest of 1,000;
- the Fréchet distance (Heusel et al. 2017, arXiv 1706.08500) of as many drawings from the pictures that were
  held back, beside that of two random halves of what it learnt from, in EfficientNet's features brought to
  the 64 main axes of the pictures: with so few pictures, all axes would measure their number;
- ``drawings.png``: 100 drawings of names; ``nearest.png``: 20 of paraphrases, each beside the picture that it
  learnt from which looks most like it to EfficientNet.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from judge import Eyes, chosen_names, load_judge, shares
from pictures import DATA, gathered, table
from PIL import Image

from db.arrays import unit_length
from search.drawing.pictograms import own_parts
from search.drawing.presets import BUILTIN, PRESETS
from search.evaluation.distances import frechet

PROMPTS = 200
_AXES = 64
_AT_ONCE = 20

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def load_pipeline(folder: Path) -> object:
    """The drawer, in single precision on the CPU."""
    from diffusers import AutoPipelineForText2Image
    from diffusers.utils import logging

    logging.set_verbosity_error()
    pipeline = AutoPipelineForText2Image.from_pretrained(
        folder, variant="fp16", dtype=torch.float32, **own_parts(folder, torch.float32)
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def descriptions(file: str) -> tuple[list[str], list[str]]:
    """Names of things and a paraphrase of each, from a CSV file in this folder."""
    rows = table(Path(__file__).with_name(file))
    return [row["name"] for row in rows], [row["paraphrase"] for row in rows]


def draw(pipeline: object, prompts: Sequence[str], steps: int, guidance: float) -> Pictures:
    """(n, 128, 128, 3): a drawing of each, with a seed of its own."""
    found = []
    for start in range(0, len(prompts), _AT_ONCE):
        some = list(prompts[start : start + _AT_ONCE])
        seeds = [torch.Generator().manual_seed(start + i) for i in range(len(some))]
        drawn = pipeline(  # type: ignore[operator]
            some,
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=seeds,
            use_resolution_binning=False,
            clean_caption=False,
            output_type="np",
        )
        found.append((drawn.images * 255).round().astype(np.uint8))
    return np.concatenate(found)


def main_axes(features: Floats) -> Floats:
    """(d, 64): the first principal components of (n, d) features."""
    centred = features - features.mean(axis=0)
    axes: Floats = np.linalg.svd(centred, full_matrices=False)[2][:_AXES].T
    return axes


def sheet(pictures: Sequence[Pictures], across: int) -> Image.Image:
    """Contact sheet: pictures in rows of ``across``."""
    down = -(-len(pictures) // across)
    side = 132
    whole = Image.new("RGB", (across * side, down * side), "white")
    for i, picture in enumerate(pictures):
        whole.paste(Image.fromarray(picture), (i % across * side + 2, i // across * side + 2))
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pipeline", type=Path)
    parser.add_argument("--steps", type=int, default=PRESETS[BUILTIN].steps)
    parser.add_argument("--guidance", type=float, default=PRESETS[BUILTIN].guidance)
    options = parser.parse_args()
    data = options.data
    pipeline, judge, eyes = load_pipeline(options.pipeline or data / "pipeline"), load_judge(data), Eyes(data)
    all_of = gathered(data)
    rows, held = all_of.rows, all_of.held
    noto = np.array([row["source"] == "noto" for row in rows])
    learnt = {rows[i]["name"] for i in np.flatnonzero(noto & ~held)}
    names = [name for name in chosen_names(data) if name in learnt][:PROMPTS]
    meant, said = descriptions("paraphrases.csv")

    told: dict[str, object] = {"steps": options.steps, "guidance": options.guidance}
    drawn = draw(pipeline, names, options.steps, options.guidance)
    seen = eyes(drawn)
    told["names: top 1, top 10"] = shares(judge.ranks(seen, names))
    again = draw(pipeline, said, options.steps, options.guidance)
    seen_again = eyes(again)
    told["paraphrases: top 1, top 10"] = shares(judge.ranks(seen_again, meant))

    kept, taught = np.flatnonzero(noto & held), np.flatnonzero(noto & ~held)
    real = eyes(all_of.pictures[taught])
    axes, count = main_axes(real), len(kept)
    order = np.random.default_rng(0).permutation(len(real))
    halves = real[order[:count]], real[order[count : 2 * count]]
    told["pictures of each side"] = count
    told["Fréchet: drawings, held back"] = round(
        frechet(seen[:count] @ axes, eyes(all_of.pictures[kept]) @ axes), 2
    )
    told["Fréchet: two halves"] = round(frechet(halves[0] @ axes, halves[1] @ axes), 2)

    sheet(list(drawn[:100]), 10).save(data / "drawings.png")
    pick = np.random.default_rng(1).choice(len(said), 20, replace=False)
    near = taught[(unit_length(seen_again[pick]) @ unit_length(real).T).argmax(axis=1)]
    found = list(zip(pick, near, strict=True))
    sheet([picture for i, j in found for picture in (again[i], all_of.pictures[j])], 10).save(
        data / "nearest.png"
    )
    told["nearest.png"] = [f"{said[i]}: {rows[j]['name']}" for i, j in found]
    print(json.dumps(told, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
