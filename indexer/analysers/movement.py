"""What happens in films without knowing what it is: shots, how much moves, and what the camera does.

A film with many cuts is told from one that lingers, and what is still from what is fast, by measuring alone.
It is asked for by condition: words such as *pan* and *fast* mean other things in a question.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np

from db.arrays import Doubles, Mask
from db.catalog.units import NewUnit
from db.engine.schema import MediaKind
from db.kinds import Kind
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.analysers.spans import lasting
from indexer.media.optical_flow import Motion, motions
from indexer.media.shots import Shot

_PER_S = 4.0
"""Glimpses, as shots have them."""
_STILL, _FAST = 0.012, 0.18
"""Widths a second: below, nothing moves; above, something moves fast (bench/movement.py)."""
_PAN, _ZOOM = 0.03, 0.03
"""Widths a second of the camera, and the logarithm of the scale a second, from which it pans and zooms."""
_STEADY = 0.7
"""How much of the camera's way is in one direction: a hand that trembles does not pan."""
_AROUND = 2
"""Motions on either side of one with which it is taken together: a second."""
_PAUSE_S, _SHORTEST_S = 1.0, 1.0

STILL, SLOW, FAST, PAN, ZOOM, SHOT = "still", "slow", "fast", "pan", "zoom", "shot"


class Movement(Analyser):
    """Makes a unit of each shot, and of each time in it that is still, slow, fast, a pan or a zoom."""

    name = "movement"
    label = "shots of films, what moves in them, and how the camera does"
    kinds = (
        Kind(SHOT, "shot", {}, "machine"),
        Kind(STILL, "part without motion", {}, "machine", plural="parts without motion"),
        Kind(SLOW, "part with slow motion", {}, "machine", plural="parts with slow motion"),
        Kind(FAST, "part with fast motion", {}, "machine", plural="parts with fast motion"),
        Kind(PAN, "pan of the camera", {}, "machine", plural="pans of the camera"),
        Kind(ZOOM, "zoom", {}, "machine"),
    )
    media: ClassVar[frozenset[MediaKind]] = frozenset({"video"})
    phase = 2
    minute_s = 1.5

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """The shots in order, each with what happens in it."""
        whole: NewUnit | None = None
        for shot in medium.shots():
            # A long shot comes in pieces, and is one.
            if whole is not None and shot.goes_on:
                whole = replace(whole, end_s=shot.end_s)
            else:
                if whole is not None:
                    yield Draft(whole)
                whole = NewUnit(SHOT, start_s=shot.start_s, end_s=shot.end_s)
            for name, first_s, last_s in told(shot):
                yield Draft(NewUnit(name, start_s=first_s, end_s=last_s))
            progress(medium.share(shot.end_s))
        if whole is not None:
            yield Draft(whole)
        progress(1.0)


def told(shot: Shot) -> list[tuple[str, float, float]]:
    """What happens in a shot, by its name in this module, with its first and last second."""
    each = list(motions(shot.glimpses))
    if not each:
        return []
    found = []
    shortest_s = min(_SHORTEST_S, (len(each) - 1) / _PER_S)
    for name, holds in _holding(each).items():
        # Pauses are no part of what is still: something moves in them.
        pause_s = 0.0 if name == STILL else _PAUSE_S
        for start_s, end_s in lasting(holds, _PER_S, pause_s, shortest_s):
            first = each[round(start_s * _PER_S)].start_s
            last = each[round(end_s * _PER_S) - 1].end_s
            found.append((name, first, shot.end_s if last == each[-1].end_s else last))
    return sorted(found, key=lambda item: item[1])


def _holding(each: Sequence[Motion]) -> dict[str, Mask]:
    """Between which glimpses what holds: one of three speeds, and perhaps one of two things a camera does."""
    speed = _around(np.array([motion.speed for motion in each]), np.median)
    shift = np.array([(motion.across, motion.down) for motion in each])
    scale = np.array([motion.zoom for motion in each])
    across, down, zoom = (_around(one, np.mean) for one in (*shift.T, scale))
    moved, scaled = np.hypot(across, down), np.abs(zoom)
    pans = (moved >= _PAN) & (moved >= _STEADY * _around(np.linalg.norm(shift, axis=1), np.mean))
    zooms = (scaled >= _ZOOM) & (scaled >= _STEADY * _around(np.abs(scale), np.mean))
    # What is halfway to the edge moves by a quarter of the scale: the larger one of both is what is seen.
    is_zoom = scaled / 4 >= moved
    return {
        STILL: speed < _STILL,
        SLOW: (speed >= _STILL) & (speed < _FAST),
        FAST: speed >= _FAST,
        PAN: pans & ~is_zoom,
        ZOOM: zooms & is_zoom,
    }


def _around(values: Doubles, taken: Callable[..., Doubles]) -> Doubles:
    """Each value with those beside it, taken together."""
    padded = np.pad(values, _AROUND, mode="edge")
    return np.asarray(taken(np.lib.stride_tricks.sliding_window_view(padded, 2 * _AROUND + 1), axis=1))
