"""The text detector, direction classifier and recogniser of PP-OCR, as the library ``rapidocr`` runs them.

The library as a whole looks at a picture once, made small; ``reader`` looks as often and as closely as the
text needs, so it uses the library's parts. Their weights come with the package: since each part is given a
session of ONNX Runtime, none of them looks for a file, and nothing can be downloaded.
"""

import logging
import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from db.arrays import Floats
from indexer.encoders.onnx import onnx_session
from indexer.encoders.packages import package_file, package_hash
from indexer.media.types import Picture
from indexer.ocr.textmap import Island

PACKAGE = "rapidocr"
_WEIGHTS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}
"""By the parts of the library's settings."""

TILE = 1344
"""Pixels of a side of the largest picture in which text is looked for at once."""
_GRID = 32
"""Pixels: the detector takes pictures whose sides are multiples."""
_GREY = (127, 127, 127)
_FINE = 8
"""Boxes are rounded to such parts of a pixel of the map."""
_MOST_ISLANDS = 20_000
_BAR = re.compile(r"(?<=[\u30a1-\u30fa])[\u4e00\u4e28|\uff5c](?=[\u30a1-\u30fa])")
"""The sign of a long vowel in katakana, level or upright, is taken for the number one or a bar."""


@dataclass(frozen=True)
class Recognised:
    """What stands in a strip.

    Args:
        confidence: mean of its signs, 0 to 1.
        places: where the middle of each sign that is no space lies along the strip, 0 to 1.
    """

    text: str
    confidence: float
    places: tuple[float, ...]


class Models:
    """The three models. Thread-safe: what the library's parts write to themselves is always the same.

    Args:
        threads: of ONNX Runtime for one call.

    Raises:
        ModelMissingError: ``rapidocr`` is not installed, or has lost its weights.
        DamagedError: ONNX Runtime refuses them.
    """

    def __init__(self, threads: int) -> None:
        config = _config(threads)
        with _process_as_it_was():
            from rapidocr.ch_ppocr_cls import TextClassifier
            from rapidocr.ch_ppocr_det import TextDetector
            from rapidocr.ch_ppocr_rec import TextRecognizer

        self._detector = TextDetector(config.Det)
        self._prepare = self._detector.get_preprocess()
        # What is too small or too unlikely to be read is wanted, too: that is where to look closer.
        self._detector.postprocess_op.min_size = 1
        self._direction = TextClassifier(config.Cls)
        self._recogniser = TextRecognizer(config.Rec)

    @staticmethod
    def fingerprint() -> str:
        """What changes with the weights."""
        return " ".join(package_hash(PACKAGE, name)[:12] for name in _WEIGHTS.values())

    def likelihood(self, tile: Picture) -> Floats:
        """How likely every pixel of a picture of at most ``TILE`` pixels a side is one of text, 0 to 1."""
        import cv2

        height, width = tile.shape[:2]
        filled = cv2.copyMakeBorder(
            _blue_first(tile), 0, -height % _GRID, 0, -width % _GRID, cv2.BORDER_CONSTANT, value=_GREY
        )
        likely = self._detector.session(self._prepare(filled))
        return np.asarray(likely[0, 0, :height, :width], np.float32)

    def islands(self, likely: Floats) -> list[Island]:
        """What may be text in a map, which may have been put together from those of many tiles."""
        height, width = likely.shape
        boxes, chances = self._detector.postprocess_op(
            likely[np.newaxis, np.newaxis], (height * _FINE, width * _FINE)
        )
        return [
            Island(np.asarray(box / _FINE, np.float32), float(chance))
            for box, chance in zip(boxes, chances, strict=True)
        ]

    def upside(self, strips: list[Picture]) -> list[float]:
        """How likely each strip is upside down, 0 to 1."""
        if not strips:
            return []
        found: Any = self._direction([_blue_first(strip) for strip in strips]).cls_res
        return [float(chance) if label == "180" else 1 - float(chance) for label, chance in found]

    def read(self, strip: Picture) -> Recognised:
        """What stands in a level strip that is the right way up."""
        from rapidocr.ch_ppocr_rec import TextRecInput

        found: Any = self._recogniser(TextRecInput(img=[_blue_first(strip)], return_word_box=True))
        (word,) = found.word_results
        columns = [column for columns in word.word_cols for column in columns]
        places = tuple((column + 0.5) / word.line_txt_len for column in columns)
        return Recognised(_BAR.sub("\u30fc", found.txts[0]), float(found.scores[0]), places)


def _blue_first(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, :, ::-1])


def _config(threads: int) -> Any:
    """The library's own settings, with a session for each of the models."""
    weights = {part: package_file(PACKAGE, name) for part, name in _WEIGHTS.items()}
    with _process_as_it_was():
        import rapidocr
        from omegaconf import flag_override
        from rapidocr.utils.parse_parameters import ParseParams
    config = ParseParams.load(Path(rapidocr.__file__).parent / "config.yaml")
    with flag_override(config, "allow_objects", True):
        for part, path in weights.items():
            config[part].session = onnx_session(path, threads, arena=False)
    config.Det.limit_type, config.Det.limit_side_len = "max", TILE
    config.Det.max_candidates = _MOST_ISLANDS
    config.Det.box_thresh = 0.0
    config.Det.score_mode = "slow"
    config.Rec.rec_batch_num = 1
    config.Rec.font_path = None
    return config


@contextmanager
def _process_as_it_was() -> Iterator[None]:
    """Undo what importing the library does to the whole process.

    It sets up logs; OpenCV sets a variable for libraries that are loaded later, and ``requests`` filters of
    warnings.
    """
    before = dict(os.environ)
    with warnings.catch_warnings():
        yield
        import rapidocr.utils.log  # noqa: F401
    for name in os.environ.keys() - before:
        del os.environ[name]
    os.environ.update(before)
    log = logging.getLogger("RapidOCR")
    for handler in list(log.handlers):
        log.removeHandler(handler)
    log.propagate = True
    log.setLevel(logging.ERROR)
