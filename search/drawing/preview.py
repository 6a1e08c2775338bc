"""Previews of a drawing while it is being drawn."""

import logging
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

_OF_PICTURES, _OF_CLIPS = 4, 5
"""Dimensions of latents."""
_VAES_OF_CLIPS = frozenset({"AutoencoderKLCogVideoX", "AutoencoderKLWan"})
"""Autoencoders that shorten time as well, of pipelines whose latents are not packed into rows."""


class Previewer:
    """Decodes latents while a pipeline runs, small and now and then.

    The latents are averaged down to a fraction of their size before the pipeline's own autoencoder
    decodes them: a sixteenth of the work of a whole picture and the same for every model, where a
    projection of latents to colours would have to be measured for each.
    """

    def __init__(self, on_preview: OnPreview) -> None:
        self._on_preview = on_preview
        self._shown_at = 0.0

    def __call__(self, pipeline: Any, latents: Any) -> None:
        """Show a preview, unless the last one was a moment ago or there can be none."""
        now = time.monotonic()
        if now - self._shown_at < EVERY_S:
            return
        self._shown_at = now
        try:
            image = preview(pipeline, latents)
        except Exception:  # anything: pipelines differ, and a preview must not cost the drawing
            log.debug("no preview", exc_info=True)
            return
        if image is not None:
            self._on_preview(image)


def preview(pipeline: Any, latents: Any) -> Image.Image | None:
    """A small RGB picture of (1, channels, height, width) latents, or of the first ones of a clip.

    None where they are of another form.
    """
    import torch

    vae = getattr(pipeline, "vae", None)
    if vae is None or (first := _first(pipeline, latents)) is None:
        return None
    scale = min(1.0, _SIDE / max(first.shape[-2:]))
    with torch.no_grad():
        small = torch.nn.functional.interpolate(first[:1].float(), scale_factor=scale, mode="area")
        plain = _unscaled(vae, small).to(vae.dtype)
        if type(vae).__name__ in _VAES_OF_CLIPS:
            decoded = vae.decode(plain[:, :, None]).sample[0, :, 0]
        else:
            decoded = vae.decode(plain).sample[0]
        if not torch.isfinite(decoded).all():
            return None
        pixels = ((decoded.float() / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())


def _first(pipeline: Any, latents: Any) -> Any:
    """(n, channels, height, width) latents: as they are, or the first of a clip; None of other forms."""
    channels = _setting(pipeline.vae, "latent_channels", "z_dim")
    dimensions = getattr(latents, "ndim", 0)
    if dimensions == _OF_CLIPS:
        # CogVideoX has the frames before the channels.
        latents = latents[:, 0] if type(pipeline).__name__.startswith("CogVideoX") else latents[:, :, 0]
    elif dimensions != _OF_PICTURES:
        return None
    return latents if latents.shape[1] == channels else None


def _unscaled(vae: Any, latents: Any) -> Any:
    """Latents as the autoencoder has them, which pipelines normalise in one of two ways."""
    mean, deviation = _setting(vae, "latents_mean"), _setting(vae, "latents_std")
    if mean is None or deviation is None:
        return latents / vae.config.scaling_factor + (_setting(vae, "shift_factor") or 0.0)
    channels = (1, -1, 1, 1)
    return latents * latents.new_tensor(deviation).view(channels) + latents.new_tensor(mean).view(channels)


def _setting(vae: Any, *names: str) -> Any:
    """The first of these settings that an autoencoder has; None without."""
    return next((value for name in names if (value := getattr(vae.config, name, None)) is not None), None)
