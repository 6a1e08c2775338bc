"""Event segmentation: which pictures and films are of one journey, outing or party. Pure.

Days are read as a stream in which bursts stand out: a hidden Markov model whose states emit few or many
pictures a day, as of Kleinberg (2002, "Bursty and hierarchical structure in streams"), decoded by Viterbi's
algorithm. How many are few is learnt from the library, so that bursts are those of the person (as gaps are
adaptive in Platt's PhotoTOC, 2002, and in Graham et al. 2002, "Time as essence for photo browsing"). Where
places are known a third state is being away from home, which is where most days are spent. A switch of the
state costs something: nights and a day without pictures do not part a journey, a stray picture is no event.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from db.arrays import Doubles, Ids
from db.engine.functions import EARTH_KM, distance_km
from db.gazetteer import Place, chords

LEAST = 6
"""Pictures and films of an event: fewer are none."""

AWAY_KM = 30.0
"""From home; what is nearer is everyday life."""

_DAY_S = 86_400.0
_NIGHT_S = 4 * 3_600.0
"""A day ends when people go to bed, hours after midnight."""

_UNKNOWN, _HOME, _AWAY = 0, 1, 2
"""Where a picture is from."""
_QUIET, _LIVELY, _TRAVEL = 0, 1, 2
"""States of a day: everyday life, many pictures wherever that is, away from home."""

_LOG_MOVES = np.log([[0.96, 0.02, 0.02], [0.30, 0.69, 0.01], [0.30, 0.01, 0.69]])
"""From state to state, from one day to the next."""
_LOG_PLACES = np.log([[0.4, 0.55, 0.05], [0.4, 0.55, 0.05], [0.4, 0.0005, 0.5995]])
"""How often pictures of a state are from nobody knows where, home, and away."""
_BOUNDS = ((0.02, 0.6), (2.0, 20.0), (12.0, 40.0))
"""The least and the most of the three ``_Rates``, which are learnt from the library."""
_PAUSE = 0.1
"""The share of days of a journey on which nothing is taken."""
_ROUNDS = 4
_LONGEST_GAP = 12
"""Days without a picture; more make no difference."""

_CELLS = 5
"""Of the grid in which home is looked for, for each degree."""
_MONTH = 30
_MONTHS_AROUND, _MONTHS_AT_HOME = 4, 4
"""Home is where most days of the months around are spent, in as many different ones at least."""

_BY_HOME, _BY_HOME_IN_DAYS = 0.7, 0.45
"""From a place to the next one the way leads by home if it is hardly longer so: this share of that detour.

