"""Types that the decoders return: pixels, audio samples, video stills and header metadata."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from db.errors import DecodeError

if TYPE_CHECKING:  # decoder processes need no database, and start sooner without
    from db.catalog.facts import Source
    from db.engine.schema import MediaKind

Picture = NDArray[np.uint8]
"""(height, width, 3) uint8, RGB, upright."""
Grey = NDArray[np.uint8]
"""(height, width) uint8: brightness, upright."""
Samples = NDArray[np.float32]
"""(n,) float32 in -1 to 1: one channel at ``SAMPLE_RATE``."""

Fields = NDArray[np.int16]
"""(32, 32, 3) levels, 0 to 255: a picture from far away, see ``indexer.media.stills``."""

SAMPLE_RATE = 16_000
GLIMPSE_SIDE = 180
"""Pixels of the shorter side of a glimpse: letters cannot be read in it, but seen to come and go."""

LARGEST_ANIMATION = 40_000_000
"""Pixels of a frame: an animated picture with larger ones is shown as a picture."""

GENERATED_KEY = "trove:generated"
"""Text chunk of a PNG, and tag of a film or recording, that marks it as made by Trove."""

_LONGEST_RATIO = 8


class UnknownFormatError(DecodeError):
    """A decoder does not know the format of the file; another one may."""


class TooLargeError(DecodeError):
    """A picture is larger than is allowed: no other decoder shall try it."""


@dataclass(frozen=True)
class Metadata:
    """Metadata of a media file; None where it is missing or implausible."""

    kind: "MediaKind"
    width: int | None = None
    """Pixels, of the upright picture."""
    height: int | None = None
    orientation: int = 1
    """That of EXIF, 1 to 8, by which the stored pixels were made upright."""
    duration_s: float | None = None
    taken_at: datetime | None = None
    """Local time, with its offset from UTC where the file names one; of a container a moment in UTC."""
    taken_from: "Source" = "exif"
    """The field that ``taken_at`` comes from."""
    latitude: float | None = None
    """Degrees, north positive."""
    longitude: float | None = None
    """Degrees, east positive."""
    camera: str | None = None
    described_by: "Source" = "exif"
    """Where the place and the camera come from."""
    lens: str | None = None
    exposure: str | None = None
    """As photographers write it: 1/250 s, f/2.8, ISO 200, 35 mm."""
    live: str | None = None
    """The identifier that a live photo has in common with its film, as Apple writes it."""
    burst: str | None = None
    """The identifier of the burst that a picture is of."""
    screenshot: bool = False
    """It says that it is a picture of the screen."""
    has_audio: bool = False
    """There is sound in it, or in the film that is appended to it."""
    sounds: "tuple[Track, ...]" = ()
    """The tracks of sound that can be decoded."""
    subtitles: "tuple[Track, ...]" = ()
    frames_per_s: float | None = None
    """Of a film, on average."""
    film: tuple[int, int] | None = None
    """Where in the file of a motion photo its film is: the first byte, and how many."""
    generated: bool = False
    """Made by Trove itself."""
    words: "tuple[Word, ...]" = ()
    """What people wrote into it, see ``indexer.media.words``."""
    note: str | None = None
    """What its owner should know of what is shown of it, as that it is cut short."""


@dataclass(frozen=True)
class Track:
    """A track of sound or subtitles in a film or recording, as it describes itself.

    ``number``: from 0, among those of its type. ``language``: as it is written there, mostly by its ISO 639-2
    code. ``marks``: what else it is said to be, such as ``comment`` or ``forced``. ``is_text``: False for
    subtitles that are pictures.
    """

    number: int
    language: str = ""
    title: str = ""
    marks: tuple[str, ...] = ()
    is_text: bool = True


@dataclass(frozen=True)
class Cue:
    """A line or two of subtitles or lyrics, from one second to another."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class Word:
    """Something that people wrote about a file, or into it, and where it stands.

    ``value`` by ``key``: ``title``, ``description``, ``artist``, ``album``, ``lyrics``, ``location``,
    ``city``, ``state``, ``country`` and ``chapter`` text, the last from ``start_s`` to ``end_s``; ``keyword``
    one, with the levels above it: ``Places/France/Paris``; ``person`` the name of somebody who is in it, in
    ``region``, where that is known: left edge, top edge, width and height, 0 to 1, of the upright picture;
    where it ``is_stored`` of the pixels as they are stored, on a picture of the size ``drawn_on`` where that
    is said; ``rating``, ``label``, ``pick``, ``favourite``, ``taken_at`` and ``place`` as in
    ``db.catalog.facts``.
    """

    key: "WordKey"
    value: str | int | bool | datetime | tuple[float, float]
    source: "Source"
    start_s: float | None = None
    end_s: float | None = None
    region: tuple[float, float, float, float] | None = None
    is_stored: bool = False
    drawn_on: tuple[float, float] | None = None


WordKey = Literal[
    "title",
    "description",
    "artist",
    "album",
    "lyrics",
    "location",
    "city",
    "state",
    "country",
    "chapter",
    "keyword",
    "person",
    "rating",
    "label",
    "pick",
    "favourite",
    "taken_at",
    "place",
]


@dataclass(frozen=True)
class Opened:
    """What one opening of a file gave: the hash of its bytes, its header, and for a picture its pixels."""

    sha256: bytes | None
    header: Metadata
    picture: Picture | None


@dataclass(frozen=True)
class Still:
    """A video frame that represents the span ``start_s`` to ``end_s``; ``at_s`` is its own time.

    ``fields``: once it was compared with others, what it was compared by.
    """

    start_s: float
    end_s: float
    at_s: float
    picture: Picture
    fields: Fields | None = None


@dataclass(frozen=True)
class Glimpse:
    """A small grey picture of a video, ``at_s`` seconds into it; its shorter side is ``GLIMPSE_SIDE``."""

    at_s: float
    picture: Grey


def fit(width: int, height: int, min_side: int) -> tuple[int, int]:
    """The (width, height) in pixels to which a picture is downscaled, see ``reader.read_image``."""
    short, long = sorted((width, height))
    scale = min(1.0, min_side / short, _LONGEST_RATIO * min_side / long)
    return max(1, round(width * scale)), max(1, round(height * scale))
