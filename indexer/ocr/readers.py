"""Text in pictures, read by the engine that knows its script: the builtin reader, or Tesseract."""

import logging
import time
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from db.errors import DecodeError
from indexer.media.types import Picture
from indexer.ocr import scripts, tesseract
from indexer.ocr.lines import Line, Quad, Reading
from indexer.ocr.reader import Ocr
from indexer.ocr.scripts import Script
from indexer.ocr.tesseract import Word
from indexer.ocr.textmap import within_any
from indexer.prefetch import batched

log = logging.getLogger(__name__)

TIMEOUT_S = 120.0
"""For what Tesseract reads of one picture."""
_AT_ONCE = 100
"""Lines that are cut out of a picture for Tesseract at once."""
_SAMPLE = 4
"""So many lines tell which scripts are in a picture."""
_PAGE = 3
"""So many lines may be upside down; fewer hardly ever are."""
_HEIGHT = 48
"""Pixels of a line as it is read …"""
_MARGIN = 7
"""… and around it."""
_LONGEST = 60
"""Lines are read up to so many times their height."""
_GAP = 0.28
"""Of the height of a line: signs that are read apart and are nearer are of one word."""
_SARA_AM = "\u0e4d\u0e32", "\u0e33"
"""A vowel of Thai in two signs, as Unicode takes it apart, and as people write it."""

Read = tuple[Script, Line]


class Readers:
    """Finds and reads text in pictures. Thread-safe; the same picture gives the same lines.

    What is written in a script that no engine on this machine knows is left out, and not read as letters that
    it looks like.

    Args:
        threads: of the builtin reader for one picture.
    """

    def __init__(self, threads: int = 1) -> None:
        self._builtin = Ocr(threads)
        self._models = tesseract.readable()

    def read(self, picture: Picture) -> list[Line]:
        """The lines of a picture.

        Where Tesseract takes too long, or crashes, those of the builtin reader alone.

        Raises:
            ModelError: Tesseract does not work.
        """
        reading = self._builtin.look(picture)
        try:
            found = self._of_other_scripts(picture, reading) if self._models else []
        except DecodeError as exc:
            log.warning("what is written in other scripts is left out: %s", exc)
            found = []
        own = scripts.believed(_outside(reading.lines, found), [*found, *_outside(reading.doubtful, found)])
        return own + found

    def _of_other_scripts(self, picture: Picture, reading: Reading) -> list[Line]:
        """The lines of scripts that the builtin reader does not know.

        The longest lines are read in all scripts, the others only in those that are found in them.
        """
        lines = scripts.to_try(reading)
        until = time.monotonic() + TIMEOUT_S
        for turned in (False, True)[: 1 + (len(lines) >= _PAGE)]:
            sample = self._best(picture, lines[:_SAMPLE], self._models, turned, until)
            if sample:
                here = list(dict.fromkeys(script for script, _ in sample))
                found = [line for _, line in sample]
                rest = _outside(scripts.to_try(reading, here), found)
                for some in batched(rest, _AT_ONCE):
                    more = self._best(picture, some, here, turned, until, beside=True)
                    found += [line for _, line in more]
                return found
        return []

    def _best(
        self,
        picture: Picture,
        lines: Sequence[Line],
        tried: Iterable[Script],
        turned: bool,
        until: float,
        *,
        beside: bool = False,
    ) -> list[Read]:
        """Each line in that of the scripts in which Tesseract reads it most surely, if it does."""
        boxes = [_upright(line.corners, turned) for line in lines]
        strips = [_strip(picture, box) for box in boxes]
        best: dict[int, Read] = {}
        for script in tried:
            left_s = max(1.0, until - time.monotonic())
            read = tesseract.read(strips, self._models[script], left_s)
            for number, (words, box, strip) in enumerate(zip(read, boxes, strips, strict=True)):
                line = line_of(words, box, strip.shape[1], script.apart)
                better = number not in best or line.confidence > best[number][1].confidence
                if better and scripts.is_of(script, line, beside=beside):
                    best[number] = script, line
        return list(best.values())


def line_of(words: Sequence[Word], box: Quad, width: int, apart: bool) -> Line:
    """The line that words make in a box, of which a picture of that many pixels was read.

    Where signs are read apart, words are those that stand near to each other.
    """
    if not words:
        return Line("", 0.0, box, ())
    joined: list[list[Word]] = [[words[0]]]
    for one, other in pairwise(words):
        if apart and other.left - one.right < _GAP * _HEIGHT:
            joined[-1].append(other)
        else:
            joined.append([other])
    signs = sum(len(word.text) for word in words)
    inside = max(1, width - 2 * _MARGIN)
    spans = [
        (min(word.left for word in group) - _MARGIN, max(word.right for word in group) - _MARGIN)
        for group in joined
    ]
    text = " ".join("".join(word.text for word in group) for group in joined)
    return Line(
        unicodedata.normalize("NFKC", text).replace(*_SARA_AM),
        sum(word.confidence * len(word.text) for word in words) / signs,
        box,
        tuple((max(0.0, left / inside), min(1.0, right / inside)) for left, right in spans),
    )


def _outside(lines: Iterable[Line], others: Sequence[Line]) -> list[Line]:
    """The lines that do not lie in others."""
    boxes = [line.corners for line in others]
    return [line for line in lines if not within_any(line.corners, boxes)]


def _upright(box: Quad, turned: bool) -> Quad:
    """The box read from the left, or turned: nobody has seen which way up unknown letters are."""
    along = box[1] - box[0]
    backwards = bool(along[0] < 0 and abs(along[0]) >= abs(along[1]))
    return np.roll(box, 2, axis=0) if backwards != turned else box


def _strip(picture: Picture, box: Quad) -> Picture:
    """The level picture of a line, with a margin: accents reach out of their boxes."""
    import cv2

    along, down = (float(np.linalg.norm(box[0] - box[corner])) for corner in (1, 3))
    width = round(min(_LONGEST, max(1.0, along / max(1.0, down))) * _HEIGHT)
    left, right, bottom = _MARGIN, _MARGIN + width, _MARGIN + _HEIGHT
    level = np.array([[left, left], [right, left], [right, bottom], [left, bottom]], np.float32)
    matrix = cv2.getPerspectiveTransform(box.astype(np.float32), level)
    size = (width + 2 * _MARGIN, _HEIGHT + 2 * _MARGIN)
    strip = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(strip, np.uint8)