Overnight, and where days pass between of which there is hardly anything.
"""
_SAME_PLACE_KM = 50.0
_SAME_STAY_DAYS = 4


@dataclass(frozen=True)
class Shots:
    """What is known of n pictures and films that have a date.

    ``times``: seconds of their local clock since 1970; ``has_clock``: whether the time of the day is known;
    ``at``: (n, 2) degrees north and east, NaN where nobody knows.
    """

    times: Doubles
    has_clock: npt.NDArray[np.bool_]
    at: Doubles


class _Parts(NamedTuple):
    """Parts of days, in the order of time: what was taken at home, away, or nobody knows where.

    ``counts``: how many pictures each has; ``at``: where they were taken on average.
    """

    day: Ids
    place: Ids
    counts: Ids
    at: Doubles


def segment(shots: Shots) -> Ids:
    """(n,): the event of each picture or film, numbered from 0 in the order of time; -1 for none.

    It does not depend on the order in which they are given.
    """
    labels = np.full(len(shots.times), -1, np.int64)
    if len(labels) < LEAST:
        return labels
    # Sums of floating point numbers depend on their order.
    order: Ids = np.lexsort((shots.at[:, 1], shots.at[:, 0], shots.has_clock, shots.times))
    times, has_clock, at = shots.times[order], shots.has_clock[order], shots.at[order]
    day = np.floor((times - np.where(has_clock, _NIGHT_S, 0.0)) / _DAY_S).astype(np.int64)
    homes = _homes(day, at)
    place = _placed(times, day, has_clock, at, homes)
    parts, part = _parts(times, day, place, has_clock, at)
    states, rates = _states(parts)
    labels[order] = _joined(parts, states, rates, homes)[part]
    return _numbered(labels, shots.times)


def _homes(day: Ids, at: Doubles) -> dict[int, Place]:
    """Where home is in each month of thirty days; without those in which nobody can tell."""
    known = ~np.isnan(at[:, 0])
    if not known.any():
        return {}
    cells = np.rint((at[known] + np.array((90.0, 180.0))) * _CELLS).astype(np.int64)
    cell = cells[:, 0] * 360 * _CELLS + cells[:, 1] % (360 * _CELLS)
    visits = np.unique(np.column_stack([day[known], cell]), axis=0)
    month = visits[:, 0] // _MONTH
    everywhere = _most_days(visits)
    homes = {}
    centres: dict[int, Place] = {}
    for number in np.unique(day // _MONTH).tolist():
        around = (month >= number - _MONTHS_AROUND) & (month <= number + _MONTHS_AROUND)
        home = _most_days(visits[around])
        if home is None:
            home = everywhere
        if home is not None:
            if home not in centres:
                north, east = at[known][cell == home].mean(axis=0)
                centres[home] = (float(north), float(east))
            homes[number] = centres[home]
    return homes


def _most_days(visits: Ids) -> int | None:
    """Of (day, cell) the cell of most days, among those of enough months."""
    cells, which = np.unique(visits[:, 1], return_inverse=True)
    months = np.unique(np.column_stack([which, visits[:, 0] // _MONTH]), axis=0)[:, 0]
    days = np.bincount(which, minlength=len(cells))
    days[np.bincount(months, minlength=len(cells)) < _MONTHS_AT_HOME] = 0
    return int(cells[days.argmax()]) if len(days) and days.max() else None


def _placed(
    times: Doubles,
    day: Ids,
    has_clock: npt.NDArray[np.bool_],
    at: Doubles,
    homes: dict[int, Place],
) -> Ids:
    """Whether each is from home or away; of what has no place as what was taken next to it on that day."""
    place = np.full(len(day), _UNKNOWN, np.int64)
    known = np.flatnonzero(~np.isnan(at[:, 0]))
    if not len(known):
        return place
    months = day[known] // _MONTH
    for number in np.unique(months).tolist():
        here = known[months == number]
        if (home := homes.get(number)) is not None:
            near = chords(home, at[here]) * EARTH_KM <= AWAY_KM
            place[here] = np.where(near, _HOME, _AWAY)
    # A day alone is told with the others of the day, whatever their time: by the one at its noon.
    when = np.where(has_clock, times, day * _DAY_S + 0.5 * _DAY_S)
    known = known[np.argsort(when[known], kind="stable")]
    after = np.searchsorted(when[known], when).clip(1, max(1, len(known) - 1))
    before, after = known[after - 1], known[np.minimum(after, len(known) - 1)]
    nearer = np.where(np.abs(when[before] - when) <= np.abs(when[after] - when), before, after)
    nearer = np.where(day[nearer] == day, nearer, np.where(day[before] == day, before, after))
    unplaced = np.isnan(at[:, 0]) & (day[nearer] == day)
    place[unplaced] = place[nearer[unplaced]]
    return place


def _parts(
    times: Doubles, day: Ids, place: Ids, has_clock: npt.NDArray[np.bool_], at: Doubles
) -> tuple[_Parts, Ids]:
    """The parts of days, and for each picture the number of its part."""
    _, first, part, count = np.unique(
        day * 3 + place, return_index=True, return_inverse=True, return_counts=True
    )
    size = len(count)
    clocks = np.bincount(part[has_clock], minlength=size)
    since = np.bincount(part[has_clock], times[has_clock] - day[has_clock] * _DAY_S, size)
    hour = np.where(clocks > 0, since / np.maximum(clocks, 1), 0.5 * _DAY_S)
    located = ~np.isnan(at[:, 0])
    places = np.bincount(part[located], minlength=size)
    east = np.radians(at[located, 1])
    turn = np.arctan2(
        np.bincount(part[located], np.sin(east), size), np.bincount(part[located], np.cos(east), size)
    )
    north = np.bincount(part[located], at[located, 0], size) / np.maximum(places, 1)
    centre = np.where(places[:, None] > 0, np.column_stack([north, np.degrees(turn)]), np.nan)
    order = np.lexsort((place[first], hour, day[first]))
    number = np.empty(size, np.int64)
    number[order] = np.arange(size)
    return _Parts(day[first][order], place[first][order], count[order], centre[order]), number[part]


class _Rates(NamedTuple):
    """How many pictures a day has: the share ``active`` of quiet days ``few`` on average, others ``many``."""

    active: float
    few: float
    many: float

    def of_empty_day(self) -> Doubles:
        """Log-likelihood of a day without a picture, by state."""
        return np.log([1 - self.active, _PAUSE, _PAUSE])

    def of(self, counts: Ids) -> Doubles:
        """(n, 3): that of days with so many. They are geometric: bursts of a camera make them uneven."""
        quiet = np.log(self.active / self.few) + (counts - 1) * np.log1p(-1 / self.few)
        lively = np.log((1 - _PAUSE) / self.many) + (counts - 1) * np.log1p(-1 / self.many)
        return np.column_stack([quiet, lively, lively])


def _states(parts: _Parts) -> tuple[Ids, _Rates]:
    """The most likely state of each part of a day; how many pictures are few, and many, is learnt."""
    span = int(parts.day[-1] - parts.day[0]) + 1
    rates = _Rates(*(low for low, _ in _BOUNDS))
    states = np.full(len(parts.day), -1, np.int64)
    for _ in range(_ROUNDS):
        before, states = states, _decoded(parts, rates)
        if np.array_equal(before, states):
            break
        quiet = parts.counts[states == _QUIET]
        lively = parts.counts[states != _QUIET]
        learnt = (len(quiet) / span, _mean(quiet), _mean(lively))
        rates = _Rates(*(min(max(one, low), high) for one, (low, high) in zip(learnt, _BOUNDS, strict=True)))
    return states, rates


def _mean(counts: Ids) -> float:
    return float(counts.mean()) if len(counts) else 0.0


def _decoded(parts: _Parts, rates: _Rates) -> Ids:
    """Viterbi's algorithm."""
    emitted = rates.of(parts.counts) + _LOG_PLACES[:, parts.place].T
    moves = _moves(rates)
    gaps = np.clip(np.diff(parts.day) - 1, 0, _LONGEST_GAP).tolist()
    score = emitted[0] + _LOG_MOVES[_QUIET]
    came = np.zeros(emitted.shape, np.int64)
    for at, gap in enumerate(gaps, start=1):
        through = score[:, None] + moves[gap]
        came[at] = through.argmax(axis=0)
        score = through.max(axis=0) + emitted[at]
    states = np.empty(len(came), np.int64)
    state = int(score.argmax())
    for at in range(len(came) - 1, -1, -1):
        states[at] = state
        state = int(came[at, state])
    return states


