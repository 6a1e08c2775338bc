"""Facts in the EXIF of a picture: when, where and with what it was taken, and which way up it is."""

import logging
import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from PIL import ExifTags, Image

from indexer.media import apple, dates
from indexer.media.degrees import known
from indexer.media.types import Metadata, Word

if TYPE_CHECKING:
    from db.catalog.facts import Source

log = logging.getLogger(__name__)

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
KEEP_SIDES = (TURNS[2], TURNS[3], TURNS[4])
"""Transpositions that change neither width nor height."""


def header(
    size: tuple[int, int],
    exif: Image.Exif | None = None,
    *,
    turn: Image.Transpose | None = None,
    words: tuple[Word, ...] = (),
    note: str | None = None,
) -> Metadata:
    """Metadata of a picture whose pixels have this size as stored, and what turns them upright."""
    width, height = size if turn is None or turn in KEEP_SIDES else reversed(size)
    facts = {} if exif is None else exif_facts(exif)
    return Metadata(
        kind="image",
        width=width,
        height=height,
        orientation=orientation_of(turn),
        words=words,
        note=note,
        **facts,  # type: ignore[arg-type]
    )


def orientation_of(turn: Image.Transpose | None) -> int:
    """The EXIF orientation that a transposition makes upright."""
    return next((number for number, own in TURNS.items() if own == turn), 1)


def loaded(block: bytes) -> Image.Exif:
    """EXIF from its bytes, with or without the mark before them; empty where they are damaged."""
    exif = Image.Exif()
    try:
        exif.load(block)
    except Exception:
        log.debug("damaged EXIF", exc_info=True)
        return Image.Exif()
    return exif


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
        return TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:
        log.debug("damaged EXIF: no orientation", exc_info=True)
        return None


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
