"""One text-to-video pipeline of each family, a megabyte or so, with random weights: their films are noise."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.tiny_drawer import (
    LATENT_CHANNELS,
    TEXT_WIDTH,
    clip_text_model,
    clip_tokenizer,
    t5,
    tiny_vae,
)
from tests.support.tiny_families import saved


def _modelscope(folder: Path) -> Any:
    """ModelScope: Stable Diffusion with layers that look along time."""
    from diffusers import DDIMScheduler, TextToVideoSDPipeline, UNet3DConditionModel

    tokenizer = clip_tokenizer(folder / "tokenizer")
    return TextToVideoSDPipeline(
        vae=tiny_vae(),
        text_encoder=clip_text_model(len(tokenizer)),
        tokenizer=tokenizer,
        unet=UNet3DConditionModel(
            sample_size=8,
            in_channels=LATENT_CHANNELS,
            out_channels=LATENT_CHANNELS,
            down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
            up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
            block_out_channels=(8, 8),
            layers_per_block=1,
            norm_num_groups=4,
            cross_attention_dim=TEXT_WIDTH,
            attention_head_dim=4,
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
    )


def _animatediff(folder: Path) -> Any:
    """AnimateDiff: a UNet of pictures, and an adapter that moves them."""
    from diffusers import AnimateDiffPipeline, DDIMScheduler, MotionAdapter

    from tests.support.tiny_drawer import tiny_unet

    tokenizer = clip_tokenizer(folder / "tokenizer")
    adapter = MotionAdapter(
        block_out_channels=(8, 16),
        motion_layers_per_block=1,
        motion_norm_num_groups=2,
        motion_num_attention_heads=2,
        motion_max_seq_length=16,
    )
    return AnimateDiffPipeline(
        vae=tiny_vae(),
        text_encoder=clip_text_model(len(tokenizer)),
        tokenizer=tokenizer,
        unet=tiny_unet(),
        motion_adapter=adapter,
        scheduler=DDIMScheduler(clip_sample=False, beta_schedule="linear"),
    )


def _ltx(_folder: Path) -> Any:
    """LTX-Video: a transformer on latents in rows, which also starts from a picture."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXPipeline,
        LTXVideoTransformer3DModel,
    )

    tokenizer, text_encoder = t5()
    return LTXPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=AutoencoderKLLTXVideo(
            latent_channels=8,
            block_out_channels=(8, 8, 8, 8),
            decoder_block_out_channels=(8, 8, 8, 8),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1, 1),
            spatio_temporal_scaling=(True, True, False, False),
            decoder_spatio_temporal_scaling=(True, True, False, False),
            decoder_inject_noise=(False,) * 5,
            upsample_residual=(False,) * 4,
            upsample_factor=(1,) * 4,
            timestep_conditioning=False,
            patch_size=1,
            patch_size_t=1,
            encoder_causal=True,
            decoder_causal=False,
        ),
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        transformer=LTXVideoTransformer3DModel(
            in_channels=8,
            out_channels=8,
            num_attention_heads=2,
            attention_head_dim=8,
            cross_attention_dim=16,
            num_layers=1,
            caption_channels=TEXT_WIDTH,
        ),
    )


def _cogvideox_parts(channels: int, **options: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXTransformer3DModel

    tokenizer, text_encoder = t5()
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoder,
        "vae": AutoencoderKLCogVideoX(
            down_block_types=("CogVideoXDownBlock3D",) * 4,
            up_block_types=("CogVideoXUpBlock3D",) * 4,
            block_out_channels=(8, 8, 8, 8),
            latent_channels=4,
            layers_per_block=1,
            norm_num_groups=2,
            temporal_compression_ratio=4,
        ),
        "transformer": CogVideoXTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=16,
            in_channels=channels,
            out_channels=4,
            time_embed_dim=2,
            text_embed_dim=TEXT_WIDTH,
            num_layers=1,
            sample_width=8,
            sample_height=6,
            sample_frames=9,
            patch_size=2,
            temporal_compression_ratio=4,
            max_text_seq_length=226,
            **options,
        ),
        "scheduler": CogVideoXDDIMScheduler(),
    }


def _cogvideox(_folder: Path) -> Any:
    """CogVideoX: a transformer of words and pieces of films together."""
    from diffusers import CogVideoXPipeline

    return CogVideoXPipeline(**_cogvideox_parts(4))


def _cogvideox_of_pictures(_folder: Path) -> Any:
    """CogVideoX that was trained to go on from a picture: its input has room for that."""
    from diffusers import CogVideoXImageToVideoPipeline

    return CogVideoXImageToVideoPipeline(
        **_cogvideox_parts(8, use_rotary_positional_embeddings=True, use_learned_positional_embeddings=True)
    )


def _wan_parts(channels: int, **options: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLWan, FlowMatchEulerDiscreteScheduler, WanTransformer3DModel

    tokenizer, text_encoder = t5()
    return {
        "tokenizer": tokenizer,
        "text_encoder": text_encoder,
        "vae": AutoencoderKLWan(
            base_dim=3,
            z_dim=16,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
        ),
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
        "transformer": WanTransformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=channels,
            out_channels=16,
            text_dim=TEXT_WIDTH,
            freq_dim=64,
            ffn_dim=32,
            num_layers=1,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=32,
            **options,
        ),
        "transformer_2": None,
    }


def _wan(_folder: Path) -> Any:
    """Wan 2.1: a transformer, and an autoencoder whose latents are normalised channel by channel."""
    from diffusers import WanPipeline

    return WanPipeline(**_wan_parts(16))


def _wan_of_pictures(_folder: Path) -> Any:
    """Wan 2.1 that goes on from a picture, which it is given as latents, as a mask, and as CLIP sees it."""
    from diffusers import WanImageToVideoPipeline
    from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

    eyes = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=32,
        patch_size=16,
    )
    return WanImageToVideoPipeline(
        **_wan_parts(36, image_dim=16),
        image_encoder=CLIPVisionModel(eyes),
        image_processor=CLIPImageProcessor(size=32, crop_size=32),
    )


CLIP_FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "ModelScope": saved(_modelscope),
    "AnimateDiff": saved(_animatediff),
    "LTX": saved(_ltx),
    "CogVideoX": saved(_cogvideox),
    "CogVideoX from a picture": saved(_cogvideox_of_pictures),
    "Wan": saved(_wan),
    "Wan from a picture": saved(_wan_of_pictures),
}
"""How to save each family's pipeline into a folder."""
