"""The frames in the middle of a film's shots, for analysers that look at each shot once."""

from collections.abc import Iterator

from indexer.analysers.medium import Medium
from indexer.media.shots import Shot
from indexer.media.types import Picture


def middles(medium: Medium, side: int) -> Iterator[tuple[Shot, float, Picture]]:
    """The shots of a film, each with the second and the frame in its middle.

    Raises:
        MediaError: nothing of it can be decoded.
    """
    for shot in medium.shots():
        for at_s, picture in medium.stills_at([(shot.start_s + shot.end_s) / 2], side):
            yield shot, at_s, picture
