"""Analysers that look with a model which people choose by name; without one they do nothing.

A run downloads none: who switches such an analyser on is told what that costs, and agrees to it first.
"""

from typing import Any, ClassVar

from db.errors import ModelError
from db.settings import Settings
from indexer.analysers.base import Analyser
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.presets import NONE, Task, of_task
from indexer.pretrained.weights import Weights, chosen


class ByModel(Analyser):
    """An analyser with a model of a task, named by a setting, that ``load`` makes of its weights."""

    phase = 3
    task: ClassVar[Task]
    setting: ClassVar[str]
    """The setting that names the model."""
    does: ClassVar[str]
    """What such models do, for people: ``describes pictures``."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._model: Pretrained[Any] = Pretrained(
            getattr(settings, self.setting), self.task, settings, self.load
        )

    @staticmethod
    def load(weights: Weights, device: str) -> Any:
        """What looks, by the weights that were found.

        Raises:
            ModelError: they cannot be loaded, or are of another task.
        """
        raise NotImplementedError

    @classmethod
    def lacking(cls, settings: Settings) -> str:
        """The model, which people choose."""
        if chosen(getattr(settings, cls.setting), cls.task) != NONE:
            return ""
        name = f"TROVE_{cls.setting.upper()}"
        small = next(of_task(cls.task)).name
        return f"choose a model that {cls.does} with {name}, such as {small}: see trove models"

    def costs(self) -> str:
        """The memory that its model takes, or else what has to be downloaded first."""
        try:
            return self._model.costs
        except ModelError:  # told by the run that would use it
            return ""

    def to_download(self) -> str:
        """The weights of its model, where they are not on this machine."""
        return self._model.to_download

    def download(self) -> None:
        """Fetch the weights of its model."""
        self._model.download()

    def require(self) -> None:
        """Find the weights."""
        _ = self._model.weights
