"""Shot boundary detection: where a film cuts, fades or dissolves from one camera to another.

A boundary is where brightness is distributed otherwise in the second after than in the second before, in the
whole picture and in its quarters. A moving camera or actor moves brightness about but changes its
distribution slowly; a dissolve changes it as much as a cut does. So a few small pictures a second are enough,
where detectors that compare each frame with the next need all, and do not see dissolves. A slide that differs
from the last in its words alone is no boundary, and a cut between pictures of the same light may be missed.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from indexer.media.types import Glimpse, Grey

MOST_S = 60.0
"""Longer shots come in pieces, so that memory is bounded."""

_SIDE = 3
"""Glimpses that are compared on either side of a boundary: three quarters of a second."""
_OTHERWISE = 0.24
"""Share of the brightness that is distributed otherwise; cameras that move fast stay below 0.2."""
_LEVELS = 16

Bins = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Shot:
    """What a film shows without a cut from ``start_s`` to ``end_s``, or a piece of it.

    Args:
        glimpses: small grey pictures of it, about four a second, for analysers to choose their moments by.
        goes_on: whether it is a further piece of the shot before.
    """

    start_s: float
    end_s: float
    glimpses: tuple[Glimpse, ...]
    goes_on: bool = False


def find_shots(glimpses: Iterable[Glimpse], missing_s: float) -> Iterator[Shot]:
    """The shots of a film in order, by its glimpses.

    A shot begins with the first glimpse of it, and all of its glimpses have one size. Where one fades or
    dissolves into the next it is in the middle of that, or a slow change is a short shot by itself. Where
    glimpses are more than ``missing_s`` apart something could not be decoded, which is in no shot.
    """
    piece: list[Glimpse] = []
    goes_on = False
    for glimpse, begins in _marked(glimpses):
        missing = bool(piece) and glimpse.at_s - piece[-1].at_s > missing_s
        begins = begins or (bool(piece) and glimpse.picture.shape != piece[-1].picture.shape)
        if piece and (begins or missing or glimpse.at_s - piece[0].at_s >= MOST_S):
            end_s = _end(piece) if missing else glimpse.at_s
            yield Shot(piece[0].at_s, end_s, tuple(piece), goes_on)
            piece, goes_on = [], not begins and not missing
        piece.append(glimpse)
    if piece:
        yield Shot(piece[0].at_s, _end(piece), tuple(piece), goes_on)


def _end(glimpses: list[Glimpse]) -> float:
    """Where the last one ends: as far from it as from the one before."""
    last = glimpses[-1].at_s
    return last + (last - glimpses[-2].at_s if len(glimpses) > 1 else 0.25)


def _marked(glimpses: Iterable[Glimpse]) -> Iterator[tuple[Glimpse, bool]]:
    """Each glimpse, and whether it is the first of a shot: the change is the greatest far and wide."""
    bins: deque[Bins] = deque(maxlen=2 * _SIDE)
    changes = deque([0.0] * 2 * _SIDE, maxlen=2 * _SIDE + 1)
    waiting: deque[Glimpse] = deque()

    for number, glimpse in enumerate(chain(glimpses, [None] * (2 * _SIDE - 1)), start=1):
        if glimpse is not None:
            waiting.append(glimpse)
            one = _bins(glimpse.picture)
            bins.extend([one] * (1 if bins else 2 * _SIDE))
        elif bins:
            bins.append(bins[-1])
        else:
            return
        changes.append(_change(bins))
        if number >= 2 * _SIDE:
            before, change, after = list(changes)[:_SIDE], changes[_SIDE], list(changes)[_SIDE + 1 :]
            yield waiting.popleft(), change >= _OTHERWISE and change > max(before) and change >= max(after)


def _bins(picture: Grey) -> Bins:
    """(4, levels): how much of each quarter of a picture is how bright."""
    middle, centre = picture.shape[0] // 2, picture.shape[1] // 2
    quarters = (
        half for rows in (picture[:middle], picture[middle:]) for half in (rows[:, :centre], rows[:, centre:])
    )
    return np.stack([_distribution(quarter) for quarter in quarters])


def _distribution(part: Grey) -> Bins:
    return np.bincount((part // (256 // _LEVELS)).ravel(), minlength=_LEVELS) / max(1, part.size)


def _change(bins: Iterable[Bins]) -> float:
    """How much of the brightness changes from the first half to the second, 0 to 1; a flash is no change."""
    stacked = np.stack(list(bins))
    before, after = stacked[:_SIDE], stacked[_SIDE:]
    mean = _distance(before.mean(axis=0), after.mean(axis=0))
    return min(mean, _distance(np.median(before, axis=0), np.median(after, axis=0)))


def _distance(one: Bins, other: Bins) -> float:
    """Half of it is that of the whole picture, half the mean of its quarters."""
    change = one - other
    return float(np.abs(change).sum() / 8 + np.abs(change.mean(axis=0)).sum() / 2) / 2
