"""How large pictures are decoded for models, and that vectors hardly depend on it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from indexer.encoders.base import Encoder
from indexer.encoders.registry import load_encoder
from indexer.media.pixels import side_for
from indexer.media.reader import read_image
from indexer.media.thumbnails import GRID_SIDE
from tests.support import SAMPLES


@pytest.fixture(scope="module")
def encoder(cache: Path) -> Encoder:
    return load_encoder("builtin-2", device="cpu", cache=cache)


def test_what_is_decoded_suffices_for_every_model_and_for_a_thumbnail(encoder: Encoder, cache: Path) -> None:
    larger = load_encoder("builtin", device="cpu", cache=cache)
    assert encoder.image_size < larger.image_size < side_for(larger)
    assert side_for(encoder) == GRID_SIDE
    assert side_for(encoder, larger) == side_for(larger, encoder) == side_for(larger) == 360


@pytest.mark.parametrize("name", ["p003.jpg", "p014.jpg", "p041.jpg"])
def test_a_vector_is_that_of_the_picture_in_full(encoder: Encoder, name: str) -> None:
    pixels = []
    for side in (2_000, side_for(encoder)):
        _, picture = read_image(SAMPLES / "pictures" / name, min_side=side, max_megapixels=10)
        pixels.append(encoder.prepare(Image.fromarray(picture)))
    assert picture.shape[0] == side_for(encoder)
    whole, decoded = encoder.encode_pixels(np.stack(pixels))
    assert whole @ decoded > 0.99
