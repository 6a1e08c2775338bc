"""EXIF orientation of places in pictures: from the pixels as they are stored to the upright picture."""

from collections.abc import Callable, Mapping

Box = tuple[float, float, float, float]
"""Left edge, top edge, width and height, each 0 to 1."""

_Point = tuple[float, float]
_UPRIGHT: Mapping[int, Callable[[float, float], _Point]] = {
    2: lambda x, y: (1 - x, y),
    3: lambda x, y: (1 - x, 1 - y),
    4: lambda x, y: (x, 1 - y),
    5: lambda x, y: (y, x),
    6: lambda x, y: (1 - y, x),
    7: lambda x, y: (1 - y, 1 - x),
    8: lambda x, y: (y, 1 - x),
}
"""Where a point of the stored pixels is, by EXIF orientation (CIPA DC-008, 4.6.4)."""


def is_on_its_side(orientation: int) -> bool:
    """Whether width and height change places."""
    return orientation >= 5


def upright(box: Box, orientation: int) -> Box:
    """A box on the stored pixels, on the upright picture.

    >>> upright((0.0, 0.0, 0.25, 0.5), 6)  # the top left corner is the top right one
    (0.5, 0.0, 0.5, 0.25)
    """
    if orientation not in _UPRIGHT:
        return box
    x, y, width, height = box
    (left, top), (right, bottom) = (_UPRIGHT[orientation](*at) for at in ((x, y), (x + width, y + height)))
    return min(left, right), min(top, bottom), abs(right - left), abs(bottom - top)
