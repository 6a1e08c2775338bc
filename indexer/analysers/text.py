"""Text in pictures: signs, receipts, screenshots, slides; found by their words and by their meaning."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.kinds import CLIP, PASSAGE, Kind
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.encoders.lazy import Once
from indexer.ocr.blocks import Block, blocks

if TYPE_CHECKING:
    from indexer.ocr.reader import Ocr

SIDE = 8_000
"""Pixels of the shorter side of pictures, so that small letters are there; hardly any picture has more."""
MOST_WORDS = 60
"""Of a unit: as many as the text encoder takes whole."""
MOST_UNITS = 200
"""Of a picture: of a page without end the first ones are kept, and the last says how many are left out."""


class Text(Analyser):
    """Makes a unit of each block of text: a sign, a paragraph, a table."""

    name = "text"
    label = "text in pictures"
    kinds = (Kind("text", "text in picture", {CLIP: PASSAGE}, "in_picture", plural="texts in pictures"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 2

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._ocr = Once(_load)

    def require(self) -> None:
        """Find the weights."""
        from indexer.ocr.reader import Ocr

        Ocr.fingerprint()

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The blocks in reading order."""
        picture = medium.picture(SIDE)
        ocr = self._ocr()
        texts = blocks(ocr.read(picture), MOST_WORDS)
        for number, block in enumerate(texts[:MOST_UNITS], start=1):
            left_out = len(texts) - MOST_UNITS if number == MOST_UNITS else 0
            yield Draft(_unit(block, picture.shape[1], picture.shape[0], left_out), TextPayload(block.text))
        progress(1.0)


def _load() -> "Ocr":
    from indexer.ocr.reader import Ocr

    return Ocr()


def _unit(block: Block, width: int, height: int, left_out: int) -> NewUnit:
    """The unit of a block in a picture of that many pixels."""
    size = np.array([width, height], np.float32)
    corners = np.concatenate([part.line.corners for part in block.parts]) / size
    (left, top), (right, bottom) = corners.clip(0, 1).min(axis=0), corners.clip(0, 1).max(axis=0)
    detail: dict[str, Any] = {
        "lines": [
            {
                "start": part.start,
                "end": part.end,
                "box": [round(float(value), 4) for value in (part.line.corners / size).ravel()],
                "confidence": round(part.line.confidence, 3),
                "words": [[round(edge, 4) for edge in span] for span in part.line.spans],
            }
            for part in block.parts
        ]
    }
    if left_out:
        detail["left_out"] = left_out
    region = Region(*(round(float(value), 4) for value in (left, top, right - left, bottom - top)))
    return NewUnit("text", region=region, text=block.text, detail=detail)
