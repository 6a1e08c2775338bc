"""Things that a detector sees in pictures, and in the shots of films: found by their names, with boxes.

A machine says so, and is shown only where it is sure; it proves nothing.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar

from PIL import Image

from db.catalog.units import NewUnit, Region
from db.engine.schema import MediaKind
from db.kinds import Kind
from db.settings import Settings
from indexer.analysers.base import Draft
from indexer.analysers.by_model import ByModel
from indexer.analysers.medium import Medium
from indexer.analysers.middles import middles
from indexer.analysers.spans import SCORE
from indexer.media.types import Picture
from indexer.pretrained.boxes import Detector, load_detector
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.packed_detector import load_packed
from indexer.pretrained.weights import Weights

SIDE = 800
"""Pixels of the shorter side of what is looked at: as many as detectors were trained with."""
LEAST = 0.7
"""How sure a detector must be of which nothing was measured; half of that would be usual, but what is shown
should be there."""
_FORMAT = 1
"""Grows whenever the units that are made of the same boxes change."""


class Things(ByModel):
    """Makes a unit of each thing that a detector sees, with the place where it is."""

    name = "things"
    label = "things that a model sees, with their places"
    kinds = (Kind("thing", "thing", {}, "machine"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    task = "detect"
    setting = "detector"
    does = "finds things"
    _model: Pretrained[Detector]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{settings.detector} {LEAST} {_FORMAT}"

    @staticmethod
    def load(weights: Weights, device: str) -> Detector:
        """See ``load_detector``, and ``load_packed`` of one that is a file."""
        return load_packed(weights) if weights.is_packed else load_detector(weights, device)

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit a thing, of a film in the middle of each shot."""
        if medium.header.kind == "video":
            for shot, at_s, picture in middles(medium, SIDE):
                yield from self._seen(picture, shot.start_s, shot.end_s, at_s)
                progress(medium.share(shot.end_s))
        else:
            yield from self._seen(medium.picture(SIDE))
        progress(1.0)

    def _seen(
        self,
        picture: Picture,
        start_s: float | None = None,
        end_s: float | None = None,
        at_s: float | None = None,
    ) -> Iterator[Draft]:
        with self._model.use() as detector:
            boxes = detector.detect(Image.fromarray(picture), detector.sure or LEAST)
        for box in boxes:
            yield Draft(
                NewUnit(
                    self.kinds[0].name,
                    start_s=start_s,
                    end_s=end_s,
                    at_s=at_s,
                    region=Region(box.x, box.y, box.w, box.h),
                    text=box.label,
                    language="en",
                    detail=None if box.score is None else {SCORE: round(box.score, 4)},
                )
            )
