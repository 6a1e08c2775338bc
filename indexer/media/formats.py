"""Detect media files and their kind, by file suffix and by magic bytes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:  # decoder processes need no database, and start sooner without
    from db.engine.schema import MediaKind

Signature = Literal["picture", "tiff", "raw", "jpeg xl", "icon", "film", "unknown"]
"""Kind of a file by its magic bytes. "film" is any video or recording; FFmpeg tells those apart."""

RAW_SUFFIXES = frozenset(
    f".{name}"
    for name in "3fr arw cr2 cr3 crw dcr dng erf fff iiq kdc mef mos mrw nef nrw orf pef raf rw2 rwl sr2 "
    "srf srw x3f".split()
)
VECTOR_SUFFIXES = frozenset({".svg", ".svgz"})
_IMAGE_SUFFIXES = (
    "apng avif avifs bmp dib gif heic heics heif heifs hif ico j2c j2k jfif jp2 jpc jpe jpeg jpf jpg jpx jxl "
    "mpo png psd tga tif tiff webp"
).split()
_VIDEO_SUFFIXES = (
    "3g2 3gp asf avi divx dv f4v flv insv lrv m2t m2ts m2v m4v mkv mod mov mp4 mpe mpeg mpg mts mxf ogv qt "
    "tod ts vob webm wmv"
).split()
_AUDIO_SUFFIXES = (
    "aac ac3 aif aifc aiff amr ape au caf flac m4a m4b mka mp2 mp3 oga ogg opus tta wav wma wv".split()
)
SHARED_SUFFIXES = frozenset({".mod", ".mts", ".ts"})
"""Of television and cameras, and of other things: TypeScript, and music."""

EXTENSIONS: "Mapping[str, MediaKind]" = {
    **dict.fromkeys(sorted(RAW_SUFFIXES), "image"),
    **{f".{name}": "image" for name in _IMAGE_SUFFIXES},
    **dict.fromkeys(sorted(VECTOR_SUFFIXES), "image"),
    **{f".{name}": "video" for name in _VIDEO_SUFFIXES},
    **{f".{name}": "audio" for name in _AUDIO_SUFFIXES},
}
"""Media kind by lower-case suffix."""

SUBTITLES: "Mapping[str, str]" = {
    ".srt": "srt",
    ".vtt": "webvtt",
    ".ass": "ass",
    ".ssa": "ass",
    ".sub": "microdvd",
    ".lrc": "lrc",
}
"""Subtitles and lyrics with times by lower-case suffix: what FFmpeg calls them, where it cannot tell."""


def media_kind(path: Path) -> "MediaKind | None":
    """Media kind by the file's suffix; None for files that are not media.

    Dots and spaces behind it, which Windows would not allow, do not count.
    """
    suffix = path.suffix.lower()
    return EXTENSIONS.get(suffix) or (
        EXTENSIONS.get(Path(path.name.rstrip(" .")).suffix.lower()) if suffix[-1:] in _IDLE else None
    )


_IDLE = ("", " ", ".")


def begins_as_mpeg(path: Path) -> bool:
    """Whether a file is an MPEG program stream, or a transport stream, which may begin in a packet.

    One that cannot be opened may be. Its first bytes are read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_FIRST_BYTES)
    except OSError:
        return True
    return head.startswith(b"\0\0\1\xba") or any(
        len(head) > 2 * length + first and set(head[first::length]) == {_SYNC}
        for length in _PACKETS
        for first in range(length)
    )


_SYNC = 0x47
_PACKETS = (188, 192, 204)
"""How long the packets of a transport stream are: bare, with times, with parity."""
_FIRST_BYTES = 8 * 204

_PICTURE_BRANDS = frozenset(b"heic heix heim heis hevc hevx hevm hevs mif1 mif2 msf1 miaf avif avis".split())


def lacks_end(path: Path) -> bool:
    """Whether a file is the beginning of a QuickTime or MP4 film whose index (``moov``) is not written yet.

    Cameras and recorders write it last. Only the lengths of the outermost boxes are read.
    """
    with path.open("rb") as file:
        size, at, first = os.fstat(file.fileno()).st_size, 0, True
        while at < size:
            file.seek(at)
            head = file.read(16)
            length, name = int.from_bytes(head[:4], "big"), head[4:8]
            if name == b"moov" or (first and name not in _FIRST_BOXES):
                return False
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8:  # 0: to the end of the file
                break
            at, first = at + length, False
    return size > 0


_FIRST_BOXES = (b"ftyp", b"wide", b"mdat", b"free")


_MOST_ICONS = 256
# JPEG, PNG, GIF, BMP, JPEG 2000 and its bare code stream, PSD.
_PICTURES = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"BM"),
    *(b"\0\0\0\x0cjP  ", b"\xff\x4f\xff\x51", b"8BPS"),
)


def signature(head: bytes) -> Signature:
    """Kind of a file by its first bytes (64 are enough)."""
    if head.startswith(_PICTURES):
        return "picture"
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL ")):
        return "jpeg xl"
    if (
        head.startswith(b"\0\0\1\0")
        and 0 < int.from_bytes(head[4:6], "little") <= 256
        and head[9:10] == b"\0"
    ):
        return "icon"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "raw" if head[8:10] == b"CR" else "tiff"
    if head.startswith((b"FUJIFILMCCD-RAW", b"IIU\0", b"IIRO", b"IIRS", b"MMOR", b"\0MRM", b"FOVb")):
        return "raw"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "picture"
    if head[4:8] == b"ftyp":
        length = min(len(head), int.from_bytes(head[:4], "big"))
        # Some writers name one of their own, and that of the format among those that it goes with.
        brands = {head[at : at + 4] for at in (8, *range(16, length - 3, 4))}
        return "raw" if head[8:12] == b"crx " else "picture" if brands & _PICTURE_BRANDS else "film"
    if head.startswith((b"RIFF", b"\x1aE\xdf\xa3", b"OggS", b"fLaC", b"ID3", b"FORM", b"FLV\1")):
        return "film"
    return "unknown"
