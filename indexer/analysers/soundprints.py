"""Fingerprints of what films and recordings sound like, by which the same recording is found again."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from db.catalog.facts import Key
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.kinds import Kind
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.media.soundprints import as_text, soundprint
from indexer.media.types import Metadata

PRINT = "print"
"""The name of a fingerprint in the detail of its unit."""


class Soundprints(Analyser):
    """Makes a unit of the sound of each file, without words: the first track, twenty minutes of it."""

    name = "soundprints"
    label = "fingerprints of sound, for copies of recordings"
    kinds = (Kind("soundprint", "fingerprint of sound", {}, "machine", plural="fingerprints of sound"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    minute_s = 0.25
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})
    phase = 2

    def wants(self, header: Metadata) -> bool:
        """Where there is sound."""
        return header.has_audio

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit, unless all of it is silent."""
        rows = soundprint(partial(medium.audio, track=0), medium.header.duration_s)
        if rows.any():
            yield Draft(NewUnit(self.kinds[0].name, detail={PRINT: as_text(rows)}))
        progress(1.0)
