"""One text-to-image pipeline of each family that diffusers knows, a megabyte or so, with random weights.

They draw noise; what they prove is that every class is loaded, called and told of by the same code.
"""

import json
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


_SD3_CHANNELS = 16
"""Of latents: its inpainting asks for so many."""


def _sd3(folder: Path) -> Any:
    """Stable Diffusion 3: a transformer of words and patches, and three text encoders."""
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    tokenizer = clip_tokenizer(folder / "tokenizer")
    tokenizer_3, text_encoder_3 = t5(2 * TEXT_WIDTH)
    transformer = SD3Transformer2DModel(
        sample_size=8,
        patch_size=1,
        in_channels=_SD3_CHANNELS,
        out_channels=_SD3_CHANNELS,
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
        vae=tiny_vae(channels=_SD3_CHANNELS, shift_factor=0.06),
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


def _simple_unet(**options: Any) -> Any:
    """A UNet of unCLIP and Kandinsky, whose attention has blocks of its own."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        down_block_types=("ResnetDownsampleBlock2D", "SimpleCrossAttnDownBlock2D"),
        up_block_types=("SimpleCrossAttnUpBlock2D", "ResnetUpsampleBlock2D"),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        block_out_channels=(32, 64),
        layers_per_block=1,
        attention_head_dim=4,
        resnet_time_scale_shift="scale_shift",
        **options,
    )


def _prior() -> Any:
    """From a text's embedding to a picture's."""
    from diffusers import PriorTransformer

    return PriorTransformer(
        num_attention_heads=2, attention_head_dim=12, embedding_dim=TEXT_WIDTH, num_layers=1
    )


def _unclip(folder: Path) -> Any:
    """Karlo: the design of DALL-E 2, three stages with schedulers of their own."""
    from diffusers import UnCLIPPipeline, UnCLIPScheduler, UNet2DModel
    from diffusers.pipelines.deprecated.unclip import UnCLIPTextProjModel

    tokenizer = clip_tokenizer(folder / "tokenizer")

    def larger() -> Any:
        return UNet2DModel(
            sample_size=64,
            layers_per_block=1,
            down_block_types=("ResnetDownsampleBlock2D",) * 2,
            up_block_types=("ResnetUpsampleBlock2D",) * 2,
            block_out_channels=(32, 64),
            in_channels=6,
            out_channels=3,
        )

    return UnCLIPPipeline(
        prior=_prior(),
        decoder=_simple_unet(
            sample_size=32,
            in_channels=3,
            out_channels=6,
            cross_attention_dim=100,
            class_embed_type="identity",
        ),
        text_encoder=clip_text_model(len(tokenizer), projected=True),
        tokenizer=tokenizer,
        text_proj=UnCLIPTextProjModel(
            clip_embeddings_dim=TEXT_WIDTH, time_embed_dim=128, cross_attention_dim=100
        ),
        super_res_first=larger(),
        super_res_last=larger(),
        prior_scheduler=UnCLIPScheduler(prediction_type="sample", clip_sample_range=5.0),
        decoder_scheduler=UnCLIPScheduler(variance_type="learned_range"),
        super_res_scheduler=UnCLIPScheduler(),
    )


def _eyes() -> tuple[Any, Any]:
    """A picture encoder of the CLIP kind, and what prepares pictures for it."""
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=37,
        num_hidden_layers=1,
        num_attention_heads=4,
        image_size=32,
        patch_size=16,
        projection_dim=TEXT_WIDTH,
    )
    return CLIPVisionModelWithProjection(config), CLIPImageProcessor(size=32, crop_size=32)


def _unclip_variation(folder: Path) -> Any:
    """Karlo's decoder alone, which varies a picture by its embedding."""
    from diffusers import UnCLIPImageVariationPipeline

    parts = dict(_unclip(folder).components)
    for name in ("prior", "prior_scheduler"):
        del parts[name]
    encoder, processor = _eyes()
    return UnCLIPImageVariationPipeline(**parts, image_encoder=encoder, feature_extractor=processor)


def _variation(_folder: Path) -> Any:
    """Stable Diffusion that sees the embedding of a picture in place of words."""
    from diffusers import DDIMScheduler, StableDiffusionImageVariationPipeline

    encoder, processor = _eyes()
    return StableDiffusionImageVariationPipeline(
        vae=tiny_vae(),
        image_encoder=encoder,
        unet=tiny_unet(),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
        safety_checker=None,
        feature_extractor=processor,
        requires_safety_checker=False,
    )


def _kandinsky(folder: Path) -> Any:
    """Kandinsky 2.2: a prior, and a decoder of latents that sees the picture's embedding alone."""
    from diffusers import DDIMScheduler, KandinskyV22CombinedPipeline, UnCLIPScheduler, VQModel

    tokenizer = clip_tokenizer(folder / "prior_tokenizer")
    encoder, processor = _eyes()
    return KandinskyV22CombinedPipeline(
        unet=_simple_unet(
            in_channels=LATENT_CHANNELS,
            out_channels=2 * LATENT_CHANNELS,
            cross_attention_dim=32,
            addition_embed_type="image",
            encoder_hid_dim=TEXT_WIDTH,
            encoder_hid_dim_type="image_proj",
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
        movq=VQModel(
            block_out_channels=(32, 32, 32, 64),
            down_block_types=("DownEncoderBlock2D",) * 3 + ("AttnDownEncoderBlock2D",),
            up_block_types=("AttnUpDecoderBlock2D",) + ("UpDecoderBlock2D",) * 3,
            latent_channels=LATENT_CHANNELS,
            norm_num_groups=8,
            norm_type="spatial",
            num_vq_embeddings=12,
            vq_embed_dim=LATENT_CHANNELS,
        ),
        prior_prior=_prior(),
        prior_image_encoder=encoder,
        prior_text_encoder=clip_text_model(len(tokenizer), projected=True),
        prior_tokenizer=tokenizer,
        prior_scheduler=UnCLIPScheduler(prediction_type="sample", clip_sample_range=10.0),
        prior_image_processor=processor,
    )


def _amused(folder: Path) -> Any:
    """aMUSEd: no diffusion, but tokens of a VQ-GAN that a masked transformer fills in."""
    from diffusers import AmusedPipeline, AmusedScheduler, UVit2DModel, VQModel

    tokenizer = clip_tokenizer(folder / "tokenizer")
    transformer = UVit2DModel(
        hidden_size=8,
        cond_embed_dim=TEXT_WIDTH,
        micro_cond_encode_dim=2,
        micro_cond_embed_dim=10,
        encoder_hidden_size=TEXT_WIDTH,
        vocab_size=32,
        codebook_size=8,
        in_channels=8,
        block_out_channels=8,
        num_res_blocks=1,
        downsample=True,
        upsample=True,
        block_num_heads=1,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
    )
    return AmusedPipeline(
        vqvae=VQModel(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=8,
            norm_num_groups=8,
            num_vq_embeddings=32,
            mid_block_add_attention=False,
            lookup_from_codebook=True,
        ),
        tokenizer=tokenizer,
        text_encoder=clip_text_model(len(tokenizer), projected=True),
        transformer=transformer,
        scheduler=AmusedScheduler(mask_token_id=31),
    )


def _dit(_folder: Path) -> Any:
    """DiT: a diffusion transformer that draws classes by their names, no other words."""
    from diffusers import DDIMScheduler, DiTPipeline, DiTTransformer2DModel

    transformer = DiTTransformer2DModel(
        sample_size=8,
        in_channels=LATENT_CHANNELS,
        out_channels=2 * LATENT_CHANNELS,
        num_layers=1,
        patch_size=2,
        attention_head_dim=8,
        num_attention_heads=2,
        num_embeds_ada_norm=1000,
    )
    return DiTPipeline(
        transformer=transformer,
        vae=tiny_vae(),
        scheduler=DDIMScheduler(clip_sample=False),
    )


def saved(build: Callable[[Path], Any]) -> Callable[[Path], Path]:
    """How to save what ``build`` gives, with the same random weights every time."""

    def make(folder: Path) -> Path:
        import torch

        torch.manual_seed(0)
        folder.mkdir(parents=True, exist_ok=True)
        build(folder).save_pretrained(folder)
        return folder

    return make


def _indexed(make: Callable[[Path], Path], **entries: Any) -> Callable[[Path], Path]:
    """With entries in its index as published ones have them, which saving leaves out or writes otherwise."""

    def made(folder: Path) -> Path:
        index = make(folder) / "model_index.json"
        index.write_text(json.dumps(json.loads(index.read_text()) | entries), "utf-8")
        return folder

    return made


_UNCLIP_PARTS = {"text_proj": ["unclip", "UnCLIPTextProjModel"]}

FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "Stable Diffusion": make_tiny_drawer,
    "Stable Diffusion XL": saved(_sdxl),
    "LCM": saved(_lcm),
    "PixArt": saved(_pixart),
    "Stable Diffusion 3": saved(_sd3),
    "Flux": saved(_flux),
    "unCLIP": _indexed(saved(_unclip), **_UNCLIP_PARTS),
    "Kandinsky 2.2": saved(_kandinsky),
    "aMUSEd": saved(_amused),
    "DiT": _indexed(saved(_dit), id2label={"0": "tench, Tinca tinca", "1": "goldfish", "2": "a boat"}),
}
"""How to save each family's pipeline into a folder."""

VARIATIONS: Mapping[str, Callable[[Path], Path]] = {
    "unCLIP": _indexed(saved(_unclip_variation), **_UNCLIP_PARTS),
    "Stable Diffusion": saved(_variation),
}
"""Likewise of those that vary a picture and take no words."""
