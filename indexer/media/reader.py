"""Decode media files of any format: pixels, video frames, audio samples and metadata.

A file is used by its content, not by its name: the first bytes decide which decoder opens
it, and the suffix only decides what the scan picks up and settles what the bytes leave open.
Decoders see an open file, never a name, so that none can be made to open another file or
an address. Everything that goes wrong with a file is a ``MediaError`` whose message
is fit for its owner; each decoding library has one place that translates its errors: ``ffmpeg.py``
and the readers of ``pictures``. They are imported when first needed, mostly in worker processes.
"""

import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar, cast

from db.errors import DecodeError, UnreadableError
from indexer.media.formats import Signature, lacks_end, media_kind, signature
from indexer.media.pictures.readers import Reader, readers
from indexer.media.stills import merge_stills
from indexer.media.types import (
    SAMPLE_RATE,
    Cue,
    Glimpse,
    Metadata,
    Opened,
    Picture,
    Samples,
    Still,
    TooLargeError,
    UnknownFormatError,
)

log = logging.getLogger(__name__)

_Result = TypeVar("_Result")
_HEAD_BYTES = 64


def probe(path: Path) -> Metadata:
    """Metadata of the file's header, read by a decoder that knows the format.

    Raises:
        DecodeError: it is no picture, video or recording that can be decoded.
        UnreadableError: it cannot be opened now.
    """
    with _opened(path) as (file, content):
        if content == "film" or (content == "unknown" and media_kind(path) != "image"):
            return _probe_film(path, file)
        return _heard(file, _with_image_reader(path, file, content, lambda reader: reader.probe(file)))


def read_whole(path: Path, *, hashed: bool, side: int | None, max_megapixels: float) -> Opened:
    """The hash, the header and the pixels of a file, which is opened once for all of them.

    Args:
        hashed: whether the SHA-256 of its bytes is wanted.
        side: as ``min_side`` of ``read_image``, for a picture; None decodes no pixels.
        max_megapixels: larger pictures are refused.

    Raises:
        DecodeError, UnreadableError: as ``probe`` and ``read_image``.
    """
    with _opened(path) as (file, content):
        sha256 = _sha256(file) if hashed else None
        if content == "film" or (content == "unknown" and media_kind(path) != "image"):
            return Opened(sha256, _probe_film(path, file), None)
        if side is None:
            header = _with_image_reader(path, file, content, lambda reader: reader.probe(file))
            return Opened(sha256, _heard(file, header), None)
        header, picture = _with_image_reader(
            path,
            file,
            content,
            lambda reader: reader.read(file, min_side=side, max_megapixels=max_megapixels),
        )
        return Opened(sha256, _heard(file, header), picture if header.kind == "image" else None)


