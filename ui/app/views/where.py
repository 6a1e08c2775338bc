"""Places between the map of all, the address of its page, and the words of a question."""

import math
from collections.abc import Mapping

import streamlit as st

from db.gazetteer import Place
from search.explore.places import CELLS

_PLACE = "place"
"""Key of the address: latitude, longitude and level of the middle of the map, which the map itself keeps."""

_MOST_LEVEL = 30

_TIMES = "times on the map"

_ROOM = 0.5 / CELLS
"""Degrees by which what the map shows may be beside where it shows it."""

_FINEST = 5
"""Decimals of a degree: a metre."""


def asked() -> tuple[float, ...] | None:
    """Latitude, longitude and mostly the level of the address, where people want to look; if it has any."""
    try:
        latitude, longitude, *level = map(float, st.query_params.get(_PLACE, "").split(","))
    except ValueError:
        return None
    # False for "nan" as well.
    known = abs(latitude) <= 90, abs(longitude) <= 180, *(0 <= one <= _MOST_LEVEL for one in level)
    return (latitude, longitude, *level[:1]) if all(known) else None


def times() -> int:
    """How often people have gone to a place on the map in this session."""
    return int(st.session_state.get(_TIMES, 0))


def show_on_map(here: Place) -> None:
    """Go to the map of all places, at one of them; not in a callback."""
    st.session_state[_TIMES] = times() + 1
    st.switch_page("pages/overview.py", query_params={_PLACE: f"{here[0]:.5f},{here[1]:.5f}"})


def around(spot: Mapping[str, float]) -> str:
    """The condition for what was taken around a ``spot`` of the map."""
    km = spot["km"]
    radius = f"{km:.3g}km" if km >= 1 else f"{max(1.0, 1000 * km):.0f}m"
    return f'near:"{_written(spot["latitude"], _FINEST)},{_written(spot["longitude"], _FINEST)},{radius}"'


def inside(sight: Mapping[str, float]) -> str:
    """The condition for what was taken where people look, the ``sight`` of the map."""
    if "all" in sight:
        return "has:place"
    west, east = sight["west"], sight["east"]
    south, north = sight["south"] - _ROOM, sight["north"] + _ROOM
    decimals = 2 if north - south > 2 else _FINEST  # nobody wants to read more of them than are needed
    least = 10**-decimals
    south, north = math.floor(south / least) * least, math.ceil(north / least) * least
    if (west, east) != (-180, 180):
        west = _turned(math.floor((west - _ROOM) / least) * least)
        east = _turned(math.ceil((east + _ROOM) / least) * least)
    edges = max(-90.0, south), west, min(90.0, north), east
    return f'within:"{",".join(_written(edge, decimals) for edge in edges)}"'


def _turned(longitude: float) -> float:
    return (longitude + 180) % 360 - 180


def _written(degrees: float, decimals: int) -> str:
    return f"{round(degrees, decimals):.{decimals}f}".rstrip("0").rstrip(".")
