"""Decode videos and audio recordings with FFmpeg (PyAV): frames, samples and container metadata."""

import logging
import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any, BinaryIO, Literal, TypeVar, cast

import av
import numpy as np
import numpy.typing as npt
from av.stream import Disposition

from db.errors import DecodeError
from indexer.media.colour_spaces import Colours, differs, to_srgb
from indexer.media.container import MOST_PIXELS, open_container, origin, packets, seek, time_of
from indexer.media.durations import duration
from indexer.media.subtitles import described, subtitles_of
from indexer.media.tags import facts_of
from indexer.media.turning import turning
from indexer.media.types import (
    GENERATED_KEY,
    GLIMPSE_SIDE,
    SAMPLE_RATE,
    Glimpse,
    Grey,
    Metadata,
    Picture,
    Samples,
    Still,
    fit,
)
from indexer.media.words import tags

log = logging.getLogger(__name__)

_Track = TypeVar("_Track", bound=av.VideoStream | av.AudioStream)

_COVER_ART = Disposition.attached_pic | Disposition.timed_thumbnails
_KEY_FRAME_GAP_S = 1.0
_PRE_ROLL_S = 0.5
_ROUNDED_S = 0.01
"""How far times of sound may be from what lies before them by rounding: Matroska's are whole milliseconds."""
_Skipped = Literal["DEFAULT", "NONREF", "BIDIR", "NONKEY"]
_FORWARD: _Skipped = "BIDIR"
"""What FFmpeg is told to skip where frames that are made of later ones are not needed."""
_FEWER: dict[_Skipped, _Skipped] = {_FORWARD: "NONREF", "NONREF": "DEFAULT"}
"""What leaves more: many films of HEVC have nothing but such frames, others several a half second."""


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the container; one frame is decoded to learn the rotation of a video.

    Raises:
        UnknownFormatError: the container is not on the allowlist.
        DecodeError: no track in it can be decoded.
        UnreadableError: input/output error.
    """
    with open_container(file) as container:
        video, sound = _video(container), next(iter(_sounds(container)), None)
        leading = video or sound
        if leading is None:
            raise DecodeError("neither pictures nor sound in it can be decoded")
        facts = facts_of({**container.metadata, **(video.metadata if video else {})})
        metadata = replace(facts, kind="video" if video else "audio", has_audio=sound is not None)
        metadata = replace(
            metadata,
            sounds=tuple(described(track, number) for number, track in enumerate(_sounds(container))),
            subtitles=subtitles_of(container),
            words=tags.words_of(_tags(container), _chapters(container)),
            generated=GENERATED_KEY in {name.lower() for name in _tags(container)},
        )
        if video is not None:
            _check_size(video)
            width, height = _upright_size(container, video)
            rate = float(video.average_rate) if video.average_rate else None
            metadata = replace(metadata, width=width, height=height, frames_per_s=rate)
        duration_s, note = duration(container, leading, file)
        return replace(metadata, duration_s=duration_s, note=note)


def read_tags(file: BinaryIO) -> dict[str, str]:
    """The tags of a film or recording, by name; errors as ``probe``."""
    with open_container(file) as container:
        return _tags(container)


def _tags(container: av.container.InputContainer) -> dict[str, str]:
    """The tags of the whole file, which Ogg has in its streams."""
    first = container.streams[0].metadata if container.format.name == "ogg" else {}
    return {**first, **container.metadata}


def _chapters(container: av.container.InputContainer) -> Iterator[tags.Chapter]:
    for chapter in container.chapters():
        title = chapter["metadata"].get("title", "")
        second = chapter["time_base"] or Fraction(1)
        start_s, end_s = float(chapter["start"] * second), float(chapter["end"] * second)
        if title and 0 <= start_s <= end_s:
            yield tags.Chapter(title, start_s, end_s)


def read_stills(
    file: BinaryIO, start_s: float, end_s: float, *, min_side: int, every_s: float
) -> list[Still]:
    """Stills that cover the span, near-duplicates not yet merged; see ``indexer.media.reader.read_stills``.

    Raises:
        DecodeError: it is no video, or nothing could be decoded in a span that starts at 0.
        UnreadableError: input/output error.
    """
    with open_container(file) as container:
        video = _video_or_raise(container)
        pictures = dict(_key_frames(container, video, start_s, end_s, min_side))
        for first_s, last_s in _gaps(sorted(pictures), start_s, end_s, every_s):
            pieces = math.ceil((last_s - first_s) / every_s)
            inner = [first_s + (last_s - first_s) * n / pieces for n in range(1, pieces)]
            pictures.update(_frames_at(container, video, inner, min_side))
        if not pictures:
            pictures.update(_frames_at(container, video, [(start_s + end_s) / 2], min_side))
        pictures = {at_s: picture for at_s, picture in pictures.items() if start_s <= at_s < end_s}
        if not pictures and start_s > 0:
            log.info("no frame could be decoded from %.1f s to %.1f s", start_s, end_s)
        elif not pictures:
            raise DecodeError("no frame of the video could be decoded")
    times = sorted(pictures)
    starts = [start_s, *times[1:]]
    return [
        Still(begin, finish, at, pictures[at])
        for begin, finish, at in zip(starts, [*starts[1:], end_s], times, strict=False)
    ]


def still_at(file: BinaryIO, at_s: float, *, min_side: int) -> Picture:
    """The frame on screen at ``at_s`` seconds, upright RGB. Errors as ``read_stills``."""
    with open_container(file) as container:
        for _, picture in _frames_at(container, _video_or_raise(container), [at_s], min_side):
            return picture
    raise DecodeError(f"no frame of the video could be decoded at {at_s:.1f} s")


def read_glimpses(file: BinaryIO, start_s: float, end_s: float, *, every_s: float) -> list[Glimpse]:
    """Small grey pictures of the span, see ``indexer.media.reader.read_glimpses``.

    Raises:
        DecodeError, UnreadableError: as ``read_stills``.
    """
    times = [start_s + every_s * number for number in range(math.ceil((end_s - start_s) / every_s))]
    glimpses: list[Glimpse] = []
    with open_container(file) as container:
        video = _video_or_raise(container)
        before: av.VideoFrame | None = None
        for at_s, frame in _shown_at(container, video, times, _FORWARD):
            if at_s >= start_s:
                picture = glimpses[-1].picture if frame is before else _glimpse(frame, video)
                glimpses.append(Glimpse(at_s, picture))
                before = frame
    if not glimpses and start_s > 0:
        log.info("no frame could be decoded from %.1f s to %.1f s", start_s, end_s)
    elif not glimpses:
        raise DecodeError("no frame of the video could be decoded")
    return glimpses


def stills_at(file: BinaryIO, times: list[float], *, min_side: int) -> list[tuple[float, Picture]]:
    """Frames at ascending times, see ``indexer.media.reader.stills_at``."""
    with open_container(file) as container:
        video = _video_or_raise(container)
        return list(_frames_at(container, video, times, min_side, _FORWARD)) if times else []


def read_audio(
    file: BinaryIO, start_s: float, end_s: float, track: int = 0, rate: int = SAMPLE_RATE
) -> Samples:
    """Mono float32 samples at a rate, see ``indexer.media.reader.read_audio``.

    Raises:
        DecodeError: nothing could be decoded in a span that starts at 0.
        UnreadableError: input/output error.
    """
    # Zero pages cost nothing until written to, so a span beyond the end is no waste.
    samples = np.zeros(max(0, round((end_s - start_s) * rate)), dtype=np.float32)
    filled = 0
    with open_container(file) as container:
        if track >= len(sounds := _sounds(container)):
            return samples[:0]
        sound = sounds[track]
        seek(container, max(0.0, start_s - _PRE_ROLL_S))
        for at_s, chunk in _chunks(container, sound, rate):
            if at_s >= end_s:
                break
            position = round((at_s - start_s) * rate)
            chunk = chunk[max(0, -position) : max(0, len(samples) - position)]
            position = max(0, position)
            samples[position : position + len(chunk)] = chunk
            filled = max(filled, position + len(chunk))
    if not filled and start_s == 0 and end_s > 0:
        raise DecodeError("nothing of the sound could be decoded")
    return samples[:filled]


def _video(container: av.container.InputContainer) -> av.VideoStream | None:
    """The first video track that is not cover art."""
    for stream in container.streams.video:
        if not stream.disposition & _COVER_ART and stream.codec_context is not None:
            return stream
    return None


def _video_or_raise(container: av.container.InputContainer) -> av.VideoStream:
    video = _video(container)
    if video is None:
        raise DecodeError("there is no video in it")
    _check_size(video)
    return video


def _check_size(video: av.VideoStream) -> None:
    width, height = video.codec_context.width, video.codec_context.height
    if width * height > MOST_PIXELS:
        raise DecodeError(
            f"the frames of the film have {width * height / 1e6:,.0f} megapixels ({width} by {height}), "
            f"more than the {MOST_PIXELS / 1e6:,.0f} that Trove decodes"
        )


def _sounds(container: av.container.InputContainer) -> list[av.AudioStream]:
    """The tracks of sound that can be decoded."""
    return [stream for stream in container.streams.audio if stream.codec_context is not None]


def _decoded(packet: "av.Packet[_Track]") -> list[Any]:
    try:
        return packet.decode()
    except MemoryError:
        raise
    except av.FFmpegError:
        log.debug("a packet cannot be decoded", exc_info=True)
        return []


def _key_frames(
    container: av.container.InputContainer, video: av.VideoStream, start_s: float, end_s: float, min_side: int
) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) of the key frames in the span, at least ``_KEY_FRAME_GAP_S`` apart.

    In formats made of key frames alone (MJPEG, ProRes) that leaves most undecoded.
    """
    video.codec_context.skip_frame = "NONKEY"
    seek(container, start_s, video)
    begin = origin(container)
    for packet in _key_packets(container, video, end_s):
        for frame in _decoded(packet):
            at_s = time_of(frame, begin)
            if at_s is not None and start_s <= at_s < end_s and not frame.is_corrupt:
                yield at_s, _picture(frame, video, min_side)


