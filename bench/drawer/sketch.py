"""Train the sketch of the builtin drawer: from a sentence's meaning to the mean of the latents it stands for.

    python bench/drawer/sketch.py [--data build/drawer] [--steps 4000]

Before: gather.py, meanings.py, autoencoder.py. A sketch of a text that it learnt from is sharper than one of
a text that it never saw, and the transformer is to make good pictures of both. So there are three: the one
that is shipped learns from all texts; of the two others one learns from names alone and one from all other
texts, and each sketches for the transformer what it has not seen (stacked generalisation, Wolpert 1992).
``sketch.pt`` has the weights of the first, ``unseen.npy`` what the others draw.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from lessons import Lessons, lessons
from pictures import DATA
from torch import nn

from search.pictograms import SketchTransformer

BATCH = 256
_RATE = 1e-3
_DECAY = 0.05
_FORGET = 0.2


def learnt(taught: Lessons, allowed: np.ndarray, steps: int, label: str) -> nn.Module:
    """A sketch that has learnt from the texts that are ``allowed``, (t,) bool."""
    torch.manual_seed(0)
    sketch = SketchTransformer().sketch
    optimiser = torch.optim.AdamW(sketch.parameters(), _RATE, betas=(0.9, 0.98), weight_decay=_DECAY)
    started, errors = time.monotonic(), []
    for step in range(steps):
        chance = np.random.default_rng(step)
        torch.manual_seed(step)
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 200) * min(1.0, (1 - step / steps) / 0.6)
        pictures, texts = taught.pairs(BATCH, chance)
        seen = allowed[texts]
        pictures, texts = pictures[seen], texts[seen]
        # Meanings are rubbed out in part, so that no single axis decides what is drawn.
        said = nn.functional.dropout(taught.meanings[texts], _FORGET)
        loss = (sketch(said) - taught.latents[pictures]).square().mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(sketch.parameters(), 1.0)
        optimiser.step()
        errors.append(float(loss.detach()))
        if (step + 1) % 500 == 0:
            told = {"sketch": label, "step": step + 1, "error": round(float(np.mean(errors)), 4),
                    "seconds": round(time.monotonic() - started)}  # fmt: skip
            print(json.dumps(told), flush=True)
            errors.clear()
    return sketch.eval()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=4000)
    options = parser.parse_args()
    torch.set_flush_denormal(True)
    taught = lessons(options.data)
    untold = np.arange(len(taught.named)) == 0
    everything = learnt(taught, np.ones_like(untold), options.steps, "all")
    torch.save(everything.state_dict(), options.data / "sketch.pt")
    unseen = np.empty((len(untold), *taught.latents.shape[1:]), np.float16)
    for label, own in (("names", taught.named), ("other texts", ~taught.named)):
        sketch = learnt(taught, own | untold, options.steps // 2, label)
        with torch.inference_mode():
            rest = np.flatnonzero(~own | untold)
            for part in np.array_split(rest, 1 + len(rest) // 1024):
                unseen[part] = sketch(taught.meanings[part]).numpy()
    np.save(options.data / "unseen.npy", unseen)


if __name__ == "__main__":
    main()
