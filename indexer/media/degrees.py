"""Places as files keep them: degrees that can be true, and how ISO 6709 writes them."""

import math
import re

_ISO_6709 = re.compile(r"\s*([+-]\d{1,6}(?:[.,]\d*)?)([+-]\d{1,7}(?:[.,]\d*)?)(?![\d.])")


def known(latitude: float, longitude: float) -> tuple[float, float] | None:
    """The place, if it is on the globe; (0, 0) is what devices write that know none."""
    is_place = math.isfinite(latitude + longitude) and abs(latitude) <= 90 and abs(longitude) <= 180
    return (latitude, longitude) if is_place and (latitude or longitude) else None


def of_iso_6709(text: str) -> tuple[float, float] | None:
    """The place of a text in ISO 6709, as films have it; None where it is missing or absurd.

    In degrees, ``+52.5163+013.3777/``, in minutes, ``+5230.98+01322.66/``, or in seconds,
    ``+523058.7+0132239.7/``; a height and a reference system may follow.
    """
    match = _ISO_6709.match(text.replace("\u2212", "-"))
    return known(_degrees(match[1], 2), _degrees(match[2], 3)) if match else None


def _degrees(text: str, digits: int) -> float:
    """Degrees of one coordinate, of which so many digits are degrees where minutes follow."""
    whole, _, part = text[1:].replace(",", ".").partition(".")
    parts = [float(f"{whole}.{part or 0}")]
    if len(whole) > digits:
        cuts = [whole[at : at + 2] for at in range(digits, len(whole), 2)]
        parts = [float(whole[:digits]), *map(float, cuts[:-1]), float(f"{cuts[-1]}.{part or 0}")]
    degrees = sum(value * 60.0**-power for power, value in enumerate(parts))
    return -degrees if text[0] == "-" else degrees
