"""Estimate how long the larger drawing models would take on this machine.

    python bench/drawer/larger.py [sd-turbo sd15-lcm ...]

None of them need be here: the denoisers and the decoder are built with the shapes of the published ones and
random weights, in single precision; one pass of each is timed (the second; the first warms up), and
multiplied by what a preset asks for. Their text encoders, some tenths of a second, are left out. Speed only:
nothing is drawn.
"""

import argparse
import json
import time
from functools import cache
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel

from search.drawing.presets import BUILTIN, PRESETS, DrawerInfo

_SD1: dict[str, Any] = {"attention_head_dim": 8, "cross_attention_dim": 768}
_SD2: dict[str, Any] = {
    "attention_head_dim": (5, 10, 20, 20), "cross_attention_dim": 1024, "use_linear_projection": True,
}  # fmt: skip
_XL: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "use_linear_projection": True,
}
SHAPES = {
    "sd15-lcm": _SD1 | {"time_cond_proj_dim": 256},
    "sd-turbo": _SD2,
    "sd15": _SD1,
    "sdxl-turbo": _XL,
    "sdxl": _XL,
}
_GUIDED = frozenset({"sd15", "sdxl"})
"""Models with classifier-free guidance, a second pass a step; the others were distilled to need none."""


def second(run: Any, *arguments: Any, **more: Any) -> float:
    """Seconds of a call, the second one: the first warms up."""
    with torch.inference_mode():
        run(*arguments, **more)
        started = time.perf_counter()
        run(*arguments, **more)
    return time.perf_counter() - started


def one_pass(shape: dict[str, Any], side: int) -> float:
    """Seconds of a denoiser's pass for a picture of ``side`` pixels."""
    unet = UNet2DConditionModel(sample_size=side // 8, **shape).eval()
    text = torch.randn(1, 77, shape["cross_attention_dim"])
    more: dict[str, Any] = {}
    if shape is _XL:
        more["added_cond_kwargs"] = {"text_embeds": torch.randn(1, 1280), "time_ids": torch.ones(1, 6)}
    if "time_cond_proj_dim" in shape:
        more["timestep_cond"] = torch.randn(1, shape["time_cond_proj_dim"])
    return second(unet, torch.randn(1, 4, side // 8, side // 8), 500, text, **more)


@cache
def decoding(side: int) -> float:
    """Seconds of the decoder for a picture of ``side`` pixels; all of the presets have the same."""
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
    ).eval()
    return second(vae.decode, torch.randn(1, 4, side // 8, side // 8))


def measured(info: DrawerInfo) -> dict[str, object]:
    """Estimated seconds of a preset's picture."""
    passes = (info.steps or 1) * (2 if info.name in _GUIDED else 1)
    each, last = one_pass(SHAPES[info.name], info.size), decoding(info.size)
    return {
        "model": info.name, "pixels": info.size, "passes": passes, "seconds of a pass": round(each, 1),
        "of decoding": round(last, 1), "of a picture": round(passes * each + last),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=[name for name in PRESETS if name != BUILTIN])
    for name in parser.parse_args().models:
        print(json.dumps(measured(PRESETS[name])), flush=True)


if __name__ == "__main__":
    main()
