"""Conditions on where: ``near:`` and ``within:`` on the globe, ``in:`` a folder."""

import re
from collections.abc import Sequence

from db.catalog import assets, facets
from db.catalog.filters import FactRule, Rule
from db.gazetteer import named
from db.paths import expanded
from indexer.analysers.exports import ALBUMS
from search.query.conditions.table import Condition, Context, Suggestion, begins

_NEAR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*,\s*(-?\d+(?:\.\d+)?)\s*(?:,\s*(\d+(?:\.\d+)?)\s*(km|m|mi)?\s*)?")
_AROUND = re.compile(r"(.+?)\s*,\s*(\d+(?:\.\d+)?)\s*(km|m|mi)\s*")
_RECTANGLE = re.compile(r"\s*,\s*".join([r"\s*(-?\d+(?:\.\d+)?)"] * 4) + r"\s*")
_KM = {"km": 1.0, "m": 0.001, "mi": 1.609344}
_NEAR_KM = 10.0
"""The default radius: a town and its surroundings."""
_VALID_NEAR = 'a place is written Porto, "Porto, 20km", or "48.85,2.35,20km", in degrees north and east'


def _near(value: str, _context: Context) -> Rule | tuple[Rule, ...]:
    if (match := _NEAR.fullmatch(value)) is None:
        return _near_town(value)
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(_VALID_NEAR)
    radius_km = float(match[3]) * _KM[match[4] or "km"] if match[3] else _NEAR_KM
    return FactRule("place", "within", (latitude, longitude, radius_km))


def _near_town(value: str) -> tuple[Rule, ...]:
    """Around the centre of a town, or without a place in degrees in that town, by what people wrote."""
    match = _AROUND.fullmatch(value)
    name = match[1] if match else value
    town = None if re.fullmatch(r"[\W\d_]*", name) else named(name)
    if town is None:
        raise ValueError(f"no town of 15,000 people is called {name}; {_VALID_NEAR}")
    radius_km = float(match[2]) * _KM[match[3]] if match else _NEAR_KM
    called = FactRule("town", "=", f"{town.name}, {town.country}"), FactRule("town", "=", f"{town.name}, ")
    return FactRule("place", "within", (*town.at, radius_km)), *called


def _place(value: str, _context: Context) -> tuple[Rule, ...]:
    """A city, state or country by its name; a city in any language that the gazetteer knows."""
    names = dict.fromkeys([value, *([town.name] if "," not in value and (town := named(value)) else [])])
    keys = ("town",) if "," in value else ("city", "state", "country")
    return tuple(FactRule(key, "=", name) for key in keys for name in names)


def _places(prefix: str, context: Context) -> Sequence[Suggestion]:
    """The countries and towns of the library, each with how many files are from there, the most first."""
    if context.session is None:
        return ()
    counts: dict[str, int] = dict(facets.countries(context.session))
    towns = facets.towns(context.session)
    counts |= {", ".join(filter(None, names)): count for names, count in towns.items()}
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [Suggestion(name, name, count) for name, count in ranked if begins(prefix, name)]


def _within(value: str, _context: Context) -> Rule:
    match = _RECTANGLE.fullmatch(value)
    south, west, north, east = map(float, match.groups()) if match else (99.0, 0.0, 0.0, 0.0)
    if not -90 <= south <= north <= 90 or max(abs(west), abs(east)) > 180:
        raise ValueError('a rectangle is written "47.9,11.2,48.3,11.9": its south, west, north and east edge')
    return FactRule("place", "inside", (south, west, north, east))


def _folder(value: str, _context: Context) -> Rule | tuple[Rule, ...]:
    """A folder by its path or name, or the album of an export that it was, whose title may be another one."""
    folder = FactRule("folder", "matches", str(expanded(value)) if value.startswith("~") else value)
    if re.search(r"[~/*\\]", value):
        return folder
    return folder, FactRule("tags", "=", f"{ALBUMS}/{value}")


def _folders(prefix: str, context: Context) -> Sequence[Suggestion]:
    if context.session is None:
        return ()
    counts = facets.folders(context.session, assets.roots(context.session))
    short = {path: "/".join(path.parts[-2:]) if len(path.parts) > 3 else str(path) for path in counts}
    return [
        Suggestion(str(path), short[path], count)
        for path, count in counts.items()
        if begins(prefix, str(path), path.name)
    ]


CONDITIONS = (
    Condition(
        "near",
        "taken around a town, or a place in degrees",
        ("near:Paris", 'near:"Porto, 20km"', "near:48.85,2.35,20km"),
        _near,
        one_value=True,
        words=4,
        also=("location", "gps", "around"),
    ),
    Condition(
        "place",
        "taken in a city, state or country",
        ("place:Portugal", 'place:"Porto, Portugal"'),
        _place,
        _places,
        one_value=True,
        facet="Place",
        also=("city", "country", "town"),
    ),
    Condition(
        "within",
        "taken in a rectangle of the globe, by its south, west, north and east edge",
        ("within:47.9,11.2,48.3,11.9",),
        _within,
        one_value=True,
        words=4,
        also=("bounds", "box", "bbox"),
    ),
    Condition(
        "in",
        "in a folder, or in an album of an export",
        ("in:Holidays",),
        _folder,
        _folders,
        facet="Folder",
        also=("folder", "path", "directory"),
    ),
)
