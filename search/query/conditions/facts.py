"""Conditions on how a picture was made and looks: ``camera:``, ``lens:``, ``orientation:``, ``color:``."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from db.catalog import facets
from db.catalog.filters import FactRule, Rule
from indexer.media.colours import NAMES
from search.query.conditions.table import Condition, Context, Suggestion, begins, offered


def _part_of(key: str) -> Callable[[str, Context], Rule]:
    return lambda value, _context: FactRule(key, "contains", value)


def counted(count: Callable[[Session], Mapping[str, int]]) -> Callable[[str, Context], Sequence[Suggestion]]:
    """The values that there are in the library, with their counts."""

    def suggest(prefix: str, context: Context) -> Sequence[Suggestion]:
        counts = {} if context.session is None else count(context.session)
        return [Suggestion(name, name, files) for name, files in counts.items() if begins(prefix, name)]

    return suggest


_ORIENTATIONS = {"portrait": "upright vertical tall", "landscape": "horizontal wide", "square": ""}


def orientation(value: str, _context: Context) -> Rule:
    """The rule of ``orientation:``.

    Raises:
        ValueError: there is none of that name.
    """
    for name, words in _ORIENTATIONS.items():
        if value.casefold() in (name, *words.split()):
            return FactRule("orientation", "=", name)
    raise ValueError(f"an orientation is one of {', '.join(_ORIENTATIONS)}")


_COLOURS = {"grey": "gray", "purple": "violet"}
"""Other words for some of them."""


def _colour(value: str, _context: Context) -> Rule:
    for name in NAMES:
        if value.casefold() in (name, _COLOURS.get(name)):
            return FactRule("colours", "contains", name)
    raise ValueError(f"a color is one of {', '.join(NAMES)}")


CONDITIONS = (
    Condition(
        "camera",
        "by a camera",
        ("camera:Canon",),
        _part_of("camera"),
        counted(facets.cameras),
        facet="Camera",
    ),
    Condition(
        "lens", "through a lens", ("lens:35mm",), _part_of("lens"), counted(facets.lenses), facet="Lens"
    ),
    Condition(
        "orientation",
        "higher than wide, wider than high, or neither",
        ("orientation:portrait",),
        orientation,
        offered((name, name.capitalize()) for name in _ORIENTATIONS),
        facet="Orientation",
    ),
    Condition(
        "color",
        "pictures with much of a colour",
        ("color:red",),
        _colour,
        offered((name, name.capitalize()) for name in NAMES),
        facet="Colour",
        also=("colour", "colors", "colours"),
    ),
)
