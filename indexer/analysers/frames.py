"""Frames of films: a scene is found by what it looks like, with its time."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import CLIP, PICTURE, SIMILAR, Kind
from indexer.analysers.base import Analyser, Draft, Payload, PicturePayload
from indexer.analysers.medium import Medium


class Frames(Analyser):
    """Makes a unit of each still of a film that differs from the one before."""

    name = "frames"
    label = "what films show"
    kinds = (Kind("frame", "video frame", {CLIP: PICTURE, SIMILAR: PICTURE}, "shows"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video"})
    minute_s = 0.5

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The stills, each with the span that it stands for."""
        for still in medium.stills():
            unit = NewUnit("frame", start_s=still.start_s, end_s=still.end_s, at_s=still.at_s)
            yield Draft(unit, PicturePayload(still.picture, still.fields))
            progress(medium.share(still.end_s))

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The same stills again, by their times."""
        for unit in units:
            yield None if medium is None else PicturePayload(medium.still(unit.at_s or 0.0))
