"""Decode pictures with Pillow (an allowlist of formats) and HEIC with libheif."""

import logging
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pillow_heif
from PIL import ExifTags, Image, UnidentifiedImageError

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media import apple, dates, motion, xmp
from indexer.media.degrees import known
from indexer.media.types import GENERATED_KEY, Metadata, Picture, UnknownFormatError, fit
from indexer.media.words import pictures, png

if TYPE_CHECKING:
    from db.catalog.facts import Source

log = logging.getLogger(__name__)

# A closed list: Pillow would also hand EPS to Ghostscript, and open formats nobody keeps photographs in.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF")
_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_WITH_FILMS = frozenset({"JPEG", "MPO", "HEIF"})
_FRAMES_LOOKED_AT = 64
_EXIF_IN_PNG = {"exif", "Raw profile type exif"}

pillow_heif.register_heif_opener()

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the header; the pixels are not decoded. Errors as ``read``."""
    with _pillow_errors(), Image.open(file, formats=_FORMATS) as image:
        return _metadata(image, file)


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    Raises:
        UnknownFormatError: Pillow does not know the format.
        DecodeError: damaged, or too large.
        UnreadableError: input/output error.
    """
    with _pillow_errors(), Image.open(file, formats=_FORMATS) as image:
        check_size(*image.size, max_megapixels)
        metadata = _metadata(image, file)
        turn = _turn(image)
        return metadata, as_picture(_first_to_show(image, min_side), turn)


def check_size(width: int, height: int, max_megapixels: float) -> None:
    """Refuse decompression bombs before a pixel is decoded.

    Raises:
        DecodeError: the picture has more than ``max_megapixels``.
    """
    megapixels = width * height / 1e6
    if megapixels > max_megapixels:
        raise DecodeError(
            f"the picture has {megapixels:,.0f} megapixels ({width} by {height}), "
            f"more than the {max_megapixels:,.0f} allowed",
            "Raise TROVE_MAX_MEGAPIXELS if you trust it.",
        )


def shrink(image: Image.Image, min_side: int) -> Image.Image:
    """The image as RGB, downscaled to the size of ``indexer.media.types.fit``."""
    size = fit(*image.size, min_side)
    # Never below ``size``: a JPEG is decoded at 1/2, 1/4 or 1/8 straight from its DCT coefficients,
    # of a HEIC with a thumbnail that is large enough only the thumbnail is decoded.
    image.draft(None, size)
    image = _resizable(image)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return _on_white(image) if image.mode in ("RGBA", "LA") else image.convert("RGB")


def as_picture(image: Image.Image, turn: Image.Transpose | None) -> Picture:
    """(height, width, 3) uint8 pixels of an RGB image, turned upright."""
    return np.asarray(image if turn is None else image.transpose(turn))


def exif_facts(exif: Image.Exif) -> dict[str, object]:
    """Metadata from EXIF, by field of ``Metadata``; None where absent or damaged.

    ``taken_at``, ``taken_from``, ``camera``, ``lens``, ``screenshot``, ``exposure``, ``live``, ``burst``,
    ``latitude`` and ``longitude``.
    """
    facts: dict[str, object] = {}
    for name, read_fact in _FACTS:
        # Damaged EXIF makes Pillow raise almost anything, and must not cost the picture.
        try:
            facts[name] = read_fact(exif)
        except Exception:
            log.debug("damaged EXIF: no %s", name, exc_info=True)
            facts[name] = None
    facts["screenshot"] = bool(facts["screenshot"])
    facts["latitude"], facts["longitude"] = facts.pop("position") or (None, None)  # type: ignore[misc]
    facts["taken_at"], facts["taken_from"] = facts["taken_at"] or (None, "exif")  # type: ignore[misc]
    return facts


def turn_of(exif: Image.Exif) -> Image.Transpose | None:
    """Transposition that makes the pixels upright, by EXIF orientation; None for none."""
    try:
        return _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:
        log.debug("damaged EXIF: no orientation", exc_info=True)
        return None


