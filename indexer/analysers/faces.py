"""Faces in pictures and films, each with its place, and in films when it is seen; nothing until people ask.

Its vectors are those of a model in the role ``face``, which ``trove people on`` chooses. Whose faces they are
is worked out of these at the end of a run (``indexer.people``).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import ClassVar

from db.catalog.units import NewUnit, Region, StoredUnit, same_region
from db.engine.schema import MediaKind
from db.errors import ModelMissingError
from db.kinds import FACE, FACES, Kind
from db.library import Library
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft, Payload, PicturePayload
from indexer.analysers.medium import Medium
from indexer.analysers.spans import SCORE
from indexer.encoders.faces.aligned import aligned
from indexer.encoders.faces.detector import Detector, Face, detector_fingerprint
from indexer.media.types import Picture
from indexer.people.renewal import renew

SIDE = 1080
"""Pixels of the shorter side of what is looked at."""
LEAST = 60
"""Pixels that a face must have there: of a smaller one nobody can tell whose it is."""
_APART_S = 10.0
"""A film is looked at as often within a shot: who comes into it later is seen, too."""
_FORMAT = 1
"""Grows whenever the units that are made of the same faces change."""


class Faces(Analyser):
    """Makes a unit of each face."""

    name = "faces"
    label = "faces, by which people are found"
    kinds = (Kind("face", "face", {FACE: FACES}, "machine"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image", "video"})
    phase = 3
    first = "people"

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._detector = Detector(settings.cache)
        self.fingerprint = _fingerprint()

    def require(self) -> None:
        """See ``Detector``."""
        self._detector.require()

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit a face; of a film for each stretch of a shot in the middle of which it is seen."""
        if medium.header.kind == "video":
            for shot in medium.shots():
                parts = max(1, round((shot.end_s - shot.start_s) / _APART_S))
                length = (shot.end_s - shot.start_s) / parts
                starts = [shot.start_s + part * length for part in range(parts)]
                stills = medium.stills_at([start + length / 2 for start in starts], SIDE)
                for at_s, picture in stills:
                    start_s = max(start for start in starts if start <= at_s or start == starts[0])
                    yield from self._seen(picture, start_s, start_s + length, at_s)
                progress(medium.share(shot.end_s))
        else:
            yield from self._seen(medium.picture(SIDE))
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The same faces again, by their places."""
        for unit in units:
            face = None
            if medium is not None and unit.region is not None:
                picture = medium.picture(SIDE) if unit.at_s is None else medium.still(unit.at_s, SIDE)
                face = self._at(picture, unit.region)
            yield face

    def finish(self, library: Library) -> None:
        """Work out whose faces they are."""
        renew(library)

    def _seen(
        self,
        picture: Picture,
        start_s: float | None = None,
        end_s: float | None = None,
        at_s: float | None = None,
    ) -> Iterator[Draft]:
        for face in self._detector.faces(picture, LEAST):
            unit = NewUnit(
                self.kinds[0].name,
                start_s=start_s,
                end_s=end_s,
                at_s=at_s,
                region=region_of(face, picture),
                detail={SCORE: round(face.score, 4)},
            )
            yield Draft(unit, PicturePayload(aligned(picture, face)))

    def _at(self, picture: Picture, region: Region) -> PicturePayload | None:
        height, width = picture.shape[:2]
        least = max(12, int(0.5 * min(region.w * width, region.h * height)))
        for face in self._detector.faces(picture, least):
            if same_region(region_of(face, picture), region):
                return PicturePayload(aligned(picture, face))
        return None


def _fingerprint() -> str:
    """What changes with the units that are made; without the weights none are."""
    with suppress(ModelMissingError):
        return f"{detector_fingerprint()} {SIDE} {LEAST} {_FORMAT}"
    return str(_FORMAT)


def region_of(face: Face, picture: Picture) -> Region:
    """The place of a face in its picture."""
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    return Region(
        *(
            round(value, 5)
            for value in (left / width, top / height, (right - left) / width, (bottom - top) / height)
        )
    )
