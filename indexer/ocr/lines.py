"""Lines of text as an engine has read them in a picture."""

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

EAST_ASIAN = re.compile(r"[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")
"""A sign of Chinese or Japanese, which stand without spaces between words."""


Quad = npt.NDArray[np.float32]
"""(4, 2) pixels: corners from the top left of the text, clockwise as it is read."""


@dataclass(frozen=True)
class Line:
    """A line as it was read.

    Args:
        confidence: how sure its engine is, 0 to 1.
        corners: in pixels of the upright picture.
        spans: where each of its words begins and ends along the line, 0 to 1.
    """

    text: str
    confidence: float
    corners: Quad
    spans: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Reading:
    """What an engine has read in a picture.

    Args:
        doubtful: what looks like lines and could not be read surely, with whatever was read there (it may be
            nothing): blurred or broken letters, no letters at all, or a script that the engine does not know.
            None of them lies in one of ``lines``.
    """

    lines: list[Line]
    doubtful: list[Line]
