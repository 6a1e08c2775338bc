"""Subtitles and lyrics with times: the text tracks of containers, and files beside films and recordings.

FFmpeg (PyAV) reads both, so that SubRip, WebVTT, ASS, SSA, MicroDVD, SubViewer and LRC are one here.
It gets texts in UTF-8, whatever they were written in, and may read nothing but these.
"""

import html
import io
import logging
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import BinaryIO

import av
from av.codec.codec import Properties
from av.packet import Packet
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import AssSubtitle

from db.errors import DecodeError, UnreadableError
from indexer.media.container import open_container, origin, packets
from indexer.media.formats import SUBTITLES
from indexer.media.types import Cue, Track

log = logging.getLogger(__name__)

LARGEST_BYTES = 20 << 20
"""A long film has some hundred kilobytes, one with effects drawn as text some millions."""
MOST_CUES = 50_000
"""Of a track: a day of talk has as many; what is behind them is left out."""

_FORMAT_LIST = "srt,webvtt,ass,microdvd,subviewer,subviewer1,lrc"
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
_VOBSUB = b"\x00\x00\x01\xba"
_BEFORE_TEXT = 8
"""Commas before the text of a line of ASS, which is what FFmpeg makes of all formats."""
_LONGEST_TITLE, _LONGEST_LINE = 100, 10_000
_LOOKED_AT = 100_000
"""Bytes by which an encoding is told."""
_SAME_LINE_S = 0.05
"""How soon the same text comes again where it is the same line."""
_LAST_S = 5.0
"""How long the last line is there, where nothing says it."""
_DRAWING = re.compile(r"\{[^}]*\\p[1-9][^}]*\}.*?(?:\{[^}]*\\p0[^}]*\}|$)", re.DOTALL)
_STYLES = re.compile(r"\{\\[^}]*\}|</?[A-Za-z][^<>]{0,200}>|<\d+:\d+(?:[.:]\d+)?>")
_OFFSET = re.compile(r"^\[offset:\s*([+-]?\d{1,7})\s*\]", re.IGNORECASE | re.MULTILINE)
_BREAKS = re.compile(r"\\[Nnh]|\s")


def subtitles_of(container: av.container.InputContainer) -> tuple[Track, ...]:
    """The subtitles of a container, those that are pictures, too."""
    return tuple(described(stream, number) for number, stream in enumerate(container.streams.subtitles))


def described(stream: Stream, number: int) -> Track:
    """A track as it describes itself."""
    own = stream.metadata
    marks = tuple(str(mark.name) for mark in Disposition if mark & stream.disposition and mark.name)
    return Track(
        number,
        own.get("language", "").strip(),
        " ".join(own.get("title", "").split())[:_LONGEST_TITLE],
        marks,
        not isinstance(stream, SubtitleStream) or _is_text(stream),
    )


def _is_text(stream: SubtitleStream) -> bool:
    context = stream.codec_context
    return context is not None and Properties.TEXT_SUB in Properties(context.codec.properties)


def read_tracks(file: BinaryIO) -> dict[int, list[Cue]]:
    """The lines of all subtitles of an open film that are text, by the number of their track.

    The file is read to its end once, and nothing is decoded but them.

    Raises:
        DecodeError: it is damaged.
        UnreadableError: input/output error.
    """
    with open_container(file) as container:
        streams = container.streams.subtitles
        numbers = {stream.index: number for number, stream in enumerate(streams) if _is_text(stream)}
        lines: dict[int, list[Cue]] = {number: [] for number in numbers.values()}
        begin = origin(container)
        # Without a track PyAV would give the packets of all.
        for packet in packets(container, *filter(_is_text, streams)) if numbers else ():
            own = lines[numbers[packet.stream.index]]
            if len(own) < MOST_CUES:
                own += _cues(packet, begin)
    return {number: _in_order(own) for number, own in lines.items()}


def read_text(data: bytes, suffix: str, frames_per_s: float | None = None) -> list[Cue]:
    """The lines of a file of subtitles or lyrics, in the order of time.

    Args:
        data: its bytes.
        suffix: the end of its name, in small letters.
        frames_per_s: of the film beside it, by which some formats count.

    Raises:
        DecodeError: it is none, or its subtitles are pictures.
    """
    if data.startswith(_VOBSUB):
        raise DecodeError("its subtitles are pictures, which are not read")
    text, begin_s = _without_offset(decoded(data))
    lines: list[Cue] = []
    with _opened(text, suffix, frames_per_s) as container:
        for packet in packets(container, container.streams.subtitles[0]):
            if len(lines) >= MOST_CUES:
                log.info("only the first %s lines of subtitles are taken", f"{MOST_CUES:,}")
                break
            lines += _cues(packet, begin_s)
    if not lines:
        raise DecodeError("it has no lines with times")
    return _in_order(lines)


