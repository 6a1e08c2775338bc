"""Train the diffusion transformer of the builtin drawer on the latents of the gathered pictures.

    python bench/drawer/train.py [--data build/drawer] [--coarse 18000] [--steps 28000] [--minutes 60]

Before: gather.py, meanings.py, autoencoder.py. It learns to predict the velocity (Salimans and Ho 2022,
arXiv 2202.00512) under a cosine schedule, steps weighted by min-SNR (Hang et al. 2023, arXiv 2303.09556), a
tenth of the texts left out for classifier-free guidance (Ho and Salimans 2022, arXiv 2207.12598). In the
first steps, ``--coarse``, the latents are brought to half their sides: what goes where costs a third to learn
so. The weights that are kept are a moving average. Killed or out of minutes, it goes on from the last
checkpoint; random numbers depend on the step alone. ``train.log`` has a line of JSON for every 200 steps. At
the end of every run the pipeline is saved to ``build/drawer/pipeline``, in half precision.
"""

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from autoencoder import batches
from diffusers import AutoencoderKL, DDPMScheduler, DPMSolverMultistepScheduler, PixArtTransformer2DModel
from pictures import DATA, VARIANT, captions, encode_texts, gathered
from torch import Tensor
from torch.nn import functional

BATCH = 16
EVERY = 200
_RATE = 1e-3
_AVERAGED = 0.999
_GAMMA = 5.0
_UNTOLD = 0.1
_TOWARDS_NOISE = 0.75
_CLIPART_WEIGHT = 0.3
"""How often a clip art is looked at beside an emoji: styles differ, and the emoji are of one hand."""
_VARIANT_WEIGHT = 0.25
"""How often one of the emoji is of which many differ in a detail alone: 24 clocks, men and women at work."""


@dataclass(frozen=True)
class Lessons:
    """What is learnt from."""

    latents: Tensor
    """(n, 8, 16, 16) float32."""
    texts: Tensor
    """(t, 16, 384) float16; the first is that of no text."""
    masks: Tensor
    """(t, 16) float32: 1 where there is a token, 0 for padding."""
    begins: np.ndarray
    """(n + 1,): the texts of picture i are those from begins[i] to begins[i + 1]."""
    odds: np.ndarray
    """(t,): how often a text is taken, among those of its picture."""
    picked: np.ndarray
    """(n,): how often a picture is."""

    def batch(self, chance: np.random.Generator, coarse: bool) -> tuple[Tensor, Tensor, Tensor]:
        """(b, 8, 16, 16) latents, (8, 8) if ``coarse``, (b, 16, 384) texts and their (b, 16) masks."""
        pictures = chance.choice(len(self.latents), BATCH, p=self.picked)
        said = []
        for picture in pictures:
            first, last = self.begins[picture], self.begins[picture + 1]
            odds = self.odds[first:last]
            said.append(0 if chance.random() < _UNTOLD else chance.choice(np.arange(first, last), p=odds))
        latents = self.latents[pictures]
        latents = functional.avg_pool2d(latents, 2) if coarse else latents
        return latents, self.texts[said].float(), self.masks[said]


def lessons(folder: Path) -> Lessons:
    """Latents and encoded texts of all pictures that are not held back; made once."""
    kept = folder / "lessons.pt"
    data = gathered(folder)
    mine = np.flatnonzero(~data.held)
    every = captions(data.rows, folder)
    said = [every[i] for i in mine]
    if not kept.exists():
        vae = AutoencoderKL.from_pretrained(folder / "vae").eval()
        with torch.inference_mode():
            pictures = batches(data.pictures[mine])
            latents = torch.cat([vae.encode(batch).latent_dist.mean for batch in pictures])
        texts, masks = encode_texts(["", *(text for row in said for text, _ in row)])
        torch.save({"latents": latents, "texts": texts, "masks": masks}, kept)
    found = torch.load(kept, weights_only=True)
    begins = 1 + np.cumsum([0, *(len(row) for row in said)])
    odds = np.concatenate([[1.0], *(np.array([w for _, w in row]) / sum(w for _, w in row) for row in said)])
    picked = np.array([weight_of(data.rows[i]) for i in mine])
    return Lessons(**found, begins=begins, odds=odds, picked=picked / picked.sum())


