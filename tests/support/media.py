"""Real media files of every supported format, made on the spot and always the same.

Nothing here stands in for a decoder: pictures are written by Pillow and libheif, raw
photographs byte by byte, sound and film by FFmpeg, so a test meets what a user has.
"""

import io
import struct
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import ExifTags, Image, TiffImagePlugin
from PIL.PngImagePlugin import PngInfo

pillow_heif.register_heif_opener()

Pixels = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]

IMAGE_SUFFIXES = (".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff", ".heic", ".avif", ".dng")
VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v")
AUDIO_SUFFIXES = (".mp3", ".m4a", ".wav", ".flac", ".ogg", ".opus")

CORNERS = {"top left": (220, 30, 30), "top right": (30, 200, 30), "bottom left": (30, 30, 220)}
"""Colours painted into three corners of every scene, so that a turned picture can be told."""

_VIDEO_CODECS = {".webm": "libvpx", ".avi": "mpeg4"}
_AUDIO_CODECS = {
    ".webm": "libopus",
    ".opus": "libopus",
    ".ogg": "vorbis",
    ".avi": "libmp3lame",
    ".mp3": "libmp3lame",
    ".wav": "pcm_s16le",
    ".flac": "flac",
}


def scene(seed: int, width: int = 320, height: int = 240) -> Pixels:
    """A soft, colourful (height, width, 3) picture; another seed gives a quite different one."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    pixels = np.array(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
    side = min(width, height) // 5
    pixels[:side, :side] = CORNERS["top left"]
    pixels[:side, -side:] = CORNERS["top right"]
    pixels[-side:, :side] = CORNERS["bottom left"]
    return pixels


def corners(pixels: Pixels) -> dict[str, str]:
    """Which of ``CORNERS`` is seen in which corner, by nearest colour."""
    step = min(pixels.shape[:2]) // 10
    seen = {
        "top left": pixels[step, step],
        "top right": pixels[step, -step],
        "bottom left": pixels[-step, step],
    }

    def nearest(colour: Pixels) -> str:
        return min(CORNERS, key=lambda name: float(np.abs(colour.astype(int) - CORNERS[name]).sum()))

    return {place: nearest(colour) for place, colour in seen.items()}


UPRIGHT = {name: name for name in CORNERS}
"""What ``corners`` gives for a picture that is the right way up."""


def exif(
    orientation: int | None = None,
    taken_at: datetime | None = None,
    camera: tuple[str, str] | None = None,
    position: tuple[float, float] | None = None,
    exposure: tuple[float, float, int, float] | None = None,
    apple: dict[int, str] | None = None,
) -> bytes:
    """An EXIF block as a camera writes it; ``apple`` are texts of Apple's maker note, by their tags.

    ``position`` is (latitude, longitude) in degrees, ``exposure`` seconds, f-number, ISO and millimetres.
    """
    block = Image.Exif()
    if orientation is not None:
        block[ExifTags.Base.Orientation] = orientation
    if camera is not None:
        block[ExifTags.Base.Make], block[ExifTags.Base.Model] = camera
    if taken_at is not None:
        details = block.get_ifd(ExifTags.IFD.Exif)
        details[ExifTags.Base.DateTimeOriginal] = taken_at.strftime("%Y:%m:%d %H:%M:%S")
        if taken_at.microsecond:
            details[ExifTags.Base.SubsecTimeOriginal] = f"{taken_at.microsecond:06}"[:3]
    if apple is not None:
        block.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = apple_note(apple)
    if exposure is not None:
        details = block.get_ifd(ExifTags.IFD.Exif)
        tags = ExifTags.Base
        names = (tags.ExposureTime, tags.FNumber, tags.ISOSpeedRatings, tags.FocalLength)
        for tag, value in zip(names, exposure, strict=True):
            details[tag] = value if isinstance(value, int) else TiffImagePlugin.IFDRational(value)
        details[tags.LensModel] = "XF23mmF2"
    if position is not None:
        gps = block.get_ifd(ExifTags.IFD.GPSInfo)
        for name, value, signs in (("Latitude", position[0], "NS"), ("Longitude", position[1], "EW")):
            gps[ExifTags.GPS[f"GPS{name}Ref"]] = signs[value < 0]
            gps[ExifTags.GPS[f"GPS{name}"]] = _sexagesimal(abs(value))
    return block.tobytes()


def apple_note(texts: dict[int, str]) -> bytes:
    """A maker note as Apple writes it: a directory of texts, which lie behind it."""
    entries, behind = b"", b""
    start = 14 + 2 + 12 * len(texts) + 4
    for tag, text in sorted(texts.items()):
        data = text.encode() + b"\0"
        entries += struct.pack(">HHII", tag, 2, len(data), start + len(behind))
        behind += data
    return b"Apple iOS\0\0\1MM" + struct.pack(">H", len(texts)) + entries + bytes(4) + behind


def _sexagesimal(degrees: float) -> tuple[TiffImagePlugin.IFDRational, ...]:
    minutes = degrees % 1 * 60
    seconds = round(minutes % 1 * 60 * 10_000)
    return (
        TiffImagePlugin.IFDRational(int(degrees)),
        TiffImagePlugin.IFDRational(int(minutes)),
        TiffImagePlugin.IFDRational(seconds, 10_000),
    )


def photo(
    path: Path,
    seed: int = 0,
    size: tuple[int, int] = (320, 240),
    mode: str = "RGB",
    exif: bytes | None = None,
    text: dict[str, str] | None = None,
) -> Path:
    """Write ``scene(seed)`` in the format of the suffix; ``size`` is (width, height) as stored.

    ``text`` becomes PNG text chunks. Returns ``path``.
    """
    if path.suffix.lower() == ".dng":
        return raw_photo(path, seed, size)
    picture = Image.fromarray(scene(seed, *size)).convert(mode)
    options: dict[str, object] = {"quality": 90}
    if exif is not None:
        options["exif"] = exif
    if text is not None:
        options["pnginfo"] = chunks = PngInfo()
        for key, value in text.items():
            chunks.add_text(key, value)
    picture.save(path, **options)
    return path


_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" {0}>{1}</rdf:Description>
</rdf:RDF></x:xmpmeta>"""
_ITEMS = """<Container:Directory xmlns:Container="http://ns.google.com/photos/1.0/container/"
xmlns:Item="http://ns.google.com/photos/1.0/container/item/"><rdf:Seq><rdf:li rdf:parseType="Resource">
<Container:Item Item:Mime="image/jpeg" Item:Semantic="Primary" Item:Length="0"/></rdf:li>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="video/mp4" Item:Semantic="MotionPhoto"
Item:Length="{0}"/></rdf:li></rdf:Seq></Container:Directory>"""


