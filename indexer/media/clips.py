"""Short MP4 clips of videos, recordings and motion photos, to be kept, or played where the file cannot be.

Browsers play few of the formats that cameras and recorders write. Remuxing the streams into
another container would do for some, but such cuts fall on key frames, seconds from the moment;
so a clip is transcoded to H.264 and AAC in MP4, which every browser plays. A moment that people save is
remuxed where a key frame is near enough.
"""

import hashlib
import io
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import av
from av.stream import Disposition
from av.video.frame import PictureType

from db.errors import DecodeError, QueryError, UnreadableError
from db.files import is_intact, write_checksummed
from indexer.media.container import open_container, origin, seek
from indexer.media.reader import is_animation, opened_film, read_frames
from indexer.media.turning import turning

if TYPE_CHECKING:
    from indexer.media.pool import DecodePool

log = logging.getLogger(__name__)

BEFORE_S = 5.0
AFTER_S = 15.0

_MOST_LINES = 720
_MOST_FRAMES_PER_S = 30
_SOUND_RATE = 48_000
_CLOCK = Fraction(1, 90_000)
_WIDE = 9
"""The matrix of BT.2020, by its code point (ITU-T H.273)."""
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


_IN_MP4 = frozenset("h264 hevc av1 vp9 mpeg4 aac mp3 opus ac3 alac".split())
LONGEST_S = 300.0
"""Of a moment that is saved."""
_EARLIER_S = 0.5
_STARTS_WITHIN_S = 0.05
"""A key frame so soon after the start is still at it: about a frame."""


@dataclass(frozen=True)
class Clip:
    """An MP4 file that begins ``start_s`` seconds into its source."""

    path: Path
    start_s: float


@dataclass(frozen=True)
class Cut:
    """An MP4 file of a span of its source; ``copied``: nothing in it was encoded anew."""

    path: Path
    start_s: float
    end_s: float
    copied: bool


def browser_type(path: Path, decoders: "DecodePool") -> str | None:
    """The MIME type under which browsers play a video or recording; None where they do not.

    Raises:
        DecodeError: it is no video or recording.
        UnreadableError: it cannot be read now.
    """
    return decoders.run(_played_as, path)


def _played_as(path: Path) -> str | None:
    """See ``browser_type``. Runs in a worker."""
    if is_animation(path):
        return None
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


def clip(path: Path, at_s: float, *, cache: Path, decoders: "DecodePool") -> Clip:
    """The cached MP4 clip from ``BEFORE_S`` before a moment to ``AFTER_S`` after it, made if it is missing.

    Raises:
        DecodeError: nothing can be decoded there.
        UnreadableError: the file cannot be read, or the cache cannot be written.
    """
    start_s = max(0.0, at_s - BEFORE_S)
    target = cache / f"{_name(path, round(start_s, 3))}.mp4"
    if not is_intact(target):
        _save(target, decoders.run(_encode, path, start_s, at_s + AFTER_S))
    return Clip(target, start_s)


def cut(path: Path, start_s: float, end_s: float, *, cache: Path, decoders: "DecodePool") -> Cut:
    """The cached MP4 of a span of a video or recording, made if it is missing; errors as ``clip``.

    Its pictures and sounds are those of the file where it has a key frame at the start, or up to
    ``_EARLIER_S`` before it, and MP4 takes its formats; else they are encoded anew, as in a ``clip``.

    Raises:
        QueryError: there is no such span, or it is longer than ``LONGEST_S``.
    """
    # Written so that NaN does not pass.
    if not (0 <= start_s < end_s <= start_s + LONGEST_S):
        raise QueryError(
            "that is no moment to save",
            f"Its end comes after its start, by {LONGEST_S / 60:.0f} minutes at most.",
        )
    name = _name(path, "cut", round(start_s, 3), round(end_s, 3))
    copied, encoded = (cache / f"{name}{mark}.mp4" for mark in ("-copied", ""))
    if not is_intact(copied) and not is_intact(encoded):
        data = decoders.run(_copy, path, start_s, end_s)
        if data is not None:
            _save(copied, data)
        else:
            _save(encoded, decoders.run(_encode, path, start_s, end_s))
    is_copied = is_intact(copied)
    return Cut(copied if is_copied else encoded, start_s, end_s, is_copied)


def _name(path: Path, *parts: object) -> str:
    """A name in the cache: a hash of what is made, and of the file's size and time."""
    try:
        status = path.stat()
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    facts = repr((os.fsencode(path), status.st_size, status.st_mtime_ns, *parts))
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


