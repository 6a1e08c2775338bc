"""Short MP4 clips of videos, recordings and motion photos, for browsers that cannot play the file itself.

Browsers play few of the formats that cameras and recorders write. Remuxing the streams into
another container would do for some, but such cuts fall on key frames, seconds from the moment;
so a clip is transcoded to H.264 and AAC in MP4, which every browser plays.
"""

import hashlib
import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from av.stream import Disposition
from av.video.frame import PictureType

from db.errors import DecodeError, UnreadableError
from db.files import is_intact, write_checksummed
from indexer.media.container import open_container
from indexer.media.pool import DecodePool
from indexer.media.reader import opened_film

log = logging.getLogger(__name__)

BEFORE_S = 5.0
AFTER_S = 15.0

_MOST_LINES = 720
_MOST_FRAMES_PER_S = 30
_SOUND_RATE = 48_000
_CLOCK = Fraction(1, 90_000)
_COVER_ART = Disposition.attached_pic | Disposition.timed_thumbnails

_PLAYED = {
    # FFmpeg's name of the container: its MIME type, and the video and audio codecs that all browsers play.
    "mov": ("video/mp4", {"h264", "av1", "vp9"}, {"aac", "mp3", "opus", "flac"}),
    "matroska": ("video/webm", {"vp8", "vp9", "av1"}, {"opus", "vorbis"}),
    "ogg": ("audio/ogg", set(), {"opus", "vorbis", "flac"}),
    "mp3": ("audio/mpeg", set(), {"mp3"}),
    "wav": ("audio/wav", set(), {"pcm_s16le", "pcm_u8", "pcm_s24le", "pcm_f32le"}),
    "flac": ("audio/flac", set(), {"flac"}),
    "aac": ("audio/aac", set(), {"aac"}),
}
_EIGHT_BIT = {"yuv420p", "yuvj420p"}
"""Hardware decoders, and with them browsers, refuse H.264 in anything else."""


@dataclass(frozen=True)
class Clip:
    """An MP4 file that begins ``start_s`` seconds into its source."""

    path: Path
    start_s: float


def browser_type(path: Path, decoders: DecodePool) -> str | None:
    """The MIME type under which browsers play a video or recording; None where they do not.

    Raises:
        DecodeError: it is no video or recording.
        UnreadableError: it cannot be read now.
    """
    return decoders.run(_played_as, path)


def _played_as(path: Path) -> str | None:
    """See ``browser_type``. Runs in a worker."""
    with _opened(path) as container:
        playable = _PLAYED.get(container.format.name.partition(",")[0])
        video, sound = _tracks(container)
        if playable is None or (video is None and sound is None):
            return None
        mime_type, video_codecs, audio_codecs = playable
        if video is not None and (
            _codec(video) not in video_codecs or video.codec_context.pix_fmt not in _EIGHT_BIT
        ):
            return None
        return mime_type if sound is None or _codec(sound) in audio_codecs else None


def clip(path: Path, at_s: float, *, cache: Path, decoders: DecodePool) -> Clip:
    """The cached MP4 clip from ``BEFORE_S`` before a moment to ``AFTER_S`` after it, made if it is missing.

    Raises:
        DecodeError: nothing can be decoded there.
        UnreadableError: the file cannot be read, or the cache cannot be written.
    """
    start_s = max(0.0, at_s - BEFORE_S)
    try:
        status = path.stat()
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    facts = repr((os.fsencode(path), status.st_size, status.st_mtime_ns, round(start_s, 3)))
    target = cache / f"{hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()}.mp4"
    if not is_intact(target):
        data = decoders.run(_encode, path, start_s, at_s + AFTER_S)
        try:
            cache.mkdir(parents=True, exist_ok=True)
            write_checksummed(target, data)
        except OSError as exc:
            raise UnreadableError(
                f"the clip cannot be saved in {cache}: {exc.strerror or exc}",
                "Make room on the disk, or name another folder with TROVE_CACHE.",
            ) from exc
    return Clip(target, start_s)


def _encode(path: Path, start_s: float, end_s: float) -> bytes:
    """Transcode a span of the file to MP4. Runs in a worker."""
    buffer = io.BytesIO()
    target = av.open(buffer, "w", format="mp4")
    with _opened(path) as source:
        pictures, sound = _tracks(source)
        tracks: dict[int, _Pictures | _Sound] = {}
        if pictures is not None:
            pictures.thread_type = "AUTO"
            tracks[pictures.index] = _Pictures(target, pictures.average_rate or 25)
        if sound is not None:
            tracks[sound.index] = _Sound(target)
        for index, frame, at_s in _frames(source, list(tracks), start_s, end_s):
            tracks[index].put(frame, at_s - start_s)
    for track in tracks.values():
        track.finish()
    packets = [packet for track in tracks.values() for packet in track.packets]
    if not packets:
        raise DecodeError("nothing could be decoded at this moment")
    with target:
        # Only now, because muxing the first packet settles the shape of all tracks.
        target.mux(sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)))
    return buffer.getvalue()