def motion_photo(path: Path, film: Path, way: str = "google", seed: int = 0) -> Path:
    """A picture with a film behind it, as Google does (did: ``micro video``), ``samsung``, in a ``box``."""
    data = film.read_bytes()
    packets = {
        "google": _XMP.format('GCamera:MotionPhoto="1"', _ITEMS.format(len(data))),
        "micro video": _XMP.format(f'GCamera:MicroVideo="1" GCamera:MicroVideoOffset="{len(data)}"', ""),
    }
    options = {"xmp": packets[way].encode()} if way in packets else {}
    Image.fromarray(scene(seed)).save(path, quality=90, **options)
    with path.open("ab") as file:
        if way == "samsung":
            name = b"MotionPhoto_Data"
            block = struct.pack("<2xHI", 0x0A30, len(name)) + name + data
            entries = b"SEFH" + struct.pack("<II2xHII", 106, 1, 0x0A30, len(block), len(block))
            file.write(block + entries + struct.pack("<I", len(entries)) + b"SEFT")
        elif way == "box":
            file.write(struct.pack(">I", 8 + len(data)) + b"mpvd" + data)
        else:
            file.write(data)
    return path


def animation(path: Path, frames: Sequence[Pixels]) -> Path:
    """Write an animated GIF, WebP or PNG."""
    pictures = [Image.fromarray(frame) for frame in frames]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
    return path


