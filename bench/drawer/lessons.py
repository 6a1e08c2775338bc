"""Training data of the builtin drawer's sketch and transformer: latents, and texts for them."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from autoencoder import batches
from diffusers import AutoencoderKL
from pictures import VARIANT, captions, encode_texts, gathered
from torch import Tensor

from search.drawing.pictograms import meaning

_UNTOLD = 0.1
"""Probability that a picture goes without a text, for classifier-free guidance."""
_CLIPART_WEIGHT = 0.3
"""Sampling weight of a clip art beside an emoji's 1: styles differ, and the emoji are of one hand."""
_VARIANT_WEIGHT = 0.25
"""Sampling weight of emoji that differ from others in a detail alone: 24 clocks, men and women at work."""


@dataclass(frozen=True)
class Lessons:
    """Training data: n pictures and t texts."""

    latents: Tensor
    """(n, 8, 16, 16) float32."""
    texts: Tensor
    """(t, 24, 384) float16; the first is that of no text."""
    masks: Tensor
    """(t, 24) float32: 1 where there is a token, 0 for padding."""
    meanings: Tensor
    """(t, 384) float32: the mean of a text's tokens."""
    begins: np.ndarray
    """(n + 1,): the texts of picture i are those from begins[i] to begins[i + 1]."""
    odds: np.ndarray
    """(t,): probability of a text among those of its picture."""
    picked: np.ndarray
    """(n,): probability of a picture."""

    def pairs(self, count: int, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """(count,) pictures and (count,) texts of theirs, or 0 for none."""
        pictures = chance.choice(len(self.latents), count, p=self.picked)
        at = self._ends[self.begins[pictures] - 1] + chance.random(count)
        texts = np.searchsorted(self._ends, at).clip(self.begins[pictures], self.begins[pictures + 1] - 1)
        return pictures, np.where(chance.random(count) < _UNTOLD, 0, texts)

    @cached_property
    def _ends(self) -> np.ndarray:
        """(t,): cumulative odds, for inverse transform sampling; those of a picture's texts add up to 1."""
        return np.cumsum(self.odds)


def lessons(folder: Path) -> Lessons:
    """Latents and encoded texts of all pictures that are not held back; encoded once."""
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
    odds = [np.array([weight for _, weight in row]) for row in said]
    picked = np.array([weight_of(data.rows[i]) for i in mine])
    return Lessons(
        **found,
        meanings=meaning(found["texts"].float(), found["masks"]),
        begins=1 + np.cumsum([0, *(len(row) for row in said)]),
        odds=np.concatenate([[1.0], *(each / each.sum() for each in odds)]),
        picked=picked / picked.sum(),
    )


def weight_of(row: dict[str, str]) -> float:
    """Sampling weight of a picture."""
    if row["source"] != "noto":
        return _CLIPART_WEIGHT
    return _VARIANT_WEIGHT if VARIANT.search(row["name"]) else 1.0
