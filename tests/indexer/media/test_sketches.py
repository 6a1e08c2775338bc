"""Copies that were saved again are told from other pictures by their sketches."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from indexer.media.sketches import Levels, are_copies, correlations, levels, sketch
from tests.support import SAMPLES

NAMES = ("p002.jpg", "p003.jpg", "p011.jpg", "p021.jpg", "p025.jpg")


def sketched(*pictures: Image.Image) -> Levels:
    found = [levels(sketch(np.asarray(picture))) for picture in pictures]
    return np.stack([one for one in found if one is not None])


def opened() -> list[Image.Image]:
    return [Image.open(SAMPLES / "pictures" / name).convert("RGB") for name in NAMES]


def saved(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def cut(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 10, height // 20, width, height - height // 20))


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a tenth of the size": lambda picture: picture.resize((picture.width // 10, picture.height // 10)),
    "hardly any detail": lambda picture: saved(picture, 5),
    "cut": cut,
    "framed": lambda picture: ImageOps.expand(picture, picture.width // 12, "white"),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_picture_is_a_copy_of_its_own_alone(change: Callable[[Image.Image], Image.Image]) -> None:
    originals, copies = sketched(*opened()), sketched(*map(change, opened()))
    for at in range(len(originals)):
        mine = np.roll(originals, -at, axis=0)
        assert are_copies(mine, copies).tolist() == [at == 0] * len(originals)
        assert np.allclose(correlations(mine, copies), correlations(copies, mine), atol=1e-5)


def test_what_has_no_detail_is_no_copy_of_anything() -> None:
    flat = sketched(Image.new("RGB", (60, 40), "white"), Image.new("RGB", (60, 40), "black"))
    assert not are_copies(flat, flat[::-1]).any()
    assert not are_copies(flat, flat).any()
    assert not are_copies(sketched(opened()[0], opened()[1]), flat).any()


def test_turned_around_it_is_another_picture() -> None:
    uneven = opened()[:4]
    mirrored = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in uneven]
    assert not are_copies(sketched(*uneven), sketched(*mirrored)).any()


@pytest.mark.parametrize(
    "damaged", [None, 5, "", "AAAA", "no base64!", sketch(np.zeros((4, 4, 3), np.uint8))[:-8]]
)
def test_what_is_no_sketch_is_none(damaged: object) -> None:
    assert levels(damaged) is None


def test_no_pairs_are_no_copies() -> None:
    none = np.empty((0, 24, 24), np.uint8)
    assert are_copies(none, none).shape == (0,)
