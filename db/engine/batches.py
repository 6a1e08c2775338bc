"""Long lists of ids in slices that fit into one statement."""

from collections.abc import Iterable, Sequence

_SQL_VARIABLES = 5_000
"""Values bound to one statement; SQLite's own limit is 32,766."""


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Slices of ids that are short enough to be bound to one statement."""
    return (ids[start : start + _SQL_VARIABLES] for start in range(0, len(ids), _SQL_VARIABLES))
