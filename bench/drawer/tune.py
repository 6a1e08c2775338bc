"""Tune how the builtin drawer samples, on descriptions that it is not measured with.

    python bench/drawer/tune.py [--data build/drawer] [--sharpness 2 4 8] [--guidance 1 2 4] [--steps 16]

Before: train.py, judge.py. The 129 descriptions of ``tuning.csv`` are of other things than the paraphrases
of ``measure.py``. For every setting one line of JSON: how often the judge has the thing's name among its 1
and 10 likeliest of 1,000.
"""

import argparse
import json
from itertools import product
from pathlib import Path

from judge import Eyes, load_judge, shares
from measure import descriptions, draw, load_pipeline
from pictures import DATA

from search.drawing.presets import BUILTIN, PRESETS


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--pipeline", type=Path)
    parser.add_argument("--sharpness", type=float, nargs="+", default=[2.0, 4.0, 8.0])
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.0, 2.0, 4.0])
    parser.add_argument("--steps", type=int, nargs="+", default=[PRESETS[BUILTIN].steps])
    options = parser.parse_args()
    judge, eyes = load_judge(options.data), Eyes(options.data)
    pipeline = load_pipeline(options.pipeline or options.data / "pipeline")
    names, texts = descriptions("tuning.csv")
    for sharpness, guidance, steps in product(options.sharpness, options.guidance, options.steps):
        pipeline.transformer.sharpness = sharpness  # type: ignore[attr-defined]
        found = shares(judge.ranks(eyes(draw(pipeline, texts, steps, guidance)), names))
        told = {"sharpness": sharpness, "guidance": guidance, "steps": steps, "top 1, top 10": found}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
