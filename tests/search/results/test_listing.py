"""Answers that grow: nothing changes its place, nothing is missing, nothing comes twice."""

from datetime import datetime, timedelta
from pathlib import Path

from search.answer import Answer, Hit
from search.results.listing import FIRST, PAGE, GrowingListing, SortedListing


def _hit(unit_id: int, taken_at: datetime | None = None, path: str = "/a.jpg", start_s: float = 0.0) -> Hit:
    return Hit(unit_id, 0.5, "image", Path(path), start_s, None, None, (), unit_id, "image", taken_at, ())


def _asking(order: list[int], calls: list[int]):
    """A library of these units. The more is asked for, the more the far ones change their order."""

    def ask(k: int) -> Answer:
        calls.append(k)
        shuffled = order[:20] + sorted(order[20:k], reverse=k > FIRST)
        return Answer("", "found", 0.9, 1.0, tuple(_hit(unit) for unit in shuffled[:k]))

    return ask


def test_hits_keep_their_places_however_far_people_scroll() -> None:
    calls: list[int] = []
    listing = GrowingListing(_asking(list(range(1000)), calls), total=1000)
    first = [hit.unit_id for hit in listing.hits(0, 30)]
    assert calls == [FIRST]
    assert not listing.complete
    pages = [hit.unit_id for start in range(0, 1200, 100) for hit in listing.hits(start, start + 100)]
    assert pages[:30] == first
    assert sorted(pages) == list(range(1000))
    assert listing.complete
    assert len(calls) < 6
    assert listing.hits(1000, 1100) == []


def test_by_date_it_grows_as_well() -> None:
    dates = [datetime(2020, 1, 1) + timedelta(days=day) for day in range(300)][::-1]
    hits = tuple(_hit(at, date) for at, date in enumerate(dates))
    listing = GrowingListing(lambda k: Answer("", "found", 0.9, 1.0, hits[:k]), total=900)
    assert len(listing) == FIRST
    assert [hit.unit_id for hit in listing.hits(0, 999)] == list(range(300))


def test_neighbours() -> None:
    hits = (_hit(7, path="/a.mp4", start_s=9.0), _hit(8), _hit(9, path="/a.mp4", start_s=2.0))
    listing = GrowingListing(lambda _k: Answer("", "found", 0.9, 1.0, hits), total=3)
    beside = [listing.beside(unit, step) for unit, step in ((7, 1), (7, -1), (9, 1), (9, -2), (1, 1))]
    assert [hit.unit_id if hit else None for hit in beside] == [8, None, None, 7, None]
    assert [hit.unit_id for hit in listing.of_file(hits[0])] == [9, 7]


def test_a_hit_is_looked_for_among_the_first_alone() -> None:
    calls: list[int] = []
    listing = GrowingListing(_asking(list(range(9000)), calls), total=9000)
    assert listing.reach(3)
    assert calls == [FIRST]
    assert listing.reach(500)
    assert not listing.reach(8999)
    assert not listing.complete
    assert len(calls) < 6


def test_what_is_sorted_is_fetched_from_the_middle() -> None:
    asked: list[int] = []

    def ask(start: int, k: int) -> Answer:
        asked.append(start)
        hits = tuple(_hit(unit) for unit in range(start, min(start + k, 100_000)))
        return Answer("", "found", None, 1.0, hits, total=100_000)

    listing = SortedListing(ask, lambda unit_id: unit_id if unit_id < 100_000 else None)
    assert len(listing) == 100_000
    assert [hit.unit_id for hit in listing.hits(70_100, 70_250)] == list(range(70_100, 70_250))
    assert asked == [0, *range(70_080, 70_250, PAGE)]
    # Its neighbours are those of its place; what was fetched is not asked for again.
    found = listing.beside(70_200, 1)
    assert found is not None and found.unit_id == 70_201
    assert listing.beside(0, -1) is None
    assert listing.hits(99_990, 200_000)[-1].unit_id == 99_999
    assert listing.beside(99_999, 1) is None
    assert listing.hit(50_000) is None
    before = len(asked)
    assert listing.reach(50_000) and not listing.reach(100_001)
    assert len(asked) == before + 1, "a link far down fetches what is around it alone"
    beside = listing.beside(50_000, 1)
    assert beside is not None and beside.unit_id == 50_001
    assert len(asked) == len(set(asked))
