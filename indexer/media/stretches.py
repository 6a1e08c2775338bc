"""Stills of a film, decoded stretch by stretch in bounded memory."""

import logging
import math
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from db.errors import DecodeError
from indexer.media.reader import read_stills
from indexer.media.stills import merge_stills
from indexer.media.types import Still

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

log = logging.getLogger(__name__)

STRETCH_S = 60.0
"""Length of film decoded at once: about as many frames as one batch of pictures."""

_AHEAD = 2
"""Stretches decoded ahead of the one that is taken."""


def stills(pool: "DecodePool", path: Path, duration_s: float | None, *, min_side: int) -> Iterator[Still]:
    """The stills of a film in order, near-identical neighbours merged across stretches too.

    Args:
        duration_s: what the container states; None, or more than there is, does no harm.
        min_side: pixels of the stills' shorter side.

    Raises:
        MediaError: nothing of the film could be decoded.
    """
    held: list[Still] = []
    for decoded in _stretches(pool, path, duration_s, min_side):
        merged = merge_stills(held + decoded)
        yield from merged[:-1]
        held = merged[-1:]
    yield from held


def _stretches(
    pool: "DecodePool", path: Path, duration_s: float | None, min_side: int
) -> Iterator[list[Still]]:
    """Decoded stretches in order. A bad one is left out; a file with none that is good is an error.

    A container may state no duration or an absurd one: two empty stretches in a row are the end.
    """
    ahead: deque[Future[list[Still]]] = deque()
    start, empty, decoded = 0.0, 0, 0
    fault: DecodeError | None = None
    while empty < 2:
        while len(ahead) < _AHEAD and start < (duration_s or math.inf):
            ahead.append(pool.submit(read_stills, path, start, start + STRETCH_S, min_side=min_side))
            start += STRETCH_S
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
