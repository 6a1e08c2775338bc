"""Change detection for text in films: the moments at which a film is worth reading.

Text that is made to be read stands still for half a second or more: a title, a slide, a subtitle, a logo. So
do its edges, also over a moving picture, and new edges that stand still are what a reader has not seen. Where
everything moves, as when a camera passes signs, it is read now and then. Pure functions of small pictures:
nothing is decoded.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from db.arrays import Mask
from indexer.media.shots import Shot
from indexer.media.types import Grey

EVERY_S = 3.0
"""A film is read once in so many seconds at most, in the long run."""
SAVED = 5.0
"""Readings that a quiet film saves, for when subtitles come fast."""
MOVING_S = 4.0
"""What moves altogether is read once in so many seconds, unless that takes the last but one saved reading."""
_CLOSEST_S = 0.7
_EDGE = 24
"""Levels of brightness between neighbouring pixels."""
_STILL = 12
"""Levels by which a pixel that stands still may change: noise and compression."""
_OTHER = 48
"""Levels by which an edge is another one, though one has been where it is."""
_SETTLED = 2
"""Glimpses back to which an edge must have stood where it is."""
_TILE = (6, 12)
_DENSE = 12
"""Pixels of new edges in a tile of that height and width with letters; others stand still in few places."""
_LETTERS = 2
"""Tiles: the shortest text."""
_MOVED = 0.3
"""Share of the edges that are new where a picture has changed altogether."""

Levels = npt.NDArray[np.int16]


class Changes:
    """Chooses the moments of a film, shot by shot in order: it remembers what was read, and how often."""

    def __init__(self) -> None:
        self._read: tuple[Levels, Mask] | None = None
        self._last_s = -MOVING_S
        self._saved = SAVED

    def moments(self, shot: Shot) -> list[float]:
        """The times of those of its glimpses at which the shot is to be read."""
        pictures = [glimpse.picture.astype(np.int16) for glimpse in shot.glimpses]
        chosen = list(self._worth(shot, pictures))
        if not chosen and not shot.goes_on:
            # Too short, or too much in motion, for anything to stand still.
            middle = len(pictures) // 2
            at_s = shot.glimpses[middle].at_s
            if self._left(at_s) >= 1.0 and self._has_moved(pictures[middle]):
                chosen = [self._noted(at_s, pictures[middle])]
        return chosen

    def _worth(self, shot: Shot, pictures: Sequence[Levels]) -> Iterator[float]:
        for number in range(_SETTLED, len(pictures)):
            at_s, picture = shot.glimpses[number].at_s, pictures[number]
            left = self._left(at_s)
            if left < 1.0 or at_s - self._last_s < _CLOSEST_S:
                continue
            moving = left >= 2.0 and at_s - self._last_s >= MOVING_S
            before = pictures[number - _SETTLED : number]
            if self._has_letters(picture, before) or (moving and self._has_moved(picture)):
                yield self._noted(at_s, picture)

    def _has_letters(self, picture: Levels, before: Sequence[Levels]) -> bool:
        """Whether something that may be text has come to stand there since the last reading."""
        new = edges(picture)
        for other in before:
            new &= np.abs(picture - other) <= _STILL
        if self._read is not None and self._read[0].shape == picture.shape:
            read, known = self._read
            new &= ~known | (np.abs(picture - read) > _OTHER)
        height, width = (side // tile * tile for side, tile in zip(new.shape, _TILE, strict=True))
        tiles = new[:height, :width].reshape(height // _TILE[0], _TILE[0], width // _TILE[1], _TILE[1])
        return int((tiles.sum(axis=(1, 3)) >= _DENSE).sum()) >= _LETTERS

    def _has_moved(self, picture: Levels) -> bool:
        """Whether the picture has changed altogether since the last reading."""
        found = edges(picture)
        if self._read is None or self._read[0].shape != picture.shape:
            return bool(found.any())
        return bool((found & ~self._read[1]).sum() > _MOVED * max(1, found.sum()))

    def _left(self, at_s: float) -> float:
        """How many readings are saved by then."""
        return min(SAVED, self._saved + (at_s - self._last_s) / EVERY_S)

    def _noted(self, at_s: float, picture: Levels) -> float:
        self._saved, self._last_s = self._left(at_s) - 1.0, at_s
        self._read = picture, _widened(edges(picture))
        return at_s


def edges(picture: Grey | Levels) -> Mask:
    """The pixels at which the brightness changes, as it does along the strokes of letters."""
    levels = picture.astype(np.int16)
    found = np.zeros(levels.shape, np.bool_)
    found[:, 1:] |= np.abs(np.diff(levels, axis=1)) > _EDGE
    found[1:] |= np.abs(np.diff(levels, axis=0)) > _EDGE
    return found


def _widened(mask: Mask) -> Mask:
    """With the pixels beside: a picture that shakes a little has no new edges."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    beside = wide.copy()
    wide[:, 1:] |= beside[:, :-1]
    wide[:, :-1] |= beside[:, 1:]
    return wide
