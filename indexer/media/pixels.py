"""Decode and preprocess one picture file for an encoder: picture queries and measurements."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from db.settings import Settings
from indexer.encoders.base import Encoder, Pixels
from indexer.media.reader import read_image

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool


def read_pixels(path: Path, encoder: Encoder, settings: Settings, decoders: "DecodePool") -> Pixels:
    """Decode a picture in a worker and preprocess it for the encoder: (3, H, W) float32.

    Raises:
        MediaError: it cannot be read or decoded.
    """
    side = 2 * encoder.image_size
    _, picture = decoders.run(read_image, path, min_side=side, max_megapixels=settings.max_megapixels)
    return encoder.prepare(Image.fromarray(picture))
