"""Spans of time in which something holds, from values that are told so many times a second."""

from collections.abc import Iterator

import numpy as np

from db.arrays import Mask


def lasting(holds: Mask, per_s: float, pause_s: float, shortest_s: float) -> Iterator[tuple[float, float]]:
    """(start, end) in seconds of what holds for at least ``shortest_s``.

    What holds again in less than ``pause_s`` has gone on meanwhile.
    """
    edges = np.flatnonzero(np.diff(holds.astype(np.int8), prepend=0, append=0)) / per_s
    joined: list[tuple[float, float]] = []
    for start_s, end_s in edges.reshape(-1, 2).tolist():
        if joined and start_s - joined[-1][1] < pause_s:
            joined[-1] = (joined[-1][0], end_s)
        else:
            joined.append((start_s, end_s))
    return ((start_s, end_s) for start_s, end_s in joined if end_s - start_s >= shortest_s)
