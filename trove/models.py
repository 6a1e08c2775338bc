"""``Models``: the models of a library, as the Python API, the command line and the app change them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from db.catalog import spaces
from db.kinds import CLIP
from db.library import Library
from db.paths import expanded

if TYPE_CHECKING:
    from db.engine.schema import SpaceState
    from indexer.flow import OnProgress, Switch
    from search.evaluation.measured import Measured
    from search.evaluation.retrieval import Quality
    from search.evaluation.trial import Trial


@dataclass(frozen=True)
class HeldModel:
    """A model that a library has vectors of: one space."""

    name: str
    state: SpaceState
    vectors: int
    role: str = CLIP
    """What its vectors are for: ``clip`` answers, ``similar`` tells what looks alike, ``sound`` what sounds
    like something, ``motion`` what happens."""


def ignore(*_: object) -> None:
    """The default callback, which does nothing."""


class Models:
    """The models that one library has vectors of; one of them is active and answers."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def held(self) -> list[HeldModel]:
        """The models that the library has vectors of; the active one answers."""
        with self._library.read() as session:
            every = spaces.every(session).items()
        return [HeldModel(space.model, space.state, count, space.role) for space, count in every]

    def ready(self) -> list[str]:
        """The models that can be used without a network: presets on this machine, and those that are held."""
        from indexer.encoders.registry import PRESETS, is_here

        here = [info.model for info in PRESETS.values() if is_here(info, self._library.settings.cache)]
        return list(dict.fromkeys([*here, *(model.name for model in self.held() if model.role == CLIP)]))

    def measured(self) -> dict[str, Measured]:
        """What was measured of models in this library, the last time, by their names.

        How well each finds is measured by ``Library.evaluate``, how long it takes by ``time`` and by ``use``.
        """
        from search.evaluation.measured import measured

        return measured(self._library)

    def to_download(self, name: str, *, role: str = CLIP) -> str:
        """What ``use`` would have to download first, with its size and licence; empty for nothing.

        Raises:
            ModelError: there is no such model.
        """
        from indexer.encoders.active import to_download

        return to_download(name, role, self._library.settings)

    def costs(self, name: str, *, role: str = CLIP) -> str:
        """What a model takes of this machine, in a clause; errors as ``to_download``."""
        from indexer.encoders.active import costs

        return costs(name, role, self._library.settings)

    def use(
        self, name: str, *, role: str = CLIP, partial: bool = False, on_progress: OnProgress = ignore
    ) -> Switch:
        """Re-embed the library with another model, then switch to it; an interrupted run can be resumed.

        In the role ``similar`` it is a model of pictures alone, which tells what looks alike; in ``sound``
        and ``motion`` one of sounds, or clips, and words. These two listen and look with the next ``index``.

        Raises:
            LibraryBusyError: another process is indexing into this library.
            ModelError: the model is unknown or missing, or some files cannot be read now (``partial``
                leaves those out).
            SettingsError: the library is empty.
        """
        from indexer.switch_model import use_model

        return use_model(self._library, name, role=role, partial=partial, on_progress=on_progress)

    def roll_back(self, *, on_progress: OnProgress = ignore) -> Switch:
        """Switch back to the previous model; errors as ``use``."""
        from indexer.switch_model import roll_back

        return roll_back(self._library, on_progress=on_progress)

    def drop(self, name: str, *, role: str = CLIP) -> int:
        """Delete the vectors of an inactive model, or of one that only tells what looks alike; says how many.

        Raises:
            SettingsError: the library has none of this model, or it is the one that answers.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.switch_model import drop_model

        return drop_model(self._library, name, role=role)

    def evaluate(
        self,
        images: Path | str,
        captions: Path | str,
        *,
        model: str | None = None,
        on_progress: Callable[[int, int], None] = ignore,
    ) -> Quality:
        """Measure how well a model finds captioned pictures; by default the one that is active here.

        Args:
            images: folder of the pictures.
            captions: CSV with the columns image,caption.

        Raises:
            SettingsError: the captions cannot be read.
            MediaError: a picture cannot be read.
            ModelError: the model is unknown or missing.
        """
        from indexer.encoders.active import model_name
        from search.evaluation.retrieval import evaluate_files

        model = model or self._library.settings.model or model_name(self._library)
        return evaluate_files(
            self._library.settings, model, expanded(images), expanded(captions), on_progress
        )

    def time(self, names: Sequence[str], sample: int) -> list[Trial]:
        """Time models on ``sample`` pictures of the library; without names, the one that answers.

        Raises:
            SettingsError: the library has no pictures.
            ModelError: a model is unknown or its weights are missing.
        """
        from indexer.encoders.active import model_name
        from search.evaluation.trial import try_models

        return try_models(self._library, names or [model_name(self._library)], sample)