def _moves(rates: _Rates) -> list[Doubles]:
    """How likely it is to come from state to state, by the number of days without a picture between."""
    moves: list[Doubles] = [_LOG_MOVES]
    for _ in range(_LONGEST_GAP):
        moves.append(((moves[-1] + rates.of_empty_day())[:, :, None] + _LOG_MOVES).max(axis=1))
    return moves


def _longest_pause(rates: _Rates) -> Ids:
    """How many days without a picture part no event, by state: as long as no other state explains them."""
    stay, empty = np.diag(_LOG_MOVES), rates.of_empty_day()
    days = np.zeros(len(stay), np.int64)
    for gap, moves in enumerate(_moves(rates)):
        goes_on = (gap + 1) * stay + gap * empty >= np.diag(moves) - 1e-9
        days[goes_on] = gap
    return days


def _joined(parts: _Parts, states: Ids, rates: _Rates, homes: dict[int, Place]) -> Ids:
    """The event of each part of a day: runs of a state, journeys by where they lead."""
    pause = _longest_pause(rates)
    events = np.full(len(states), -1, np.int64)
    number, last, seen = -1, -1, -1  # ``seen``: the last part of the event whose place is known
    for at in np.flatnonzero(states != _QUIET).tolist():
        is_same = last >= 0 and states[last] == states[at]
        days = int(parts.day[at] - parts.day[last]) - 1
        goes_on = is_same and at == last + 1 and days <= pause[states[at]]
        between = slice(seen + 1, at)
        hardly_any = bool((parts.counts[between] <= 2 * rates.few).all())
        if is_same and seen >= 0 and states[at] == _TRAVEL and parts.place[at] == _AWAY and hardly_any:
            goes_on = _is_same_journey(parts, seen, at, homes, goes_on)
            if not goes_on:  # taken at home, though nobody says where
                alone = (parts.day[between] > parts.day[seen]) & (parts.day[between] < parts.day[at])
                events[between][alone] = -1
        number += not goes_on
        if parts.place[at] == _AWAY:
            seen = at
        elif not goes_on:
            seen = -1
        events[at], last = number, at
    return events


def _is_same_journey(parts: _Parts, last: int, at: int, homes: dict[int, Place], goes_on: bool) -> bool:
    """Whether a journey goes on where it would by its times alone, or longer where people stayed in a place.

    It does not where they were at home for a day between, or the way leads by home.
    """
    first_day, next_day = int(parts.day[last]), int(parts.day[at])
    between = slice(last + 1, at)
    days = parts.day[between][parts.place[between] == _HOME]
    if ((days > first_day) & (days < next_day)).any():
        return False
    here, there = _place_of(parts, last), _place_of(parts, at)
    apart = distance_km(*here, *there)
    home = homes.get(next_day // _MONTH)
    if next_day > first_day and home is not None:
        by_home = distance_km(*here, *home) + distance_km(*home, *there)
        if apart >= (_BY_HOME if next_day == first_day + 1 else _BY_HOME_IN_DAYS) * by_home:
            return False
    return goes_on or (apart <= _SAME_PLACE_KM and next_day - first_day <= _SAME_STAY_DAYS)


def _place_of(parts: _Parts, at: int) -> Place:
    north, east = parts.at[at].tolist()
    return north, east


def _numbered(labels: Ids, times: Doubles) -> Ids:
    """The events that are large enough, numbered anew by their beginnings."""
    counts = np.bincount(labels + 1)
    counts[0] = 0
    first = np.full(len(counts), np.inf)
    np.minimum.at(first, labels + 1, times)
    kept = np.flatnonzero(counts >= LEAST)
    numbers = np.full(len(counts), -1, np.int64)
    numbers[kept[np.argsort(first[kept], kind="stable")]] = np.arange(len(kept))
    return numbers[labels + 1]
