"""Colours by code points (ITU-T H.273, "CICP", nclx) as sRGB: wide gamuts are mapped, high dynamic range too.

Of PQ and HLG what is darker than paper white stays as it is, and the highlights above are rolled off, as
ITU-R BT.2390 describes. What sRGB cannot show keeps its hue.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from indexer.media.gamut import SRGB, Chromaticities, Light, to_xyz, within
from indexer.media.types import Picture


class Colours(NamedTuple):
    """The code points of primaries and of the transfer function; 2 for what is not said."""

    primaries: int
    transfer: int


_PQ, _HLG, _LINEAR = 16, 18, 8
_OF_SRGB = frozenset({0, 1, 2, 5, 6, 7})
"""Primaries that are those of sRGB, or near enough that few see it: the television of old."""

_CHROMATICITIES: dict[int, Chromaticities] = {
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),  # BT.2020
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # DCI-P3, whose white is taken for that of a screen
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),  # Display P3
}
_PAPER_NITS = 203.0  # ITU-R BT.2408
_MASTERED_NITS = 1000.0


def differs(colours: Colours) -> bool:
    """Whether colours have to be converted, and can be."""
    return colours.transfer in (_PQ, _HLG, _LINEAR) or colours.primaries in _CHROMATICITIES


def to_srgb(levels: npt.NDArray[Any], colours: Colours) -> Picture:
    """(height, width, 3) levels of 8 or 16 bits as sRGB of 8 bits."""
    light = _linear((levels / np.iinfo(levels.dtype).max).astype(np.float32), colours.transfer)
    if colours.primaries not in _OF_SRGB and colours.primaries in _CHROMATICITIES:
        light = light @ _matrix(colours.primaries).T.astype(np.float32)
    return shown_light(light)


def shown_light(light: Light) -> Picture:
    """Linear light of sRGB, also of colours that it does not have, as sRGB of 8 bits."""
    return _encoded(within(light))


def _matrix(primaries: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.linalg.inv(to_xyz(SRGB)) @ to_xyz(_CHROMATICITIES[primaries]))


def _linear(levels: Light, transfer: int) -> Light:
    if transfer == _PQ:
        return _rolled_off(_PQ_MOST_NITS * _from_pq(levels))
    if transfer == _HLG:
        scene = np.where(levels <= 0.5, levels**2 / 3, (np.exp((levels - _HLG_C) / _HLG_A) + _HLG_B) / 12)
        luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
        # The system's gamma of a screen of 1,000 nits.
        return _rolled_off(_MASTERED_NITS * scene * np.maximum(luminance, 1e-6)[..., None] ** 0.2)
    if transfer == _LINEAR:
        return levels
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_PQ_MOST_NITS = 10_000.0
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _from_pq(levels: Light) -> Light:
    root = levels ** (1 / _M2)
    return np.asarray((np.maximum(root - _C1, 0) / (_C2 - _C3 * root)) ** (1 / _M1))


def _to_pq(light: Light) -> Light:
    power = np.maximum(light, 0) ** _M1
    return np.asarray(((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2)


def _rolled_off(nits: Light) -> Light:
    """Light of a screen of ``_MASTERED_NITS`` as that of paper white: the electrical transfer of BT.2390.

    All three channels are scaled as the largest, which keeps their hue.
    """
    largest = nits.max(axis=2, keepdims=True)
    top = _to_pq(np.array(_MASTERED_NITS / _PQ_MOST_NITS))
    white = _to_pq(np.array(_PAPER_NITS / _PQ_MOST_NITS)) / top
    level = np.minimum(_to_pq(largest / _PQ_MOST_NITS) / top, 1)
    knee = 1.5 * white - 0.5
    t = np.clip((level - knee) / (1 - knee), 0, 1)
    curve = (
        (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * white
    )
    mapped = _PQ_MOST_NITS * _from_pq(np.where(level < knee, level, curve) * top)
    return np.asarray(nits * mapped / np.maximum(largest, 1e-6) / _PAPER_NITS)


def _encoded(light: Light) -> Picture:
    levels = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return (levels * 255 + 0.5).astype(np.uint8)
