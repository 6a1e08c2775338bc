"""Open a container of video or sound with FFmpeg (PyAV), and nothing else.

FFmpeg gets an open file and an allowlist of containers: it never learns a name, may use no
network protocol, and playlists or concatenations, which point at other files, are not on the list.
"""

import logging
import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TypeVar, cast

import av
from av.subtitles.stream import SubtitleStream

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media.boxes import boxes
from indexer.media.types import UnknownFormatError

log = logging.getLogger(__name__)

_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dv,flac,flv,matroska,mov,mp3,mpeg,mpegts,mpegvideo,mxf,ogg,tta,w64,wav,"
    "wv"
)

Track = TypeVar("Track", bound=av.VideoStream | av.AudioStream | SubtitleStream)

_WITHOUT_INDEX = frozenset({"mpeg", "mpegts"})
_LOOKED_BACK_S = (1.0, 4.0, 16.0, 64.0)

MOST_PIXELS = 150_000_000
"""Of a frame: more than any camera films (16K has 133 million); larger ones are not decoded."""


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
            container_options={
                "format_whitelist": _CONTAINERS,
                "protocol_whitelist": "",
                "export_xmp": "1",  # of MP4 and MOV, whose people write captions into it
            },
            metadata_errors="replace",
            options={"max_pixels": str(MOST_PIXELS)},
            buffer_size=1 << 18,
        ) as container:
            for stream in container.streams.video:
                if stream.codec_context is not None:
                    # Several workers decode side by side; threads inside each would only cost memory.
                    stream.codec_context.thread_count = 1
                    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
            yield container
    except MediaError:
        raise
    except MemoryError as exc:
        raise DecodeError("decoding needs more memory than there is") from exc
    except av.ArgumentError as exc:
        # What FFmpeg answers to a container that is not on the list.
        raise UnknownFormatError("not a video or recording of a format that Trove lets FFmpeg read") from exc
    except av.FFmpegError as exc:
        raise DecodeError(f"not a video or recording, or damaged, says FFmpeg: {exc.strerror}") from exc
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    except Exception as exc:
        raise DecodeError(f"the video or recording is damaged: {exc}") from exc


def origin(container: av.container.InputContainer) -> float:
    """Start of the container's clock in seconds; players count from there, and so does Trove."""
    return (container.start_time or 0) / av.time_base


def is_cut(file: BinaryIO) -> bool:
    """Whether an MP4, QuickTime, Matroska, WebM or MP3 file ends before it says that it does.

    The position of the file, which may be open in FFmpeg, is kept.
    """
    before, size = file.tell(), file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    try:
        if head.startswith(_EBML):
            return _segment_ends(head) > size
        return (_boxes_end(file, size) if head[4:8] in _FIRST_BOXES else _frames_end(file, head)) > size
    finally:
        file.seek(before)


def _boxes_end(file: BinaryIO, size: int) -> int:
    return max((after for _, _, after in boxes(file, 0, size)), default=0)


def _segment_ends(head: bytes) -> int:
    """Where a Matroska file says that it ends (RFC 8794, 4); 0 where it was written as it came."""
    start = head.find(_SEGMENT) + len(_SEGMENT)
    if start < len(_SEGMENT) or start == len(head):
        return 0
    width = 9 - head[start].bit_length()
    most = (1 << 7 * width) - 1
    length = int.from_bytes(head[start : start + width], "big") & most
    return 0 if length == most else start + width + length


def _frames_end(file: BinaryIO, head: bytes) -> int:
    """Where an MP3 says that it ends, in what encoders put into its first frame (Xing, LAME); 0 without."""
    start = 0
    if head.startswith(b"ID3"):
        start = 10 + sum((byte & 0x7F) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
        file.seek(start)
        head = file.read(_HEAD_BYTES)
    for at in (head.find(b"Xing"), head.find(b"Info")):
        # A number of flags: the second says that the bytes are counted, behind the frames of the first.
        if 0 <= at < _LATEST_XING and head[at + 7] & 3 == 3:
            return start + int.from_bytes(head[at + 12 : at + 16], "big")
    return 0


_LATEST_XING = 64
_FIRST_BOXES = frozenset((b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"))
_EBML, _SEGMENT = b"\x1aE\xdf\xa3", b"\x18\x53\x80\x67"
_HEAD_BYTES = 4096


def packets(container: av.container.InputContainer, *streams: Track) -> Iterator["av.Packet[Track]"]:
    """Packets of tracks up to the end of the container or its first read error."""
    all_packets = cast("Iterator[av.Packet[Track]]", container.demux(*streams))
    while True:
        try:
            yield next(all_packets)
        except StopIteration:
            return
        except av.FFmpegError:
            log.debug("the container ends early", exc_info=True)
            return


def time_of(item: "av.Packet[Any] | av.VideoFrame | av.AudioFrame", origin_s: float) -> float | None:
    """Seconds from the start of the container's clock, which is at ``origin_s``; None if it is not said."""
    # AVI has decoding times only.
    ticks = item.dts if item.pts is None else item.pts
    return None if ticks is None or item.time_base is None else float(ticks * item.time_base) - origin_s


def seek(
    container: av.container.InputContainer, at_s: float, track: av.VideoStream | av.AudioStream | None = None
) -> None:
    """Go to the last key frame of a track at or before a moment; one that cannot seek is read on.

    In MPEG streams, which have no index, FFmpeg goes to any packet near the moment, and the key frame before
    it is lost; so it is looked for from further and further before.
    """
    if container.format.name in _WITHOUT_INDEX:
        for before_s in _LOOKED_BACK_S:
            if at_s <= before_s:
                break
            _seek(container, at_s - before_s)
            if track is None or _key_comes(container, track, at_s):
                _seek(container, at_s - before_s)
                return
        # To the first byte: going to the first moment loses the key frame that is there.
        container.seek(0, unsupported_byte_offset=True)
    else:
        _seek(container, at_s)


def _seek(container: av.container.InputContainer, at_s: float) -> None:
    try:
        container.seek(math.floor((at_s + origin(container)) * av.time_base), backward=True)
    except av.FFmpegError:
        log.debug("cannot seek to %.1f s", at_s, exc_info=True)


def _key_comes(
    container: av.container.InputContainer, track: av.VideoStream | av.AudioStream, before_s: float
) -> bool:
    """Whether there is a key frame of a track between here and a moment."""
    last_s = before_s + origin(container)
    try:
        for packet in container.demux(track):
            ticks = packet.dts if packet.pts is None else packet.pts
            if ticks is None:
                continue
            if float(ticks * packet.time_base) > last_s:
                return False
            if packet.is_keyframe:
                return True
    except av.FFmpegError:
        log.debug("the container ends early", exc_info=True)
    return False
