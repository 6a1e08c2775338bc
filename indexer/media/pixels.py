"""Pictures of people's own choice on their way to the encoder: queries, and pictures to measure with."""

from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from db.settings import Settings
from indexer.encoders.base import Encoder, Pixels
from indexer.media.reader import read_image

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool


def read_pixels(path: Path, encoder: Encoder, settings: Settings, decoders: "DecodePool") -> Pixels:
    """A picture from a file, decoded by a worker and ready for the encoder.

    Raises:
        MediaError: it cannot be read.
    """
    side = 2 * encoder.image_size
    _, picture = decoders.run(read_image, path, min_side=side, max_megapixels=settings.max_megapixels)
    return encoder.prepare(Image.fromarray(picture))
