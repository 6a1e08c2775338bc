"""Damaged and hostile variants of real media files, and what indexing would make of them."""

import random
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from db.errors import MediaError
from indexer.media.reader import probe, read_audio, read_image, read_stills
from tests.support.media import (
    AUDIO_SUFFIXES,
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    animation,
    exif,
    photo,
    raw_photo,
    scene,
    sound,
    tone,
    video,
)
from tests.support.variants import Variant, variants

_OF_OTHER_READERS = frozenset(
    (
        "jxl-alpha.jxl jxl-container.jxl jxl-turned-6.jxl jpeg2000.jp2 jpeg2000-tiles.jp2 psd-rgb.psd "
        "icon.ico icon-bmp.ico targa-packed-rgb.tga drawing.svg tiff-big-high-byte-first.tif tiff-float.tiff "
        "pages.tif tiff-rgb-zstd.tif avif-alpha.avif moving.avif raw-preview.dng"
    ).split()
)
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 24)


def originals(folder: Path) -> list[Path]:
    """A small file of every format that Trove reads, and of what is particular in some."""
    folder.mkdir(parents=True, exist_ok=True)
    size = (64, 48)
    made = [photo(folder / f"p{suffix}", 1, size=size) for suffix in IMAGE_SUFFIXES]
    tags = exif(6, camera=("A", "B"), position=(1.5, 2.5))
    made += [
        photo(folder / f"exif{suffix}", 2, size=size, exif=tags) for suffix in (".jpg", ".heic", ".webp")
    ]
    frames = [scene(seed, *size) for seed in range(4)]
    made += [animation(folder / f"moving{suffix}", frames) for suffix in (".gif", ".webp", ".png")]
    made.append(raw_photo(folder / "preview.dng", 3, size, preview=(32, 24)))
    made += [
        video(folder / f"v{suffix}", scene_s=0.5, size=size, audio=tone(1.0)) for suffix in VIDEO_SUFFIXES
    ]
    made += [video(folder / f"v{suffix}", scene_s=0.5, size=size) for suffix in (".ts", ".mpg")]
    made += [_made(variant, folder) for variant in variants() if variant.name in _OF_OTHER_READERS]
    made += [sound(folder / f"a{suffix}", tone(0.5)) for suffix in AUDIO_SUFFIXES]
    return made


def _made(variant: Variant, folder: Path) -> Path:
    path = folder / variant.name
    variant.write(path)
    return path


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A variant: flipped bits, wrong numbers, lost, repeated or foreign stretches; often near the head."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        near = chance.random() < 0.6
        at = chance.randrange(min(len(changed), 512) if near else len(changed))
        length = chance.choice((1, 4, 16, 256))
        match chance.randrange(7):
            case 0:
                changed[at] ^= 1 << chance.randrange(8)
            case 1:
                changed[at] = chance.randrange(256)
            case 2:
                number = struct.pack(chance.choice("<>") + "L", chance.choice(_EXTREMES))
                size = chance.choice((1, 2, 4))
                changed[at : at + size] = number[:size]
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5:
                changed[at : at + length] = bytes(length)
            case 6:
                del changed[at:]
    return bytes(changed)


@dataclass(frozen=True)
class Outcome:
    """How a file ended: ``indexed`` or ``failed``, why, after how long, and the worker's peak memory."""

    state: str
    reason: str
    seconds: float
    memory_mb: int


def consume(path: Path) -> Outcome:
    """Read a file as indexing does, its first minute; to be run in a worker.

    Raises whatever is not fit for the owner of a file: a defect.
    """
    started = time.monotonic()
    state, reason = "indexed", ""
    try:
        metadata = probe(path)
        if metadata.kind == "image":
            read_image(path, min_side=128, max_megapixels=50)
        if metadata.kind == "video":
            read_stills(path, 0.0, 60.0, min_side=128)
        if metadata.has_audio:
            read_audio(path, 0.0, 60.0)
    except MediaError as exc:
        state, reason = "failed", str(exc)
    return Outcome(state, reason, round(time.monotonic() - started, 3), most_memory_mb())


def most_memory_mb() -> int:
    """The most memory that this process has had; to be run in a worker.

    Not from ``getrusage``, which counts that of the parent before the process was its own.
    """
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
