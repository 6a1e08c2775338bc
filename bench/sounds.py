"""Measure in how many seconds Trove tells speech and music, alone and mixed, and what listening costs.

    python bench/sounds.py --speech FOLDER --soundfont FILE [--minutes 5]

Speech is that of the samples and the recordings of the folder, one after the other. Music is made: pieces of
six kinds as MIDI files (chords and tunes by chance, always the same), played by fluidsynth with the
soundfont. They are mixed with the speech 0, 10 and 20 dB louder than the music. A second is right for a class
if Trove says that it is heard in most of it, and it is, or neither. Pauses are left out: seconds whose
loudest tenth is 30 dB below the loudest one of the recording.
"""

import argparse
import random
import struct
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from indexer.analysers.sounds import CLASSES, LEVELS_PER_S, levels, load_model, spans
from indexer.media.reader import read_audio
from indexer.media.types import SAMPLE_RATE, Samples

SEED = 7
SAMPLES = Path(__file__).parents[1] / "samples"
PIECES: dict[str, tuple[int, ...]] = {
    "piano": (0, 0),
    "guitar and bass": (25, 33),
    "strings and flute": (48, 73),
    "organ": (19, 19),
    "band with drums": (29, 34, -1),
    "brass and synthesizer": (61, 81, -1),
}
"""The instruments of each piece, by their numbers in General MIDI; -1 for drums."""
CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
BEAT = 480


def _varied(number: int) -> bytes:
    """A number as MIDI writes it, seven bits a byte."""
    made = [number & 0x7F]
    while number := number >> 7:
        made.insert(0, number & 0x7F | 0x80)
    return bytes(made)


def midi(instruments: Sequence[int], seconds: float, seed: int) -> bytes:
    """A piece of chords, a tune and perhaps drums, 120 beats a minute."""
    chance = random.Random(seed)  # noqa: S311 - not secret
    events: list[tuple[int, bytes]] = []

    def note(channel: int, pitch: int, at: int, lasts: int, loud: int) -> None:
        events.append((at, bytes((0x90 | channel, pitch, loud))))
        events.append((at + lasts, bytes((0x80 | channel, pitch, 0))))

    root = chance.randrange(48, 58)
    for channel, instrument in enumerate(instruments):
        if instrument >= 0:
            events.append((0, bytes((0xC0 | channel, instrument))))
    for bar in range(round(seconds / 2)):
        chord = CHORDS[bar % 4]
        for pitch in chord:
            note(0, root + pitch, bar * 4 * BEAT, 4 * BEAT - 20, 75)
        for half in range(8):
            at = bar * 4 * BEAT + half * BEAT // 2
            if chance.random() < 0.7:
                note(1, root + chance.choice(chord) + chance.choice((0, 12)), at, BEAT // 2, 90)
            if -1 in instruments:
                note(9, (36, 42, 38, 42)[half % 4], at, BEAT // 4, 85)
    events.sort(key=lambda event: event[0])
    track, now = b"", 0
    for at, data in events:
        track += _varied(at - now) + data
        now = at
    track += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, BEAT) + b"MTrk" + struct.pack(">I", len(track)) + track


def music(soundfont: Path, seconds: float) -> dict[str, Samples]:
    """Each piece as it sounds."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, instruments) in enumerate(PIECES.items()):
            written, played = Path(folder, f"{number}.mid"), Path(folder, f"{number}.wav")
            written.write_bytes(midi(instruments, seconds, SEED + number))
            command = ["fluidsynth", "-ni", "-q", "-F", played, "-r", "44100", soundfont, written]
            subprocess.run(list(map(str, command)), check=True, capture_output=True)
            made[name] = read_audio(played, 0, seconds)
    return made


def speech(folder: Path, seconds: float) -> Samples:
    """Recordings one after the other; the samples' first."""
    paths = [SAMPLES / "recordings" / "r001.ogg", *sorted(folder.glob("*.mp3"))]
    parts: list[Samples] = []
    while paths and sum(map(len, parts)) < seconds * SAMPLE_RATE:
        parts.append(read_audio(paths.pop(0), 0, 60))
    return np.concatenate(parts)[: round(seconds * SAMPLE_RATE)]


def voiced(samples: Samples) -> np.ndarray:
    """Which seconds are no pauses."""
    tenths = samples[: len(samples) // SAMPLE_RATE * SAMPLE_RATE].reshape(-1, 10, SAMPLE_RATE // 10)
    loud = 10 * np.log10((tenths**2).mean(axis=2).max(axis=1) + 1e-12)
    return loud > loud.max() - 30


def seconds_of(model, samples: Samples) -> dict[str, np.ndarray]:
    """In which seconds each class is heard, as Trove says."""
    length = len(samples) // SAMPLE_RATE

    def read(start_s: float, end_s: float) -> Samples:
        return samples[round(start_s * SAMPLE_RATE) : round(min(end_s, length) * SAMPLE_RATE)]

    told = {name: np.zeros(length * LEVELS_PER_S) for name in CLASSES}
    for heard in spans(levels(model, read, length)):
        told[heard.name][round(heard.start_s * LEVELS_PER_S) : round(heard.end_s * LEVELS_PER_S)] = 1
    return {name: each.reshape(length, -1).mean(axis=1) > 0.5 for name, each in told.items()}


def shown(name: str, told: dict[str, np.ndarray], truth: Sequence[str], counted: np.ndarray) -> None:
    """Print the share of right seconds of each class."""
    shares = (100 * (told[one] == (one in truth))[counted].mean() for one in CLASSES)
    print(f"{name:38}{counted.sum():5} s" + "".join(f"{share:9.1f} %" for share in shares), flush=True)


def main() -> None:
    """Make, mix, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--soundfont", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=5)
    options = parser.parse_args()
    model, seconds = load_model(), 60 * options.minutes
    said = speech(options.speech, seconds)
    spoken = voiced(said)
    print(f"{'right seconds':44}" + "".join(f"{name:>11}" for name in CLASSES))
    begun = time.perf_counter()
    told = seconds_of(model, said)
    took = time.perf_counter() - begun
    shown("speech alone", told, ["speech"], spoken)
    pieces = music(options.soundfont, seconds / len(PIECES))
    for name, piece in pieces.items():
        shown(f"music alone: {name}", seconds_of(model, piece), ["music"], voiced(piece))
    played = np.concatenate(list(pieces.values()))
    shown("music alone: all", seconds_of(model, played), ["music"], voiced(played))
    length = min(len(said), len(played))
    for louder in (0, 10, 20):
        gain = np.sqrt((said**2).mean() / (played**2).mean()) * 10 ** (-louder / 20)
        mixed = (said[:length] + gain * played[:length]) / 2
        both = spoken[: length // SAMPLE_RATE] & voiced(played[:length])
        shown(f"both, speech {louder} dB louder", seconds_of(model, mixed), ["speech", "music"], both)
    nothing = 0.003 * np.random.default_rng(SEED).standard_normal(60 * SAMPLE_RATE).astype(np.float32)
    shown("noise, -50 dB", seconds_of(model, nothing), [], np.ones(60, bool))
    shown("silence", seconds_of(model, 0 * nothing), [], np.ones(60, bool))
    print(f"listening: {60 * took / (len(said) / SAMPLE_RATE):.2f} s for each minute")


if __name__ == "__main__":
    main()