def _without_offset(text: str) -> tuple[str, float]:
    """Lyrics without what shifts their times, and by how many seconds it does: FFmpeg takes them for less."""
    match = _OFFSET.search(text)
    if match is None:
        return text, 0.0
    return text[: match.start()] + text[match.end() :], float(match[1]) / 1000


def decoded(data: bytes) -> str:
    """The text of bytes in whatever encoding.

    Raises:
        DecodeError: they are no text.
    """
    from charset_normalizer import from_bytes

    if data[:2] in _BYTE_ORDER_MARKS:
        return data.decode("utf-16", "replace")
    if b"\0" not in data:
        with suppress(UnicodeDecodeError):
            return data.decode("utf-8-sig")
        if (best := from_bytes(data[:_LOOKED_AT]).best()) is not None:
            return data.decode(best.encoding, "replace")
    raise DecodeError("it is no text")


def _opened(text: str, suffix: str, frames_per_s: float | None) -> av.container.InputContainer:
    """A container of subtitles that is a text: of the format that it has, or else that its name says."""
    for name in (None, SUBTITLES.get(suffix)):
        allowed = {"format_whitelist": name or _FORMAT_LIST, "protocol_whitelist": ""}
        if name == "microdvd" and frames_per_s:
            allowed["subfps"] = str(Fraction(frames_per_s).limit_denominator(1001))
        try:
            # Lines of Windows and of old Macs, as FFmpeg does not know the latter.
            plain = "\n".join(text.splitlines()).encode()
            container = av.open(io.BytesIO(plain), "r", format=name, container_options=allowed)
        except (av.FFmpegError, ValueError):
            continue
        if container.streams.subtitles and _is_text(container.streams.subtitles[0]):
            return container
        container.close()
    raise DecodeError("it has no lines with times")


def _cues(packet: "Packet[SubtitleStream]", begin_s: float) -> Iterator[Cue]:
    """The lines of a packet, with their times."""
    if packet.pts is None or packet.time_base is None:
        return
    start_s = float(packet.pts * packet.time_base) - begin_s
    lasts_s = float((packet.duration or 0) * packet.time_base)
    try:
        parts = packet.decode()
    except (av.FFmpegError, UnicodeDecodeError):
        log.debug("a line of subtitles cannot be decoded", exc_info=True)
        return
    for part in parts:
        text = plain_text(part.ass) if isinstance(part, AssSubtitle) else ""
        if any(map(str.isalnum, text)):
            yield Cue(start_s, start_s + (lasts_s if lasts_s > 0 else _LAST_S), text)


def plain_text(line: bytes) -> str:
    """The words of a line of ASS, without styles, drawings and breaks.

    >>> plain_text(rb"0,0,Default,,0,0,0,,{\\an8}<i>No, {\\p1}m 0 0 l 9 9{\\p0}really?\\NYes.")
    'No, really? Yes.'
    """
    text = line[:_LONGEST_LINE].decode("utf-8", "replace").split(",", _BEFORE_TEXT)[-1]
    text = html.unescape(_STYLES.sub("", _DRAWING.sub("", text)))
    return " ".join("".join(filter(str.isprintable, _BREAKS.sub(" ", text))).split())


def _in_order(cues: Iterable[Cue]) -> list[Cue]:
    """The lines in the order of time; one that effects show many times, one after the other, is one."""
    kept: dict[str, Cue] = {}
    done: list[Cue] = []
    for cue in sorted(cues, key=lambda cue: (cue.start_s, cue.end_s)):
        if not math.isfinite(cue.start_s + cue.end_s) or cue.end_s <= 0:
            continue
        before = kept.get(cue.text)
        if before is not None and cue.start_s <= before.end_s + _SAME_LINE_S:
            kept[cue.text] = Cue(before.start_s, max(before.end_s, cue.end_s), cue.text)
            continue
        if before is not None:
            done.append(before)
        kept[cue.text] = Cue(max(0.0, cue.start_s), cue.end_s, cue.text)
    return sorted([*done, *kept.values()], key=lambda cue: (cue.start_s, cue.end_s))


def read_bytes(file: BinaryIO) -> bytes:
    """All bytes of a file of subtitles.

    Raises:
        DecodeError: it is too large to be one.
        UnreadableError: it cannot be read now.
    """
    try:
        data = file.read(LARGEST_BYTES + 1)
    except OSError as exc:
        raise UnreadableError(f"the file cannot be read: {exc.strerror or exc}") from exc
    if len(data) > LARGEST_BYTES:
        raise DecodeError(f"it has more than {LARGEST_BYTES >> 20} MB, too many for subtitles")
    return data
