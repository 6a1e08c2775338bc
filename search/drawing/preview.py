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
    """A small RGB picture of (1, channels, height, width) latents; None where they are of another form."""
    import torch

    vae = getattr(pipeline, "vae", None)
    if vae is None or getattr(latents, "ndim", 0) != 4 or latents.shape[1] != vae.config.latent_channels:
        return None
    scale = min(1.0, _SIDE / max(latents.shape[-2:]))
    with torch.no_grad():
        small = torch.nn.functional.interpolate(latents[:1].float(), scale_factor=scale, mode="area")
        shift = getattr(vae.config, "shift_factor", None) or 0.0
        decoded = vae.decode((small / vae.config.scaling_factor + shift).to(vae.dtype)).sample[0].float()
        if not torch.isfinite(decoded).all():
            return None
        pixels = ((decoded / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
    return Image.fromarray(pixels.permute(1, 2, 0).cpu().numpy())
