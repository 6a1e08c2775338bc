"""Long lists of ids in slices that fit into one statement."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

_SQL_VARIABLES = 5_000
"""Values bound to one statement; SQLite's own limit is 32,766."""


def chunks(ids: Sequence[T]) -> Iterable[Sequence[T]]:
    """Slices of ids, or hashes, that are short enough to be bound to one statement."""
    return (ids[start : start + _SQL_VARIABLES] for start in range(0, len(ids), _SQL_VARIABLES))