def _key_packets(
    container: av.container.InputContainer, video: av.VideoStream, end_s: float
) -> Iterator["av.Packet[av.VideoStream]"]:
    """Packets of key frames, then an empty packet that flushes the decoder."""
    begin, last_s = origin(container), -math.inf
    for packet in packets(container, video):
        at_s = time_of(packet, begin)
        if not packet.size:
            yield packet
        elif packet.is_keyframe and at_s is not None and at_s - last_s >= _KEY_FRAME_GAP_S:
            if at_s >= end_s:
                flush = av.Packet()
                flush.stream = video
                yield cast("av.Packet[av.VideoStream]", flush)
                return
            last_s = at_s
            yield packet


def _gaps(times: list[float], start_s: float, end_s: float, every_s: float) -> list[tuple[float, float]]:
    marks = [start_s, *times, end_s]
    return [(a, b) for a, b in pairwise(marks) if b - a > every_s]


def _frames_at(
    container: av.container.InputContainer,
    video: av.VideoStream,
    times: list[float],
    min_side: int,
    skip: _Skipped | None = None,
) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) of the frames on screen at each of the ascending times, see ``_shown_at``."""
    skip = skip or ("NONREF" if len(times) > 1 else "DEFAULT")
    for at_s, frame in _shown_at(container, video, times, skip):
        yield at_s, _picture(frame, video, min_side)


def _shown_at(
    container: av.container.InputContainer, video: av.VideoStream, times: list[float], skip: _Skipped
) -> Iterator[tuple[float, av.VideoFrame]]:
    """(seconds, frame) of the frames on screen at each of the ascending times, but for what is skipped.

    The seconds are the ones asked for: between the frames of a slide show the previous one
    stays on screen. Beyond the last frame it is that frame, once, with its own time.
    Where one would be shown twice, or the last too long, others are skipped from there on, see ``_FEWER``.
    """
    video.codec_context.skip_frame = skip
    seek(container, times[0], video)
    begin = origin(container)
    number, last_s, fewer = 0, -math.inf, _FEWER.get(skip)
    shown: av.VideoFrame | None = None
    before: av.VideoFrame | None = None
    for packet in packets(container, video):
        last_s = max(last_s, time_of(packet, begin) or 0.0)
        for frame in _decoded(packet):
            at_s = time_of(frame, begin)
            if at_s is None or frame.is_corrupt:
                continue
            # A frame's time is rounded to the container's clock: a millisecond decides nothing.
            while at_s > times[number] + 0.001:
                if fewer and shown and shown is before:
                    yield from _shown_at(container, video, times[number:], fewer)
                    return
                before = shown or frame
                yield times[number], before
                number += 1
                if number == len(times):
                    return
            shown = frame
    if fewer and last_s > times[number]:
        yield from _shown_at(container, video, times[number:], fewer)
    elif shown is not None:
        yield min(times[number], time_of(shown, begin) or 0.0), shown


def _glimpse(frame: av.VideoFrame, video: av.VideoStream) -> Grey:
    width, height = fit(_shown_width(frame.width, video), frame.height, GLIMPSE_SIDE)
    small = frame.reformat(width, height, "gray", interpolation="AREA")
    return _upright(small.to_ndarray(), frame)


def _picture(frame: av.VideoFrame, video: av.VideoStream, min_side: int) -> Picture:
    """The frame as upright RGB with square pixels, downscaled as ``indexer.media.types.fit`` says."""
    width, height = fit(_shown_width(frame.width, video), frame.height, min_side)
    colours = Colours(frame.color_primaries, frame.color_trc)
    if differs(colours):
        deep = frame.reformat(width, height, "rgb48le", interpolation="AREA")
        return _upright(to_srgb(deep.to_ndarray(), colours), frame)
    small = frame.reformat(width, height, "rgb24", interpolation="AREA")
    return _upright(small.to_ndarray(), frame)


def _upright(pixels: npt.NDArray[Any], frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
    mirrored, turns = turning(frame)
    return np.ascontiguousarray(np.rot90(np.fliplr(pixels) if mirrored else pixels, turns), dtype=np.uint8)


def _shown_width(width: int, video: av.VideoStream) -> int:
    ratio = video.sample_aspect_ratio or Fraction(1)
    return max(1, round(width * ratio)) if Fraction(1, 8) <= ratio <= 8 else width


def _upright_size(container: av.container.InputContainer, video: av.VideoStream) -> tuple[int, int]:
    context = video.codec_context
    context.skip_frame = "NONKEY"
    frame = next((f for packet in packets(container, video) for f in _decoded(packet)), None)
    if not context.width * context.height and frame is None:
        # FFmpeg gives no size either where it is larger than it was told to decode.
        raise DecodeError(
            f"no frame of the film could be decoded, or they have more than the {MOST_PIXELS / 1e6:,.0f} "
            "megapixels that Trove decodes"
        )
    width, height = _shown_width(context.width, video), context.height
    if frame is not None and turning(frame)[1] % 2:
        return height, width
    return width, height


def _chunks(
    container: av.container.InputContainer, sound: av.AudioStream, rate: int
) -> Iterator[tuple[float, Samples]]:
    """Decoded chunks of the track: (seconds of the first sample, mono samples at a rate)."""
    begin = origin(container)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    setup, next_s = None, 0.0
    for packet in packets(container, sound):
        for frame in _decoded(packet):
            # A broadcast may change from stereo to surround and back; a resampler is made for one input.
            before, setup = setup, (frame.format.name, frame.layout.name, frame.sample_rate)
            if before not in (None, setup):
                resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
            at_s = time_of(frame, begin)
            next_s = next_s if at_s is None or abs(at_s - next_s) < _ROUNDED_S else at_s
            for part in resampler.resample(frame):
                samples = part.to_ndarray().reshape(-1).astype(np.float32, copy=False)
                yield next_s, samples
                next_s += len(samples) / rate
