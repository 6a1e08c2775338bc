"""Measure how many copies of recordings are found by their fingerprints, and how many others pass for one.

    python bench/soundprints.py --speech FOLDER --soundfont FILE

Recordings are sentences of one voice, four after the other, and the pieces of music that ``bench/sounds.py``
makes. Each is encoded anew, cut, made quieter, or has noise added, and compared with itself; and all of them
with each other.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from sounds import music

from indexer.media.reader import read_audio
from indexer.media.soundprints import Rows, soundprint
from indexer.media.types import SAMPLE_RATE, Samples
from search.explore.recordings import same

SEED = 7


def encoded(samples: Samples, suffix: str, codec: str, rate: int, bits_per_s: int) -> Samples:
    """The same after an encoder has had it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"made{suffix}")
        with av.open(str(path), "w") as container:
            stream = container.add_stream(codec, rate=rate, layout="mono")
            stream.bit_rate = bits_per_s
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE, 0
            fit = av.AudioResampler(
                format=stream.format.name, layout="mono", rate=rate, frame_size=stream.frame_size or 1024
            )
            for part in [*fit.resample(frame), *fit.resample(None)]:
                container.mux(stream.encode(part))
            container.mux(stream.encode(None))
        return read_audio(path, 0, len(samples) / SAMPLE_RATE + 1)


def _noisy(samples: Samples, louder_db: float) -> Samples:
    noise = np.random.default_rng(SEED).standard_normal(len(samples)).astype(np.float32)
    return samples + noise * np.sqrt((samples**2).mean()) * np.float32(10 ** (-louder_db / 20))


CHANGES: dict[str, Callable[[Samples], Samples]] = {
    "MP3, 64 kbit/s, 22 kHz": lambda sound: encoded(sound, ".mp3", "libmp3lame", 22050, 64_000),
    "AAC in Matroska, 96 kbit/s": lambda sound: encoded(sound, ".mkv", "aac", 44100, 96_000),
    "Opus, 24 kbit/s": lambda sound: encoded(sound, ".ogg", "libopus", 48000, 24_000),
    "Opus, 12 kbit/s": lambda sound: encoded(sound, ".ogg", "libopus", 48000, 12_000),
    "20 dB quieter, MP3": lambda sound: encoded(0.1 * sound, ".mp3", "libmp3lame", 44100, 128_000),
    "the middle half": lambda sound: sound[len(sound) // 4 + 333 : 3 * len(sound) // 4],
    "the middle half, Opus, 24 kbit/s": lambda sound: encoded(
        sound[len(sound) // 4 + 333 : 3 * len(sound) // 4], ".ogg", "libopus", 48000, 24_000
    ),
    "noise, 20 dB below": lambda sound: _noisy(sound, 20),
    "noise, 10 dB below": lambda sound: _noisy(sound, 10),
    "faster by 2 %": lambda sound: np.interp(
        np.arange(0, len(sound) - 1, 1.02), np.arange(len(sound)), sound
    ).astype(np.float32),
}


def printed(samples: Samples) -> Rows:
    """The fingerprint of samples."""
    return soundprint(
        lambda start_s, end_s: samples[round(start_s * SAMPLE_RATE) : round(end_s * SAMPLE_RATE)],
        len(samples) / SAMPLE_RATE,
    )


def main() -> None:
    """Make, change, compare, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--soundfont", type=Path, required=True)
    options = parser.parse_args()
    said = [read_audio(path, 0, 60) for path in sorted(options.speech.glob("*.mp3"))]
    sounds = [np.concatenate(said[at : at + 4]) for at in range(0, len(said), 4)]
    spoken = len(sounds)
    sounds += music(options.soundfont, 40).values()
    begun = time.perf_counter()
    prints = [printed(sound) for sound in sounds]
    took = time.perf_counter() - begun
    seconds = sum(map(len, sounds)) / SAMPLE_RATE
    print(f"{spoken} of speech, {len(sounds) - spoken} of music; {60 * took / seconds:.2f} s a minute")
    pairs = set(same(dict(enumerate(prints))))
    print(f"{'different ones':40}{len(pairs):4} of {len(prints) * (len(prints) - 1) // 2} pairs pass")
    for name, change in CHANGES.items():
        changed = [printed(change(sound)) for sound in sounds]
        found = [any(same({0: own, 1: copy})) for own, copy in zip(prints, changed, strict=True)]
        print(f"{name:40}{sum(found[:spoken]):4} of {spoken}{sum(found[spoken:]):4} of {len(found) - spoken}")


if __name__ == "__main__":
    main()
