"""Previews of a drawing while it is being drawn."""

import logging
import math
import time
from collections.abc import Callable
from typing import Any

from PIL import Image

log = logging.getLogger(__name__)

OnPreview = Callable[[Image.Image], None]

EVERY_S = 1.0
"""Least time between two previews: they must not cost more than they are worth."""

_SIDE = 24
"""Long side of the latents that are decoded: an eighth of the preview's pixels, as in Stable Diffusion."""

_PACKED, _OF_PICTURES, _OF_CLIPS = 3, 4, 5
"""Dimensions of latents."""
_VAES_OF_CLIPS = frozenset({"AutoencoderKLCogVideoX", "AutoencoderKLWan", "AutoencoderKLLTXVideo"})
"""Autoencoders that shorten time as well."""


class Previewer:
    """Decodes latents while a pipeline runs, small and now and then.

    The latents are averaged down to a fraction of their size before the pipeline's own autoencoder
    decodes them: a sixteenth of the work of a whole picture and the same for every model, where a
    projection of latents to colours would have to be measured for each.
    """

    def __init__(self, on_preview: OnPreview, size: tuple[int, int]) -> None:
        """``size``: height and width of what is drawn, in pixels."""
        self._on_preview = on_preview
        self._size = size
        self._shown_at = 0.0

    def __call__(self, pipeline: Any, latents: Any) -> None:
        """Show a preview, unless the last one was a moment ago or there can be none."""
        now = time.monotonic()
        if now - self._shown_at < EVERY_S:
            return
        self._shown_at = now
        try:
            image = preview(pipeline, latents, self._size)
        except Exception:  # anything: pipelines differ, and a preview must not cost the drawing
            log.debug("no preview", exc_info=True)
            return
        if image is not None:
            self._on_preview(image)


def preview(pipeline: Any, latents: Any, size: tuple[int, int]) -> Image.Image | None:
    """A small RGB picture of the latents of a picture of this height and width, or of a clip's first ones.

    None where they are of another form.
    """
    import torch

    vae = getattr(pipeline, "vae", None)
    if vae is None or (first := _first(pipeline, latents, size)) is None:
        return None
    scale = min(1.0, _SIDE / max(first.shape[-2:]))
    with torch.no_grad():
        small = torch.nn.functional.interpolate(first[:1].float(), scale_factor=scale, mode="area")
        plain = _unscaled(vae, small).to(vae.dtype)
        if type(vae).__name__ in _VAES_OF_CLIPS:
            plain = plain[:, :, None]
        pixels = decoded(vae, plain)[0]
        shown = pixels[:, 0] if plain.ndim == _OF_CLIPS else pixels
        if not torch.isfinite(shown).all():
            return None
        shown = ((shown.float() / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(shown.permute(1, 2, 0).cpu().numpy())


def decoded(vae: Any, latents: Any) -> Any:
    """Pixels of latents, both as this autoencoder has them."""
    # Some that are told how much noise is left (LTX-Video) are told: none.
    told = {"temb": latents.new_zeros(1)} if _setting(vae, "timestep_conditioning") else {}
    return vae.decode(latents, **told).sample


def latents_of(vae: Any, side: int, frames: int) -> Any:
    """Empty latents of a square picture, or of so many frames, in the form that this autoencoder has."""
    import torch

    channels = _setting(vae, "latent_channels", "z_dim")
    if type(vae).__name__ in _VAES_OF_CLIPS:
        return torch.empty((1, channels, frames, side, side), dtype=vae.dtype)
    return torch.empty((frames, channels, side, side), dtype=vae.dtype)


def _first(pipeline: Any, latents: Any, size: tuple[int, int]) -> Any:
    """(n, channels, height, width) latents: as they are, or the first of a clip; None of other forms."""
    channels = _setting(pipeline.vae, "latent_channels", "z_dim")
    dimensions = getattr(latents, "ndim", 0)
    if dimensions == _PACKED:
        return _unpacked(pipeline, latents, channels, size)
    if dimensions == _OF_CLIPS:
        # CogVideoX has the frames before the channels.
        latents = latents[:, 0] if type(pipeline).__name__.startswith("CogVideoX") else latents[:, :, 0]
    elif dimensions != _OF_PICTURES:
        return None
    return latents if latents.shape[1] == channels else None


def _unpacked(pipeline: Any, latents: Any, channels: int, size: tuple[int, int]) -> Any:
    """The first frame of latents in rows, one for each square patch, frame after frame (Flux, LTX-Video)."""
    patch = math.isqrt(latents.shape[-1] // channels)
    scale = getattr(pipeline, "vae_spatial_compression_ratio", None) or pipeline.vae_scale_factor
    down, across = (side // (patch * scale) for side in size)
    if latents.shape[-1] != channels * patch**2 or latents.shape[1] < down * across:
        return None
    rows = latents[:, : down * across].reshape(len(latents), down, across, channels, patch, patch)
    return rows.permute(0, 3, 1, 4, 2, 5).reshape(len(latents), channels, down * patch, across * patch)


def _unscaled(vae: Any, latents: Any) -> Any:
    """Latents as the autoencoder has them: pipelines scale and shift them, or each of their channels."""
    plain = latents / (_setting(vae, "scaling_factor") or 1.0)
    mean, deviation = (
        latents.new_tensor(each).view(1, -1, 1, 1) if (each := _each(vae, name)) is not None else None
        for name in ("latents_mean", "latents_std")
    )
    if mean is None or deviation is None:
        return plain + (_setting(vae, "shift_factor") or 0.0)
    return plain * deviation + mean


def _each(vae: Any, name: str) -> Any:
    """A number for each channel, which an autoencoder has among its settings or its weights; else None."""
    weights = dict(vae.named_buffers(recurse=False)).get(name)
    return _setting(vae, name) if weights is None else weights.tolist()


def _setting(vae: Any, *names: str) -> Any:
    """The first of these settings that an autoencoder has; None without."""
    return next((value for name in names if (value := getattr(vae.config, name, None)) is not None), None)
