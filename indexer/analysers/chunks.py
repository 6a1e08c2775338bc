"""The batched Whisper pipeline of faster-whisper, which also tells what language each of its chunks is in."""

from concurrent.futures import CancelledError, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from typing import Any

from faster_whisper import BatchedInferencePipeline

from indexer.media.types import SAMPLE_RATE, Samples

_FRAMES = 3000
"""Of half a minute, which is all that the model takes."""
_ROUNDED_S = 0.01


@dataclass(frozen=True)
class Piece:
    """Speech between two silences, in seconds.

    ``languages``: how likely the chunk that it was read in is in each, by their ISO 639 codes; empty for
    models of English alone.
    """

    start_s: float
    end_s: float
    languages: dict[str, float]


class ChunkPipeline(BatchedInferencePipeline):  # type: ignore[misc]
    """Reads pieces of speech, joined to chunks of half a minute, all in one language. Not thread-safe.

    Processors read several chunks side by side, each on one core, sooner than a batch of them on all cores: a
    decoder goes from token to token, too little work each time to be shared among cores.

    Args:
        at_once: parts that are read side by side; the model has as many workers.
        part: chunks that are read as one batch.
    """

    def __init__(self, model: Any, at_once: int, part: int) -> None:
        super().__init__(model)
        self._at_once, self._part = at_once, part
        self.share = 0.0
        """Of the chunks, how many are read, 0 to 1; what is read again does not count."""
        self.stopped = False
        """Set it to read no more of them; what is under way then ends with a ``CancelledError``."""
        self._spans: list[dict[str, int]] = []
        self._ends: list[float] = []
        self._shares: list[dict[str, float]] = []

    def transcribe(self, audio: Samples, **options: Any) -> tuple[Any, Any]:
        """As the pipeline does, with all chunks in one batch, which ``forward`` shares out."""
        self._ends, self._shares = [], []
        chunks = max(1, len(audio))  # more than there can be
        segments, heard = super().transcribe(audio, batch_size=chunks, word_timestamps=True, **options)
        self._spans = heard.transcription_options.clip_timestamps
        return segments, heard

    def pieces(self) -> list[Piece]:
        """The speech of the last transcription, once its segments were taken."""
        found: list[Piece] = []
        read_s, chunk = 0.0, 0
        for span in self._spans:
            start_s, end_s = span["start"] / SAMPLE_RATE, span["end"] / SAMPLE_RATE
            # Chunks do not say of all pieces that they are in them; they lie one after the other.
            read_s += end_s - start_s
            while chunk + 1 < len(self._ends) and read_s > self._ends[chunk] + _ROUNDED_S:
                chunk += 1
            found.append(Piece(start_s, end_s, self._shares[chunk] if self._shares else {}))
        return found

    def forward(self, features: Any, tokenizer: Any, chunks_metadata: Any, options: Any) -> Any:
        """All chunks, in parts side by side; what comes of one does not depend on the others."""
        self._ends += [chunk["offset"] + chunk["duration"] for chunk in chunks_metadata]
        whole_s, read_s, counting = sum(chunk["duration"] for chunk in chunks_metadata), 0.0, Lock()
        starts = range(0, len(features), self._part)
        parts = [_Part(self.model, chunks_metadata[start]["offset"]) for start in starts]

        def read(start: int, part: _Part) -> Any:
            nonlocal read_s
            if self.stopped:
                raise CancelledError
            own = slice(start, start + self._part)
            found = part.forward(features[own], tokenizer, chunks_metadata[own], options)
            with counting:
                read_s += sum(chunk["duration"] for chunk in chunks_metadata[own])
                self.share = max(self.share, read_s / whole_s)
            return found

        with ThreadPoolExecutor(self._at_once, thread_name_prefix="chunks") as pool:
            read_parts = list(pool.map(read, starts, parts))
        self._shares += [share for part in parts for share in part.shares]
        return list(chain.from_iterable(read_parts))

    def languages_of(self, samples: Samples) -> dict[str, float]:
        """How likely some seconds of speech are in each language; empty for models of English alone."""
        # Not filled up with silence to half a minute: a tenth of the time, and the same answer.
        features = self.model.feature_extractor(samples)[..., :-1][:, :_FRAMES]
        return _languages(self.model, self.model.encode(features[None]), 1)[0]


class _Part(BatchedInferencePipeline):  # type: ignore[misc]
    """A few chunks, read as one batch.

    ``begin_s``: where the first of them starts, in the sound without its pauses. ``shares``: how likely each
    of them is in each language.
    """

    def __init__(self, model: Any, begin_s: float) -> None:
        super().__init__(model)
        self.last_speech_timestamp = begin_s
        self.shares: list[dict[str, float]] = []

    def generate_segment_batched(self, features: Any, tokenizer: Any, options: Any) -> Any:
        """The tokens of a batch. What its language is costs one step of the decoder."""
        encoded, output = super().generate_segment_batched(features, tokenizer, options)
        self.shares += _languages(self.model, encoded, len(output))
        return encoded, output


def _languages(model: Any, encoded: Any, count: int) -> list[dict[str, float]]:
    if not model.model.is_multilingual:
        return [{}] * count
    told = model.model.detect_language(encoded)
    return [{token.strip("<|>"): share for token, share in own} for own in told]
