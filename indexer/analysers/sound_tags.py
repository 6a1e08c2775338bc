"""Names of what is heard in films and recordings, such as a dog or thunder, by a tagger that people choose.

They join what the builtin model tells, speech, singing and music, and prove as little: a machine says so.
"""

from collections.abc import Callable, Iterator
from typing import ClassVar

from db.catalog.facts import Key
from db.engine.schema import MediaKind
from db.settings import Settings
from indexer.analysers.base import Draft
from indexer.analysers.by_model import ByModel
from indexer.analysers.medium import Medium
from indexer.analysers.pieces import sounds
from indexer.analysers.sounds import Sounds
from indexer.analysers.spans import Told, drafts
from indexer.media.types import Metadata
from indexer.pretrained.labels import SoundTagger, load_tagger
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.weights import Weights

LEAST = 0.3
"""How sure a tagger must be: of several sounds at once each gets a part of what it has to give."""
_FORMAT = 1
"""Grows whenever the units that are made of the same names change."""


class SoundTags(ByModel):
    """Makes a unit of each time that a tagger hears something that it has a name for."""

    name = "sound_tags"
    label = "sounds that a model hears, by their names"
    kinds = Sounds.kinds
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video", "audio"})
    facts: ClassVar[frozenset[Key]] = frozenset({"film"})
    task = "sounds"
    setting = "sound_tagger"
    does = "names sounds"
    _model: Pretrained[SoundTagger]

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.fingerprint = f"{settings.sound_tagger} {LEAST} {_FORMAT}"

    @staticmethod
    def load(weights: Weights, device: str) -> SoundTagger:
        """See ``load_tagger``."""
        return load_tagger(weights, device)

    def wants(self, header: Metadata) -> bool:
        """Where there is sound."""
        return header.has_audio

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """One unit for each time that something is heard, ten seconds at a time."""
        yield from drafts(self.kinds[0].name, self._heard(medium, progress))
        progress(1.0)

    def _heard(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Told]:
        with self._model.use() as tagger:
            rate = tagger.rate
        for start_s, end_s, samples in sounds(medium, rate):
            with self._model.use() as tagger:
                labels = tagger.labels(samples)
            yield Told(start_s, end_s, [label for label in labels if label.score >= LEAST])
            progress(medium.share(end_s))
