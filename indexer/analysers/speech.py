"""Spoken passages of films, recordings and motion photos, by Whisper: found by words and by meaning."""

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, ClassVar

from db.catalog.facts import Key
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.errors import ModelError
from db.kinds import CLIP, PASSAGE, Kind
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft, TextPayload
from indexer.analysers.medium import Medium
from indexer.encoders.lazy import Once
from indexer.media.types import Metadata

if TYPE_CHECKING:
    from indexer.analysers.whisper import Transcriber


class Speech(Analyser):
    """Makes a unit of each spoken passage."""

    name = "speech"
    label = "what is said"
    kinds = (Kind("speech", "spoken passage", {CLIP: PASSAGE}, "said"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = settings.whisper
        self._transcriber = Once(self._load)

    @classmethod
    def is_left_out(cls, settings: Settings) -> bool:
        """By ``TROVE_WHISPER=none``, too."""
        return settings.whisper == "none" or super().is_left_out(settings)

    def require(self) -> None:
        """Find the weights of the speech model."""
        self._transcriber()

    def _load(self) -> "Transcriber":
        from indexer.analysers.whisper import load_transcriber

        settings = self.settings
        transcriber = load_transcriber(settings.whisper, device=settings.device, cache=settings.cache)
        if transcriber is None:
            raise ModelError("there is no speech model", "Leave out TROVE_WHISPER=none.")
        return transcriber

    def wants(self, header: Metadata) -> bool:
        """Where there is sound."""
        return header.has_audio

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The passages, in order of time."""
        duration_s = medium.header.duration_s or math.inf
        for passage in self._transcriber().transcribe(medium.audio, duration_s):
            unit = NewUnit(
                "speech",
                start_s=passage.start_s,
                end_s=passage.end_s,
                text=passage.text,
                language=passage.language,
                detail={"words": passage.words} if passage.words else None,
            )
            yield Draft(unit, TextPayload(passage.text))
            progress(min(1.0, passage.end_s / duration_s))
