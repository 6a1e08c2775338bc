"""Pictures of people's own choice on their way to the encoder: queries, and pictures to measure with."""

from pathlib import Path

from PIL import Image

from db.settings import Settings
from indexer.decode import read_image
from indexer.encoders.base import Encoder, Pixels


def read_pixels(path: Path, encoder: Encoder, settings: Settings) -> Pixels:
    """A picture from a file, ready for the encoder.

    Raises:
        MediaError: it cannot be read.
    """
    side = 2 * encoder.image_size
    _, picture = read_image(path, min_side=side, max_megapixels=settings.max_megapixels)
    return encoder.prepare(Image.fromarray(picture))
