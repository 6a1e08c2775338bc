"""The one door to media files: pixels, frames, samples and metadata, whatever the format.

A file is used by its content, not by its name: the first bytes decide which decoder opens
it, and the suffix only decides what the scan picks up and settles what the bytes leave open.
Decoders see an open file, never a name, so that none can be talked into opening another
file or an address. Everything that goes wrong with a file is a ``MediaError`` whose message
is fit for its owner; each decoding library has one place that translates its errors:
``pillow.py`` (Pillow, libheif), ``libraw.py`` (LibRaw) and ``ffmpeg.py`` (FFmpeg). They are
imported when first needed, mostly in worker processes.
"""

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from db.errors import DecodeError, UnreadableError

MediaKind = Literal["image", "video", "audio"]
Picture = NDArray[np.uint8]
"""(height, width, 3) uint8, RGB, upright."""
Samples = NDArray[np.float32]
"""(n,) float32 in -1 to 1: one channel at ``SAMPLE_RATE``."""

SAMPLE_RATE = 16_000

RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in "3fr arw cr2 cr3 crw dcr dng erf fff iiq kdc mef mos mrw nef nrw orf pef raf rw2 rwl sr2 "
    "srf srw x3f".split()
)
_IMAGE_SUFFIXES = "avif bmp dib gif heic heif hif jfif jpe jpeg jpg mpo png tif tiff webp".split()
# Not ".ts": far more of those are TypeScript than television.
_VIDEO_SUFFIXES = "3g2 3gp asf avi flv m2ts m4v mkv mov mp4 mpeg mpg mts ogv vob webm wmv".split()
_AUDIO_SUFFIXES = "aac aif aiff amr ape au caf flac m4a m4b mka mp3 oga ogg opus wav wma wv".split()

EXTENSIONS: Mapping[str, MediaKind] = {
    **dict.fromkeys(sorted(RAW_SUFFIXES), "image"),
    **{f".{name}": "image" for name in _IMAGE_SUFFIXES},
    **{f".{name}": "video" for name in _VIDEO_SUFFIXES},
    **{f".{name}": "audio" for name in _AUDIO_SUFFIXES},
}
"""Lower-case suffix to the kind that its files usually are."""

_LONGEST_RATIO = 8
_Result = TypeVar("_Result")
_Content = Literal["picture", "tiff", "raw", "film", "unknown"]


class UnknownFormatError(DecodeError):
    """A decoder does not know what the file is, so another one may be asked."""


@dataclass(frozen=True)
class Metadata:
    """What a file says about itself; None where it says nothing that makes sense."""

    kind: MediaKind
    width: int | None = None
    """Pixels, of the upright picture."""
    height: int | None = None
    duration_s: float | None = None
    taken_at: datetime | None = None
    """Local time without a zone, as cameras write it."""
    latitude: float | None = None
    """Degrees, north positive."""
    longitude: float | None = None
    """Degrees, east positive."""
    camera: str | None = None
    lens: str | None = None
    exposure: str | None = None
    """As photographers write it: 1/250 s, f/2.8, ISO 200, 35 mm."""
    has_audio: bool = False
    generated: bool = False
    """Drawn by Trove itself."""


@dataclass(frozen=True)
class Still:
    """A picture that stands for a stretch of a video; ``at_s`` is the moment that it shows."""

    start_s: float
    end_s: float
    at_s: float
    picture: Picture


def media_kind(path: Path) -> MediaKind | None:
    """The kind that the name promises; None for files that are no media."""
    return EXTENSIONS.get(path.suffix.lower())


def probe(path: Path) -> Metadata:
    """What the file's header says, and proof that a decoder knows the format.

    Raises:
        DecodeError: it is no picture, video or recording that can be decoded.
        UnreadableError: it cannot be opened now.
    """
    from indexer.media import ffmpeg

    with _opened(path) as (file, content):
        if content == "film" or (content == "unknown" and media_kind(path) != "image"):
            return ffmpeg.probe(file)
        return _with_image_decoder(path, content, lambda decoder: decoder.probe(file))


