"""How large pictures are decoded for encoders, and one file for one of them: a query, or a measurement."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from db.settings import Settings
from indexer.encoders.base import Encoder, Pixels
from indexer.media.reader import read_image
from indexer.media.thumbnails import GRID_SIDE

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool


_FINER = 1.25
"""Times the side that a model sees; with twice as many pixels a side vectors hardly change."""


def side_for(*encoders: Encoder) -> int:
    """Pixels of the shorter side that pictures are decoded with, for encoders and for a thumbnail.

    What is above what a model sees leaves it to the model how to shrink the rest.
    """
    return max(GRID_SIDE, *(round(_FINER * encoder.image_size) for encoder in encoders))


def read_pixels(path: Path, encoder: Encoder, settings: Settings, decoders: "DecodePool") -> Pixels:
    """Decode a picture in a worker and preprocess it for the encoder: (3, H, W) float32.

    Raises:
        MediaError: it cannot be read or decoded.
    """
    most = settings.max_megapixels
    _, picture = decoders.run(read_image, path, min_side=side_for(encoder), max_megapixels=most)
    return encoder.prepare(Image.fromarray(picture))