def _metadata(image: Image.Image, file: BinaryIO) -> Metadata:
    width, height = image.size
    chunks = png.chunks(file) if image.format == "PNG" else None
    if chunks is not None and chunks.exif is not None:
        image.info["exif"] = chunks.exif
    turn = _turn(image)
    if turn is not None and turn not in (_TURNS[2], _TURNS[3], _TURNS[4]):
        width, height = height, width
    exif = _exif(image)
    facts = exif_facts(exif)
    packet = image.info.get("xmp")
    facts["burst"] = facts["burst"] or xmp.burst(packet)
    return Metadata(
        kind="image",
        width=width,
        height=height,
        generated=GENERATED_KEY in image.info,
        film=motion.film_in(file, packet) if image.format in _WITH_FILMS else None,
        words=pictures.words_of(image, exif, chunks),
        **facts,  # type: ignore[arg-type]
    )


def _exif(image: Image.Image) -> Image.Exif:
    # Pillow decodes a PNG to look for EXIF behind its pixels: see ``indexer.media.words.png``.
    if image.format == "PNG" and not _EXIF_IN_PNG & image.info.keys():
        return Image.Exif()
    try:
        return image.getexif()
    except Exception:
        log.debug("damaged EXIF", exc_info=True)
        return Image.Exif()


def _turn(image: Image.Image) -> Image.Transpose | None:
    # Pillow turns TIFF and libheif turns HEIC on its own.
    return None if image.format in ("TIFF", "HEIF") else turn_of(_exif(image))


def _first_to_show(image: Image.Image, min_side: int) -> Image.Image:
    """The first frame of an animation that is not blank, if one comes soon; else its first frame."""
    shown = first = shrink(image, min_side)
    if image.format not in _ANIMATED or not getattr(image, "is_animated", False):
        return first
    for number in range(1, _FRAMES_LOOKED_AT):
        if not _blank(shown):
            return shown
        try:
            image.seek(number)
        except EOFError:
            break
        shown = shrink(image, min_side)
    return first


def _blank(image: Image.Image) -> bool:
    return all(high - low < 8 for low, high in image.getextrema())  # type: ignore[misc]


def _resizable(image: Image.Image) -> Image.Image:
    """The image in a mode that can be averaged over pixels."""
    if image.mode == "F" or image.mode.startswith("I"):
        return _eight_bits(image)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("P", "1"):
        return image.convert("RGB")
    return image


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey levels of 10, 12, 16 or 32 bits, or floating point, brought to 0 to 255."""
    levels = np.nan_to_num(np.asarray(image, dtype=np.float32))
    low, high = float(levels.min()), float(levels.max())
    if image.mode == "F" or low < 0:
        scale = 255 / ((high - low) or 1.0)
    else:
        # A sensor of 12 bits stores 0 to 4095 in 16: its own white, not the container's, is white.
        low, scale = 0.0, 255 / (2 ** max(8, int(high).bit_length()) - 1)
    return Image.fromarray(((levels - low) * scale).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _taken_at(exif: Image.Exif) -> "tuple[datetime, Source] | None":
    details = exif.get_ifd(ExifTags.IFD.Exif)
    tags = ExifTags.Base
    fields: tuple[tuple[datetime | None, Source], ...] = (
        (_moment(details, tags.DateTimeOriginal, tags.SubsecTimeOriginal, tags.OffsetTimeOriginal), "exif"),
        (
            _moment(details, tags.DateTimeDigitized, tags.SubsecTimeDigitized, tags.OffsetTimeDigitized),
            "exif",
        ),
        # Programs write it when they save the picture, also on the day of editing.
        (dates.of_exif(exif.get(tags.DateTime), None, details.get(tags.OffsetTime)), "modified"),
    )
    return next(((moment, source) for moment, source in fields if moment is not None), None)


def _moment(details: Mapping[int, object], *of: int) -> datetime | None:
    return dates.of_exif(*map(details.get, of))


def _camera(exif: Image.Exif) -> str | None:
    make, model = (
        str(exif.get(tag, "")).replace("\0", " ").strip() for tag in (ExifTags.Base.Make, ExifTags.Base.Model)
    )
    # Most makers repeat themselves: "Canon", "Canon EOS R5"; "NIKON CORPORATION", "NIKON D750".
    if make and model.lower().startswith(make.split()[0].lower()):
        return model
    return f"{make} {model}".strip() or None


def _position(exif: Image.Exif) -> tuple[float, float] | None:
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    tags = ExifTags.GPS
    if tags.GPSLatitude not in gps or tags.GPSLongitude not in gps:
        return None
    latitude = _degrees(gps[tags.GPSLatitude], gps.get(tags.GPSLatitudeRef, "N"))
    longitude = _degrees(gps[tags.GPSLongitude], gps.get(tags.GPSLongitudeRef, "E"))
    return known(latitude, longitude)  # cameras without a fix write 0/0 (not a number) or plain zeros


def _lens(exif: Image.Exif) -> str | None:
    lens = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.LensModel, "")
    return str(lens).replace("\0", " ").strip() or None


def _live(exif: Image.Exif) -> str | None:
    return _of_apple(exif).get(apple.CONTENT_IDENTIFIER) or None


def _burst(exif: Image.Exif) -> str | None:
    return _of_apple(exif).get(apple.BURST_UUID) or None


def _of_apple(exif: Image.Exif) -> Mapping[int, str]:
    return apple.texts(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.MakerNote))


def _is_screenshot(exif: Image.Exif) -> bool:
    """Whether the comment says so, as Apple's systems write it; after eight bytes that name its encoding."""
    comment = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.UserComment, b"")
    text = comment if isinstance(comment, bytes) else str(comment).encode()
    return text.removeprefix(b"ASCII\0\0\0").strip(b"\0 ").lower() == b"screenshot"


