"""How often the borders of events are right: made calendars of 50 known trips with quiet years between.

A border is the beginning or end of a trip. It is right if an event begins, or ends, between the last picture
that is not of the trip and the first one that is, so that no picture is on the wrong side of it; precision is
the share of the borders of all events that are right, recall that of the trips. Everything varies by the
seed: places for all, for half, or none; times of the day, days alone, or both from two cameras; one-day
outings, journeys that go on from place to place, others at home a day after the last one; days with hundreds
of pictures and with three, evenings that go on after midnight, and everyday pictures at home between.

    python -m bench.events [--seeds 100:120] [--trips 50] [--library]
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from indexer.events.segmentation import Shots, segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from db.arrays import Doubles, Ids

DAY_S = 86_400.0
KINDS = ("places", "some places", "no places", "days alone", "two cameras")


@dataclass(frozen=True)
class Calendar:
    """Pictures, and the trip that each is of, -1 for everyday life."""

    shots: Shots
    trip: Ids


class _Maker:
    def __init__(self, seed: int, kind: str) -> None:
        self.random = np.random.default_rng(seed)
        self.kind = kind
        self.times: list[float] = []
        self.clocks: list[bool] = []
        self.at: list[tuple[float, float]] = []
        self.trips: list[int] = []
        self.home = (self.random.uniform(-50, 55), self.random.uniform(-180, 180))
        self.everyday = self.random.uniform(0.05, 0.45)  # share of days with pictures at home
        self.busy = self.random.uniform(15, 70)  # pictures a day on trips

    def has_places(self) -> bool:
        return self.kind in ("places", "some places", "two cameras")

    def _add(self, day: int, hours: Doubles, at: tuple[float, float], trip: int) -> None:
        for hour in hours:
            second_camera = self.kind == "two cameras" and self.random.random() < 0.4
            clock = self.kind != "days alone" and not (second_camera and self.random.random() < 0.5)
            located = {"places": 0.97, "some places": 0.5, "two cameras": 0.95}.get(self.kind, 0.0)
            located = 0.0 if second_camera else located
            here = tuple(value + self.random.normal(0, 0.03) for value in at)
            self.at.append(here if self.random.random() < located else (np.nan, np.nan))
            late = int(hour >= 24 and not clock)  # without a clock it is of the day after
            self.times.append((day + late) * DAY_S + (hour * 3600 if clock else 0.0))
            self.clocks.append(clock)
            self.trips.append(trip)

    def quiet(self, first: int, last: int) -> None:
        for day in range(first, last):
            if self.random.random() < self.everyday:
                count = min(int(self.random.geometric(0.5)), 4)
                self._add(day, self.random.uniform(8, 22, count), self.home, -1)

    def _away(self) -> tuple[float, float]:
        far_km = np.exp(self.random.uniform(np.log(60), np.log(6_000)))
        angle = self.random.uniform(0, 2 * np.pi)
        north = float(np.clip(self.home[0] + far_km / 111 * np.cos(angle), -65, 70))
        east = self.home[1] + far_km / 111 * np.sin(angle) / np.cos(np.radians(self.home[0]))
        return north, float((east + 180) % 360 - 180)

    def trip(self, number: int, first: int) -> int:
        """Add a trip; returns the day after it."""
        length = 1 if self.random.random() < 0.3 else int(self.random.integers(2, 15))
        tours = length > 3 and self.random.random() < 0.3
        place = self._away()
        outward = np.array([place[0] - self.home[0], place[1] - self.home[1]])
        step = outward / max(1e-6, float(np.linalg.norm(outward))) * self.random.uniform(0.2, 1.0)
        for at in range(length):
            edge = at in (0, length - 1)
            # Once in a while nothing is taken on a day of a journey, or hardly anything.
            rare = not edge and length > 2
            if rare and self.random.random() < 0.07:
                continue
            mean = self.busy if length > 1 else self.busy * 1.2
            count = int(self.random.gamma(2.0, mean / 2)) if not (rare and self.random.random() < 0.1) else 2
            count = max(count, 12 if length == 1 else 8 if edge else 1)
            start, end = (10, 22) if not edge else ((13, 23) if at == 0 and length > 1 else (9, 18))
            hours = np.sort(self.random.uniform(start, end, count))
            if not edge and self.random.random() < 0.1:
                hours[-max(1, count // 8) :] = self.random.uniform(24, 26.5, max(1, count // 8))
            if count > 20:  # a burst of the camera
                hours[count // 2 : count // 2 + 8] = hours[count // 2] + np.arange(8) / 3600
            self._add(first + at, hours, place, number)
            if tours:
                place = (float(np.clip(place[0] + step[0], -70, 75)), place[1] + step[1])
        return first + length


def calendar(seed: int, kind: str, trips: int = 50) -> Calendar:
    """A calendar by its seed and kind; it is always the same."""
    made = _Maker(seed, kind)
    random = made.random
    day = 12_000
    made.quiet(day, day + 200)
    day += 200
    for number in range(trips):
        after = made.trip(number, day)
        way = random.random()
        if way < 0.15:  # home for a day, or for some, and off again
            day = after + (1 if made.has_places() else int(random.integers(4, 7)))
            if made.has_places():
                made._add(after, random.uniform(9, 21, int(random.integers(1, 4))), made.home, -1)
            else:
                made.quiet(after, day)
        else:
            day = after + int(random.integers(8, 60) if way < 0.9 else random.integers(200, 800))
            made.quiet(after, day)
    made.quiet(day, day + 200)
    shots = Shots(np.array(made.times), np.array(made.clocks), np.array(made.at).reshape(-1, 2))
    return Calendar(shots, np.array(made.trips))


def borders(labels: Ids, times: Doubles) -> set[tuple[int, ...]]:
    """The beginnings and ends of groups, each by the pictures on its inner side: order has no ties so."""
    found = set()
    for label in np.unique(labels[labels >= 0]).tolist():
        mine = np.flatnonzero(labels == label)
        first, last = times[mine].min(), times[mine].max()
        inner = (mine[times[mine] == first], mine[times[mine] == last])
        found |= {(0, *sorted(inner[0].tolist())), (1, *sorted(inner[1].tolist()))}
    return found


def measured(calendar: Calendar) -> tuple[int, int, int]:
    """How many borders are right, how many were found, and how many there are."""
    true = borders(calendar.trip, calendar.shots.times)
    found = borders(segment(calendar.shots), calendar.shots.times)
    return len(true & found), len(found), len(true)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", default="100:120", help="the first and the one after the last")
    parser.add_argument("--trips", type=int, default=50)
    parser.add_argument("--library", action="store_true", help="also time a library of 100,000 pictures")
    asked = parser.parse_args()
    first, last = map(int, asked.seeds.split(":"))
    total = np.zeros(3, np.int64)
    print(f"{'calendars':<14}{'pictures':>10}{'precision':>11}{'recall':>9}")
    for kind in KINDS:
        sums, pictures = np.zeros(3, np.int64), 0
        for seed in range(first, last):
            made = calendar(seed, kind, asked.trips)
            sums += measured(made)
            pictures += len(made.trip)
        total += sums
        print(f"{kind:<14}{pictures:>10,}{sums[0] / sums[1]:>11.1%}{sums[0] / sums[2]:>9.1%}")
    print(f"{'all':<14}{'':>10}{total[0] / total[1]:>11.1%}{total[0] / total[2]:>9.1%}")
    shots = _many(first)
    began = time.perf_counter()
    events = segment(shots)
    print(f"{len(events):,} pictures, {events.max() + 1:,} events: {time.perf_counter() - began:.2f} s")
    if asked.library:
        _time_library(shots)


def _many(first: int, count: int = 100_000) -> Shots:
    """Long calendars, one after the other."""
    times, clocks, at, end = [], [], [], 0.0
    while sum(map(len, times)) < count:
        shots = calendar(first + len(times), "places", 300).shots
        times.append(shots.times - shots.times.min() + end)
        clocks.append(shots.has_clock)
        at.append(shots.at)
        end = times[-1].max() + 30 * DAY_S
    return Shots(*(np.concatenate(rows)[:count] for rows in (times, clocks, at)))


def _time_library(shots: Shots) -> None:
    """How long it takes in a library with these pictures, of which no words can be told."""
    from datetime import datetime, timedelta
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from sqlalchemy import text, update

    from db.catalog import events, live
    from db.engine.schema import Asset
    from db.library import Library
    from db.settings import Settings
    from indexer.events import keeping, renewal
    from search.query.conditions import filter_of

    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests.support.rows import add_many, directions, space

    count = len(shots.times)
    with TemporaryDirectory() as folder, Library(Settings(library=Path(folder) / "library")) as library:
        with library.write() as session:
            paths = [Path(f"/media/{at // 1000}/{at}.jpg") for at in range(count)]
            add_many(session, paths, directions(count), space(session).id)
            facts = [
                {
                    "id": number,
                    "taken_at": datetime(1900, 1, 1) + timedelta(seconds=seconds),
                    "latitude": None if np.isnan(north) else north,
                    "longitude": None if np.isnan(north) else east,
                }
                for number, (seconds, (north, east)) in enumerate(
                    zip(shots.times.tolist(), shots.at.tolist(), strict=True), start=1
                )
            ]
            session.execute(update(Asset), facts)
        _timed("made", lambda: renewal.renew(library))
        with library.write() as session:
            session.execute(text("UPDATE library SET revision = revision + 1"))
        _timed("made again, as something else has changed", lambda: renewal.renew(library))
        _timed("nothing has changed", lambda: renewal.renew(library))
        with library.read() as session:
            _timed("listed", lambda: events.every(session))
            event = events.every(session)[9]
        with library.read() as session:
            wanted = (filter_of("event", [event.name], negated=False),)
            _timed("event:", lambda: live.ids(session, ["image"], wanted))
        _timed("renamed", lambda: keeping.rename(library, event.id, "Another"))


def _timed(what: str, do: Callable[[], object]) -> None:
    began = time.perf_counter()
    do()
    print(f"{what}: {time.perf_counter() - began:.3f} s")


if __name__ == "__main__":
    main()
