"""Offline maps of a place, drawn as SVG from outlines of land and a gazetteer: no tile server is asked."""

from collections.abc import Iterable
from functools import cache
from html import escape

import numpy as np

from db.gazetteer import Place, east_of, known_by, within
from search.explore.coastline import Ring, coastline

_WIDE, _HIGH = 360, 180
_COARSE = 0.5
"""Degrees; points of a coast nearer to each other are one on the world."""
_FINEST = 0.25
"""Degrees; pictures nearer to each other are one dot."""
_REGION = 3.0
"""Degrees to each side of the place."""
_SIDE = 260
_NAMED = 12
_LINE, _NAME_WIDE = 14, 60
"""Units of the drawing that a name takes."""
_APART = 7
_MOST_DOTS = 120
_LAND, _TOWN, _OTHER, _HERE = "#8884", "#757a84", "#3b82f6", "#dc2626"


def world(here: Place, others: Iterable[Place] = ()) -> str:
    """An SVG world map in plate carrée projection, with the place and the others on it."""
    dots = "".join(
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="1.6" fill="{_OTHER}"/>'
        for x, y in sorted({_point(_rounded(other)) for other in others})
    )
    x, y = _point(here)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 6 {_WIDE + 8} {_HIGH - 32}" width="640">'
        f'<rect width="{_WIDE}" height="{_HIGH}" fill="#8881"/>'
        f'<path d="{_world()}" fill="{_LAND}" fill-rule="evenodd"/>{dots}'
        f'<circle cx="{x:.2f}" cy="{y:.2f}" r="4" fill="{_HERE}" stroke="#fff" stroke-width="1.2"/></svg>'
    )


def region(here: Place, others: Iterable[Place] = ()) -> str:
    """An SVG map of the surroundings: land, towns by size, the largest with their names, and other places."""
    dots: list[str] = []
    names: list[str] = []
    town_points: list[tuple[float, float]] = []
    label_points: list[tuple[float, float]] = []
    for town in within(here, _REGION):
        x, y = _near(here, town.at)
        if any(abs(x - other[0]) < _APART and abs(y - other[1]) < _APART for other in town_points):
            continue  # a quarter or a suburb
        town_points.append((x, y))
        size = 0.8 + (town.people / 1e5) ** 0.4
        dots.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" fill="{_TOWN}"/>')
        room = all(abs(x - other[0]) > _NAME_WIDE or abs(y - other[1]) > _LINE for other in label_points)
        if len(names) < _NAMED and room and x < _SIDE - _NAME_WIDE:
            label_points.append((x, y))
            at = f'x="{x + size + 3:.1f}" y="{y + 3:.1f}"'
            names.append(f'<text {at} font-size="10" fill="{_TOWN}">{escape(town.name)}</text>')
        if len(dots) == _MOST_DOTS:
            break
    near = {_rounded(other) for other in others}
    around = [at for at in sorted(near) if abs(at[0] - here[0]) <= _REGION]
    marks = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{_OTHER}"/>'
        for x, y in (_near(here, at) for at in around)
        if 0 <= x <= _SIDE
    )
    middle = _SIDE / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_SIDE} {_SIDE}" width="{_SIDE}" '
        f'font-family="sans-serif"><rect width="{_SIDE}" height="{_SIDE}" fill="#8881"/>'
        f'<path d="{_around(here)}" fill="{_LAND}" fill-rule="evenodd"/>'
        f"{''.join(dots)}{''.join(names)}{marks}"
        f'<circle cx="{middle}" cy="{middle}" r="5" fill="{_HERE}" stroke="#fff" stroke-width="1.5"/></svg>'
    )


def in_words(here: Place) -> str:
    """The place in words, by a well-known town: "in Paris, France", or "31 km from Chartres, France"."""
    town, distance = known_by(here)
    name = f"{town.name}, {town.country}" if town.country else town.name
    return f"in {name}" if distance < 5 else f"{distance:,.0f} km from {name}"


@cache
def _world() -> str:
    """An SVG path of all land, also of what reaches across the date line."""
    rings = (np.rint(ring / _COARSE) * _COARSE for ring in coastline())
    return "".join(
        _path(np.array((turn + _WIDE / 2, _HIGH / 2)) + ring * (1, -1))
        for ring in rings
        if len(np.unique(ring, axis=0)) > 2
        for turn in _turns(ring, 0.0, 180.0)
    )


def _around(here: Place) -> str:
    """An SVG path of the land in the surroundings."""
    scale, (north, east) = _SIDE / (2 * _REGION), here
    return "".join(
        _path(_SIDE / 2 + (ring - np.array((east - turn, north))) * (scale, -scale))
        for ring in coastline()
        if ring[:, 1].min() < north + _REGION and ring[:, 1].max() > north - _REGION
        for turn in _turns(ring, east, _REGION)
    )


def _turns(ring: Ring, middle: float, reach: float) -> list[float]:
    """By how many degrees an outline is moved along to be seen, ``reach`` to each side of a meridian."""
    west, east = ring[:, 0].min() - middle, ring[:, 0].max() - middle
    return [turn for turn in (-360.0, 0.0, 360.0) if west + turn < reach and east + turn > -reach]


def _path(points: Ring) -> str:
    rounded = np.round(points, 1)
    moved = rounded[[True, *np.diff(rounded, axis=0).any(axis=1)]]
    return "M" + " ".join(f"{x:g} {y:g}" for x, y in moved.tolist()) + "Z"


def _near(here: Place, there: Place) -> tuple[float, float]:
    scale = _SIDE / (2 * _REGION)
    return _SIDE / 2 + scale * east_of(here[1], there[1]), _SIDE / 2 + scale * (here[0] - there[0])


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
    """URL of the place on OpenStreetMap."""
    at = f"{place[0]:.6f}/{place[1]:.6f}"
    return f"https://www.openstreetmap.org/?mlat={place[0]:.6f}&mlon={place[1]:.6f}#map=14/{at}"
