"""Text-to-image pipelines of real classes, a megabyte or so, with random weights.

They draw noise in well under a second, through the same loading and sampling code as the
large ones: enough to test everything about drawing except what the picture shows.
"""

import json
from pathlib import Path
from typing import Any

TOKEN_LIMIT = 77
TEXT_WIDTH = 32
LATENT_CHANNELS = 4


def make_tiny_drawer(folder: Path, *, guarded: bool = False) -> Path:
    """Save a Stable Diffusion pipeline that draws 64x64 pixels into ``folder``, and return it.

    Args:
        folder: made if missing.
        guarded: give it a safety checker that objects to every picture.
    """
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline
    from transformers import CLIPImageProcessor

    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = clip_tokenizer(folder / "tokenizer")
    pipeline = StableDiffusionPipeline(
        vae=tiny_vae(),
        text_encoder=clip_text_model(len(tokenizer)),
        tokenizer=tokenizer,
        unet=tiny_unet(),
        scheduler=DDIMScheduler(steps_offset=1, clip_sample=False, set_alpha_to_one=False),
        safety_checker=_objecting_checker() if guarded else None,
        feature_extractor=CLIPImageProcessor(size=32, crop_size=32) if guarded else None,
        requires_safety_checker=guarded,
    )
    pipeline.save_pretrained(folder)
    return folder


def tiny_unet(**options: Any) -> Any:
    """The UNet of a latent diffusion model; ``options`` add to its configuration, or change it."""
    from diffusers import UNet2DConditionModel

    plain: dict[str, Any] = {
        "sample_size": 8,
        "in_channels": LATENT_CHANNELS,
        "out_channels": LATENT_CHANNELS,
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "cross_attention_dim": TEXT_WIDTH,
        "attention_head_dim": 4,
    }
    return UNet2DConditionModel(**plain | options)


def tiny_vae(*, channels: int = LATENT_CHANNELS, **options: Any) -> Any:
    """An autoencoder whose latents have so many channels and an eighth of the picture's width."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        # Four levels, so that a latent is an eighth as wide as its picture, as in the large models.
        block_out_channels=(8, 8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        norm_num_groups=4,
        sample_size=64,
        **options,
    )


def t5(width: int = TEXT_WIDTH) -> tuple[Any, Any]:
    """Tokenizer and text encoder of the T5 kind, whose words are letters of so many dimensions."""
    from transformers import T5Config, T5EncoderModel, T5Tokenizer

    letters = [(letter, -1.0) for letter in "▁abcdefghijklmnopqrstuvwxyz"]
    tokenizer = T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *letters], extra_ids=0)
    shape = {"d_model": width, "d_kv": 8, "d_ff": 64, "num_layers": 1, "num_heads": 4}
    return tokenizer, T5EncoderModel(T5Config(vocab_size=len(tokenizer), **shape))


def clip_tokenizer(folder: Path) -> Any:
    """A byte-level tokenizer that knows every text and merges nothing."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import CLIPTokenizer

    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}), "utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", "utf-8")
    return CLIPTokenizer.from_pretrained(folder, model_max_length=TOKEN_LIMIT)


def clip_text_model(vocabulary: int, *, projected: bool = False) -> Any:
    """A text encoder of the CLIP kind, with the projection that some pipelines want or without."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    kind = CLIPTextModelWithProjection if projected else CLIPTextModel
    return kind(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=TEXT_WIDTH,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=TOKEN_LIMIT,
            projection_dim=TEXT_WIDTH,
            bos_token_id=vocabulary - 2,
            eos_token_id=vocabulary - 1,
            pad_token_id=vocabulary - 1,
        )
    )


def _objecting_checker() -> Any:
    """The real safety checker, with thresholds below any possible similarity."""
    import torch
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPConfig

    tower = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 4}
    vision = {**tower, "image_size": 32, "patch_size": 16, "projection_dim": TEXT_WIDTH}
    checker = StableDiffusionSafetyChecker(CLIPConfig(vision_config=vision, projection_dim=TEXT_WIDTH))
    with torch.no_grad():
        checker.concept_embeds_weights.fill_(-2.0)
        checker.special_care_embeds_weights.fill_(-2.0)
    return checker
