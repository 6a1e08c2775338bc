"""The colours of a picture by name: the eleven basic colour terms of English (Berlin and Kay 1969).

Each pixel of a small copy has the name of its hue, or of its lightness where it has hardly any; a picture has
the colours that enough of it has. The borders between names are set by hand: people draw them differently.
"""

import numpy as np

from indexer.media.types import Picture

NAMES = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "grey", "white")

_SIDE = 64
"""Pixels of the longer side of the copy: what is smaller than one of them is no colour of the picture."""

_SHARE = 0.1
"""Of the picture, that a colour must have; black, grey and white, which most pictures have, thrice."""

_HUES = ((14, "red"), (42, "orange"), (68, "yellow"), (165, "green"), (255, "blue"), (310, "purple"))
"""Degrees up to which a hue has a name; beyond it is pink, and at the end red again."""
_RED_AGAIN = 342
_RED, _ORANGE, _PINK = map(NAMES.index, ("red", "orange", "pink"))
_DARK, _PALE, _LIGHT = 0.2, 0.15, 0.85


def colours(picture: Picture) -> list[str]:
    """The names of the colours that much of an RGB picture has, that with the largest share first."""
    from PIL import Image  # who only wants to know the names should not wait

    small = Image.fromarray(picture)
    small.thumbnail((_SIDE, _SIDE), Image.Resampling.BOX)
    hue, saturation, value = np.moveaxis(np.asarray(small.convert("HSV"), dtype=np.float32) / 255, 2, 0)
    degrees = 360 * hue
    borders = [degrees < border for border, _ in _HUES]
    named = np.select(
        [degrees >= _RED_AGAIN, *borders], [_RED, *(NAMES.index(name) for _, name in _HUES)], _PINK
    )
    warm = np.isin(named, (_RED, _ORANGE, NAMES.index("yellow")))
    # Dark orange is brown, and light red is pink, though their hues are the same.
    named = np.where((named == _ORANGE) & (value < 0.65), NAMES.index("brown"), named)
    named = np.where((named == _RED) & (value > 0.75) & (saturation < 0.55), _PINK, named)
    # Skin, sand and wood are no colour that people would name it by, unless it is strong.
    weak = saturation < np.where(warm, 2 * _PALE, _PALE)
    named = np.where(weak, np.where(value > _LIGHT, NAMES.index("white"), NAMES.index("grey")), named)
    named = np.where(value < _DARK, NAMES.index("black"), named)
    counts = np.bincount(named.ravel(), minlength=len(NAMES)) / named.size
    shares = dict(zip(NAMES, counts.tolist(), strict=True))
    least = dict.fromkeys(NAMES, _SHARE) | dict.fromkeys(("black", "grey", "white"), 3 * _SHARE)
    return sorted((name for name in NAMES if shares[name] >= least[name]), key=lambda name: -shares[name])
