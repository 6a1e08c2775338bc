"""Fingerprints of sound, by which the same recording is known in another format, length or loudness.

Each is a row of 32 bits a few times a second: whether the difference of two neighbouring bands grows or not
(Haitsma and Kalker 2002, "A Highly Robust Audio Fingerprinting System"). Encoders change few of them, other
recordings half. That somebody says the same words again, or plays the same piece, is another recording.
"""

import base64
import binascii
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from indexer.media.types import SAMPLE_RATE, Samples

PER_S = 15.625
"""Rows a second."""
LONGEST_S = 1200.0
"""Of a recording, of which its fingerprint is made."""

_HOP, _FRAME = 1024, 8192
_EARLIER = 4
"""Rows between the two of which the difference is taken."""
_EDGES = np.round(np.geomspace(300, 3000, 34) * _FRAME / SAMPLE_RATE).astype(int)
_QUIET, _SILENT = 1e-5, 1e-11
"""Power below which nothing is heard: of the loudest moment, and of full scale."""
_AT_ONCE_S = 64.0
"""A whole number of rows."""

Rows = npt.NDArray[np.uint32]
"""(n,) rows in order of time; 0 where it is quiet."""

Read = Callable[[float, float], Samples]
"""Gives the sound from one second up to another."""


def soundprint(read: Read, duration_s: float | None) -> Rows:
    """The fingerprint of a recording, or of the first twenty minutes of it.

    Raises:
        MediaError: from ``read``.
    """
    last_s = min(duration_s or LONGEST_S, LONGEST_S)
    levels = np.concatenate([np.empty((0, 33), np.float32), *_levels(read, last_s)])
    if len(levels) <= _EARLIER:
        return np.empty(0, np.uint32)
    steps = np.diff(np.log(levels + 1e-12), axis=1)
    bits = steps[_EARLIER:] > steps[:-_EARLIER]
    rows = np.packbits(bits, axis=1).view(">u4").ravel().astype(np.uint32)
    power = levels.sum(axis=1)
    heard = power > max(_SILENT, _QUIET * float(power.max()))
    return np.where(heard[_EARLIER:] & heard[:-_EARLIER], rows, 0).astype(np.uint32)


def _levels(read: Read, last_s: float) -> Iterator[npt.NDArray[np.float32]]:
    """The power in each band, some frames at a time; those at a seam have what they need of the next part."""
    start_s, ahead_s = 0.0, (_FRAME - _HOP) / SAMPLE_RATE
    while start_s < last_s:
        samples = read(start_s, min(start_s + _AT_ONCE_S, last_s) + ahead_s)
        if len(samples) < _FRAME:
            return
        frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
        frames = frames[: round(_AT_ONCE_S * PER_S)]
        power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME).astype(np.float32), axis=1)) ** 2
        yield (np.add.reduceat(power, _EDGES, axis=1)[:, :-1] / _FRAME**2).astype(np.float32)
        start_s += len(frames) / PER_S
        if len(frames) < round(_AT_ONCE_S * PER_S):
            return


def as_text(rows: Rows) -> str:
    """A fingerprint as letters."""
    return base64.b64encode(rows.astype("<u4").tobytes()).decode()


def from_text(text: object) -> Rows | None:
    """The fingerprint that was written so; None for anything else."""
    try:
        return np.frombuffer(base64.b64decode(text, validate=True), "<u4").astype(np.uint32)  # type: ignore[arg-type]
    except (binascii.Error, TypeError, ValueError):
        return None