def weight_of(row: dict[str, str]) -> float:
    """How often a picture is looked at."""
    if row["source"] != "noto":
        return _CLIPART_WEIGHT
    return _VARIANT_WEIGHT if VARIANT.search(row["name"]) else 1.0


def new_transformer() -> PixArtTransformer2DModel:
    """64 patches of 2 × 2, each of which looks at the others and at the words.

    A UNet of the same cost took half as long again to learn as much: with nothing but noise to see, its
    convolutions cannot tell one place from another, and a pictogram's parts have their places.
    """
    return PixArtTransformer2DModel(
        num_attention_heads=4,
        attention_head_dim=64,
        num_layers=6,
        in_channels=8,
        out_channels=8,
        cross_attention_dim=256,
        caption_channels=384,
        sample_size=16,
        patch_size=2,
        use_additional_conditions=False,
    )


def schedule() -> DDPMScheduler:
    """The noise of training."""
    return DDPMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", clip_sample=False)


def loss_of(
    model: PixArtTransformer2DModel, noise_of: DDPMScheduler, latents: Tensor, texts: Tensor, masks: Tensor
) -> Tensor:
    """(b,): the weighted squared error of each picture."""
    noise = torch.randn_like(latents)
    # One step of each part of the schedule: the batch is even, and the gradient calmer. Most parts have much
    # noise, where there is most to learn.
    parts = (torch.arange(len(latents)) + torch.rand(())) / len(latents)
    steps = (1000 * parts**_TOWARDS_NOISE).long().clamp(max=999)
    noisy = noise_of.add_noise(latents, noise, steps)
    wanted = noise_of.get_velocity(latents, noise, steps)
    said = model(noisy, encoder_hidden_states=texts, encoder_attention_mask=masks, timestep=steps).sample
    kept = noise_of.alphas_cumprod[steps]
    ratio = kept / (1 - kept)
    # min-SNR, plus one: it leaves next to nothing for much noise, where only the text can say what to draw.
    weight = (ratio.clamp(max=_GAMMA) + 1) / (ratio + 1)
    error: Tensor = (said - wanted).square().mean(dim=(1, 2, 3))
    return weight * error


class Run:
    """The state of a training that can be interrupted."""

    def __init__(self, folder: Path) -> None:
        torch.manual_seed(0)
        torch.set_flush_denormal(True)
        self.kept = folder / "train.pt"
        self.model = new_transformer()
        self.averaged = [weight.detach().clone() for weight in self.model.parameters()]
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), _RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True
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
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        share = 1 - min(_AVERAGED, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            torch._foreach_lerp_(self.averaged, list(self.model.parameters()), share)

    def save(self) -> None:
        """Keep everything that a later run needs."""
        state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(),
                 "averaged": self.averaged, "step": self.step}  # fmt: skip
        torch.save(state, self.kept.with_suffix(".part"))
        self.kept.with_suffix(".part").rename(self.kept)


def save_pipeline(run: Run, folder: Path) -> None:
    """Write what Trove ships: the averaged transformer, autoencoder in half precision, and the scheduler."""
    model = new_transformer()
    model.load_state_dict(run.model.state_dict())
    with torch.no_grad():
        for weight, averaged in zip(model.parameters(), run.averaged, strict=True):
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
    parser.add_argument("--coarse", type=int, default=18_000)
    parser.add_argument("--steps", type=int, default=28_000)
    parser.add_argument("--minutes", type=float, default=1e9)
    options = parser.parse_args()
    learnt, noise_of, run = lessons(options.data), schedule(), Run(options.data)
    started, losses = time.monotonic(), []
    with (options.data / "train.log").open("a", encoding="utf-8") as log:
        while run.step < options.steps and time.monotonic() - started < 60 * options.minutes:
            torch.manual_seed(run.step)
            batch = learnt.batch(np.random.default_rng(run.step), run.step < options.coarse)
            left = 1 - run.step / options.steps
            rate = _RATE * min(1.0, (run.step + 1) / 300) * min(1.0, left / 0.25)
            each = loss_of(run.model, noise_of, *batch)
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