def raw_photo(
    path: Path,
    seed: int = 0,
    size: tuple[int, int] = (320, 240),
    orientation: int = 1,
    preview: tuple[int, int] | None = None,
) -> Path:
    """Write a DNG: an uncompressed 16-bit mosaic and, when its size is given, a JPEG preview."""
    mosaic = _mosaic(scene(seed, *size))
    shown = _jpeg(scene(seed, *preview)) if preview else b""
    head_bytes = 2048
    sensor: _Tags = {
        254: ("L", (0,)),  # NewSubfileType: the photograph itself
        256: ("L", (size[0],)),
        257: ("L", (size[1],)),
        258: ("H", (16,)),  # BitsPerSample
        259: ("H", (1,)),  # Compression: none
        262: ("H", (32803,)),  # PhotometricInterpretation: colour filter array
        273: ("L", (head_bytes,)),  # StripOffsets
        277: ("H", (1,)),  # SamplesPerPixel
        278: ("L", (size[1],)),  # RowsPerStrip
        279: ("L", (len(mosaic),)),  # StripByteCounts
        33421: ("H", (2, 2)),  # CFARepeatPatternDim
        33422: ("B", (0, 1, 1, 2)),  # CFAPattern: red green, green blue
        50717: ("L", (65535,)),  # WhiteLevel
    }
    camera: _Tags = {
        271: ("s", b"Trove\0"),
        272: ("s", b"Testcamera 1\0"),
        274: ("H", (orientation,)),
        306: ("s", b"2021:07:08 09:10:11\0"),
        50706: ("B", (1, 4, 0, 0)),  # DNGVersion
        50708: ("s", b"Trove Testcamera 1\0"),  # UniqueCameraModel
        # ColorMatrix1 (signed rationals): XYZ to linear sRGB, so that the sensor sees what scene() paints
        50721: ("i", tuple(n for v in _XYZ_TO_RGB for n in (round(v * 10_000), 10_000))),
        50728: ("I", (1, 1, 1, 1, 1, 1)),  # AsShotNeutral
        50778: ("H", (21,)),  # CalibrationIlluminant1: D65
    }
    if preview:
        picture: _Tags = {
            254: ("L", (1,)),  # NewSubfileType: a smaller version
            256: ("L", (preview[0],)),
            257: ("L", (preview[1],)),
            258: ("H", (8, 8, 8)),
            259: ("H", (7,)),  # Compression: JPEG
            262: ("H", (6,)),  # PhotometricInterpretation: YCbCr
            273: ("L", (head_bytes + len(mosaic),)),
            277: ("H", (3,)),
            278: ("L", (preview[1],)),
            279: ("L", (len(shown),)),
            330: ("L", (1024,)),  # SubIFDs: where the photograph itself is described
        }
        head = _ifd(camera | picture, 8).ljust(1016, b"\0") + _ifd(sensor, 1024)
    else:
        head = _ifd(camera | sensor, 8)
    path.write_bytes((b"II*\0\x08\0\0\0" + head).ljust(head_bytes, b"\0") + mosaic + shown)
    return path


_Tags = dict[int, tuple[str, "tuple[int, ...] | bytes"]]
# IEC 61966-2-1.
_XYZ_TO_RGB = (3.2406, -1.5372, -0.4986, -0.9689, 1.8758, 0.0415, 0.0557, -0.2040, 1.0570)
# struct letter to (TIFF type, values of that letter in one TIFF value)
_TIFF_TYPES = {"B": (1, 1), "s": (2, 1), "H": (3, 1), "L": (4, 1), "I": (5, 2), "i": (10, 2)}