def read_image(path: Path, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the picture, (height, width, 3) uint8 RGB, its short side at most ``min_side`` pixels.

    It is downscaled, never enlarged; the long side is at most 8 times ``min_side``, which costs only
    extreme panoramas some height.
    Orientation is applied, transparency laid on white; of an animation it is the first
    frame that is not blank.

    Raises:
        DecodeError: it is no picture, damaged, or has more than ``max_megapixels``.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        if content == "film":
            raise DecodeError("not a picture but a video or a recording")
        return _with_image_reader(
            path,
            file,
            content,
            lambda reader: reader.read(file, min_side=min_side, max_megapixels=max_megapixels),
        )


def read_stills(
    path: Path, start_s: float, end_s: float, *, min_side: int, every_s: float = 10.0
) -> list[Still]:
    """Key frames from ``start_s`` up to ``end_s``, and at least one frame every ``every_s`` seconds.

    The stills cover the whole span without gaps, and neighbours that are near-duplicates are merged.
    Of a damaged or truncated video it is what could be decoded; the list is empty for a span in
    which nothing could.

    Raises:
        DecodeError: it is no video, or nothing could be decoded in a span that starts at 0.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        stills = _frames_of(content).read_stills(file, start_s, end_s, min_side=min_side, every_s=every_s)
    return merge_stills(stills)


def still_at(path: Path, at_s: float, *, min_side: int) -> Picture:
    """The frame on screen ``at_s`` seconds into a video, upright RGB, downscaled as by ``read_image``.

    Raises:
        DecodeError: there is none that could be decoded.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        return _frames_of(content).still_at(file, at_s, min_side=min_side)


def stills_at(path: Path, times: list[float], *, min_side: int) -> list[tuple[float, Picture]]:
    """(seconds, frame) for ascending times of a video; frames as ``still_at`` gives them.

    Frames are skipped as in ``read_glimpses``: at the time of a glimpse it is the frame that this shows. What
    lies between the times is decoded too; times at which nothing can be decoded are left out.

    Raises:
        DecodeError: it is no video.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        return _frames_of(content).stills_at(file, times, min_side=min_side)


def read_glimpses(path: Path, start_s: float, end_s: float, *, every_s: float = 0.25) -> list[Glimpse]:
    """Small grey pictures of a video from ``start_s`` up to ``end_s``, one every ``every_s`` seconds.

    Frames that are made of later ones are skipped, mostly two of three, so that one may be shown that was on
    screen a few frames before. The list is empty for a span in which nothing could be decoded.

    Raises:
        DecodeError: it is no video, or nothing could be decoded in a span that starts at 0.
        UnreadableError: it cannot be read now.
    """
    with _opened(path) as (file, content):
        return _frames_of(content).read_glimpses(file, start_s, end_s, every_s=every_s)


def is_animation(path: Path) -> bool:
    """Whether a file is an animated picture, which is seen as a film. Errors as ``probe``."""
    with _opened(path) as (file, content):
        if content != "picture":
            return False
        return _with_image_reader(path, file, content, lambda reader: reader.probe(file)).kind == "video"


def read_frames(
    path: Path, start_s: float, end_s: float, *, min_side: int
) -> Iterator[tuple[float, Picture]]:
    """(seconds, frame) of an animated picture as they are shown in a span, downscaled as by ``read_image``.

    The last one comes again shortly before its end.

    Raises:
        DecodeError: it is no animation, or nothing can be decoded.
        UnreadableError: it cannot be read now.
    """
    from indexer.media.pictures import animation

    with _opened(path) as (file, _):
        yield from animation.frames(file, start_s, end_s, min_side=min_side)


def read_audio(path: Path, start_s: float, end_s: float, track: int = 0, rate: int = SAMPLE_RATE) -> Samples:
    """Mono float32 samples from ``start_s`` to ``end_s``; empty without such a track.

    ``rate``: samples a second. ``track``: its number in ``Metadata.sounds``. Of a motion photo it is the
    sound of its film.

    They stop early where the track ends. The first sample is the one at ``start_s``; where a stretch
    is missing or damaged there is silence, so that times stay true.

    Raises:
        DecodeError: nothing could be decoded in a span that starts at 0.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import ffmpeg

    with opened_film(path) as file:
        return ffmpeg.read_audio(file, start_s, end_s, track, rate)


def read_tags(path: Path) -> dict[str, str]:
    """The tags of a film or recording as they are, by name.

    Raises:
        DecodeError: it is none.
        UnreadableError: it cannot be opened now.
    """
    from indexer.media import ffmpeg

    with _opened(path) as (file, _):
        return ffmpeg.read_tags(file)


def read_subtitles(path: Path) -> dict[int, list[Cue]]:
    """The lines of the subtitles in a film, by the number of their track, but of those that are pictures.

    Raises:
        DecodeError: it is damaged.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import subtitles

    with _opened(path) as (file, _):
        return subtitles.read_tracks(file)


def read_subtitle_file(path: Path, frames_per_s: float | None) -> list[Cue]:
    """The lines of a file of subtitles or lyrics beside a film with so many frames a second.

    Raises:
        DecodeError: it is no such file, or its subtitles are pictures.
        UnreadableError: it cannot be read now.
    """
    from indexer.media import subtitles

    with _opened(path) as (file, _):
        return subtitles.read_text(subtitles.read_bytes(file), path.suffix.lower(), frames_per_s)


@contextmanager
def opened_film(path: Path) -> Iterator[BinaryIO]:
    """The film or recording in a file, open: that of a motion photo, or the whole file.

    Raises:
        DecodeError: it is no regular file, or empty.
        UnreadableError: it cannot be opened now.
    """
    from indexer.media import motion

    with _opened(path) as (file, content):
        place = (
            _with_image_reader(path, file, content, lambda reader: reader.probe(file).film)
            if content == "picture"
            else None
        )
        file.seek(0)
        yield file if place is None else cast(BinaryIO, motion.Part(file, place))


class _Frames(Protocol):
    """Decodes the frames of an open film: ``ffmpeg``, and ``animation`` of ``pictures``."""

    def read_stills(
        self, file: BinaryIO, start_s: float, end_s: float, *, min_side: int, every_s: float
    ) -> list[Still]: ...

    def still_at(self, file: BinaryIO, at_s: float, *, min_side: int) -> Picture: ...

    def stills_at(
        self, file: BinaryIO, times: list[float], *, min_side: int
    ) -> list[tuple[float, Picture]]: ...

    def read_glimpses(
        self, file: BinaryIO, start_s: float, end_s: float, *, every_s: float
    ) -> list[Glimpse]: ...


def _frames_of(content: Signature) -> _Frames:
    """What decodes the frames of a film, or of an animated picture."""
    from indexer.media import ffmpeg
    from indexer.media.pictures import animation

    return animation if content == "picture" else ffmpeg


def _heard(file: BinaryIO, header: Metadata) -> Metadata:
    """The header of a picture with what is heard in its film; without the film where that is damaged."""
    if header.film is None:
        return header
    from indexer.media import ffmpeg, motion

    try:
        film = ffmpeg.probe(cast(BinaryIO, motion.Part(file, header.film)))
    except DecodeError as exc:
        log.info("the film in a picture is left out: %s", exc)
        return replace(header, film=None)
    return replace(header, has_audio=film.has_audio, sounds=film.sounds)


def _sha256(file: BinaryIO) -> bytes:
    try:
        digest = hashlib.file_digest(cast(BufferedReader, file), "sha256").digest()
        file.seek(0)
    except OSError as exc:
        raise _unreadable(exc) from exc
    return digest


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, Signature]]:
    try:
        # Opening a named pipe would wait for a writer for ever.
        if not stat.S_ISREG(path.stat().st_mode):
            raise DecodeError("not a regular file")
        file = path.open("rb")
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        raise _unreadable(exc) from exc
    with file:
        try:
            head = file.read(_HEAD_BYTES)
            file.seek(0)
        except OSError as exc:
            raise _unreadable(exc) from exc
        if not head:
            raise DecodeError("the file is empty")
        yield file, signature(head)


def _unreadable(exc: Exception) -> UnreadableError:
    reason = getattr(exc, "strerror", None) or str(exc)
    return UnreadableError(
        f"the file cannot be read: {reason}", "Check its permissions and that its drive is connected."
    )


def _probe_film(path: Path, file: BinaryIO) -> Metadata:
    from indexer.media import ffmpeg

    try:
        return ffmpeg.probe(file)
    except DecodeError as exc:
        if media_kind(path) != "image":
            if not lacks_end(path):
                raise
            index = "it is cut short: its index, which is written last, is missing"
            raise DecodeError(f"{index}; {exc}") from exc
        said = getattr(exc.__cause__, "strerror", None) or exc
        raise DecodeError(
            f"the picture cannot be read: it begins as films do, and FFmpeg says: {said}"
        ) from exc


def _with_image_reader(
    path: Path, file: BinaryIO, content: Signature, use: Callable[[Reader], _Result]
) -> _Result:
    """Read a picture with the first reader that can; the first one's error is told where none can."""
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    first: DecodeError | None = None
    for reader in readers(content, head, path.suffix):
        try:
            return use(reader)
        except TooLargeError:
            raise
        except DecodeError as exc:
            first = first or exc
    if first is not None and (missing := _missing(file)):
        raise DecodeError(f"{missing}: {first}") from first
    raise first or UnknownFormatError("not a picture in any known format")


def _missing(file: BinaryIO) -> str | None:
    """What is to be said of a picture that is shorter than it says, and of which nothing can be shown."""
    from indexer.media.pictures.cut import is_missing, said_end

    if not is_missing(file):
        return None
    end, there = said_end(file), file.seek(0, os.SEEK_END)
    return f"the picture is cut short, of at least {end:,} bytes {there:,} are there"
