"""Videos and recordings: stretch by stretch into frames and spoken passages, in bounded memory."""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from db.catalog.units import UnitDraft
from db.errors import MediaError
from indexer.analysers.whisper import Transcriber
from indexer.encoders.base import Encoder
from indexer.media.pool import DecodePool
from indexer.media.reader import read_audio, read_stills
from indexer.media.stills import merge_stills
from indexer.media.types import Metadata, Still
from indexer.prefetch import batched

log = logging.getLogger(__name__)

STRETCH_S = 60.0
"""Length of video decoded at once: about as many frames as one batch of pictures."""

_AHEAD = 2
"""Stretches decoded ahead of the one being encoded."""


@dataclass(frozen=True)
class TimedReader:
    """Reads videos and recordings. ``batch``: frames or passages encoded at once."""

    pool: DecodePool
    encoder: Encoder
    transcriber: Transcriber | None
    batch: int

    def units(self, path: Path, metadata: Metadata, progress: Callable[[float], None]) -> list[UnitDraft]:
        """The frames and passages of a file; ``progress`` is told the share done, 0 to 1.

        Raises:
            MediaError: nothing of the file could be decoded.
        """
        units: list[UnitDraft] = []
        transcriber = self.transcriber if metadata.has_audio else None
        if metadata.kind == "video":
            share = 0.5 if transcriber else 1.0
            units += self._frames(path, metadata, lambda done: progress(share * done))
        if transcriber is not None:
            try:
                units += self._passages(transcriber, path, metadata, progress)
            except MediaError as exc:
                if not units:
                    raise
                log.warning("%s: its sound is left out: %s", path, exc)
        return units

    def _frames(self, path: Path, metadata: Metadata, progress: Callable[[float], None]) -> list[UnitDraft]:
        units: list[UnitDraft] = []
        for stills in batched(self._stills(path, metadata.duration_s), self.batch):
            pixels = np.stack([self.encoder.prepare(Image.fromarray(still.picture)) for still in stills])
            for still, vector in zip(stills, self.encoder.encode_pixels(pixels), strict=True):
                units.append(UnitDraft("frame", vector, still.start_s, still.end_s, still.at_s))
            progress(min(1.0, stills[-1].end_s / (metadata.duration_s or math.inf)))
        return units

    def _stills(self, path: Path, duration_s: float | None) -> Iterator[Still]:
        """The stills of all stretches, near-identical neighbours merged across their borders too."""
        held: list[Still] = []
        for stills in self._stretches(path, duration_s):
            merged = merge_stills(held + stills)
            yield from merged[:-1]
            held = merged[-1:]
        yield from held

    def _stretches(self, path: Path, duration_s: float | None) -> Iterator[list[Still]]:
        """Decoded stretches in order. A bad one is left out; a file with none that is good is an error.

        A container may state no duration or an absurd one: two empty stretches in a row are the end.
        """
        ahead: deque[Future[list[Still]]] = deque()
        start, empty, decoded = 0.0, 0, 0
        fault: MediaError | None = None
        while empty < 2:
            while len(ahead) < _AHEAD and start < (duration_s or math.inf):
                ahead.append(
                    self.pool.submit(
                        read_stills, path, start, start + STRETCH_S, min_side=2 * self.encoder.image_size
                    )
                )
                start += STRETCH_S
            if not ahead:
                break
            try:
                stills = ahead.popleft().result()
            except MediaError as exc:
                log.warning("%s: a stretch of it is left out: %s", path, exc)
                fault, stills = exc, []
            empty = 0 if stills else empty + 1
            decoded += len(stills)
            yield stills
        for future in ahead:
            future.cancel()
        if fault is not None and not decoded:
            raise fault

    def _passages(
        self, transcriber: Transcriber, path: Path, metadata: Metadata, progress: Callable[[float], None]
    ) -> list[UnitDraft]:
        duration_s = metadata.duration_s or math.inf
        units: list[UnitDraft] = []
        passages = transcriber.transcribe(
            lambda start_s, end_s: self.pool.submit(read_audio, path, start_s, end_s).result(), duration_s
        )
        for some in batched(passages, self.batch):
            vectors = self.encoder.encode_texts([passage.text for passage in some])
            for passage, vector in zip(some, vectors, strict=True):
                units.append(UnitDraft("speech", vector, passage.start_s, passage.end_s, text=passage.text))
            progress(min(1.0, some[-1].end_s / duration_s))
        return units
