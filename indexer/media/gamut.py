"""Gamut mapping: what sRGB cannot show becomes the nearest colour of the same hue that it can.

Clipping by channel, which colour management does, turns orange to yellow and azure to blue. The method is the
hue-preserving minimum ΔE clipping of CIE 156:2004 (HPMINDE) in Oklab (Ottosson 2020), in which a hue of sRGB
is nearly a triangle of black, white and the most colourful colour that it has, its cusp.
"""

import struct
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Light = npt.NDArray[np.floating[Any]]
"""(..., 3) linear light, 1 for white."""

Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""x and y of red, green and blue (CIE 1931)."""

SRGB: Chromaticities = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
_WIDE: Chromaticities = ((0.740, 0.275), (0.040, 0.840), (0.135, 0.040))
"""A triangle of nearly all that eyes see: beyond it a hue means nothing."""
_D65 = (0.3127, 0.3290)


def to_xyz(chromaticities: Chromaticities) -> npt.NDArray[np.float64]:
    """(3, 3) from linear RGB to XYZ: white is D65 (SMPTE RP 177)."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in (*chromaticities, _D65)]).T
    return np.asarray(columns[:, :3] * np.linalg.solve(columns[:, :3], columns[:, 3]))


_FROM_WIDE = (np.linalg.inv(to_xyz(SRGB)) @ to_xyz(_WIDE)).astype(np.float32)
_TO_WIDE = np.linalg.inv(_FROM_WIDE)

_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_CONES, _FROM_OKLAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_OKLAB)


def within(light: Light) -> Light:
    """Linear light of sRGB, also of colours that it does not have, as light from 0 to 1 of the same hue."""
    outside = np.any((light < 0) | (light > 1), axis=-1)
    result = light.copy()
    result[outside] = _nearest(light[outside])
    return result


def _nearest(light: Light) -> Light:
    """(n, 3) colours of sRGB for as many others: on the side of the triangle of their hue that is nearer."""
    seen = np.maximum(light @ _TO_WIDE.T, 0) @ _FROM_WIDE.T
    lightness, a, b = np.moveaxis(np.cbrt(seen @ _TO_CONES.T) @ _TO_OKLAB.T, -1, 0)
    chroma, hue = np.hypot(a, b), np.arctan2(b, a)
    hues, *cusps = _cusps()
    cusp_lightness, cusp_chroma = (np.interp(hue, hues, cusp, period=2 * np.pi) for cusp in cusps)
    sides = []
    for end in (0.0, 1.0):
        up = cusp_lightness - end
        along = (chroma * cusp_chroma + (lightness - end) * up) / (cusp_chroma**2 + up**2)
        along = np.clip(along, 0, 1)
        x, y = along * cusp_chroma, end + along * up
        sides.append((np.hypot(x - chroma, y - lightness), x, y))
    dark, bright = sides
    x, y = (np.where(dark[0] < bright[0], dark[at], bright[at]) for at in (1, 2))
    oklab = np.stack([y, x * np.cos(hue), x * np.sin(hue)], axis=-1)
    return np.asarray(np.clip((oklab @ _FROM_OKLAB.T) ** 3 @ _FROM_CONES.T, 0, 1))


@lru_cache(maxsize=1)
def _cusps() -> tuple[Light, Light, Light]:
    """Hues in radians that rise, with the lightness and chroma of the cusp of each: the cube's edges between
    its colours."""
    corners = np.array(
        [(1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0)], np.float32
    )
    share = np.linspace(0, 1, 200, endpoint=False, dtype=np.float32)[:, None] ** 2.2
    edges = np.concatenate([one + share * (other - one) for one, other in pairwise(corners)])
    lightness, a, b = (np.cbrt(edges @ _TO_CONES.T) @ _TO_OKLAB.T).T
    hue = np.arctan2(b, a)
    order = np.argsort(hue)
    return hue[order], lightness[order], np.hypot(a, b)[order]


def wide_light(levels: npt.NDArray[np.uint8]) -> Light:
    """Linear light of sRGB, also of colours that it does not have, of (..., 3) levels of ``wide_profile``."""
    return np.asarray((levels / np.float32(255)) ** 2 @ _FROM_WIDE.T)


@lru_cache(maxsize=1)
def wide_profile() -> bytes:
    """An ICC profile (ICC.1:2001) of a space of nearly all colours that eyes see, with a gamma of 2.

    By it colours outside sRGB come through colour management, which knows none that reaches as far.
    """
    adapted = np.linalg.inv(_FROM_D50) @ _FROM_WIDE
    gamma = b"curv" + bytes(4) + struct.pack(">IHxx", 1, 2 << 8)
    tags = {b"wtpt": _xyz(_D50)}
    for letter, column in zip((b"r", b"g", b"b"), adapted.T, strict=True):
        tags |= {letter + b"XYZ": _xyz(column), letter + b"TRC": gamma}
    start = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content
    head = struct.pack(">I4xI12s12x4s28x", start + len(data), 2 << 24, b"mntrRGB XYZ ", b"acsp")
    return (head + _fixed(_D50)).ljust(128, b"\0") + table + data


_D50 = np.array([0.9642, 1.0, 0.8249])
_FROM_D50 = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)
"""XYZ of a white D50 to linear sRGB, adapted after Bradford (Lindbloom)."""


def _xyz(values: npt.NDArray[np.float64]) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _fixed(values: npt.NDArray[np.float64]) -> bytes:
    return np.rint(values * 65536).astype(">i4").tobytes()
