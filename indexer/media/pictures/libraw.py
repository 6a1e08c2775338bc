"""Decode camera raw photographs with LibRaw, or their embedded preview where it is large enough."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import rawpy
from PIL import Image

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media import dates
from indexer.media.pictures.exif import exif_facts, orientation_of, turn_of
from indexer.media.pictures.scaling import as_picture, check_size, file_size, shrink
from indexer.media.types import Metadata, Picture, UnknownFormatError
from indexer.media.words import pictures

# LibRaw's flip codes as Pillow's transpositions; LibRaw has no mirrored ones.
_FLIPS = {
    3: Image.Transpose.ROTATE_180,
    5: Image.Transpose.ROTATE_90,
    6: Image.Transpose.ROTATE_270,
}


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the header. Errors as ``read``."""
    with _photograph(file) as raw:
        return _metadata(file, raw, _preview(raw))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    Raises:
        UnknownFormatError: LibRaw does not know the format or the camera.
        DecodeError: damaged, or too large.
        UnreadableError: input/output error.
    """
    with _photograph(file) as raw:
        sizes = raw.sizes
        check_size(sizes.raw_width, sizes.raw_height, max_megapixels)
        preview = _preview(raw)
        if preview is not None:
            check_size(*preview.size, max_megapixels, file_size(file))
        metadata = _metadata(file, raw, preview)
        if preview is not None and min(preview.size) >= min(min_side, sizes.height, sizes.width):
            turn = _preview_turn(preview, sizes.flip)
            return metadata, as_picture(shrink(preview, min_side), turn)
        half = min(sizes.height, sizes.width) >= 2 * min_side
        pixels = raw.postprocess(half_size=half, use_camera_wb=True, output_bps=8)
        return metadata, as_picture(shrink(Image.fromarray(pixels), min_side), None)


def _preview(raw: rawpy.RawPy) -> Image.Image | None:
    """The JPEG preview that the camera embedded, not yet decoded; None without a usable one."""
    try:
        thumbnail = raw.extract_thumb()
        if thumbnail.format is rawpy.ThumbFormat.JPEG:
            return Image.open(io.BytesIO(bytes(thumbnail.data)), formats=("JPEG",))
    except (rawpy.LibRawError, OSError):
        pass  # there is none, or it is of no use: the photograph itself is developed
    return None


def _preview_turn(preview: Image.Image, flip: int) -> Image.Transpose | None:
    """Rotation that makes a preview upright: by its own EXIF orientation, else by the sensor's."""
    exif = preview.getexif()
    return turn_of(exif) if 274 in exif else _FLIPS.get(flip)


def _metadata(file: BinaryIO, raw: rawpy.RawPy, preview: Image.Image | None) -> Metadata:
    sizes = raw.sizes
    width, height = sizes.width, sizes.height
    if sizes.flip in (5, 6):
        width, height = height, width
    orientation = orientation_of(_FLIPS.get(sizes.flip))
    metadata = Metadata(kind="image", width=width, height=height, orientation=orientation)
    # Most raw formats are TIFF and have EXIF at their head; the others have it in the preview.
    head = head_exif(file)
    words = pictures.words_of_raw(head)
    if not words and preview is not None:
        words = pictures.words_of(preview, preview.getexif())
    metadata = replace(metadata, words=words)
    for exif in (head, preview.getexif() if preview else Image.Exif()):
        facts = {name: value for name, value in exif_facts(exif).items() if value is not None}
        if metadata.taken_at is not None or "taken_at" not in facts:
            facts.pop("taken_from", None)
        known = {name: value for name, value in _known(metadata).items() if name != "taken_from"}
        metadata = replace(metadata, **{**facts, **known})  # type: ignore[arg-type]
    if metadata.taken_at is None:
        metadata = replace(metadata, taken_at=dates.believable(raw.other.timestamp, 1981))
    return metadata


def _known(metadata: Metadata) -> dict[str, object]:
    return {name: value for name, value in vars(metadata).items() if value is not None}


def head_exif(file: BinaryIO) -> Image.Exif:
    """EXIF of a file that begins as a TIFF; empty for others."""
    exif = Image.Exif()
    try:
        file.seek(0)
        exif.load_from_fp(file)
    except Exception:  # not TIFF, or damaged: EXIF is a bonus
        return Image.Exif()
    return exif


@contextmanager
def _photograph(file: BinaryIO) -> Iterator[rawpy.RawPy]:
    """Open a photograph and translate LibRaw's errors to Trove's: the one place that does."""
    try:
        file.seek(0)  # another decoder may have looked at it before
        with rawpy.imread(file) as raw:
            yield raw
    except MediaError:
        raise
    except rawpy.LibRawFileUnsupportedError as exc:
        raise UnknownFormatError("not a raw photograph, or of a camera that is not known") from exc
    except (MemoryError, rawpy.LibRawUnsufficientMemoryError) as exc:
        raise DecodeError("developing the photograph needs more memory than there is") from exc
    except Exception as exc:
        if isinstance(exc, OSError) and exc.strerror is not None:
            raise UnreadableError(f"the file cannot be read: {exc.strerror}") from exc
        reason = exc.args[0] if exc.args else exc
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise DecodeError(f"the raw photograph is damaged or cut short: {text}") from exc
