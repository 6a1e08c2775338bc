"""Conditions on what people wrote about files: ``title:``, ``tag:``, ``rating:``, ``label:``."""

import re
from collections.abc import Sequence

from db import kinds
from db.catalog import facets
from db.catalog.filters import FactRule, Op, Rule, UnitRule
from db.kinds import CLIP
from search.query.conditions.facts import counted
from search.query.conditions.table import Condition, Context, Suggestion, begins

_RATING = re.compile(r"(>=|<=|>|<|=|≥|≤)?\s*([0-5])\s*(?:stars?|\*|★)?")
_STARS = re.compile(r"[★*]{1,5}")
_VALID = "a rating is written rating:>=4, rating:5, or rating:3..5, of 0 to 5 stars"


def _title(value: str, _context: Context) -> Rule:
    """A rule about what people wrote in sentences, which is found by its meaning, too; not keywords."""
    meant = kinds.embedded(CLIP)
    return UnitRule(tuple(kind for kind in kinds.proving("by_people") if kind in meant), value)


def _rating(value: str, _context: Context) -> Rule:
    """Stars above, below or from one number to another; rejected files have none."""
    text = value.strip()
    if _STARS.fullmatch(text):
        text = str(len(text))
    first, dots, last = text.replace("…", "..").partition("..")
    if dots:
        low, high = _stars(first, 0), _stars(last, 5)
    elif (match := _RATING.fullmatch(text)) is None:
        raise ValueError(_VALID)
    else:
        stars = int(match[2])
        low, high = {
            ">=": (stars, 5),
            "≥": (stars, 5),
            ">": (stars + 1, 5),
            "<=": (0, stars),
            "≤": (0, stars),
            "<": (0, stars - 1),
        }.get(match[1], (stars, stars))
    return FactRule("rating", "between", (low, high + 1))


def _stars(text: str, default: int) -> int:
    text = text.strip()
    if text not in ("", *"012345"):
        raise ValueError(_VALID)
    return int(text or default)


def _offered_ratings(prefix: str, context: Context) -> Sequence[Suggestion]:
    """Stars from some number on, where anything in the library has as many."""
    rated = {} if context.session is None else facets.ratings(context.session)
    offered = []
    for stars in range(5, 0, -1):
        files = sum(count for rating, count in rated.items() if rating >= stars)
        value = f">={stars}" if stars < 5 else "5"
        if files and begins(prefix, value):
            label = "★" * stars + (" and more" if stars < 5 else "")
            offered.append(Suggestion(value, label, files))
    return offered


def _label(value: str, _context: Context) -> Rule:
    op: Op = "known" if value.casefold() == "any" else "="
    return FactRule("label", op, {"grey": "gray"}.get(value.casefold(), value.casefold()))


CONDITIONS = (
    Condition(
        "title",
        "of which somebody has written so: in its title, caption or lyrics",
        ('title:"first steps"',),
        _title,
        one_value=True,
        also=("caption", "headline", "description"),
    ),
    Condition(
        "tag",
        "with a keyword, or one below it",
        ("tag:Paris", "tag:Places/France"),
        lambda value, _context: FactRule("tags", "=", value),
        counted(facets.tags),
        facet="Tag",
        also=("tags", "keyword", "keywords"),
    ),
    Condition(
        "rating",
        "by the stars that somebody gave it",
        ("rating:>=4", "rating:5"),
        _rating,
        _offered_ratings,
        one_value=True,
        facet="Rating",
        also=("stars", "star"),
    ),
    Condition(
        "label",
        "by the colour label that somebody gave it",
        ("label:red",),
        _label,
        counted(facets.labels),
        facet="Label",
    ),
)
