"""Train the diffusion transformer of the builtin drawer on the latents of the gathered pictures.

    python bench/drawer/train.py [--data build/drawer] [--steps 10000] [--minutes 60]

Before: gather.py, meanings.py, autoencoder.py, sketch.py. It learns to predict the velocity (Salimans and Ho
2022, arXiv 2202.00512) under a cosine schedule, steps weighted by min-SNR (Hang et al. 2023, arXiv
2303.09556), a tenth of the texts left out for classifier-free guidance (Ho and Salimans 2022, arXiv
2207.12598). The weights that are exported are a moving average. Killed or out of minutes, it goes on from the
last checkpoint; random numbers depend on the step alone. ``train.log`` has a line of JSON for every 200
steps. At the end of every run the pipeline is saved to ``build/drawer/pipeline``, in half precision.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL, DDPMScheduler, DPMSolverMultistepScheduler
from lessons import Lessons, lessons
from pictures import DATA
from torch import Tensor
from torch.nn import functional

from search.drawing.pictograms import Sketch, SketchTransformer

BATCH = 16
EVERY = 200
_RATE = 1e-3
_AVERAGED = 0.999
_GAMMA = 5.0
_DOUBTFUL = 0.5
"""Share of the sketches that are made from a part of the sentence embedding."""
_FORGET = 0.5
"""Dropout of the sentence embedding for these."""
_SHARPNESS = 4.0
"""Sharpness of the sketches: wrong ones then show another thing, not a blend; clear ones teach drawing."""


@dataclass(frozen=True)
class Batch:
    """Training batch of one step."""

    latents: Tensor
    """(b, 8, 16, 16)."""
    texts: Tensor
    """(b, 24, 384)."""
    masks: Tensor
    """(b, 24)."""
    sketches: Tensor
    """(b, 8, 16, 16)."""


def batch_of(taught: Lessons, sketch: Sketch, chance: np.random.Generator) -> Batch:
    """Pictures and texts; for half of them the sketch knows the text in part, and is often wrong."""
    pictures, said = taught.pairs(BATCH, chance)
    meanings = taught.meanings[said]
    doubtful = torch.from_numpy(chance.random((BATCH, 1)) < _DOUBTFUL)
    with torch.no_grad():
        seen = torch.where(doubtful, functional.dropout(meanings, _FORGET), meanings)
        sketches = sketch(seen, _SHARPNESS)
    return Batch(taught.latents[pictures], taught.texts[said].float(), taught.masks[said], sketches)


def schedule() -> DDPMScheduler:
    """Noise schedule of training."""
    return DDPMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False)


def loss_of(model: SketchTransformer, noise_of: DDPMScheduler, batch: Batch) -> Tensor:
    """(b,): the weighted squared error of each picture."""
    noise = torch.randn_like(batch.latents)
    # One step of each part of the schedule: the batch is even, and the gradient calmer.
    parts = (torch.arange(len(noise)) + torch.rand(())) / len(noise)
    steps = (1000 * parts).long().clamp(max=999)
    noisy = noise_of.add_noise(batch.latents, noise, steps)
    wanted = noise_of.get_velocity(batch.latents, noise, steps)
    said = model(noisy, batch.texts, steps, batch.masks, batch.sketches).sample
    kept = noise_of.alphas_cumprod[steps]
    ratio = kept / (1 - kept)
    # min-SNR, plus one: it leaves next to nothing for much noise, where only the text can say what to draw.
    weight = (ratio.clamp(max=_GAMMA) + 1) / (ratio + 1)
    error: Tensor = (said - wanted).square().mean(dim=(1, 2, 3))
    return weight * error


class Run:
    """Training state that is saved and resumed from a checkpoint."""

    def __init__(self, folder: Path, concepts: int) -> None:
        torch.manual_seed(0)
        torch.set_flush_denormal(True)
        self.kept = folder / "train.pt"
        self.model = SketchTransformer(concepts=concepts)
        self.model.sketch.load_state_dict(torch.load(folder / "sketch.pt", weights_only=True))
        self.model.sketch.requires_grad_(False)
        self.weights = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.averaged = [weight.detach().clone() for weight in self.weights]
        self.optimiser = torch.optim.AdamW(
            self.weights, _RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.step = 0
        if self.kept.exists():
            state = torch.load(self.kept, weights_only=True)
            self.model.load_state_dict(state["model"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.averaged, self.step = state["averaged"], state["step"]

    def learn(self, loss: Tensor, rate: float) -> None:
        """One step down the gradient."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimiser.step()
        self.step += 1
        share = 1 - min(_AVERAGED, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averaged, self.weights, share)

    def save(self) -> None:
        """Write the checkpoint."""
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
                 "averaged": self.averaged, "step": self.step}  # fmt: skip
        torch.save(state, self.kept.with_suffix(".part"))
        self.kept.with_suffix(".part").rename(self.kept)


def save_pipeline(run: Run, folder: Path) -> None:
    """Write what Trove ships: the averaged transformer, autoencoder in half precision, and the scheduler."""
    model = run.model
    with torch.no_grad():
        for weight, averaged in zip(run.weights, run.averaged, strict=True):
            weight.copy_(averaged)
    out = folder / "pipeline"
    model.half().save_pretrained(out / "transformer", variant="fp16")
    AutoencoderKL.from_pretrained(folder / "vae").half().save_pretrained(out / "vae", variant="fp16")
    DPMSolverMultistepScheduler.from_config(
        schedule().config, timestep_spacing="trailing", steps_offset=1, algorithm_type="dpmsolver++"
    ).save_pretrained(out / "scheduler")
    index = {
        "_class_name": "PixArtAlphaPipeline",
        "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
        "text_encoder": [None, None],
        "tokenizer": [None, None],
        "transformer": ["diffusers", "PixArtTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    taught, noise_of = lessons(options.data), schedule()
    run = Run(options.data, len(taught.latents))
    started, losses = time.monotonic(), []
    with (options.data / "train.log").open("a", encoding="utf-8") as log:
        while run.step < options.steps and time.monotonic() - started < 60 * options.minutes:
            torch.manual_seed(run.step)
            batch = batch_of(taught, run.model.sketch, np.random.default_rng(run.step))
            left = 1 - run.step / options.steps
            rate = _RATE * min(1.0, (run.step + 1) / 300) * min(1.0, left / 0.25)
            each = loss_of(run.model, noise_of, batch)
            run.learn(each.mean(), rate)
            losses.append(each.detach().numpy())
            if run.step % EVERY == 0:
                low, high = np.split(np.mean(losses, axis=0), 2)
                told = {"step": run.step, "loss": round(float(np.mean(losses)), 4),
                        "little noise": round(float(low.mean()), 4), "much": round(float(high.mean()), 4),
                        "minutes": round((time.monotonic() - started) / 60, 1)}  # fmt: skip
                log.write(json.dumps(told) + "\n")
                log.flush()
                losses.clear()
                run.save()
    run.save()
    save_pipeline(run, options.data)


if __name__ == "__main__":
    main()
