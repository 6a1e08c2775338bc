"""A place on the globe, drawn without any map from the net: among the other places of the library."""

from collections.abc import Iterable

Place = tuple[float, float]
"""Degrees north and east."""

_WIDE, _HIGH = 360, 180
_STEP = 30
_FINEST = 0.25
"""Degrees; pictures nearer to each other are one dot."""


def globe(here: Place, others: Iterable[Place] = ()) -> str:
    """An SVG of the whole world's grid, degrees as they are (plate carrée), with the places in it."""
    lines = [f"M{at} 0V{_HIGH}" for at in range(0, _WIDE + 1, _STEP)]
    lines += [f"M0 {at}H{_WIDE}" for at in range(0, _HIGH + 1, _STEP)]
    dots = "".join(
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1.6" fill="#3b82f6"/>'
        for x, y in sorted({_point(_rounded(other)) for other in others})
    )
    x, y = _point(here)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 {_WIDE + 8} {_HIGH + 8}" width="720">'
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#8882"/>'
        f'<path d="{"".join(lines)}" stroke="#8886" stroke-width="0.5" fill="none"/>'
        f'<path d="M0 90H{_WIDE}M180 0V{_HIGH}" stroke="#888" stroke-width="0.8"/>{dots}'
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4" fill="#dc2626" stroke="#fff" stroke-width="1.2"/></svg>'
    )


def _point(place: Place) -> tuple[float, float]:
    return place[1] + _WIDE / 2, _HIGH / 2 - place[0]


def _rounded(place: Place) -> Place:
    return round(place[0] / _FINEST) * _FINEST, round(place[1] / _FINEST) * _FINEST


def written(place: Place) -> str:
    """Degrees as people write them: 48.8584° N, 2.2945° E."""
    latitude, longitude = place
    north = "N" if latitude >= 0 else "S"
    east = "E" if longitude >= 0 else "W"
    return f"{abs(latitude):.4f}° {north}, {abs(longitude):.4f}° {east}"


def map_link(place: Place) -> str:
    """Where OpenStreetMap shows the place."""
    at = f"{place[0]:.6f}/{place[1]:.6f}"
    return f"https://www.openstreetmap.org/?mlat={place[0]:.6f}&mlon={place[1]:.6f}#map=14/{at}"
