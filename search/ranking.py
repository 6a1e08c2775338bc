"""What a source found, before sources are brought together."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.answer import Source


@dataclass(frozen=True)
class Found:
    """A unit in a ranking; see ``search.answer.Evidence`` for ``value`` and ``words``."""

    unit_id: int
    value: float
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Background:
    """What a query's similarities to the library are like: their mean and standard deviation.

    ``count``: how many units were searched.
    """

    mean: float
    deviation: float
    count: int


@dataclass(frozen=True)
class Ranking:
    """What one source found, best first, and how much its word counts."""

    source: Source
    weight: float
    found: Sequence[Found]
    background: Background | None = None
