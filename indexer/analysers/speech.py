"""Spoken passages of films, recordings and motion photos, by Whisper: found by words and by meaning."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from db.catalog.facts import Key
from db.engine.schema import MediaKind
from db.errors import ModelError
from db.kinds import CLIP, PASSAGE, Kind
from db.settings import Settings
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.passages import draft
from indexer.analysers.same_sound import Read, is_same
from indexer.analysers.tracks import told
from indexer.encoders.lazy import Once
from indexer.media.types import Metadata

if TYPE_CHECKING:
    from indexer.analysers.whisper import Transcriber

MOST_TRACKS = 8
"""Of sound that are heard: discs have as many; what is behind them is left out."""
_FORMAT = 2
"""Grows whenever the units that are made of the same sound change: 2 hears all tracks, and repeats."""


class Speech(Analyser):
    """Makes a unit of each spoken passage."""

    name = "speech"
    label = "what is said"
    kinds = (Kind("speech", "spoken passage", {CLIP: PASSAGE}, "said"),)
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    minute_s = 2.5
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{settings.whisper} {_FORMAT}"
        self._transcriber = Once(self._load)

    @classmethod
    def lacking(cls, settings: Settings) -> str:
        """The model, where ``TROVE_WHISPER=none`` leaves it out."""
        return "leave out TROVE_WHISPER=none" if settings.whisper == "none" else ""

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
        """The passages of each track, in order of time; a track that sounds like another is heard once."""
        duration_s = medium.header.duration_s or math.inf
        tracks = medium.header.sounds[:MOST_TRACKS]
        heard: list[Read] = []
        for done, track in enumerate(tracks):
            read: Read = partial(medium.audio, track=track.number)
            if any(is_same(read, other, duration_s) for other in heard):
                continue
            heard.append(read)
            named = f"sound {told(track)}" if len(tracks) > 1 else None

            def tell(read_s: float, done: int = done) -> None:
                progress((done + medium.share(read_s)) / len(tracks))

            for passage in self._transcriber().transcribe(read, duration_s, tell):
                yield draft(self.kinds[0], passage, track.number, named)
                tell(passage.end_s)
