"""Text in pictures and films: signs, receipts, slides, titles; found by their words and by their meaning."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.errors import ModelMissingError
from db.kinds import CLIP, PASSAGE, Kind
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.encoders.lazy import Once
from indexer.media.shots import Shot
from indexer.media.types import Picture
from indexer.ocr import tesseract
from indexer.ocr.blocks import Block, blocks
from indexer.ocr.changes import Changes
from indexer.ocr.followed import Followed, Read, Stood, box, first
from indexer.ocr.scripts import SCRIPTS

if TYPE_CHECKING:
    from indexer.ocr.readers import Readers

SIDE = 8_000
"""Pixels of the shorter side of pictures, so that small letters are there; hardly any picture has more."""
FILM_SIDE = 1_080
"""Pixels of the shorter side of frames of films: what was made to be read on a screen can be read in it."""
MOST_WORDS = 60
"""Of a unit: as many as the text encoder takes whole."""
MOST_UNITS = 200
"""Of a picture or frame: of a page without end the first are kept; the last says how many are left out."""
MOST_UNITS_OF_FILM = 5_000
"""More than three hours of subtitles have; the last one says how many are left out."""
_FORMAT = 1
"""Grows whenever the units that are made of the same lines change."""


class Text(Analyser):
    """Makes a unit of each block of text: a sign, a paragraph, a table.

    One in a film has the span in which it stood, and the moment at which it was read best.
    """

    name = "text"
    label = "what is written"
    kinds = (Kind("text", "text in picture", {CLIP: PASSAGE}, "in_picture", plural="texts in pictures"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    phase = 2
    picture_s = 4.0
    minute_s = 8.0
    first = "a text"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = _fingerprint()
        self._ocr = Once(self._load)

    @classmethod
    def abilities(cls) -> str:
        """The scripts that are read; of those for which something is missing all text is left out."""
        readable = tesseract.readable()
        names = ["Latin", "Chinese", "Japanese", *(script.name for script in readable)]
        missing = [script for script in SCRIPTS if script not in readable]
        told = f"{', '.join(names)} script"
        if missing:
            install = "its models for" if tesseract.program() else "Tesseract with its models for"
            wanted = ", ".join(f"{script.name} ({script.languages[0]})" for script in missing)
            told += f"; for others install {install} {wanted}, then: trove analysers redo {cls.name}"
        return told

    def require(self) -> None:
        """Find the weights."""
        from indexer.ocr.rapid import PACKAGE
        from indexer.ocr.reader import Ocr

        try:
            Ocr.fingerprint()
        except ModelMissingError as exc:
            raise ModelMissingError(
                f"text cannot be read: the package {PACKAGE} is not installed, or has lost its weights",
                f"Install it again with: pip install --force-reinstall --no-deps {PACKAGE}",
            ) from exc

    def _load(self) -> "Readers":
        from indexer.ocr.readers import Readers
        from indexer.pretrained.device import cores

        # As many pictures are read side by side as there are workers.
        return Readers(max(1, cores() // self.settings.workers))

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The blocks in reading order, those of a film as they go."""
        if medium.header.kind == "video":
            yield from self._of_film(medium, progress)
        else:
            yield from self._of_picture(medium)
        progress(1.0)

    def _of_picture(self, medium: Medium) -> Iterator[Draft]:
        picture = medium.picture(SIDE)
        reading = self._read(picture)
        for number, block in enumerate(reading.blocks, start=1):
            left_out = reading.left_out if number == len(reading.blocks) else 0
            yield Draft(_unit(block, reading.size, left_out), TextPayload(block.text))

    def _of_film(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        for text in first(self._texts(medium, progress), MOST_UNITS_OF_FILM):
            unit = _unit(text.block, text.size, text.left_out)
            unit = replace(unit, start_s=text.start_s, end_s=text.end_s, at_s=text.at_s)
            yield Draft(unit, TextPayload(text.block.text))

    def _texts(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Stood]:
        """The texts of a film, each when it is over."""
        followed, end_s = Followed(), 0.0
        for shot, stills in _looked_at(medium):
            still = next(stills, None)
            for glimpse in shot.glimpses:
                reading = None
                while still is not None and still[0] <= glimpse.at_s:
                    reading, still = self._read(still[1]), next(stills, None)
                yield from followed.see(glimpse, reading)
                if reading is not None:
                    progress(medium.share(glimpse.at_s))
            end_s = shot.end_s
            progress(medium.share(end_s))
        yield from followed.end(end_s)

    def _read(self, picture: Picture) -> Read:
        found = blocks(self._ocr().read(picture), MOST_WORDS)
        size = picture.shape[1], picture.shape[0]
        return Read(found[:MOST_UNITS], size, max(0, len(found) - MOST_UNITS))


def _looked_at(medium: Medium) -> Iterator[tuple[Shot, Iterator[tuple[float, Picture]]]]:
    """The shots of a film with the frames of them that are to be read, those of one decoded ahead."""
    changes = Changes()
    waiting: tuple[Shot, Iterator[tuple[float, Picture]]] | None = None
    for shot in medium.shots():
        stills = medium.stills_at(changes.moments(shot), FILM_SIDE)
        if waiting is not None:
            yield waiting
        waiting = shot, stills
    if waiting is not None:
        yield waiting


def _fingerprint() -> str:
    """What changes with the units that are made; without the weights none are.

    Pictures that were looked at before another script could be read are stale.
    """
    from indexer.ocr.reader import Ocr

    scripts = sorted(script.name for script in tesseract.readable())
    try:
        return " ".join((str(_FORMAT), Ocr.fingerprint(), *scripts))
    except ModelMissingError:
        return str(_FORMAT)


def _unit(block: Block, size: tuple[int, int], left_out: int) -> NewUnit:
    """The unit of a block in a picture of (width, height) pixels."""
    pixels = np.array(size, np.float32)
    left, top, right, bottom = box(block, size)
    detail: dict[str, Any] = {
        "lines": [
            {
                "start": part.start,
                "end": part.end,
                "box": [round(float(value), 4) for value in (part.line.corners / pixels).ravel()],
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