def _exposure(exif: Image.Exif) -> str | None:
    details = exif.get_ifd(ExifTags.IFD.Exif)
    tags = ExifTags.Base
    parts = []
    for tag, format_value in (
        (tags.ExposureTime, _time),
        (tags.FNumber, lambda value: f"f/{value:.2g}" if value < 10 else f"f/{value:.0f}"),
        (tags.ISOSpeedRatings, lambda value: f"ISO {value:.0f}"),
        (tags.FocalLength, lambda value: f"{value:.3g} mm"),
    ):
        stored = details.get(tag)
        value = float((stored[0] if isinstance(stored, tuple) else stored) or 0)
        if math.isfinite(value) and value > 0:
            parts.append(format_value(value))
    return ", ".join(parts) or None


def _time(seconds: float) -> str:
    return f"1/{1 / seconds:.0f} s" if seconds < 0.4 else f"{seconds:.3g} s"


def _degrees(value: tuple[float, float, float], side: str) -> float:
    degrees, minutes, seconds = (float(part) for part in value)
    total = degrees + minutes / 60 + seconds / 3600
    return -total if str(side).strip("\0 ").upper() in ("S", "W") else total


_FACTS: tuple[tuple[str, Callable[[Image.Exif], object]], ...] = (
    ("taken_at", _taken_at),
    ("camera", _camera),
    ("lens", _lens),
    ("screenshot", _is_screenshot),
    ("exposure", _exposure),
    ("position", _position),
    ("live", _live),
    ("burst", _burst),
)


@contextmanager
def _pillow_errors() -> Iterator[None]:
    """Translate Pillow's errors to Trove's: the one place that does."""
    try:
        yield
    except MediaError:
        raise
    except UnidentifiedImageError as exc:
        raise UnknownFormatError("not a picture in any known format, or damaged at its very start") from exc
    except Image.DecompressionBombError as exc:
        raise DecodeError("the picture has more pixels than this process lets Pillow open") from exc
    except MemoryError as exc:
        raise DecodeError("decoding the picture needs more memory than there is") from exc
    except Exception as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise UnreadableError(f"the file cannot be read: {exc.strerror}") from exc
        # Damaged files make Pillow raise almost anything: OSError, SyntaxError, struct.error, ValueError...
        raise DecodeError(f"the picture is damaged or cut short: {exc}") from exc
