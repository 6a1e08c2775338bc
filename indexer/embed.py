"""Embedding of pictures, frames and spoken passages, in batches, into units with vectors."""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from db.catalog.units import UnitDraft
from db.errors import MediaError
from indexer.analysers.frames import stills
from indexer.analysers.whisper import Transcriber
from indexer.encoders.base import Encoder
from indexer.flow import DecodedPicture
from indexer.media.pool import DecodePool
from indexer.media.reader import read_audio
from indexer.media.types import Metadata
from indexer.prefetch import batched

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Embedder:
    """Encodes media into units. ``batch``: pictures, frames or passages that are encoded at once."""

    encoder: Encoder
    transcriber: Transcriber | None
    pool: DecodePool
    batch: int

    def pictures(self, pictures: Sequence[DecodedPicture]) -> list[UnitDraft]:
        """A unit for each picture, in their order."""
        vectors = self.encoder.encode_pixels(np.stack([picture.pixels for picture in pictures]))
        return [UnitDraft("image", vector) for vector in vectors]

    def timed(self, path: Path, metadata: Metadata, progress: Callable[[float], None]) -> list[UnitDraft]:
        """The frames and passages of a film or recording; ``progress`` is told the share done, 0 to 1.

        Raises:
            MediaError: nothing of the file could be decoded.
        """
        units: list[UnitDraft] = []
        transcriber = self.transcriber if metadata.has_audio else None
        if metadata.kind == "video":
            share = 0.5 if transcriber else 1.0
            units += self._frames(path, metadata.duration_s, lambda done: progress(share * done))
        if transcriber is not None:
            try:
                units += self._passages(transcriber, path, metadata.duration_s or math.inf, progress)
            except MediaError as exc:
                if not units:
                    raise
                log.warning("%s: its sound is left out: %s", path, exc)
        return units

    def _frames(
        self, path: Path, duration_s: float | None, progress: Callable[[float], None]
    ) -> list[UnitDraft]:
        units: list[UnitDraft] = []
        decoded = stills(self.pool, path, duration_s, min_side=2 * self.encoder.image_size)
        for batch in batched(decoded, self.batch):
            pixels = np.stack([self.encoder.prepare(Image.fromarray(still.picture)) for still in batch])
            for still, vector in zip(batch, self.encoder.encode_pixels(pixels), strict=True):
                units.append(UnitDraft("frame", vector, still.start_s, still.end_s, still.at_s))
            progress(min(1.0, batch[-1].end_s / (duration_s or math.inf)))
        return units

    def _passages(
        self, transcriber: Transcriber, path: Path, duration_s: float, progress: Callable[[float], None]
    ) -> list[UnitDraft]:
        units: list[UnitDraft] = []
        passages = transcriber.transcribe(
            lambda start_s, end_s: self.pool.submit(read_audio, path, start_s, end_s).result(), duration_s
        )
        for batch in batched(passages, self.batch):
            vectors = self.encoder.encode_texts([passage.text for passage in batch])
            for passage, vector in zip(batch, vectors, strict=True):
                units.append(UnitDraft("speech", vector, passage.start_s, passage.end_s, text=passage.text))
            progress(min(1.0, batch[-1].end_s / duration_s))
        return units
