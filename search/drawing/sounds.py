"""Sounds and music that models make: how long they are, and how they are written as FLAC.

FLAC loses nothing, and its tags say that it was generated: it has no place for XMP.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.errors import GenerateError

SOUND_PIPELINES = frozenset({"AudioLDM2Pipeline", "StableAudioPipeline"})
"""Those that make sounds as well as music."""
MUSIC_MODEL = "MusicgenForConditionalGeneration"
"""One of transformers that makes music alone, see ``search.drawing.musicgen``."""

_LENGTHS = ("audio_length_in_s", "audio_end_in_s")
_LOUDEST = 2**15 - 1


@dataclass(frozen=True)
class Sound:
    """Samples of one or two channels, (channels, n), in -1 to 1."""

    samples: NDArray[np.float32]
    rate: int

    @property
    def length_s(self) -> float:
        """Seconds that it lasts."""
        return float(self.samples.shape[1] / self.rate)


def sound_of(result: Any, pipeline: Any) -> Sound:
    """What a pipeline returned, whichever form its samples have.

    Raises:
        GenerateError: it is silence.
    """
    heard = result.audios[0]
    samples = np.atleast_2d(np.asarray(heard.float().cpu() if hasattr(heard, "cpu") else heard, np.float32))
    samples = np.nan_to_num(samples).clip(-1, 1)
    if not (samples * _LOUDEST).round().any():
        raise GenerateError("the model returned silence", "Try another seed, or other words.")
    return Sound(samples, _rate(pipeline))


def _rate(pipeline: Any) -> int:
    """Samples a second, which each kind keeps with the part that makes them."""
    if (vocoder := getattr(pipeline, "vocoder", None)) is not None:
        return int(vocoder.config.sampling_rate)
    return int(pipeline.sampling_rate if hasattr(pipeline, "sampling_rate") else pipeline.vae.sampling_rate)


def length_argument(accepted: Mapping[str, Any], length_s: float | None) -> dict[str, Any]:
    """How long a sound shall be, by the name that a pipeline has for it; its own length for None."""
    if length_s is None:
        return {}
    return {name: length_s for name in _LENGTHS if name in accepted}


def flac(sound: Sound, tags: Mapping[str, str]) -> bytes:
    """The sound as a FLAC file with tags, in 16 bits."""
    import av

    buffer = io.BytesIO()
    layout = "mono" if sound.samples.shape[0] == 1 else "stereo"
    whole = (sound.samples * _LOUDEST).round().astype(np.int16)
    with av.open(buffer, "w", format="flac") as target:
        target.metadata.update(tags)
        stream = target.add_stream("flac", rate=sound.rate, layout=layout)
        # Packed, as the encoder takes it: the channels of each moment together.
        frame = av.AudioFrame.from_ndarray(whole.T.reshape(1, -1).copy(), format="s16", layout=layout)
        frame.sample_rate = sound.rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            target.mux(packet)
    return buffer.getvalue()
