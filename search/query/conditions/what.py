"""Conditions on what something is: ``type:``, ``is:``, ``has:``."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from db import kinds
from db.catalog.filters import FactRule, OwnRule, Rule, UnitRule
from db.engine.schema import MediaKind
from indexer.analysers.names import screenshots
from indexer.media.formats import RAW_SUFFIXES
from search.query.conditions.facts import orientation
from search.query.conditions.table import Condition, Context, Suggestion, begins

_MEDIA: Mapping[MediaKind, str] = {
    "image": "picture photo photograph photography pic",
    "video": "film movie clip",
    "audio": "recording song music",
}
"""Everyday words for the three kinds of files."""


def _types() -> dict[str, str]:
    """The names of kinds and media by all words for them: the names and labels of the tables, and plurals."""
    words = {
        word.casefold(): name
        for name, kind in kinds.every().items()
        for word in (name, f"{name}s", kind.label, kind.plural)
    }
    for media, everyday in _MEDIA.items():
        words |= {form: media for word in (media, *everyday.split()) for form in (word, f"{word}s")}
    return words


def type_of(value: str) -> str:
    """The name of the kind of files, or of what is found, that a word means.

    Raises:
        ValueError: it means none.
    """
    types = _types()
    if (name := types.get(" ".join(value.casefold().split()))) is None:
        raise ValueError(f"a type is one of {', '.join(dict.fromkeys([*_MEDIA, *types.values()]))}")
    return name


def _type(value: str, _context: Context) -> Rule:
    name = type_of(value)
    return FactRule("media" if name in _MEDIA else "kind", "=", name)


def _offered_types(prefix: str, _context: Context) -> Sequence[Suggestion]:
    names = {name: kind.plural.capitalize() for name, kind in kinds.every().items()}
    names |= {"audio": "Recordings"}
    return [Suggestion(name, label) for name, label in names.items() if begins(prefix, name)]


@dataclass(frozen=True)
class Flag:
    """What a file can be, for ``is:``; one of the rules must hold. ``also``: another spelling of it."""

    name: str
    label: str
    rules: tuple[Rule, ...]
    also: str = ""


FLAGS = (
    Flag(
        "screenshot",
        "Screenshots",
        (
            FactRule("screenshot", "=", True),
            FactRule("name", "matches", tuple(f"{name}*" for name in screenshots())),
            FactRule("folder", "matches", "screenshots"),
        ),
    ),
    Flag(
        "raw",
        "Camera raw photographs",
        (FactRule("name", "matches", tuple(f"*{suffix}" for suffix in sorted(RAW_SUFFIXES))),),
    ),
    Flag(
        "favourite",
        "Favourites",
        (FactRule("favourite", "=", True), FactRule("rating", "=", 5)),
        also="favorite",
    ),
    Flag("picked", "What somebody has picked", (FactRule("pick", "=", "picked"),)),
    Flag("rejected", "What somebody has rejected", (FactRule("pick", "=", "rejected"),)),
    Flag("headshot", "Pictures of somebody from near", (OwnRule("headshot", ""),)),
    Flag("hidden", "What you have hidden", (FactRule("hidden", "=", True),)),
)


def _is(value: str, context: Context) -> Rule | tuple[Rule, ...]:
    name = value.casefold()
    for flag in FLAGS:
        if name.removesuffix("s") in (flag.name, flag.also):
            return flag.rules
    for rule in (orientation, _type):
        with suppress(ValueError):
            return rule(value, context)
    raise ValueError(f"is: takes {', '.join(flag.name for flag in FLAGS)}, portrait, or a type such as video")


def _offered_flags(prefix: str, _context: Context) -> Sequence[Suggestion]:
    return [Suggestion(flag.name, flag.label) for flag in FLAGS if begins(prefix, flag.name)]


_KNOWN = {"place": "place", "date": "taken_at", "camera": "camera", "lens": "lens", "rating": "rating"}
"""Facts that a file may have, by the words for them."""


def _parts() -> list[str]:
    """The kinds of units that something may have beside what it shows: speech, text, …"""
    return [name for name, kind in kinds.every().items() if kind.proof != "shows"]


def _has(value: str, _context: Context) -> Rule:
    name = value.casefold()
    if name in _KNOWN:
        return FactRule(_KNOWN[name], "known")
    kind = _types().get(name, "")
    if kind not in _parts():
        raise ValueError(f"has: takes {', '.join([*_KNOWN, *_parts()])}")
    return UnitRule((kind,))


def _offered_parts(prefix: str, _context: Context) -> Sequence[Suggestion]:
    labels = {name: name.capitalize() for name in _KNOWN}
    labels |= {name: kinds.named(name).plural.capitalize() for name in _parts()}
    return [Suggestion(name, label) for name, label in labels.items() if begins(prefix, name)]


CONDITIONS = (
    Condition(
        "type",
        "only such files or things",
        ("type:video", "type:photos"),
        _type,
        _offered_types,
        facet="What",
        words=3,
        also=("kind", "media"),
    ),
    Condition(
        "is",
        "screenshots, raw photographs, favourites, headshots, what is picked, rejected or hidden, or a type",
        ("is:screenshot", "is:favourite"),
        _is,
        _offered_flags,
        words=3,
    ),
    Condition(
        "has",
        "of which a place, date, camera, lens or rating is known, or with speech, text, captions or tags",
        ("has:place",),
        _has,
        _offered_parts,
    ),
)