def _frames(
    container: av.container.InputContainer, indexes: list[int], start_s: float, end_s: float
) -> Iterator[tuple[int, Any, float]]:
    """All frames in the span: (track index, frame, seconds from the start of the file)."""
    origin_s = (container.start_time or 0) / av.time_base
    unfinished = set(indexes)
    container.seek(int((start_s + origin_s) * av.time_base), backward=True)
    for packet in container.demux([container.streams[index] for index in indexes]):
        index = packet.stream.index
        for frame in _decoded(packet):
            at_s = -1.0 if frame.time is None else frame.time - origin_s
            if at_s >= end_s:
                unfinished.discard(index)
            elif at_s >= start_s:
                yield index, frame, at_s
        if not unfinished:
            return


class _Pictures:
    """Encodes video frames: upright, in square pixels, at most ``_MOST_LINES`` high."""

    def __init__(self, target: av.container.OutputContainer, rate: Fraction | int) -> None:
        self.packets: list[av.Packet[Any]] = []
        self._target = target
        self._rate = min(_MOST_FRAMES_PER_S, max(1, round(rate)))
        self._graph: av.filter.Graph | None = None
        self._stream: av.VideoStream | None = None
        self._next_s = 0.0

    def put(self, frame: av.VideoFrame, at_s: float) -> None:
        if self._stream is not None and at_s < self._next_s:
            return
        self._graph = self._graph or _graph(frame)
        self._graph.push(frame)
        filtered = cast(av.VideoFrame, self._graph.pull())
        if self._stream is None:
            self._stream = self._new_stream(filtered)
            # In a slide show the first frame may come seconds into the clip: it is shown from the start.
            at_s = 0.0
        filtered.pts, filtered.time_base = round(at_s / _CLOCK), _CLOCK
        filtered.pict_type = PictureType.NONE  # the source's key frames are not the clip's
        self.packets += self._stream.encode(filtered)
        self._next_s = at_s + 0.9 / self._rate

    def _new_stream(self, frame: av.VideoFrame) -> av.VideoStream:
        options = {"preset": "veryfast", "crf": "23"}
        stream = self._target.add_stream("libx264", rate=self._rate, options=options)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        stream.codec_context.time_base = _CLOCK
        return stream

    def finish(self) -> None:
        if self._stream is not None:
            self.packets += self._stream.encode(None)


class _Sound:
    """Encodes audio frames as stereo AAC."""

    def __init__(self, target: av.container.OutputContainer) -> None:
        self.packets: list[av.Packet[Any]] = []
        self._target = target
        self._stream: av.AudioStream | None = None
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=_SOUND_RATE)
        self._samples = 0

    def put(self, frame: av.AudioFrame, at_s: float) -> None:
        if self._stream is None:
            self._stream = self._target.add_stream("aac", rate=_SOUND_RATE, layout="stereo")
            self._samples = round(at_s * _SOUND_RATE)
        frame.pts = None
        self._encode(self._stream, frame)

    def _encode(self, stream: av.AudioStream, frame: av.AudioFrame | None) -> None:
        for part in self._resampler.resample(frame):
            part.pts, part.time_base = self._samples, Fraction(1, _SOUND_RATE)
            self._samples += part.samples
            self.packets += stream.encode(part)

    def finish(self) -> None:
        if self._stream is not None:
            self._encode(self._stream, None)
            self.packets += self._stream.encode(None)


def _graph(frame: av.VideoFrame) -> av.filter.Graph:
    """FFmpeg filter graph that turns, scales and converts frames of this shape for the encoder."""
    turns = {1: [("transpose", "cclock")], 2: [("hflip", ""), ("vflip", "")], 3: [("transpose", "clock")]}
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    steps = [
        *turns.get(round(frame.rotation / 90) % 4, []),
        # libx264 takes even sides only.
        ("scale", f"trunc(iw*sar*min(1\\,{_MOST_LINES}/ih)/2)*2:trunc(min(ih\\,{_MOST_LINES})/2)*2"),
        ("setsar", "1"),
        ("format", "yuv420p"),
        ("buffersink", ""),
    ]
    graph.link_nodes(source, *(graph.add(name, arguments or None) for name, arguments in steps)).configure()
    return graph


def _tracks(container: av.container.InputContainer) -> tuple[av.VideoStream | None, av.AudioStream | None]:
    """The first video track that is not cover art, and the first audio track."""
    pictures = (s for s in container.streams.video if not s.disposition & _COVER_ART and s.codec_context)
    return next(pictures, None), next((s for s in container.streams.audio if s.codec_context), None)


def _codec(track: av.VideoStream | av.AudioStream) -> str:
    """Canonical name of the codec; the decoder's own may differ (mp3float, libdav1d)."""
    return track.codec_context.codec.canonical_name


def _decoded(packet: "av.Packet[Any]") -> list[Any]:
    try:
        return list(packet.decode())
    except av.FFmpegError:
        log.debug("a packet cannot be decoded", exc_info=True)
        return []


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    with opened_film(path) as file, open_container(file) as source:
        yield source
