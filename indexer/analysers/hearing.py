"""Pieces of sound of films and recordings, to be found by what they sound like, by words or by another sound.

Its vectors are those of a model in the role ``sound``, which people choose; without one nothing is done.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from db.catalog.facts import Key
from db.catalog.units import NewUnit, StoredUnit
from db.engine.schema import MediaKind
from db.kinds import HEARD, SOUND, Kind
from indexer.analysers.base import Analyser, Draft, Payload, SoundPayload
from indexer.analysers.medium import Medium
from indexer.analysers.pieces import sounds
from indexer.encoders.heard import RATE
from indexer.media.types import Metadata


class Hearing(Analyser):
    """Makes a unit of each piece of sound that is not silent, ten seconds at most, of the first track."""

    name = "hearing"
    label = "what films and recordings sound like"
    kinds = (Kind("piece_of_sound", "piece of sound", {SOUND: HEARD}, "machine", plural="pieces of sound"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})
    phase = 3

    def wants(self, header: Metadata) -> bool:
        """Where there is sound."""
        return header.has_audio

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit for each piece, in order of time."""
        for start_s, end_s, samples in sounds(medium, RATE):
            yield Draft(NewUnit(self.kinds[0].name, start_s=start_s, end_s=end_s), SoundPayload(samples))
            progress(medium.share(end_s))
        progress(1.0)

    def payloads(self, medium: Medium | None, units: Sequence[StoredUnit]) -> Iterator[Payload | None]:
        """The same sounds again, by their times."""
        for unit in units:
            if medium is None:
                yield None
                continue
            samples = medium.audio(unit.start_s or 0.0, unit.end_s or 0.0, rate=RATE)
            yield SoundPayload(samples) if len(samples) else None
