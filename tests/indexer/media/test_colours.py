"""Colours by their names, on plain areas and on photographs."""

import numpy as np
import pytest

from indexer.media.colours import NAMES, colours
from indexer.media.reader import read_image
from indexer.media.types import Picture
from tests.support import SAMPLES


def plain(*rgb: tuple[int, int, int]) -> Picture:
    """Stripes of these colours, equally high."""
    return np.repeat(np.array(rgb, dtype=np.uint8)[:, None, :], 40, axis=0).repeat(90, axis=1)


@pytest.mark.parametrize(
    ("name", "rgb"),
    [
        ("red", (200, 20, 30)),
        ("red", (120, 10, 20)),
        ("orange", (255, 140, 0)),
        ("yellow", (250, 220, 30)),
        ("green", (30, 140, 60)),
        ("blue", (40, 70, 200)),
        ("blue", (110, 160, 220)),
        ("purple", (120, 40, 160)),
        ("pink", (255, 150, 170)),
        ("pink", (230, 50, 150)),
        ("brown", (120, 75, 30)),
        ("black", (15, 12, 20)),
        ("grey", (128, 128, 130)),
        ("grey", (150, 140, 130)),
        ("white", (250, 250, 245)),
    ],
)
def test_a_plain_area_has_its_name(name: str, rgb: tuple[int, int, int]) -> None:
    assert colours(plain(rgb)) == [name]


def test_what_much_of_a_picture_has_is_named_the_most_first() -> None:
    grey, red, blue = (128, 128, 128), (200, 20, 30), (40, 70, 200)
    assert colours(plain(*[grey] * 6, *[red] * 2, blue)) == ["grey", "red", "blue"]
    assert colours(plain(*[grey] * 19, red)) == ["grey"], "a twentieth is too little"
    assert colours(plain(grey, *[red] * 4)) == ["red"], "some grey is everywhere"


@pytest.mark.parametrize(
    ("picture", "has", "has_not"),
    [
        ("p002.jpg", {"red"}, {"blue", "green"}),
        ("p018.jpg", {"blue"}, {"red", "grey"}),
        ("p026.jpg", {"grey"}, set(NAMES) - {"grey", "black", "white"}),
        ("p037.jpg", {"purple", "green"}, {"red", "blue"}),
        ("p040.jpg", {"green", "brown"}, {"blue", "grey"}),
        ("p041.jpg", {"black"}, {"white", "blue"}),
    ],
)
def test_photographs(picture: str, has: set[str], has_not: set[str]) -> None:
    _, pixels = read_image(SAMPLES / "pictures" / picture, min_side=224, max_megapixels=50)
    found = set(colours(pixels))
    assert has <= found
    assert not has_not & found
