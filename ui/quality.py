"""How well a model finds in one's own library, and how long it takes for it, in words: of both faces."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import TYPE_CHECKING

from ui.wording import duration

if TYPE_CHECKING:
    from search.evaluation.measured import Figure, Measured, Speed

FIRST, TEN = "R@1", "R@10"

COUNTED: Mapping[str, tuple[str, str]] = {
    "described": ("picture that somebody has described", "pictures that somebody has described"),
    "opened": ("question for which you opened something", "questions for which you opened something"),
    "thumbed": ("saved search with a thumb up", "saved searches with a thumb up"),
}
"""What is measured by, one of it and several, by the kinds of ``trove.Library.questions``."""

_FOUND = {
    "described": "come first when they are asked for in these words, by what they show alone",
    "opened": "have it first",
    "thumbed": "have such a hit first",
}
_AMONG = {"described": "are among", "opened": "have it among", "thumbed": "have one among"}
_BUT = {
    "described": "",
    "opened": " People mostly open what stands first, so this lies too high: it tells changes, not quality.",
    "thumbed": " Thumbs are given to what was shown: what was never found is not asked for.",
}
_COME_BY = {
    "described": "Write a description or title of three words or more into pictures, with any program that "
    "keeps it in the file or beside it.",
    "opened": "They come about when you ask in words and open a hit, while what you open is remembered.",
    "thumbed": "Save a search and give a hit a thumb up.",
}

NOT_THE_SAME = (
    "Published and own figures are not the same measure: of other pictures, with other words, among more or "
    "fewer to choose from. Hold published ones against published ones, and own ones against own ones."
)


def counted(kind: str, count: int) -> str:
    """So many questions of a kind: 1 saved search with a thumb up."""
    one, many = COUNTED[kind]
    return f"{count:,} {one if count == 1 else many}"


def found(measured: Measured, kind: str) -> str:
    """How many of a kind of questions find what is right; empty where too few were asked to say that."""
    first, ten = measured.figure(kind, FIRST), measured.figure(kind, TEN)
    if first is None or ten is None or not first.enough:
        return ""
    return (
        f"Of {counted(kind, first.questions)}, {_share(first.value)}{_interval(first)} {_FOUND[kind]}, "
        f"and {_share(ten.value)} {_AMONG[kind]} the first ten.{_BUT[kind]}"
    )


def found_first(measured: Measured, kind: str = "described") -> str:
    """The same as short as in a table: 43 % of 120 (34 to 52 %); empty where too few were asked."""
    first = measured.figure(kind, FIRST)
    if first is None or not first.enough:
        return ""
    return f"{_share(first.value)} of {first.questions:,}{_interval(first, '')}"


def ready(kind: str, count: int, enough: int) -> str:
    """That there are enough questions of a kind; empty where there are not."""
    return f"{counted(kind, count)} are enough to measure by." if count >= enough else ""


def lacking(kind: str, count: int, enough: int) -> str:
    """How many questions of a kind are missing, and how they come about; empty where there are enough."""
    if count >= enough:
        return ""
    more = enough - count
    return f"{counted(kind, count)}: {more} more {'is' if more == 1 else 'are'} needed. {_COME_BY[kind]}"


def takes(speed: Speed | None) -> str:
    """How long a model takes for all that the library has: about 1.5 h; empty where that was not measured."""
    return "" if speed is None else f"about {duration(speed.seconds)}"


def day(measured: Measured) -> str:
    """When the figures were measured: 3 May 2026; empty where they were not."""
    if measured.at is None:
        return ""
    local = measured.at.replace(tzinfo=UTC).astimezone()
    return f"{local.day} {local:%B %Y}"


def _interval(figure: Figure, name: str = "95 % interval ") -> str:
    # Where all answers are alike, drawing them again tells nothing.
    return "" if figure.low == figure.high else f" ({name}{100 * figure.low:.0f} to {_share(figure.high)})"


def _share(value: float) -> str:
    return f"{100 * value:.0f} %"
