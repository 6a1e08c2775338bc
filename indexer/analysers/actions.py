"""Names of what happens in films, such as opening a door, by a classifier of clips that people choose.

A machine says so, and proves nothing by it.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar

from PIL import Image

from db.engine.schema import MediaKind
from db.kinds import Kind
from db.settings import Settings
from indexer.analysers.base import Draft
from indexer.analysers.by_model import ByModel
from indexer.analysers.medium import Medium
from indexer.analysers.pieces import clips
from indexer.analysers.spans import Told, drafts
from indexer.pretrained.labels import ActionClassifier, load_classifier
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.weights import Weights

SIDE = 256
"""Pixels of the shorter side of the frames; models see less."""
LEAST = 0.5
"""How sure a classifier must be: it has a name for every clip, whatever it shows."""
_FORMAT = 1
"""Grows whenever the units that are made of the same names change."""


class Actions(ByModel):
    """Makes a unit of each time in a film in which something happens that a classifier has a name for."""

    name = "actions"
    label = "what a model says that happens in films"
    kinds = (Kind("action", "action", {}, "machine"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video"})
    task = "actions"
    setting = "action_classifier"
    does = "names what happens in clips"
    _model: Pretrained[ActionClassifier]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{settings.action_classifier} {LEAST} {_FORMAT}"

    @staticmethod
    def load(weights: Weights, device: str) -> ActionClassifier:
        """See ``load_classifier``."""
        return load_classifier(weights, device)

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit for each time that something happens, clip by clip."""
        yield from drafts(self.kinds[0].name, self._happening(medium, progress))
        progress(1.0)

    def _happening(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Told]:
        with self._model.use() as classifier:
            count = classifier.count
        for start_s, end_s, frames in clips(medium, count, SIDE):
            with self._model.use() as classifier:
                labels = classifier.labels([Image.fromarray(frame) for frame in frames])
            yield Told(start_s, end_s, [label for label in labels if label.score >= LEAST])
            progress(medium.share(end_s))
