"""Clips of films, to be found by what happens in them, by words or by another clip.

Its vectors are those of a model in the role ``motion``, which people choose; without one nothing is done.
Single frames are found beside them: what happens and what is to be seen add up.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import MOTION, MOVING, Kind
from indexer.analysers.base import Analyser, ClipPayload, Draft, Payload
from indexer.analysers.medium import Medium
from indexer.analysers.pieces import clips, frames_of

SIDE = 256
"""Pixels of the shorter side of the frames; models see less."""
_FRAMES = 16
"""Frames of a clip; a model takes as many of them as it sees."""


class Clips(Analyser):
    """Makes a unit of each clip of a film, four seconds at most and none over a cut."""

    name = "clips"
    label = "what films look like while it happens"
    kinds = (Kind("film_clip", "clip of a film", {MOTION: MOVING}, "machine", plural="clips of films"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video"})
    phase = 3

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit for each clip, in order of time."""
        for start_s, end_s, frames in clips(medium, _FRAMES, SIDE):
            yield Draft(NewUnit(self.kinds[0].name, start_s=start_s, end_s=end_s), ClipPayload(frames))
            progress(medium.share(end_s))
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The same clips again, by their times."""
        for unit in units:
            start_s, end_s = unit.start_s or 0.0, unit.end_s or 0.0
            frames = frames_of(medium, start_s, end_s, _FRAMES, SIDE) if medium else []
            yield ClipPayload(frames) if frames else None
