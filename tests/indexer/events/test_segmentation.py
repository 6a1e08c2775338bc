"""Event segmentation: on made calendars, on cases that anybody would tell, and what always holds."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.events import DAY_S, KINDS, calendar, measured
from indexer.events.segmentation import LEAST, Shots, segment

HOME, PORTO, ATHENS, BRAGA = (48.1, 11.6), (41.1, -8.6), (38.0, 23.7), (41.5, -8.4)
Row = tuple[float, bool, tuple[float, float] | None]
"""Hours since the first day began, whether the time of the day is known, and the place."""


def on(day: int, count: int, at: tuple[float, float] | None = None, hour: float = 10.0) -> list[Row]:
    """Pictures of a day, some minutes apart; without an hour of the day where that is negative."""
    return [(24.0 * day + max(0.0, hour) + 0.05 * n * (hour >= 0), hour >= 0, at) for n in range(count)]


def everyday(at: tuple[float, float] | None) -> list[Row]:
    """Two pictures every fourth day of three hundred, but for some days in the middle."""
    return [row for day in range(0, 300, 4) if not 98 < day < 108 for row in on(day, 2, at, 18)]


def shots(rows: list[Row]) -> Shots:
    return Shots(
        np.array([row[0] * 3_600.0 for row in rows]) + 15_000 * DAY_S,
        np.array([row[1] for row in rows], bool),
        np.array([row[2] or (np.nan, np.nan) for row in rows]).reshape(-1, 2),
    )


def sizes(rows: list[Row]) -> list[int]:
    """How many pictures the events have, in the order of time."""
    labels = segment(shots(rows))
    return np.bincount(labels[labels >= 0]).tolist()


def test_borders_of_made_calendars_are_right() -> None:
    """Of few calendars; ``bench.events`` measures more of them."""
    of_kinds = {
        kind: np.sum([measured(calendar(seed, kind)) for seed in (1_000, 1_001)], axis=0) for kind in KINDS
    }
    for kind, (right, found, true) in of_kinds.items():
        assert min(right / found, right / true) >= 0.92, kind
    right, found, true = np.sum(list(of_kinds.values()), axis=0)
    assert min(right / found, right / true) >= 0.95


def test_a_journey_is_one_event_and_home_is_none() -> None:
    journey = [row for day in (101, 102, 103, 105) for row in on(day, 12, PORTO)]
    assert sizes(everyday(HOME) + journey) == [48]
    assert sizes(everyday(None) + [(hours, clock, None) for hours, clock, _ in journey]) == [48]


def test_days_alone_and_nights_after_midnight_are_of_their_day() -> None:
    assert sizes([*everyday(None), *on(101, 12, hour=-1), *on(102, 12, hour=-1)]) == [24]
    assert sizes([*everyday(None), *on(101, 20, hour=22), *on(102, 3, hour=1)]) == [23]


def test_two_journeys_are_two_where_people_were_at_home_or_came_by_it() -> None:
    there = [row for day in (100, 101, 102) for row in on(day, 12, PORTO, 12)]
    again = [row for day in (104, 105) for row in on(day, 12, ATHENS, 12)]
    assert sizes(everyday(HOME) + there + on(103, 3, HOME) + again) == [36, 24]
    assert sizes([*everyday(HOME), *there, *on(103, 12, ATHENS)]) == [36, 12], "the way leads by home"
    assert sizes([*everyday(HOME), *there, *on(103, 12, BRAGA)]) == [48], "it goes on"


def test_a_party_at_home_is_an_event_and_a_stray_picture_is_none() -> None:
    assert sizes(everyday(HOME) + on(101, 30, HOME)) == [30]
    assert sizes(everyday(HOME) + on(101, 2, PORTO)) == []


def test_what_has_no_place_goes_with_what_was_taken_beside_it() -> None:
    two_cameras = [*on(101, 8, PORTO, 9), *on(101, 8, None, 9.5), *on(101, 8, None, -1)]
    assert sizes(everyday(HOME) + two_cameras) == [24]


def test_nothing_and_little_has_no_events() -> None:
    assert sizes([]) == sizes(on(0, LEAST - 1)) == []


ROWS = st.lists(
    st.tuples(
        st.floats(-1e5, 3e5).map(lambda hours: round(hours, 2)),
        st.booleans(),
        st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180)) | st.sampled_from([HOME, PORTO]),
    ),
    max_size=60,
)


@given(ROWS, st.randoms())
@settings(max_examples=60)
def test_it_does_not_depend_on_the_order(rows: list[Row], random: object) -> None:
    rows = [*rows, *on(40, 30, PORTO), *on(41, 30, PORTO)]
    given_, mixed = segment(shots(rows)), list(range(len(rows)))
    random.shuffle(mixed)
    assert segment(shots([rows[at] for at in mixed])).tolist() == given_[mixed].tolist()
    counts = np.bincount(given_ + 1)[1:]
    assert len(given_) == len(rows) and (counts >= LEAST).all()
    first = [
        min(row[0] for row, label in zip(rows, given_, strict=True) if label == n) for n in range(len(counts))
    ]
    assert first == sorted(first), "numbered by their beginnings"
