"""Pictures, embedded whole: what a photograph shows is found by what it looks like."""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import CLIP, PICTURE, Kind
from indexer.analysers.base import Analyser, Draft, Payload, PicturePayload
from indexer.analysers.medium import Medium


class Pictures(Analyser):
    """Makes one unit of a picture."""

    name = "pictures"
    label = "what pictures show"
    kinds = (Kind("image", "picture", {CLIP: PICTURE}, "shows"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    phase = 0

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The picture itself."""
        yield Draft(NewUnit("image"), PicturePayload(medium.picture()))
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The picture, whatever else is known of it: never a text that it may have."""
        for _ in units:
            yield None if medium is None else PicturePayload(medium.picture())
