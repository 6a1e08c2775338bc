"""Whether two tracks of sound are the same to the ear, however each is encoded.

Their spectra are compared second by second, so that one sentence of a commentary, or in another language, is
enough for a track to be heard by itself.
"""

import math
from collections.abc import Callable

import numpy as np

from db.arrays import Floats
from indexer.media.types import SAMPLE_RATE, Samples

Read = Callable[[float, float], Samples]
"""Gives the sound from one second up to another."""

_AT_ONCE_S = 60.0
_FRAME, _HOP = 512, 256
_BANDS_HZ = np.geomspace(100, 7000, 17)
_QUIET_DB = -50.0
"""Below the loudest part of a minute, or of full scale: what encoders may make of it is not compared."""
_SAME_DB = 3.0
"""The mean difference of bands in any second. Encoders differ by 1 to 2 dB, voices by 8 and more."""
_END_S = 0.5


def is_same(one: Read, other: Read, duration_s: float) -> bool:
    """Whether two tracks are the same from beginning to end; it stops at the first difference.

    Raises:
        MediaError: from ``one`` and ``other``.
    """
    start_s = 0.0
    while start_s < duration_s:
        end_s = min(start_s + _AT_ONCE_S, duration_s)
        first, second = one(start_s, end_s), other(start_s, end_s)
        if abs(len(first) - len(second)) > _END_S * SAMPLE_RATE or _differ(first, second):
            return False
        if math.isinf(duration_s) and not len(first):
            break
        start_s = end_s
    return True


def _differ(first: Samples, second: Samples) -> bool:
    length = min(len(first), len(second))
    if length < _FRAME:
        return False
    one, other = _bands(first[:length]), _bands(second[:length])
    heard = np.maximum(one, other) > max(_QUIET_DB, float(max(one.max(), other.max())) + _QUIET_DB)
    if not heard.any():
        return False
    apart = np.where(heard, one - other, 0.0)
    # A track may be louder than another one.
    apart = np.abs(np.where(heard, apart - np.median(apart[heard]), 0.0))
    frames = SAMPLE_RATE // _HOP
    for start in range(0, len(apart), frames):
        second_heard = heard[start : start + frames]
        if second_heard.sum() >= second_heard.size / 20:
            mean = apart[start : start + frames].sum() / second_heard.sum()
            if mean > _SAME_DB:
                return True
    return False


def _bands(samples: Samples) -> Floats:
    """The level in each band over time: (frames, bands), dB of full scale."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1)) ** 2 / _FRAME**2
    edges = np.round(_BANDS_HZ * _FRAME / SAMPLE_RATE).astype(int)
    bands = np.add.reduceat(power, edges, axis=1)[:, :-1]
    return 10 * np.log10(bands + 1e-10)