def read_image(path: Path, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """The picture, made so small that its short side is ``min_side``, never larger than it is.

    The long side is at most 8 times ``min_side``, which costs only extreme panoramas some height.
    Orientation is applied, transparency laid on white; of an animation it is the first
    frame that is not blank.

    Raises:
        DecodeError: it is no picture, damaged, or has more than ``max_megapixels``.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        if content == "film":
            raise DecodeError("not a picture but a video or a recording")
        return _with_image_decoder(
            path,
            content,
            lambda decoder: decoder.read(file, min_side=min_side, max_megapixels=max_megapixels),
        )


def read_stills(
    path: Path, start_s: float, end_s: float, *, min_side: int, every_s: float = 10.0
) -> list[Still]:
    """Key frames from ``start_s`` up to ``end_s``, and at least one frame every ``every_s`` seconds.

    The stills cover the whole span without gaps and near-identical neighbours are one. Of a
    damaged or truncated video it is what could be decoded; the list is empty for a span in
    which nothing could.

    Raises:
        DecodeError: it is no video, or nothing could be decoded in a span that starts at 0.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import ffmpeg

    with _opened(path) as (file, _):
        stills = ffmpeg.read_stills(file, start_s, end_s, min_side=min_side, every_s=every_s)
    return merge_stills(stills)


def still_at(path: Path, at_s: float, *, min_side: int) -> Picture:
    """The frame that a player shows ``at_s`` seconds in.

    Raises:
        DecodeError: there is none that could be decoded.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import ffmpeg

    with _opened(path) as (file, _):
        return ffmpeg.still_at(file, at_s, min_side=min_side)


def read_audio(path: Path, start_s: float, end_s: float) -> Samples:
    """The sound from ``start_s`` up to ``end_s`` or its end; empty for a file without a sound track.

    The first sample is the one at ``start_s``; where a stretch is missing or damaged there is
    silence, so that times stay true.

    Raises:
        DecodeError: nothing could be decoded in a span that starts at 0.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import ffmpeg

    with _opened(path) as (file, _):
        return ffmpeg.read_audio(file, start_s, end_s)


def merge_stills(stills: Sequence[Still]) -> list[Still]:
    """Neighbours that look the same made into one; each still ends where the next one starts.

    A still is compared with the first of its run, not with the one before it, so that a slow
    pan is not swallowed step by step.
    """
    merged: list[Still] = []
    impression: NDArray[np.int16] | None = None
    for still in stills:
        seen = _impression(still.picture)
        if impression is not None and _same(impression, seen):
            merged[-1] = replace(merged[-1], end_s=still.end_s)
            continue
        if merged:
            merged[-1] = replace(merged[-1], end_s=still.start_s)
        merged.append(still)
        impression = seen
    return merged


def fit(width: int, height: int, min_side: int) -> tuple[int, int]:
    """The (width, height) to which a picture is made smaller, see ``read_image``."""
    short, long = sorted((width, height))
    scale = min(1.0, min_side / short, _LONGEST_RATIO * min_side / long)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _impression(picture: Picture) -> NDArray[np.int16]:
    """Averages over 32 by 32 fields: small enough to forgive noise, large enough to see a new slide."""
    from PIL import Image

    fields = Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX)
    return np.asarray(fields, dtype=np.int16)


def _same(first: NDArray[np.int16], second: NDArray[np.int16]) -> bool:
    """No more than 3 % of the fields have changed visibly (by 20 of 255 in any channel)."""
    changed = (np.abs(first - second) > 20).any(axis=2)
    return bool(changed.mean() <= 0.03)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, _Content]]:
    try:
        # Opening a named pipe would wait for a writer for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise DecodeError("not a regular file")
        file = path.open("rb")
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        raise _unreadable(exc) from exc
    with file:
        try:
            head = file.read(64)
            file.seek(0)
        except OSError as exc:
            raise _unreadable(exc) from exc
        if not head:
            raise DecodeError("the file is empty")
        yield file, _content(head)


def _unreadable(exc: Exception) -> UnreadableError:
    reason = getattr(exc, "strerror", None) or str(exc)
    return UnreadableError(
        f"the file cannot be read: {reason}", "Check its permissions and that its drive is connected."
    )


_PICTURE_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 miaf avif avis".split())


def _content(head: bytes) -> _Content:
    """What the first bytes say. "film" is any video or recording; FFmpeg tells those apart."""
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM")):
        return "picture"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "raw" if head[8:10] == b"CR" else "tiff"
    if head.startswith((b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"\0MRM", b"FOVb")):
        return "raw"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "picture"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "raw" if brand == b"crx " else "picture" if brand in _PICTURE_BRANDS else "film"
    if head.startswith((b"RIFF", b"\x1aE\xdf\xa3", b"OggS", b"fLaC", b"ID3", b"FORM", b"FLV\1")):
        return "film"
    return "unknown"


class _ImageDecoder(Protocol):
    """``indexer.media.pillow`` and ``indexer.media.libraw``."""

    def probe(self, file: BinaryIO) -> Metadata: ...

    def read(self, file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]: ...


def _with_image_decoder(path: Path, content: _Content, use: Callable[[_ImageDecoder], _Result]) -> _Result:
    """Use Pillow or LibRaw; camera raw files mostly begin like a TIFF, so for those both are asked."""
    named_raw = path.suffix.lower() in RAW_SUFFIXES
    if content == "tiff":
        first, second = (_raw, _images) if named_raw else (_images, _raw)
        try:
            return use(first())
        except UnknownFormatError as exc:
            try:
                return use(second())
            except UnknownFormatError:
                raise exc from None
    return use(_raw() if content == "raw" or (named_raw and content == "unknown") else _images())


def _images() -> _ImageDecoder:
    from indexer.media import pillow

    return pillow


def _raw() -> _ImageDecoder:
    from indexer.media import libraw

    return libraw
