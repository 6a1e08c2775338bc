"""Scrolling through hits: by relevance they grow on demand, sorted they are fetched from anywhere."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from db.catalog import units
from db.library import Library
from search.answer import Answer, Hit
from search.engine.fuse import hit_of
from search.engine.stacking import members

FIRST = 60
"""Hits of the first answer: about two screens."""
PAGE = 120
"""Hits that are fetched at once of those that are sorted: about four screens."""
GROWTH = 4
FAR = 1_000
"""Hits by relevance among which that of a link is looked for."""


class GrowingListing:
    """The hits of one question, fetched on demand. Safe to share between threads.

    Asking for more hits can change fused ranks far down; hits that were returned once keep their places,
    and new ones come after them.
    """

    def __init__(
        self,
        ask: Callable[[int], Answer],
        *,
        total: int,
    ) -> None:
        """
        Args:
            ask: returns the answer with that many hits.
            total: of units in the library; there can be no more hits.
        """
        self._ask = ask
        self._total = total
        self._lock = threading.Lock()
        self._k = FIRST
        self.answer = ask(self._k)
        self._hits = list(self.answer.hits)
        self._known = {hit.unit_id: hit for hit in self._hits}

    def hits(self, start: int, stop: int) -> list[Hit]:
        """The hits from ``start`` to ``stop``, exclusive; fewer where there are no more."""
        with self._lock:
            while len(self._hits) < stop and self._k < self._total:
                self._grow(max(self._k * GROWTH, stop))
            return self._hits[start:stop]

    @property
    def complete(self) -> bool:
        """Whether nothing comes after the hits so far."""
        return self._k >= self._total

    def __len__(self) -> int:
        return len(self._hits)

    def hit(self, unit_id: int) -> Hit | None:
        """The hit of a unit, among those so far."""
        return self._known.get(unit_id)

    def reach(self, unit_id: int) -> bool:
        """Whether a unit is among the first hits, of which about ``FAR`` are fetched to find it."""
        with self._lock:
            while unit_id not in self._known and self._k < min(FAR, self._total):
                self._grow(self._k * GROWTH)
            return unit_id in self._known

    def beside(self, unit_id: int, step: int) -> Hit | None:
        """The hit that is ``step`` places further; None before the first and after the last."""
        at = next((at for at, hit in enumerate(self._hits) if hit.unit_id == unit_id), None)
        if at is None or at + step < 0:
            return None
        return next(iter(self.hits(at + step, at + step + 1)), None)

    def of_file(self, hit: Hit) -> list[Hit]:
        """The hits so far in the same file, by their moments."""
        same = [other for other in self._hits if other.path in hit.files]
        return sorted(same, key=lambda other: other.start_s or 0.0)

    @property
    def total(self) -> int | None:
        """How many hits there are; None where that is only known at the end."""
        return None

    def _grow(self, k: int) -> None:
        self._k = min(k, self._total)
        fresh = [hit for hit in self._ask(self._k).hits if hit.unit_id not in self._known]
        self._hits += fresh
        self._known |= {hit.unit_id: hit for hit in fresh}


class SortedListing:
    """The hits of a sorted question, fetched in pages from anywhere. Safe to share between threads.

    It has as many as the first answer says; where the library has changed since, a page can have fewer.
    """

    def __init__(self, ask: Callable[[int, int], Answer], place: Callable[[int], int | None]) -> None:
        """
        Args:
            ask: returns the answer with so many hits (the second) from a place (the first).
            place: returns that of a unit, None where it is no hit.
        """
        self._ask = ask
        self._place = place
        self._lock = threading.Lock()
        self.answer = ask(0, PAGE)
        self._pages: dict[int, tuple[Hit, ...]] = {0: self.answer.hits}
        self._known: dict[int, tuple[int, Hit]] = {}
        self._note(0)

    def hits(self, start: int, stop: int) -> list[Hit]:
        """The hits from ``start`` to ``stop``, exclusive; fewer where there are no more."""
        stop = min(stop, self.total)
        if start >= stop:
            return []
        first = start // PAGE
        pages = [self._page(number) for number in range(first, (stop - 1) // PAGE + 1)]
        return [hit for page in pages for hit in page][start - first * PAGE : stop - first * PAGE]

    @property
    def complete(self) -> bool:
        """Whether it is known how many hits there are."""
        return True

    @property
    def total(self) -> int:
        """How many hits there are."""
        return self.answer.total or 0

    def __len__(self) -> int:
        return self.total

    def hit(self, unit_id: int) -> Hit | None:
        """The hit of a unit, among those that were fetched."""
        return self._known[unit_id][1] if unit_id in self._known else None

    def reach(self, unit_id: int) -> bool:
        """Whether a unit is among the hits; those around its place are fetched then."""
        if unit_id not in self._known and (at := self._place(unit_id)) is not None:
            self.hits(at, at + 1)
        return unit_id in self._known

    def beside(self, unit_id: int, step: int) -> Hit | None:
        """The hit that is ``step`` places further; None before the first and after the last."""
        if unit_id not in self._known or (at := self._known[unit_id][0] + step) < 0:
            return None
        return next(iter(self.hits(at, at + 1)), None)

    def of_file(self, hit: Hit) -> list[Hit]:
        """The hits so far in the same file, by their moments."""
        same = [other for _, other in list(self._known.values()) if other.path in hit.files]
        return sorted(same, key=lambda other: other.start_s or 0.0)

    def _page(self, number: int) -> tuple[Hit, ...]:
        with self._lock:
            if number not in self._pages:
                self._pages[number] = self._ask(number * PAGE, PAGE).hits
                self._note(number)
            return self._pages[number]

    def _note(self, number: int) -> None:
        for at, hit in enumerate(self._pages[number], number * PAGE):
            self._known.setdefault(hit.unit_id, (at, hit))


Listing = GrowingListing | SortedListing


def of_units(library: Library, unit_ids: Sequence[int]) -> Listing:
    """A listing of these units, in that order; for pictures that no query found, such as those of a place."""
    with library.read() as session:
        rows = units.rows(session, unit_ids)
        stacks = members(session, {row.content_id for row in rows.values()})
    hits = tuple(
        replace(
            hit_of(row, rank, 0.0, text=row.text, why=()),
            stack=stacks.get(row.content_id, ()),
        )
        for rank, row in enumerate((rows[unit] for unit in unit_ids if unit in rows), start=1)
    )
    return GrowingListing(lambda _k: Answer("", "found", 1.0, 0.0, hits), total=len(hits))
