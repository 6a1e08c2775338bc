"""Train the sketch of the builtin drawer, which maps a sentence embedding to its likeliest latents.

    python bench/drawer/sketch.py [--data build/drawer] [--steps 4000]

Before: gather.py, meanings.py, autoencoder.py. Every picture is a concept. The keys begin as the means of the
concepts' texts, so that a text that was never seen goes to its neighbours; what is minimised is the squared
error of the latents and the cross entropy of the concept. ``sketch.pt`` has the weights.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from lessons import Lessons, lessons
from pictures import DATA
from torch.nn import functional

from search.drawing.pictograms import Sketch

BATCH = 256
_RATE = 1e-3
_FORGET = 0.3
"""Dropout of the sentence embedding, so that no few of its dimensions decide."""
_CHOICE = 0.1
"""Weight of the cross entropy."""
_SHARP = 20.0
"""Initial logit of an embedding that equals its concept's mean."""


def new_sketch(taught: Lessons) -> Sketch:
    """A sketch that compares an embedding with the mean of each picture's texts, and draws nothing yet."""
    count, channels = len(taught.latents), taught.meanings.shape[1]
    sketch = Sketch(channels, count, tuple(taught.latents.shape[1:]))
    meanings = sketch.norm(taught.meanings)
    weights = torch.from_numpy(taught.odds).float()[:, None]
    sums = torch.cumsum(meanings * weights, dim=0, dtype=torch.float64)
    means = torch.diff(sums[taught.begins - 1], dim=0).float()
    with torch.no_grad():
        sketch.query.weight.copy_(torch.eye(channels))
        sketch.query.bias.zero_()
        sketch.keys.weight.copy_(_SHARP * means / means.square().sum(dim=1, keepdim=True))
    return sketch


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    taught = lessons(options.data)
    sketch = new_sketch(taught)
    optimiser = torch.optim.AdamW(sketch.parameters(), _RATE, betas=(0.9, 0.98), weight_decay=0.01)
    started, told = time.monotonic(), []
    for step in range(options.steps):
        torch.manual_seed(step)
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 200) * min(1.0, (1 - step / options.steps) / 0.6)
        pictures, texts = taught.pairs(BATCH, np.random.default_rng(step))
        meanings = functional.dropout(taught.meanings[texts], _FORGET)
        logits = sketch.concepts(meanings)
        drawn = sketch.draw(sketch.values(logits.softmax(dim=1)))
        error = functional.mse_loss(drawn, taught.latents[pictures])
        choice = functional.cross_entropy(logits, torch.from_numpy(pictures))
        optimiser.zero_grad()
        (error + _CHOICE * choice).backward()
        torch.nn.utils.clip_grad_norm_(sketch.parameters(), 1.0)
        optimiser.step()
        right = (logits.argmax(dim=1).numpy() == pictures).mean()
        told.append((float(error.detach()), float(choice.detach()), float(right)))
        if (step + 1) % 500 == 0:
            names = ("error", "cross entropy", "right")
            means = dict(zip(names, np.round(np.mean(told, axis=0), 4).tolist(), strict=True))
            seconds = round(time.monotonic() - started)
            print(json.dumps({"step": step + 1, **means, "seconds": seconds}), flush=True)
            told.clear()
    torch.save(sketch.state_dict(), options.data / "sketch.pt")


if __name__ == "__main__":
    main()
