"""Models of real classes that make sounds of words, a megabyte or so, with random weights: noise."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.tiny_drawer import TEXT_WIDTH, t5
from tests.support.tiny_families import saved

RATE = 16_000


def _clap() -> tuple[Any, Any, Any]:
    """CLAP's model, its tokenizer and what it hears with."""
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import (
        ClapAudioConfig,
        ClapConfig,
        ClapFeatureExtractor,
        ClapModel,
        ClapTextConfig,
        RobertaTokenizer,
    )

    letters = {word: at for at, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])}
    letters |= {letter: 5 + at for at, letter in enumerate(sorted(ByteLevel.alphabet()))}
    tokenizer = RobertaTokenizer(vocab=letters, merges=[], model_max_length=77)
    text = ClapTextConfig(
        vocab_size=len(letters),
        hidden_size=8,
        intermediate_size=37,
        num_attention_heads=2,
        num_hidden_layers=1,
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
        projection_dim=8,
        max_position_embeddings=100,
    )
    audio = ClapAudioConfig(
        spec_size=8,
        window_size=4,
        num_mel_bins=8,
        depths=[1, 1],
        num_attention_heads=[1, 1],
        num_hidden_layers=2,
        hidden_size=16,
        patch_embeds_hidden_size=8,
        patch_size=2,
        patch_stride=2,
        projection_dim=8,
        num_classes=2,
    )
    model = ClapModel(ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=8))
    return model, tokenizer, ClapFeatureExtractor(feature_size=8, hop_length=480)


def _loud(vocoder: Any) -> Any:
    """With weights that are large enough to be heard in 16 bits."""
    import torch

    with torch.no_grad():
        for weights in vocoder.parameters():
            torch.nn.init.normal_(weights, std=0.3)
    return vocoder


def _audioldm2(_folder: Path) -> Any:
    """AudioLDM 2: words by CLAP and T5, a GPT-2 between, a UNet of spectrograms, and a vocoder."""
    from diffusers import (
        AudioLDM2Pipeline,
        AudioLDM2ProjectionModel,
        AudioLDM2UNet2DConditionModel,
        AutoencoderKL,
        DDIMScheduler,
    )
    from transformers import GPT2Config, GPT2LMHeadModel, SpeechT5HifiGan, SpeechT5HifiGanConfig

    clap, tokenizer, hearing = _clap()
    tokenizer_2, text_encoder_2 = t5(TEXT_WIDTH)
    tokenizer_2.model_max_length = 77
    vocoder = SpeechT5HifiGanConfig(
        model_in_dim=8,
        sampling_rate=RATE,
        upsample_initial_channel=16,
        upsample_rates=[2, 2],
        upsample_kernel_sizes=[4, 4],
        resblock_kernel_sizes=[3, 7],
        resblock_dilation_sizes=[[1, 3, 5], [1, 3, 5]],
        normalize_before=False,
    )
    return AudioLDM2Pipeline(
        vae=AutoencoderKL(
            block_out_channels=[8, 16],
            in_channels=1,
            out_channels=1,
            norm_num_groups=8,
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
            latent_channels=4,
        ),
        text_encoder=clap,
        text_encoder_2=text_encoder_2,
        projection_model=AudioLDM2ProjectionModel(
            text_encoder_dim=8, text_encoder_1_dim=TEXT_WIDTH, langauge_model_dim=16
        ),
        language_model=GPT2LMHeadModel(
            GPT2Config(
                n_embd=16,
                n_head=2,
                n_layer=1,
                vocab_size=99,
                n_positions=99,
                max_new_tokens=8,
                bos_token_id=0,
                eos_token_id=1,
            )
        ),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer_2,
        feature_extractor=hearing,
        unet=AudioLDM2UNet2DConditionModel(
            block_out_channels=(8, 16),
            layers_per_block=1,
            norm_num_groups=8,
            sample_size=32,
            in_channels=4,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=[[None, 16, TEXT_WIDTH]] * 2,
        ),
        scheduler=DDIMScheduler(clip_sample=False, set_alpha_to_one=False),
        vocoder=_loud(SpeechT5HifiGan(vocoder)),
    )