def _save(target: Path, data: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_checksummed(target, data)
    except OSError as exc:
        raise UnreadableError(
            f"the clip cannot be saved in {target.parent}: {exc.strerror or exc}",
            "Make room on the disk, or name another folder with TROVE_CACHE.",
        ) from exc


def _copy(path: Path, start_s: float, end_s: float) -> bytes | None:
    """A span as it is, in an MP4; None where that cannot be. Runs in a worker."""
    if is_animation(path):
        return None
    buffer = io.BytesIO()
    with _opened(path) as source:
        pictures, sound = _tracks(source)
        tracks = [track for track in (pictures, sound) if track is not None]
        if not tracks or not {_codec(track) for track in tracks} <= _IN_MP4:
            return None
        packets = _packets(source, tracks, start_s, end_s)
        if not packets or not packets[0].is_keyframe:
            return None
        from_s = float((packets[0].pts or 0) * packets[0].time_base)
        try:
            with av.open(buffer, "w", format="mp4") as target:
                copies = {track.index: target.add_stream_from_template(track) for track in tracks}
                for packet in packets:
                    begin = round(from_s / packet.time_base)
                    packet.pts, packet.dts = (packet.pts or 0) - begin, (packet.dts or 0) - begin
                    packet.stream = copies[packet.stream.index]
                    target.mux(packet)
        except (av.FFmpegError, ValueError):
            log.debug("%s: its packets do not fit into an MP4", path, exc_info=True)
            return None
        if pictures is not None and not _looks_alike(source, pictures, from_s, buffer):
            return None
    return buffer.getvalue()


def _packets(
    source: av.container.InputContainer,
    tracks: Sequence[av.VideoStream | av.AudioStream],
    start_s: float,
    end_s: float,
) -> "list[av.Packet[Any]]":
    """What a span has of each track, the first track's key frame at its start first; empty without one."""
    origin_s = origin(source)
    first_s, last_s = start_s + origin_s, end_s + origin_s
    leading = tracks[0]
    seek(source, start_s, leading)
    found: list[av.Packet[Any]] = []
    begin_s: float | None = None
    unfinished = {track.index for track in tracks}
    for packet in source.demux(list(tracks)):
        if packet.pts is None or packet.dts is None:
            continue
        at_s = float(packet.pts * packet.time_base)
        if begin_s is None:
            if packet.stream.index != leading.index or not packet.is_keyframe or at_s < first_s - _EARLIER_S:
                continue
            if at_s > first_s + _STARTS_WITHIN_S:
                return []
            begin_s = at_s
        if float(packet.dts * packet.time_base) >= last_s:
            unfinished.discard(packet.stream.index)
            if not unfinished:
                break
        # Pictures that are shown before the key frame need others that are not there.
        elif at_s >= begin_s:
            found.append(packet)
    return found


def _looks_alike(
    source: av.container.InputContainer, pictures: av.VideoStream, at_s: float, made: io.BytesIO
) -> bool:
    """Whether the first picture of a copy has the size and is as turned as that of its source."""
    seek(source, at_s - origin(source), pictures)
    before = next(source.decode(pictures), None)
    made.seek(0)
    with open_container(made) as container:
        after = next(container.decode(video=0), None)
    if before is None or after is None:
        return False
    return (before.width, before.height, turning(before)) == (after.width, after.height, turning(after))


def _encode(path: Path, start_s: float, end_s: float) -> bytes:
    """Transcode a span of the file to MP4. Runs in a worker."""
    buffer = io.BytesIO()
    target = av.open(buffer, "w", format="mp4")
    tracks: dict[int, _Pictures | _Sound] = {}
    if is_animation(path):
        tracks[0] = moving = _Pictures(target, _MOST_FRAMES_PER_S)
        for at_s, picture in read_frames(path, start_s, end_s, min_side=_MOST_LINES):
            frame = av.VideoFrame.from_ndarray(picture)
            frame.time_base = _CLOCK
            moving.put(frame, at_s - start_s)
    else:
        with _opened(path) as source:
            pictures, sound = _tracks(source)
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
    origin_s = origin(container)
    unfinished = set(indexes)
    seek(container, start_s, _tracks(container)[0])
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
            self._stream = self._new_stream(filtered, frame)
            # In a slide show the first frame may come seconds into the clip: it is shown from the start.
            at_s = 0.0
        filtered.pts, filtered.time_base = round(at_s / _CLOCK), _CLOCK
        filtered.pict_type = PictureType.NONE  # the source's key frames are not the clip's
        self.packets += self._stream.encode(filtered)
        self._next_s = at_s + 0.9 / self._rate

    def _new_stream(self, frame: av.VideoFrame, source: av.VideoFrame) -> av.VideoStream:
        # With frames that are made of later ones, MP4 takes a slide show for shorter than it is.
        options = {"preset": "veryfast", "crf": "23", "bf": "0"}
        stream = self._target.add_stream("libx264", rate=self._rate, options=options)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
        context = stream.codec_context
        context.time_base = _CLOCK
        if source.colorspace == _WIDE:
            # Said of the clip as of the film, so that browsers show high dynamic range as such.
            context.color_primaries, context.color_trc = source.color_primaries, source.color_trc
            context.colorspace = _WIDE
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
    mirrored, quarters = turning(frame)
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    steps = [
        *([("hflip", "")] if mirrored else []),
        *turns.get(quarters, []),
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
