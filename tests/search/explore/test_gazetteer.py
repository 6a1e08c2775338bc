"""Places in words and on maps, from the towns that come with a package."""

import math
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from db.gazetteer import Place, east_of, known_by, named, towns, within
from search.explore.coastline import coastline
from ui.app.geo.place import in_words, region, world

LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


@pytest.mark.parametrize(
    ("here", "told"),
    [
        ((48.8584, 2.2945), "in Paris, France"),
        ((-33.8568, 151.2153), "in Sydney, Australia"),
        ((27.9881, 86.9250), " km from "),
    ],
)
def test_a_place_is_told_by_a_town_that_people_know(here: Place, told: str) -> None:
    assert told in in_words(here)


@pytest.mark.parametrize(
    ("name", "town"),
    [
        ("porto", "Porto, Portugal"),
        ("São Paulo", "São Paulo, Brazil"),
        ("sao paulo", "São Paulo, Brazil"),
        ("Paris", "Paris, France"),
        ("Paris, united states", "Paris, United States"),
        ("München", "Munich, Germany"),
        ("東京", "Tokyo, Japan"),
    ],
)
def test_a_town_is_known_by_its_names_in_all_languages(name: str, town: str) -> None:
    known = named(name)
    assert known is not None and f"{known.name}, {known.country}" == town


@pytest.mark.parametrize("name", ["Nowhereville", "PAR", "", "Porto, Japan", ","])
def test_what_is_no_town_is_none(name: str) -> None:
    assert named(name) is None


def test_the_largest_come_first_and_all_are_on_the_earth() -> None:
    assert len(towns()) > 20_000
    assert [town.people for town in towns()] == sorted((town.people for town in towns()), reverse=True)
    assert all(abs(town.at[0]) <= 90 and abs(town.at[1]) <= 180 for town in towns())


@pytest.mark.slow
@profile(max_examples=30)
@given(LATITUDES, LONGITUDES)
def test_no_place_breaks_a_map(north: float, east: float) -> None:
    town, distance = known_by((north, east))
    assert 0 <= distance <= math.pi * 6371.1
    assert town in towns()
    for drawn in (region((north, east), [(0.0, 0.0), (north, east)]), world((north, east))):
        assert ElementTree.fromstring(drawn).tag.endswith("svg")  # noqa: S314 - made here


def test_what_is_around_reaches_across_the_date_line() -> None:
    assert east_of(179.9, -179.9) == pytest.approx(0.2)
    suva = (-18.14, 178.44)
    assert all(abs(east_of(suva[1], town.at[1])) <= 3 for town in within(suva, 3))
    assert "Suva" in {town.name for town in within((-18.0, -179.5), 3)}


def is_land(place: Place) -> bool:
    """Whether a ray from the place to the east crosses outlines an odd number of times."""
    north, east = place
    crossed = 0
    for ring in coastline():
        x, y = ring[:, 0] - ring[:, 0].min() - (east - ring[:, 0].min()) % 360, ring[:, 1] - north
        rises = (y[:-1] < 0) != (y[1:] < 0)
        (x0, x1), (y0, y1) = ((side[:-1][rises], side[1:][rises]) for side in (x, y))
        crossed += int(np.sum(x0 + (x1 - x0) * -y0 / (y1 - y0) > 0))
    return crossed % 2 == 1


@pytest.mark.slow
def test_towns_are_on_land_and_outlines_are_closed() -> None:
    assert all(np.array_equal(ring[0], ring[-1]) and abs(ring[:, 1]).max() <= 90 for ring in coastline())
    large = towns()[:500:5]
    assert sum(is_land(town.at) for town in large) > 0.9 * len(large), "ports lie at the edge"
    seas = [(0.0, -30.0), (30.0, -140.0), (43.0, 34.0), (42.0, 51.0), (-60.0, 0.0), (70.0, 179.0)]
    assert not any(map(is_land, seas)), "the Caspian is a sea in the land"
    for there in ((66.0, -175.0), (66.0, 178.0), (-80.0, 0.0), (-89.0, 180.0), (-17.8, 178.0), (64.8, -18.0)):
        assert is_land(there), f"{there}: land goes on across the date line, and around the pole"


def test_the_map_of_what_is_around_shows_land_on_both_sides_of_the_date_line() -> None:
    def land(north: float, east: float) -> str:
        drawn = ElementTree.fromstring(region((north, east)))  # noqa: S314 - made here
        return next(part.get("d", "") for part in drawn.iter() if part.tag.endswith("path"))

    assert land(-17.0, 179.9) and land(-17.0, -179.9), "Fiji"
    assert land(0.0, -30.0) == ""
