"""Decode videos and audio recordings with FFmpeg (PyAV): frames, samples and container metadata.

FFmpeg gets an open file and an allowlist of containers: it never learns a name, may use no
network protocol, and playlists or concatenations, which point at other files, are not on the list.
"""

import logging
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any, BinaryIO, TypeVar, cast

import av
import numpy as np
from av.stream import Disposition

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media.types import SAMPLE_RATE, Metadata, Picture, Samples, Still, UnknownFormatError, fit

log = logging.getLogger(__name__)

_Track = TypeVar("_Track", bound=av.VideoStream | av.AudioStream)

_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,mov,mp3,mpeg,mpegts,mpegvideo,ogg,tta,w64,wav,wv"
)
_COVER_ART = Disposition.attached_pic | Disposition.timed_thumbnails
_KEY_FRAME_GAP_S = 1.0
_PRE_ROLL_S = 0.5
_BELIEVABLE_BYTES_PER_S = 100


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the container; one frame is decoded to learn the rotation of a video.

    Raises:
        UnknownFormatError: the container is not on the allowlist.
        DecodeError: no track in it can be decoded.
        UnreadableError: input/output error.
    """
    with open_container(file) as container:
        video, sound = _video(container), _sound(container)
        if video is None and sound is None:
            raise DecodeError("neither pictures nor sound in it can be decoded")
        facts = _facts({**_lower(container.metadata), **(_lower(video.metadata) if video else {})})
        metadata = replace(facts, kind="video" if video else "audio", has_audio=sound is not None)
        if video is not None:
            width, height = _upright_size(container, video)
            metadata = replace(metadata, width=width, height=height)
        return replace(metadata, duration_s=_duration(container))


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


def read_audio(file: BinaryIO, start_s: float, end_s: float) -> Samples:
    """Mono float32 samples at ``SAMPLE_RATE``, see ``indexer.media.reader.read_audio``.

    Raises:
        DecodeError: nothing could be decoded in a span that starts at 0.
        UnreadableError: input/output error.
    """
    # Zero pages cost nothing until written to, so a span beyond the end is no waste.
    samples = np.zeros(max(0, round((end_s - start_s) * SAMPLE_RATE)), dtype=np.float32)
    filled = 0
    with open_container(file) as container:
        sound = _sound(container)
        if sound is None:
            return samples[:0]
        _seek(container, max(0.0, start_s - _PRE_ROLL_S))
        for at_s, chunk in _chunks(container, sound):
            if at_s >= end_s:
                break
            position = round((at_s - start_s) * SAMPLE_RATE)
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
    return video


def _sound(container: av.container.InputContainer) -> av.AudioStream | None:
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def _origin(container: av.container.InputContainer) -> float:
    """Start of the container's clock in seconds; players count from there, and so does Trove."""
    return (container.start_time or 0) / av.time_base


def _seek(container: av.container.InputContainer, at_s: float) -> None:
    """Seek to the last key frame before ``at_s``; one that cannot seek is read on from where it is."""
    try:
        container.seek(math.floor((at_s + _origin(container)) * av.time_base), backward=True)
    except av.FFmpegError:
        log.debug("cannot seek to %.1f s", at_s, exc_info=True)


def _packets(container: av.container.InputContainer, stream: _Track) -> Iterator["av.Packet[_Track]"]:
    """Packets up to the end of the container or its first read error."""
    packets = cast("Iterator[av.Packet[_Track]]", container.demux(stream))
    while True:
        try:
            yield next(packets)
        except StopIteration:
            return
        except av.FFmpegError:
            log.debug("the container ends early", exc_info=True)
            return


def _decoded(packet: "av.Packet[_Track]") -> list[Any]:
    try:
        return packet.decode()
    except MemoryError:
        raise
    except av.FFmpegError:
        log.debug("a packet cannot be decoded", exc_info=True)
        return []


def _time(item: "av.Packet[Any] | av.VideoFrame | av.AudioFrame", origin_s: float) -> float | None:
    # AVI has decoding times only.
    ticks = item.dts if item.pts is None else item.pts
    return None if ticks is None or item.time_base is None else float(ticks * item.time_base) - origin_s


