"""A file as analysers see it: its header, pixels, stills and sound, read when they are asked for.

What one analyser of a phase has had decoded the others get for nothing.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.media.reader import (
    probe,
    read_audio,
    read_image,
    read_subtitle_file,
    read_subtitles,
    still_at,
)
from indexer.media.shots import Shot
from indexer.media.stretches import shots, stills, stills_at
from indexer.media.types import SAMPLE_RATE, Cue, Metadata, Opened, Picture, Samples, Still

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

_LEAST_S, _SLOW_DRIVE_BYTES_PER_S = 60.0, 10e6
"""How long reading all of a film may take."""


class Medium:
    """A picture, film or recording, decoded in worker processes. Not thread-safe.

    Args:
        side: pixels of the shorter side that the models want of pictures and stills.
        max_megapixels: larger pictures are refused.
        opened: what was already read of it.
        companions: the files beside it that bear its name, where an analyser of files asked for them.
        root: the folder of the library that it is in, or itself; where an analyser of files asked for it.
    """

    def __init__(
        self,
        path: Path,
        pool: "DecodePool",
        *,
        side: int,
        max_megapixels: float,
        opened: Opened | None = None,
        companions: Sequence[Path] = (),
        root: Path | None = None,
    ) -> None:
        self.path = path
        self.companions = companions
        self.root = root
        self.side = side
        self._pool = pool
        self._max_megapixels = max_megapixels
        self._opened = opened
        self._decoded_side = side

    @cached_property
    def header(self) -> Metadata:
        """What its header says.

        Raises:
            MediaError: it cannot be read.
        """
        return self._opened.header if self._opened else self._pool.run(probe, self.path)

    def share(self, at_s: float) -> float:
        """How much of a film or recording lies before a second, 0 to 1; 0 where its length is not known."""
        return min(1.0, at_s / (self.header.duration_s or math.inf))

    def picture(self, side: int | None = None) -> Picture:
        """The upright RGB pixels of a picture, its shorter side at least ``side`` where it has as many.

        Without a side it is the one that the models want. For a larger one it is decoded again.

        Raises:
            MediaError: it cannot be read.
        """
        wanted = side or self.side
        if self._opened is None or self._opened.picture is None or wanted > self._decoded_side:
            header, picture = self._pool.run(
                read_image, self.path, min_side=wanted, max_megapixels=self._max_megapixels
            )
            self._opened, self._decoded_side = Opened(None, header, picture), wanted
            return picture
        return self._opened.picture

    def stills(self) -> Iterator[Still]:
        """The stills of a film in order, see ``indexer.media.stretches``.

        Raises:
            MediaError: nothing of it can be decoded.
        """
        return stills(self._pool, self.path, self.header.duration_s, min_side=self.side)

    def shots(self) -> Iterator[Shot]:
        """The shots of a film in order, of which one ends where the next begins but for what is damaged.

        Each has small grey pictures of itself, about four a second, by which an analyser may choose its
        moments; ``stills_at`` gives the frames. A shot of more than a minute comes in pieces, so that memory
        is bounded. Decoding goes on in the worker processes meanwhile. See ``indexer.media.shots``.

        Raises:
            MediaError: nothing of it can be decoded.
        """
        return shots(self._pool, self.path, self.header.duration_s)

    def stills_at(self, times: Sequence[float], side: int | None = None) -> Iterator[tuple[float, Picture]]:
        """(seconds, frame) for ascending times of a film, best those of glimpses; damaged ones are left out.

        Decoding begins with the call, so that who asks before they need the frames does not wait. The times
        should lie near each other, as in a shot: what lies between them is decoded too. Without a side it is
        the one that the models want.

        Raises:
            UnreadableError: it cannot be read now.
        """
        return stills_at(self._pool, self.path, times, min_side=side or self.side)

    def still(self, at_s: float, side: int | None = None) -> Picture:
        """The frame on screen at a second of a film; ``side`` as of ``stills_at``.

        Raises:
            MediaError: there is none that can be decoded.
        """
        return self._pool.run(still_at, self.path, at_s, min_side=side or self.side)

    def audio(self, start_s: float, end_s: float, track: int = 0, *, rate: int = SAMPLE_RATE) -> Samples:
        """Its sound from one second to another, see ``indexer.media.reader.read_audio``.

        Raises:
            MediaError: it cannot be decoded.
        """
        return self._pool.run(read_audio, self.path, start_s, end_s, track, rate)

    def subtitles(self) -> Mapping[int, Sequence[Cue]]:
        """The lines of its subtitles that are text, by the number of their track in the header.

        Raises:
            MediaError: they cannot be read.
        """
        # All of the file is read, which says nothing of how long its worker hangs.
        longest_s = _LEAST_S + self.path.stat().st_size / _SLOW_DRIVE_BYTES_PER_S
        return self._pool.submit(read_subtitles, self.path, timeout_s=longest_s).result()

    def subtitles_beside(self, companion: Path) -> Sequence[Cue]:
        """The lines of a file of subtitles or lyrics beside it.

        Raises:
            MediaError: it cannot be read.
        """
        rate = self.header.frames_per_s if companion.suffix.lower() == ".sub" else None
        return self._pool.run(read_subtitle_file, companion, rate)
