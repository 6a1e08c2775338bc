"""Train the autoencoder of the builtin drawer: pictures of 128 × 128 to latents of 8 × 16 × 16, and back.

    python bench/drawer/autoencoder.py [--data build/drawer] [--steps 6600]
    python bench/drawer/autoencoder.py --decoder search/drawing/builtin/vae --steps 7200

It learns from every gathered picture, on windows of 64 × 64 and on whole pictures, to reconstruct its
input (absolute and squared error of pixels, squared error of their hues, absolute error of their differences
to their neighbours), with noise on the latents so that the decoder forgives what a drawer gets slightly
wrong. There is one latent for a picture, not a distribution of them: pulling one towards a normal
distribution took most of the time. At the end the latents are scaled to mean 0 and deviation 1 within its
own first and last convolution, as diffusers' pipelines know a factor but no mean. Killed, it goes on from the
last checkpoint.

With ``--decoder`` it goes on with the decoder alone of an autoencoder that is finished. Its latents do not
change, and so everything that was learnt from them stays valid. Whole pictures are then looked at more
often: a drawer decodes these, and the statistics of the group normalisation are those of the whole.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from diffusers import AutoencoderKL
from pictures import DATA, as_batch, gathered
from torch import Tensor
from torch.nn import functional

CHANNELS = 8
WINDOW = 64
BATCH = 8
EVERY = 200
_SMALL = 1e-4
_NOISE = 0.15
_RATE = 1.5e-3
_HUES = 8.0


def new_autoencoder() -> AutoencoderKL:
    """A small, fully convolutional autoencoder whose latents are an eighth as wide as the picture."""
    return AutoencoderKL(
        block_out_channels=(16, 32, 64, 128),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        layers_per_block=1,
        latent_channels=CHANNELS,
        norm_num_groups=8,
        sample_size=128,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def windows(pictures: np.ndarray, whole: bool, chance: np.random.Generator) -> Tensor:
    """(n, 3, side, side) of random pictures, -1 to 1, some of them mirrored."""
    count = BATCH // 4 if whole else BATCH
    rows = pictures[chance.integers(len(pictures), size=count)]
    if not whole:
        corners = chance.integers(0, rows.shape[1] - WINDOW + 1, size=(count, 2))
        rows = np.stack(
            [row[y : y + WINDOW, x : x + WINDOW] for row, (y, x) in zip(rows, corners, strict=True)]
        )
    if chance.random() < 0.5:
        rows = rows[:, :, ::-1]
    return as_batch(rows)


def loss_of(model: AutoencoderKL, batch: Tensor) -> tuple[Tensor, Tensor]:
    """The loss, and the mean absolute error of a pixel."""
    latents = model.encode(batch).latent_dist.mean
    noisy = latents + _NOISE * torch.rand(()) * latents.detach().std() * torch.randn_like(latents)
    again = model.decode(noisy).sample
    pixels = functional.l1_loss(again, batch)
    edges = sum(functional.l1_loss(again.diff(dim=axis), batch.diff(dim=axis)) for axis in (2, 3))
    # Without a term of their own, green and violet are given up early for blue, and never found again. It is
    # of squares: most pixels are white paper, whose many small errors would outweigh a wrong colour.
    hues = functional.mse_loss(*(x - x.mean(dim=1, keepdim=True) for x in (again, batch)))
    small = _SMALL * latents.square().mean()  # Of frozen latents a constant, which changes nothing.
    loss = pixels + functional.mse_loss(again, batch) + 0.5 * edges + _HUES * hues + small
    return loss, pixels.detach()


def standardise(model: AutoencoderKL, pictures: np.ndarray) -> None:
    """Scale the latents, channel by channel, to mean 0 and deviation 1, without changing what is decoded."""
    with torch.inference_mode():
        latents = torch.cat([model.encode(batch).latent_dist.mean for batch in batches(pictures)])
    mean, deviation = latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3))
    with torch.no_grad():
        into, out = model.quant_conv, model.post_quant_conv
        into.weight[:CHANNELS] /= deviation[:, None, None, None]
        into.bias[:CHANNELS] = (into.bias[:CHANNELS] - mean) / deviation
        # The log of a variance that nothing has learnt: so small that a sample is its mean.
        into.weight[CHANNELS:] = 0
        into.bias[CHANNELS:] = -20
        out.bias += out.weight[:, :, 0, 0] @ mean
        out.weight *= deviation[None, :, None, None]


def batches(pictures: np.ndarray, size: int = 32) -> list[Tensor]:
    """All pictures, in order, -1 to 1."""
    return [as_batch(part) for part in np.split(pictures, range(size, len(pictures), size))]


def fidelity(model: AutoencoderKL, pictures: np.ndarray) -> float:
    """Mean peak signal-to-noise ratio of reconstructed pictures, dB."""
    found = []
    with torch.inference_mode():
        for batch in batches(pictures):
            again = model.decode(model.encode(batch).latent_dist.mean).sample.clamp(-1, 1)
            found += (-10 * ((again - batch) / 2).square().mean(dim=(1, 2, 3)).log10()).tolist()
    return float(np.mean(found))


def learn(model: AutoencoderKL, pictures: np.ndarray, steps: int, whole_every: int, kept: Path) -> None:
    """Train what is not frozen, from the checkpoint if there is one."""
    model.to(memory_format=torch.channels_last)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(weights, _RATE, betas=(0.9, 0.98), weight_decay=1e-4)
    begun = 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        begun = state["step"]
    started, errors = time.monotonic(), []
    for step in range(begun, steps):
        chance, left = np.random.default_rng(step), 1 - step / steps
        for group in optimiser.param_groups:
            group["lr"] = _RATE * min(1.0, (step + 1) / 100) * min(1.0, left / 0.4)
        whole = step % whole_every == whole_every - 1
        batch = windows(pictures, whole, chance).contiguous(memory_format=torch.channels_last)
        loss, error = loss_of(model, batch)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimiser.step()
        errors.append(float(error))
        if (step + 1) % EVERY == 0 or step + 1 == steps:
            told = {"step": step + 1, "error": round(float(np.mean(errors[-EVERY:])), 4),
                    "dB": round(fidelity(model, pictures[::80]), 2),
                    "seconds": round(time.monotonic() - started)}  # fmt: skip
            print(json.dumps(told), flush=True)
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            torch.save(state, kept.with_suffix(".part"))
            kept.with_suffix(".part").rename(kept)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--steps", type=int, default=6600)
    parser.add_argument("--decoder", type=Path, metavar="FOLDER", help="go on with this one's decoder alone")
    options = parser.parse_args()
    # White paper makes gradients so small that the processor would take many times as long over them.
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    pictures = gathered(options.data).pictures
    if options.decoder:
        model = AutoencoderKL.from_pretrained(options.decoder, variant="fp16", dtype=torch.float32)
        model.encoder.requires_grad_(False)
        model.quant_conv.requires_grad_(False)
        learn(model, pictures, options.steps, 2, options.data / "decoder.pt")
    else:
        model = new_autoencoder()
        learn(model, pictures, options.steps, 8, options.data / "autoencoder.pt")
        standardise(model, pictures[::4])
    model.eval().save_pretrained(options.data / "vae")
    print(json.dumps({"parameters": model.num_parameters(), "dB": round(fidelity(model, pictures[::8]), 2)}))


if __name__ == "__main__":
    main()
