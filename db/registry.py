"""Tables that are open: what is in them is registered by whoever has it, and nobody else lists it by hand."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

T = TypeVar("T")


class Registry(Generic[T]):
    """Things by their keys, in the order in which they were registered; ``what`` they are, in the plural."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._items: dict[str, T] = {}

    def register(self, key: str, item: T) -> None:
        """Add a thing; the same one again does no harm.

        Raises:
            ValueError: there is another one of that key.
        """
        if self._items.setdefault(key, item) != item:
            raise ValueError(f"there are two {self._what} {key!r}")

    def unregister(self, key: str) -> None:
        """Take a thing out of the table; for tests, which add some."""
        del self._items[key]

    def every(self) -> Mapping[str, T]:
        """All of them by their keys."""
        return MappingProxyType(self._items)
