"""The batched Whisper pipeline of faster-whisper, which also tells what language each of its chunks is in."""

from dataclasses import dataclass
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
    """Reads pieces of speech, joined to chunks of half a minute, all in one language. Not thread-safe."""

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        self._spans: list[dict[str, int]] = []
        self._ends: list[float] = []
        self._shares: list[dict[str, float]] = []

    def transcribe(self, audio: Samples, **options: Any) -> tuple[Any, Any]:
        """As the pipeline does."""
        self._ends, self._shares = [], []
        segments, heard = super().transcribe(audio, **options)
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
        """One batch of chunks."""
        self._ends += [chunk["offset"] + chunk["duration"] for chunk in chunks_metadata]
        return super().forward(features, tokenizer, chunks_metadata, options)

    def generate_segment_batched(self, features: Any, tokenizer: Any, options: Any) -> Any:
        """The tokens of a batch. What its language is costs one step of the decoder."""
        encoded, output = super().generate_segment_batched(features, tokenizer, options)
        self._shares += self._languages(encoded, len(output))
        return encoded, output

    def languages_of(self, samples: Samples) -> dict[str, float]:
        """How likely some seconds of speech are in each language; empty for models of English alone."""
        # Not filled up with silence to half a minute: a tenth of the time, and the same answer.
        features = self.model.feature_extractor(samples)[..., :-1][:, :_FRAMES]
        return self._languages(self.model.encode(features[None]), 1)[0]

    def _languages(self, encoded: Any, count: int) -> list[dict[str, float]]:
        if not self.model.model.is_multilingual:
            return [{}] * count
        told = self.model.model.detect_language(encoded)
        return [{token.strip("<|>"): share for token, share in own} for own in told]
