"""Stills and shots of a film, decoded stretch by stretch in bounded memory."""

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from db.errors import DecodeError
from indexer.media.reader import read_glimpses, read_stills
from indexer.media.reader import stills_at as read_stills_at
from indexer.media.shots import Shot, find_shots
from indexer.media.stills import merge_stills
from indexer.media.types import Picture, Still

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

log = logging.getLogger(__name__)

_Seen = TypeVar("_Seen")

STRETCH_S = 60.0
"""Length of film decoded at once: about as many frames as one batch of pictures."""

_GLIMPSED_S = 30.0
"""Length of film glimpsed at once: of a large film nearly every frame is decoded, which takes its time."""
_AHEAD = 3
"""Stretches under way before one is taken: while that one is looked at, two cores have one each to decode."""
_BATCH = 8
"""Frames of a film decoded at once."""


def stills(pool: "DecodePool", path: Path, duration_s: float | None, *, min_side: int) -> Iterator[Still]:
    """The stills of a film in order, near-identical neighbours merged across stretches too.

    Args:
        duration_s: what the container states; None, or more than there is, does no harm.
        min_side: pixels of the stills' shorter side.

    Raises:
        MediaError: nothing of the film could be decoded.
    """
    held: list[Still] = []
    read = partial(pool.submit, read_stills, path, min_side=min_side)
    for decoded in _stretches(read, path, duration_s, STRETCH_S):
        merged = merge_stills(held + decoded)
        yield from merged[:-1]
        held = merged[-1:]
    yield from held


def shots(pool: "DecodePool", path: Path, duration_s: float | None) -> Iterator[Shot]:
    """The shots of a film in order, see ``indexer.media.shots``.

    Args:
        duration_s: as of ``stills``.

    Raises:
        MediaError: nothing of the film could be decoded.
    """
    read = partial(pool.submit, read_glimpses, path)
    return find_shots(chain.from_iterable(_stretches(read, path, duration_s, _GLIMPSED_S)), _GLIMPSED_S)


def stills_at(
    pool: "DecodePool", path: Path, times: Sequence[float], *, min_side: int
) -> Iterator[tuple[float, Picture]]:
    """(seconds, frame on screen) for ascending times of a film; decoding starts at once, a few frames ahead.

    Where nothing can be decoded the times are left out.
    """
    batches = iter([list(times[start : start + _BATCH]) for start in range(0, len(times), _BATCH)])
    ahead = deque(pool.submit(read_stills_at, path, batch, min_side=min_side) for batch in islice(batches, 1))
    return _taken(
        ahead, (pool.submit(read_stills_at, path, batch, min_side=min_side) for batch in batches), path
    )


def _taken(
    ahead: deque[Future[list[tuple[float, Picture]]]],
    further: Iterator[Future[list[tuple[float, Picture]]]],
    path: Path,
) -> Iterator[tuple[float, Picture]]:
    try:
        while ahead:
            try:
                pictures = ahead.popleft().result()
            except DecodeError as exc:
                log.warning("%s: some moments of it are left out: %s", path, exc)
                pictures = []
            ahead.extend(islice(further, 1))
            yield from pictures
    finally:
        for future in ahead:
            future.cancel()


def _stretches(
    read: Callable[[float, float], "Future[list[_Seen]]"],
    path: Path,
    duration_s: float | None,
    length_s: float,
) -> Iterator[list[_Seen]]:
    """Decoded stretches in order. A bad one is left out; a file with none that is good is an error.

    A container may state no duration or an absurd one: two empty stretches in a row are the end.
    """
    ahead: deque[Future[list[_Seen]]] = deque()
    start, empty, decoded = 0.0, 0, 0
    fault: DecodeError | None = None
    while empty < 2:
        while len(ahead) < _AHEAD and start < (duration_s or math.inf):
            ahead.append(read(start, start + length_s))
            start += length_s
        if not ahead:
            break
        try:
            stretch = ahead.popleft().result()
        except DecodeError as exc:
            log.warning("%s: a stretch of it is left out: %s", path, exc)
            fault, stretch = exc, []
        empty = 0 if stretch else empty + 1
        decoded += len(stretch)
        yield stretch
    for future in ahead:
        future.cancel()
    if fault is not None and not decoded:
        raise fault