def _stable_audio(_folder: Path) -> Any:
    """Stable Audio: a diffusion transformer on latents of the wave itself, in stereo."""
    from diffusers import (
        AutoencoderOobleck,
        CosineDPMSolverMultistepScheduler,
        StableAudioDiTModel,
        StableAudioPipeline,
        StableAudioProjectionModel,
    )

    tokenizer, text_encoder = t5(TEXT_WIDTH)
    tokenizer.model_max_length = 77
    return StableAudioPipeline(
        vae=AutoencoderOobleck(
            encoder_hidden_size=6,
            downsampling_ratios=[1, 2],
            decoder_channels=3,
            decoder_input_channels=3,
            audio_channels=2,
            channel_multiples=[2, 4],
            sampling_rate=4_000,
        ),
        text_encoder=text_encoder,
        projection_model=StableAudioProjectionModel(
            text_encoder_dim=TEXT_WIDTH, conditioning_dim=4, min_value=0, max_value=32
        ),
        tokenizer=tokenizer,
        transformer=StableAudioDiTModel(
            sample_size=4_000,
            in_channels=3,
            num_layers=1,
            attention_head_dim=4,
            num_key_value_attention_heads=2,
            out_channels=3,
            cross_attention_dim=4,
            time_proj_dim=8,
            global_states_input_dim=8,
            cross_attention_input_dim=4,
            num_attention_heads=2,
        ),
        scheduler=CosineDPMSolverMultistepScheduler(
            solver_order=2, prediction_type="v_prediction", sigma_data=1.0, sigma_schedule="exponential"
        ),
    )


def make_tiny_musicgen(folder: Path) -> Path:
    """MusicGen: no diffusion, but tokens of EnCodec that a transformer says one after the other."""
    import torch
    from transformers import (
        EncodecConfig,
        EncodecFeatureExtractor,
        EncodecModel,
        MusicgenConfig,
        MusicgenDecoderConfig,
        MusicgenForCausalLM,
        MusicgenForConditionalGeneration,
        MusicgenProcessor,
    )

    torch.manual_seed(0)
    tokenizer, text_encoder = t5(TEXT_WIDTH)
    encodec = EncodecConfig(
        target_bandwidths=[2.0],
        sampling_rate=RATE,
        hidden_size=8,
        num_filters=4,
        upsampling_ratios=[8, 5, 4, 2],
        codebook_size=16,
        codebook_dim=8,
        num_lstm_layers=1,
        chunk_length_s=None,
    )
    decoder = MusicgenDecoderConfig(
        vocab_size=16,
        num_hidden_layers=1,
        ffn_dim=16,
        num_attention_heads=2,
        hidden_size=16,
        num_codebooks=4,
        pad_token_id=16,
        bos_token_id=16,
        max_position_embeddings=256,
    )
    parts = {
        "text_encoder": text_encoder.config,
        "audio_encoder": encodec,
        "decoder": decoder,
    }
    model = MusicgenForConditionalGeneration(
        config=MusicgenConfig(**{name: part.to_dict() for name, part in parts.items()}),
        text_encoder=text_encoder,
        audio_encoder=EncodecModel(encodec),
        decoder=MusicgenForCausalLM(decoder),
    )
    model.generation_config.update(
        do_sample=True,
        guidance_scale=3.0,
        max_length=60,
        decoder_start_token_id=16,
        pad_token_id=16,
        bos_token_id=16,
    )
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    MusicgenProcessor(EncodecFeatureExtractor(sampling_rate=RATE), tokenizer).save_pretrained(folder)
    return folder


SOUND_FAMILIES: Mapping[str, Callable[[Path], Path]] = {
    "AudioLDM 2": saved(_audioldm2),
    "Stable Audio": saved(_stable_audio),
    "MusicGen": make_tiny_musicgen,
}
"""How to save each family's model into a folder."""
