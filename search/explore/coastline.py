"""Outlines of the continents and islands, without a network: Natural Earth's, which come with Trove.

``coastline.txt`` is made by ``bench/places/coastline.py``. Its lines are right to about five kilometres,
enough to see where in the world something is, not on which side of a harbour.
"""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

FILE = Path(__file__).with_suffix(".txt")

UNITS = 50
"""Of the numbers in the file, for each degree."""

Ring = npt.NDArray[np.float64]
"""(n, 2): longitudes and latitudes, in degrees, of an outline that ends where it began."""


@cache
def coastline() -> tuple[Ring, ...]:
    """The outlines of all land, and of inland seas in it, those with the most points first."""
    return tuple(
        np.cumsum(np.array(steps, dtype=np.float64).reshape(-1, 2), axis=0) / UNITS for steps in in_steps()
    )


def in_steps() -> list[list[int]]:
    """The same as they are kept: the first point and steps to each next one, in fiftieths of a degree."""
    return [[int(number) for number in line.split()] for line in FILE.read_text("utf-8").splitlines()]