def _key_frames(
    container: av.container.InputContainer, video: av.VideoStream, start_s: float, end_s: float, min_side: int
) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) of the key frames in the span, at least ``_KEY_FRAME_GAP_S`` apart.

    In formats made of key frames alone (MJPEG, ProRes) that leaves most undecoded.
    """
    video.codec_context.skip_frame = "NONKEY"
    _seek(container, start_s)
    origin = _origin(container)
    for packet in _key_packets(container, video, end_s):
        for frame in _decoded(packet):
            at_s = _time(frame, origin)
            if at_s is not None and start_s <= at_s < end_s and not frame.is_corrupt:
                yield at_s, _picture(frame, video, min_side)


def _key_packets(
    container: av.container.InputContainer, video: av.VideoStream, end_s: float
) -> Iterator["av.Packet[av.VideoStream]"]:
    """Packets of key frames, then an empty packet that flushes the decoder."""
    origin, last_s = _origin(container), -math.inf
    for packet in _packets(container, video):
        at_s = _time(packet, origin)
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
    container: av.container.InputContainer, video: av.VideoStream, times: list[float], min_side: int
) -> Iterator[tuple[float, Picture]]:
    """(seconds, picture) of the frame on screen at each of the ascending times.

    The seconds are the ones asked for: between the frames of a slide show the previous one
    stays on screen. Beyond the last frame it is that frame, once, with its own time.
    """
    video.codec_context.skip_frame = "NONREF" if len(times) > 1 else "DEFAULT"
    _seek(container, times[0])
    origin = _origin(container)
    remaining = iter(times)
    target = next(remaining)
    shown: av.VideoFrame | None = None
    for packet in _packets(container, video):
        for frame in _decoded(packet):
            at_s = _time(frame, origin)
            if at_s is None or frame.is_corrupt:
                continue
            # A frame's time is rounded to the container's clock: a millisecond decides nothing.
            while at_s > target + 0.001:
                yield target, _picture(shown or frame, video, min_side)
                if (following := next(remaining, None)) is None:
                    return
                target = following
            shown = frame
    if shown is not None:
        yield min(target, _time(shown, origin) or 0.0), _picture(shown, video, min_side)


def _picture(frame: av.VideoFrame, video: av.VideoStream, min_side: int) -> Picture:
    """The frame as upright RGB with square pixels, downscaled as ``indexer.media.types.fit`` says."""
    width, height = fit(_shown_width(frame.width, video), frame.height, min_side)
    small = frame.reformat(width, height, "rgb24", interpolation="AREA")
    return np.ascontiguousarray(np.rot90(small.to_ndarray(), _quarter_turns(frame)), dtype=np.uint8)


def _quarter_turns(frame: av.VideoFrame) -> int:
    return round(frame.rotation / 90) % 4


def _shown_width(width: int, video: av.VideoStream) -> int:
    ratio = video.sample_aspect_ratio or Fraction(1)
    return max(1, round(width * ratio)) if Fraction(1, 8) <= ratio <= 8 else width


def _upright_size(container: av.container.InputContainer, video: av.VideoStream) -> tuple[int, int]:
    context = video.codec_context
    width, height = _shown_width(context.width, video), context.height
    context.skip_frame = "NONKEY"
    frame = next((f for packet in _packets(container, video) for f in _decoded(packet)), None)
    if frame is not None and _quarter_turns(frame) % 2:
        return height, width
    return width, height


def _chunks(container: av.container.InputContainer, sound: av.AudioStream) -> Iterator[tuple[float, Samples]]:
    """Decoded chunks of the track: (seconds of the first sample, mono samples at ``SAMPLE_RATE``)."""
    origin = _origin(container)
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
    setup, next_s = None, 0.0
    for packet in _packets(container, sound):
        for frame in _decoded(packet):
            # A broadcast may change from stereo to surround and back; a resampler is made for one input.
            before, setup = setup, (frame.format.name, frame.layout.name, frame.sample_rate)
            if before not in (None, setup):
                resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            at_s = _time(frame, origin)
            next_s = next_s if at_s is None else at_s
            for part in resampler.resample(frame):
                samples = part.to_ndarray().reshape(-1).astype(np.float32, copy=False)
                yield next_s, samples
                next_s += len(samples) / SAMPLE_RATE


def _duration(container: av.container.InputContainer) -> float | None:
    """Duration in seconds; from the packets where the header has none or an implausible one."""
    declared = container.duration / av.time_base if container.duration else None
    if declared is not None and container.size / declared >= _BELIEVABLE_BYTES_PER_S:
        return declared
    stream = _video(container) or _sound(container)
    if stream is None:
        return declared
    origin, end_s = _origin(container), 0.0
    _seek(container, 0.0)
    for packet in _packets(container, stream):
        at_s = _time(packet, origin)
        if at_s is not None:
            end_s = max(end_s, at_s + float((packet.duration or 0) * packet.time_base))
    return end_s or None


def _lower(metadata: dict[str, str]) -> dict[str, str]:
    return {key.lower(): value for key, value in metadata.items()}


def _facts(tags: dict[str, str]) -> Metadata:
    """Date, place and camera from the tags of phones and cameras (QuickTime's and FFmpeg's names)."""
    apple = "com.apple.quicktime."
    place = tags.get(apple + "location.iso6709") or tags.get("location") or ""
    latitude, longitude = _position(place)
    make, model = tags.get(apple + "make", ""), tags.get(apple + "model", "")
    by_apple = _local_time(tags.get(apple + "creationdate"))
    return Metadata(
        kind="video",
        taken_at=by_apple or _local_time(tags.get("creation_time")),
        taken_from="apple" if by_apple else "container",
        described_by="apple" if apple + "location.iso6709" in tags or make else "container",
        latitude=latitude,
        longitude=longitude,
        camera=f"{make} {model}".strip() or None,
    )


def _local_time(text: str | None) -> datetime | None:
    """Local time of an ISO 8601 timestamp; None where it is missing or implausible.

    An offset from UTC is the camera's own, so its local time is kept; UTC itself is what containers
    without a zone store, and is converted to this machine's zone.
    """
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    # Cameras without a clock write the container's epoch, 1904 or 1970.
    if moment.year < 1980:
        return None
    zone = moment.utcoffset()
    if zone is not None and not zone:
        moment = moment.astimezone()
    return moment.replace(tzinfo=None)


def _position(text: str) -> tuple[float, float] | tuple[None, None]:
    """Latitude and longitude from ISO 6709 in decimal degrees, such as ``+52.5163+013.3777/``."""
    match = re.match(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)", text)
    if match is None:
        return None, None
    latitude, longitude = float(match[1]), float(match[2])
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else (None, None)


@contextmanager
def open_container(file: BinaryIO) -> Iterator[av.container.InputContainer]:
    """Open a container and translate FFmpeg's errors to Trove's: the one place that does.

    FFmpeg may use neither protocols nor formats beyond the allowlist: nothing in the file can make
    it open another file or an address.

    Raises:
        DecodeError: it is no video or recording, or damaged; also for errors while it is open.
        UnreadableError: it cannot be read now.
    """
    try:
        with av.open(
            file,
            "r",
            container_options={"format_whitelist": _CONTAINERS, "protocol_whitelist": ""},
            metadata_errors="replace",
            buffer_size=1 << 18,
        ) as container:
            for stream in container.streams.video:
                if stream.codec_context is not None:
                    # Several workers decode side by side; threads inside each would only cost memory.
                    stream.codec_context.thread_count = 1
            yield container
    except MediaError:
        raise
    except MemoryError as exc:
        raise DecodeError("decoding needs more memory than there is") from exc
    except av.ArgumentError as exc:
        # What FFmpeg answers to a container that is not on the list.
        raise UnknownFormatError("not a video or recording, or of a format that is not known") from exc
    except av.FFmpegError as exc:
        raise DecodeError(f"not a video or recording, or damaged: {exc.strerror}") from exc
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    except Exception as exc:
        raise DecodeError(f"the video or recording is damaged: {exc}") from exc
