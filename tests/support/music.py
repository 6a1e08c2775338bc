"""Music made on the spot: chords of plucked strings, which a model knows for what they are."""

import numpy as np

from tests.support.media import Samples

_RATE = 16_000
_CHORDS = ((48, 60, 64, 67), (45, 57, 60, 64), (41, 53, 57, 60), (43, 55, 59, 62))


def chords(seconds: float) -> Samples:
    """A chord every second with a run of its notes: mono float32 samples at 16 kHz."""
    made = np.zeros(round((seconds + 2) * _RATE), dtype=np.float32)
    for number in range(round(seconds)):
        chord = _CHORDS[number // 2 % 4]
        for at, pitch in enumerate(chord):
            _pluck(made, number, pitch)
            _pluck(made, number + at / 4, pitch + 12)
    return (0.5 * made / np.abs(made).max())[: round(seconds * _RATE)]


def _pluck(made: Samples, at_s: float, pitch: int) -> None:
    """Add a note by its harmonics, the higher the sooner gone."""
    time = np.arange(2 * _RATE) / _RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    sounds = sum(
        np.sin(2 * np.pi * n * hz * time) * np.exp(-(1.5 + n) * time) / n
        for n in range(1, 9)
        if n * hz < 7500
    )
    start = round(at_s * _RATE)
    part = made[start : start + len(time)]
    part += np.asarray(sounds, np.float32)[: len(part)]
