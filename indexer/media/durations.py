"""How long films and recordings last: by their headers, and what is there where they are cut short."""

from fractions import Fraction
from typing import BinaryIO

import av

from indexer.media.container import is_cut, origin, packets, seek, time_of

_BELIEVABLE_BYTES_PER_S = 100
_CUT_S, _NEAR_END_S = 0.5, 2.0

_Track = av.VideoStream | av.AudioStream


def duration(
    container: av.container.InputContainer, track: _Track, file: BinaryIO
) -> tuple[float | None, str | None]:
    """Duration in seconds, and a note where that is less than the header says, since the file is cut short.

    Args:
        track: the leading one.
        file: what the container is read from.
    """
    said_s = _said(container, track)
    there_s = _readable(container, track, file, said_s)
    if said_s is None or there_s is None:
        return said_s, None
    return there_s, f"cut short: {_lasts(there_s)} of {_lasts(said_s)} could be read"


def _said(container: av.container.InputContainer, track: _Track) -> float | None:
    """Duration in seconds; from the packets where the header has none or an implausible one."""
    declared = container.duration / av.time_base if container.duration else None
    if declared is not None and container.size / declared >= _BELIEVABLE_BYTES_PER_S:
        return declared
    return _end(container, track, 0.0) or None


def _end(container: av.container.InputContainer, track: _Track, from_s: float) -> float:
    """Where the packets of a track end that can be read from a moment on; 0 without any."""
    begin, end_s = origin(container), 0.0
    seek(container, from_s)
    for packet in packets(container, track):
        at_s = time_of(packet, begin)
        if at_s is not None:
            end_s = max(end_s, at_s + float((packet.duration or 0) * packet.time_base))
    return end_s


def _readable(
    container: av.container.InputContainer, track: _Track, file: BinaryIO, said_s: float | None
) -> float | None:
    """How many seconds are there of a file that is cut short, and so shorter than its header says; else None.

    Other containers say in their headers neither how long they are nor where they end: what they last is what
    can be read.
    """
    kind = container.format.name.partition(",")[0]
    if said_s is None:
        return None
    if kind == "flac":
        # It does not say where it ends. What is behind its end cannot be gone to.
        if _end(container, track, max(0.0, said_s - _NEAR_END_S)) >= said_s - _NEAR_END_S:
            return None
    elif kind not in ("mov", "matroska", "mp3") or not is_cut(file):
        return None
    there_s = _listed(container, track) if kind == "mov" else None
    there_s = _end(container, track, 0.0) if there_s is None else there_s
    return there_s if 0 < there_s < said_s - _CUT_S else None


def _listed(container: av.container.InputContainer, track: _Track) -> float | None:
    """Where the last packet ends that is there, by the index that comes first; None if the last of all is."""
    entries, end_s, second = track.index_entries, 0.0, track.time_base or Fraction(1)
    if not len(entries) or entries[-1].pos + entries[-1].size <= container.size:
        return None
    for entry in entries:
        if entry.pos + entry.size > container.size:
            break
        end_s = float(entry.timestamp * second) - origin(container)
    return end_s


def _lasts(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
