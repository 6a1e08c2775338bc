"""Places in words and on maps, from the towns that come with a package."""

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from search.explore.gazetteer import Place, east_of, known_by, towns, within
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


def test_the_largest_come_first_and_all_are_on_the_earth() -> None:
    assert len(towns()) > 20_000
    assert [town.people for town in towns()] == sorted((town.people for town in towns()), reverse=True)
    assert all(abs(town.at[0]) <= 90 and abs(town.at[1]) <= 180 for town in towns())


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