def _ifd(tags: _Tags, offset: int) -> bytes:
    """A TIFF directory and the values that do not fit into it, to stand at ``offset``."""
    entries, values = b"", b""
    room = offset + 2 + 12 * len(tags) + 4
    for tag, (letter, value) in sorted(tags.items()):
        kind, per_value = _TIFF_TYPES[letter]
        data = value if isinstance(value, bytes) else struct.pack(f"<{len(value)}{letter}", *value)
        entries += struct.pack("<HHL", tag, kind, len(value) // per_value)
        if len(data) <= 4:
            entries += data.ljust(4, b"\0")
        else:
            entries += struct.pack("<L", room + len(values))
            values += data + b"\0" * (len(data) % 2)
    return struct.pack("<H", len(tags)) + entries + bytes(4) + values


def _mosaic(pixels: Pixels) -> bytes:
    seen = pixels[:, :, 1].copy()
    seen[0::2, 0::2] = pixels[0::2, 0::2, 0]
    seen[1::2, 1::2] = pixels[1::2, 1::2, 2]
    # A sensor counts light, while scene() paints for the eye.
    return bytes(((seen / 255.0) ** 2.2 * 65535).astype("<u2").tobytes())


def _jpeg(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def tone(seconds: float, hz: float = 440.0, rate: int = 16_000) -> Samples:
    """A sine of half the full loudness: mono float32 samples."""
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def sound(
    path: Path,
    samples: Samples,
    rate: int = 16_000,
    cover: bool = False,
    metadata: dict[str, str] | None = None,
    chapters: Sequence[tuple[str, int, int]] = (),
) -> Path:
    """Write mono samples in the format of the suffix, with a picture as cover (MP3 only) if asked.

    ``chapters``: (title, first millisecond, last one).
    """
    with av.open(str(path), "w") as container:
        container.metadata.update(metadata or {})
        container.set_chapters(
            [
                {
                    "id": n,
                    "start": start,
                    "end": end,
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for n, (title, start, end) in enumerate(chapters)
            ]
        )
        stream = _audio_stream(container, path.suffix.lower())
        art = container.add_stream("mjpeg", rate=1) if cover else None
        if art is not None:
            art.width, art.height, art.pix_fmt = 64, 64, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
            frame = av.VideoFrame.from_ndarray(scene(1, 64, 64)).reformat(format="yuvj420p")
            container.mux([*art.encode(frame), *art.encode(None)])
        _write_audio(container, stream, samples, rate)
    return path


def video(
    path: Path,
    scenes: Sequence[int] = (1, 2),
    scene_s: float = 2.0,
    fps: int = 10,
    size: tuple[int, int] = (320, 240),
    audio: Samples | None = None,
    rotation: int = 0,
    key_frame_s: float = 2.0,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Write a film that shows each scene (a seed of ``scene``) for ``scene_s`` seconds.

    ``audio`` are mono samples at 16 kHz, None for no audio track; ``rotation`` in degrees
    counter-clockwise is what a player has to do to show it upright.
    """
    suffix = path.suffix.lower()
    # Apple's own names are kept only on demand.
    options = {"movflags": "use_metadata_tags"} if suffix == ".mov" and metadata else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(_VIDEO_CODECS.get(suffix, "libx264"), rate=fps)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.gop_size = max(1, round(key_frame_s * fps))
        # One thread each, and no key frames where the scene changes: the file is the same everywhere.
        stream.thread_count = 1
        stream.options = {"sc_threshold": "0", "cpu-used": "8", "deadline": "realtime", "preset": "veryfast"}
        if rotation:
            stream.set_display_rotation(rotation)
        sound_stream = _audio_stream(container, suffix) if audio is not None else None
        for number in range(round(len(scenes) * scene_s * fps)):
            frame = av.VideoFrame.from_ndarray(scene(scenes[int(number / fps / scene_s)], *size))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None and sound_stream is not None:
            _write_audio(container, sound_stream, audio, 16_000)
    return path


def _audio_stream(container: av.container.OutputContainer, suffix: str) -> av.AudioStream:
    codec = _AUDIO_CODECS.get(suffix, "aac")
    rate = 48_000 if codec == "libopus" else 16_000
    stream = container.add_stream(codec, rate=rate, layout="stereo" if codec == "vorbis" else "mono")
    if codec == "vorbis":
        stream.options = {"strict": "experimental"}
    return stream


def _write_audio(
    container: av.container.OutputContainer, stream: av.AudioStream, samples: Samples, rate: int
) -> None:
    whole = np.clip(samples * 32767, -32768, 32767).astype(np.int16)[np.newaxis]
    frame = av.AudioFrame.from_ndarray(whole, format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
