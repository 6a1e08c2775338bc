"""The stage that embeds: which pictures are encoded, and which get the vector of another one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from db.arrays import Vectors
from db.catalog.spaces import Space
from db.kinds import CLIP
from indexer.analysers.base import PicturePayload, TextPayload
from indexer.embed import Embedder, Model
from indexer.encoders.base import Encoder
from indexer.encoders.registry import load_encoder
from indexer.flow import Pending
from tests.support.media import scene

Pixels = npt.NDArray[np.uint8]


class Counting:
    """An encoder that also says how many pictures it was given."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.given = 0

    def __getattr__(self, name: str) -> object:
        """Whatever else the encoder has."""
        return getattr(self._encoder, name)

    def encode_pixels(self, batch: npt.NDArray[np.float32]) -> Vectors:
        """As the encoder does."""
        self.given += len(batch)
        return self._encoder.encode_pixels(batch)


@pytest.fixture(scope="module")
def encoder(cache: Path) -> Encoder:
    """The builtin model."""
    return load_encoder("builtin", device="cpu", cache=cache)


def _noisy(picture: Pixels, seed: int) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, 1, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _with_a_spot(picture: Pixels) -> Pixels:
    """A hundredth of the picture is another one."""
    height, width = picture.shape[0] // 10, picture.shape[1] // 10
    spotted = picture.copy()
    spotted[:height, :width] = 255 - picture[:height, :width]
    return spotted


def _embedded(encoder: Encoder, pictures: Sequence[Pixels], *, models: int = 1) -> tuple[list[Vectors], int]:
    """The vectors of pictures, and how many of them were encoded."""
    counting = Counting(encoder)
    spaces = [
        Space(number, CLIP, encoder.name, encoder.fingerprint, encoder.dim, "active")
        for number in range(models)
    ]
    pending: list[Pending] = []
    with Embedder([Model(space, counting) for space in spaces], batch=4) as embedder:  # type: ignore[arg-type]
        for picture in pictures:
            pending.append(embedder.submit(embedder.prepare("image", PicturePayload(picture))))
        embedder.flush()
        vectors = [own[spaces[-1].id].result() for own in pending]
    return vectors, counting.given


def test_the_next_of_a_burst_gets_the_vector_of_the_first(encoder: Encoder) -> None:
    first, other = scene(1), scene(2)
    shots = [first, _noisy(first, 1), other, _noisy(first, 2), _noisy(other, 3)]
    vectors, encoded = _embedded(encoder, shots)
    assert encoded == 2
    for at, like in ((1, 0), (3, 0), (4, 2)):
        assert np.array_equal(vectors[at], vectors[like])
    own, _ = _embedded(encoder, [shots[1]])
    assert float(own[0] @ vectors[1]) > 0.9, "which is near the one that it would have had"


def test_what_has_changed_in_a_spot_is_encoded(encoder: Encoder) -> None:
    first = scene(1)
    vectors, encoded = _embedded(encoder, [first, _with_a_spot(first)])
    assert encoded == 2
    assert not np.array_equal(vectors[0], vectors[1])


def test_pictures_that_change_little_by_little_are_compared_with_the_first(encoder: Encoder) -> None:
    grey = scene(1) // 2
    slowly = [grey + np.uint8(step) for step in range(0, 60, 6)]
    _, encoded = _embedded(encoder, slowly)
    assert encoded == 3, "each is brighter by 6 than the one before: 24 are seen"


def test_a_vector_is_of_its_own_model_and_pictures_are_forgotten_after_a_while(encoder: Encoder) -> None:
    first = scene(0)
    assert _embedded(encoder, [first, _noisy(first, 1)], models=2)[1] == 2, "one for each model"
    between = [scene(seed) for seed in range(1, 18)]
    assert _embedded(encoder, [first, *between, _noisy(first, 1)])[1] == 19


def test_texts_are_embedded_one_by_one(encoder: Encoder) -> None:
    space = Space(1, CLIP, encoder.name, encoder.fingerprint, encoder.dim, "active")
    with Embedder([Model(space, encoder)], batch=2) as embedder:
        pending = [
            embedder.submit(embedder.prepare("speech", TextPayload(text)))
            for text in ("a dog", "a cat", "a dog", "a pond")
        ]
        embedder.flush()
        dog, cat, again, pond = (own[1].result() for own in pending)
    assert float(dog @ again) == pytest.approx(1.0, abs=1e-5)
    assert max(float(dog @ cat), float(dog @ pond)) < 0.99
