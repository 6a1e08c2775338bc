"""A search service over a library, both open for the time of a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from db.library import Library
from db.settings import Settings
from search.service import SearchService


@contextmanager
def searching(settings: Settings) -> Iterator[SearchService]:
    """The service of the library that these settings name."""
    with Library(settings) as library, SearchService(library) as service:
        yield service
