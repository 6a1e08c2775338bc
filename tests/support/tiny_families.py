"""One text-to-image pipeline of each family that diffusers knows, a megabyte or so, with random weights.

They draw noise; what they prove is that every class is loaded, called and told of by the same code.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.tiny_drawer import (
    LATENT_CHANNELS,
    TEXT_WIDTH,
    clip_text_model,
    clip_tokenizer,
    make_tiny_drawer,
    t5,
    tiny_unet,
    tiny_vae,
)


def _sdxl(folder: Path) -> Any:
    """Stable Diffusion XL: two text encoders, and a UNet that is told the size of the picture."""
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    return StableDiffusionXLPipeline(
        vae=tiny_vae(),
        text_encoder=clip_text_model(len(tokenizer)),
        text_encoder_2=clip_text_model(len(tokenizer), projected=True),
        tokenizer=tokenizer,
        tokenizer_2=clip_tokenizer(folder / "tokenizer_2"),
        unet=tiny_unet(
            cross_attention_dim=2 * TEXT_WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + TEXT_WIDTH,
        ),
        scheduler=EulerDiscreteScheduler(),
    )


def _lcm(folder: Path) -> Any:
    """A latent consistency model: few steps, and guidance as an input of the UNet."""
    from diffusers import LatentConsistencyModelPipeline, LCMScheduler

    tokenizer = clip_tokenizer(folder / "tokenizer")
    return LatentConsistencyModelPipeline(
        vae=tiny_vae(),
        text_encoder=clip_text_model(len(tokenizer)),
        tokenizer=tokenizer,
        unet=tiny_unet(time_cond_proj_dim=16),
        scheduler=LCMScheduler(clip_sample=False, set_alpha_to_one=False),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def _pixart(_folder: Path) -> Any:
    """PixArt-Sigma: a diffusion transformer with a T5 text encoder."""
    from diffusers import DDIMScheduler, PixArtSigmaPipeline, PixArtTransformer2DModel

    tokenizer, text_encoder = t5()
    transformer = PixArtTransformer2DModel(
        sample_size=8,
        in_channels=LATENT_CHANNELS,
        out_channels=2 * LATENT_CHANNELS,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=2,
        cross_attention_dim=16,
        caption_channels=TEXT_WIDTH,
        use_additional_conditions=False,
    )
    return PixArtSigmaPipeline(
        tokenizer=tokenizer,
        text_encoder=text_encoder,
        vae=tiny_vae(),
        transformer=transformer,
        scheduler=DDIMScheduler(clip_sample=False),
    )


def _sd3(folder: Path) -> Any:
    """Stable Diffusion 3: a transformer of words and patches, and three text encoders."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    tokenizer_3, text_encoder_3 = t5(2 * TEXT_WIDTH)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=1,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        caption_projection_dim=32,
        joint_attention_dim=2 * TEXT_WIDTH,
        pooled_projection_dim=2 * TEXT_WIDTH,
    )
    return StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(shift_factor=0.06),
        text_encoder=clip_text_model(len(tokenizer), projected=True),
        tokenizer=tokenizer,
        text_encoder_2=clip_text_model(len(tokenizer), projected=True),
        tokenizer_2=clip_tokenizer(folder / "tokenizer_2"),
        text_encoder_3=text_encoder_3,
        tokenizer_3=tokenizer_3,
    )


def _flux(folder: Path) -> Any:
    """Flux: latents in patches of two by two, and no pictures of how far it is."""
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel

    clip = clip_tokenizer(folder / "tokenizer")
    tokenizer, text_encoder = t5()
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4 * LATENT_CHANNELS,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=TEXT_WIDTH,
        axes_dims_rope=(4, 4, 8),
    )
    return FluxPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=tiny_vae(shift_factor=0.06),
        text_encoder=clip_text_model(len(clip)),
        tokenizer=clip,
        text_encoder_2=text_encoder,
        tokenizer_2=tokenizer,
        transformer=transformer,
    )


def _saved(build: Callable[[Path], Any]) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        import torch

        torch.manual_seed(0)
        folder.mkdir(parents=True, exist_ok=True)
        build(folder).save_pretrained(folder)
        return folder

    return make


FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "Stable Diffusion": make_tiny_drawer,
    "Stable Diffusion XL": _saved(_sdxl),
    "LCM": _saved(_lcm),
    "PixArt": _saved(_pixart),
    "Stable Diffusion 3": _saved(_sd3),
    "Flux": _saved(_flux),
}
"""How to save each family's pipeline into a folder."""
