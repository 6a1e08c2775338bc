"""Face detection by MTCNN: boxes and five points of each face, in three steps from many guesses to few.

Without TensorFlow, which its package wants: the nets run in ONNX Runtime (``graphs``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from db.arrays import Floats
from db.errors import ModelError
from indexer.encoders.cache import load_or_build
from indexer.encoders.faces.arrays import NETS, mtcnn_file, mtcnn_fingerprint
from indexer.encoders.faces.graphs import build_mtcnn
from indexer.encoders.lazy import Once
from indexer.encoders.onnx import one_thread_session

Picture = npt.NDArray[np.uint8]
"""(height, width, 3), RGB."""

VERSION = 1
"""Grows whenever the faces found would differ."""
_SIDES = {"pnet": None, "rnet": 24, "onet": 48}
_CELL, _STRIDE = 12, 2
"""Pixels that the first net sees at once, and between two looks."""
_SHRUNK = 0.709
"""From one size of the picture to the next one: a face is half as large in every second."""
_SURE = {"pnet": 0.6, "rnet": 0.7, "onet": 0.9}
"""Likelihoods that count, for each net."""
_AT_ONCE = 256


@dataclass(frozen=True)
class Face:
    """A face: left, top, right and bottom in pixels, its points, and how sure the detector is, 0 to 1.

    ``points``: (5, 2) pixels of both eyes, the tip of the nose and both corners of the mouth, from the left.
    """

    box: tuple[float, float, float, float]
    points: Floats
    score: float

    @property
    def size(self) -> float:
        """Pixels of a side of a square that is as large."""
        left, top, right, bottom = self.box
        return float(np.sqrt((right - left) * (bottom - top)))


def detector_fingerprint() -> str:
    """Changes whenever the faces found would; errors as ``package_file``."""
    return f"mtcnn {mtcnn_fingerprint()} {VERSION}"


class Detector:
    """Finds faces. Made cheaply, loaded on first use, safe to share between threads."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._nets = Once(lambda: {name: self._load(name) for name in NETS})

    def _load(self, name: str) -> Any:
        weights = mtcnn_file(name)
        path = self._cache / "models" / f"mtcnn-{name}-{mtcnn_fingerprint()}.onnx"
        return load_or_build(
            path, lambda target: build_mtcnn(weights, _SIDES[name], target), one_thread_session
        )

    def require(self) -> None:
        """Make sure that the weights are there.

        Raises:
            ModelMissingError: their package is not installed.
        """
        for name in NETS:
            mtcnn_file(name)
        try:
            import lz4.frame  # noqa: F401 - what they are packed with
        except ImportError as exc:
            raise ModelError("the package lz4 is not installed", "Install it with: pip install lz4") from exc

    def faces(self, picture: Picture, least: int) -> list[Face]:
        """The faces in a picture, (height, width, 3) RGB, of at least so many pixels, the surest first."""
        boxes = self._guesses(picture, least)
        for name in ("rnet", "onet"):
            if not len(boxes):
                return []
            offsets, *points, likely = self._seen(name, picture, boxes)
            sure = likely[:, 1] > _SURE[name]
            boxes, offsets, scores = boxes[sure], offsets[sure], likely[sure, 1]
            places = _points(points[0][sure], boxes) if points else np.zeros((len(boxes), 5, 2), np.float32)
            size = boxes[:, 2:] - boxes[:, :2] + 1
            moved = (boxes + offsets * np.concatenate([size, size], axis=1)).astype(np.float32)
            kept = _apart(moved, scores, 0.7, of_smaller=name == "onet")
            boxes, places, scores = moved[kept], places[kept], scores[kept]
            if name == "rnet":
                boxes = _squares(boxes)
        height, width = picture.shape[:2]
        limits = np.array([width, height, width, height], np.float32)
        found = (
            Face(tuple(map(float, np.clip(box, 0, limits))), own, float(score))  # type: ignore[arg-type]
            for box, own, score in zip(boxes, places, scores, strict=True)
        )
        return [face for face in found if face.size >= least]

    def _guesses(self, picture: Picture, least: int) -> Floats:
        """(n, 4): squares that may have a face, from looks at the picture in many sizes."""
        found: list[Floats] = []
        scores: list[Floats] = []
        image, scale = Image.fromarray(picture), _CELL / least
        while min(image.size) * scale >= _CELL:
            size = (-(-int(image.width * scale) // 1), -(-int(image.height * scale) // 1))
            small = _normal(np.asarray(image.resize(size, Image.Resampling.BOX)))
            offsets, likely = self._nets()["pnet"].run(None, {"input": small[None]})
            rows, columns = np.nonzero(likely[0, 1] > _SURE["pnet"])
            corners = np.stack([columns, rows, columns, rows], axis=1).astype(np.float32) * _STRIDE
            corners[:, 2:] += _CELL
            boxes = ((corners + offsets[0][:, rows, columns].T * _CELL) / scale).astype(np.float32)
            own = likely[0, 1, rows, columns]
            kept = _apart(boxes, own, 0.5)
            found.append(boxes[kept])
            scores.append(own[kept])
            scale *= _SHRUNK
        if not found:
            return np.empty((0, 4), np.float32)
        boxes, sure = np.concatenate(found), np.concatenate(scores)
        return _squares(boxes[_apart(boxes, sure, 0.7)])

    def _seen(self, name: str, picture: Picture, boxes: Floats) -> list[Floats]:
        side = _SIDES[name] or 0
        image = Image.fromarray(picture)
        # Outside the picture it is black, as for who trained it.
        parts = [
            _normal(np.asarray(image.crop(tuple(map(round, box))).resize((side, side), Image.Resampling.BOX)))
            for box in boxes.tolist()
        ]
        batches = (np.stack(parts[at : at + _AT_ONCE]) for at in range(0, len(parts), _AT_ONCE))
        seen = [self._nets()[name].run(None, {"input": batch}) for batch in batches]
        return [np.concatenate(each) for each in zip(*seen, strict=True)]


def _normal(pixels: Picture) -> Floats:
    return np.asarray((pixels.astype(np.float32) - 127.5) / 128, np.float32).transpose(2, 0, 1)


def _points(told: Floats, boxes: Floats) -> Floats:
    """(n, 5, 2) pixels, of five shares of the width and five of the height of each box."""
    size = boxes[:, None, 2:] - boxes[:, None, :2] + 1
    return np.asarray(boxes[:, None, :2] + told.reshape(-1, 2, 5).transpose(0, 2, 1) * size, np.float32)


def _squares(boxes: Floats) -> Floats:
    """As wide as they are high, around the same middles."""
    middles, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).max(axis=1)[:, None]
    return np.concatenate([middles - sides / 2, middles + sides / 2], axis=1)


def _apart(boxes: Floats, scores: Floats, most: float, *, of_smaller: bool = False) -> Sequence[int]:
    """The places of the boxes that overlap none that is likelier: non-maximum suppression.

    ``most``: the share that may be common, of what both cover, or of the smaller one.
    """
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    left = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(int(best))
        sides = np.minimum(boxes[left, 2:], boxes[best, 2:]) - np.maximum(boxes[left, :2], boxes[best, :2])
        common = np.prod(np.maximum(sides, 0), axis=1)
        whole = np.minimum(area[left], area[best]) if of_smaller else area[left] + area[best] - common
        left = left[common <= most * whole]
    return kept
