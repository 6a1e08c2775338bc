"""Thread-safe lazy initialisation: a value made once, on first use."""

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Calls ``make`` on the first call and keeps its result; a ``make`` that raises is tried again.

    ``functools.cached_property`` has held no lock since Python 3.12: two threads would load a model twice.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: list[T] = []

    def __call__(self) -> T:
        """The value, made now if this is the first call."""
        if not self._made:
            with self._lock:
                if not self._made:
                    self._made.append(self._make())
        return self._made[0]

    @property
    def made(self) -> bool:
        """Whether the value has been made."""
        return bool(self._made)
