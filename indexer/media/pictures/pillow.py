"""Decode pictures with Pillow (an allowlist of formats) and HEIC with libheif."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

import pillow_heif
from PIL import BmpImagePlugin, Image, UnidentifiedImageError

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media import motion, xmp
from indexer.media.pictures import cut
from indexer.media.pictures.colour import CODE_POINTS, code_points
from indexer.media.pictures.directories import pages
from indexer.media.pictures.exif import KEEP_SIDES, exif_facts, orientation_of, turn_of
from indexer.media.pictures.scaling import as_picture, check_size, file_size, pages_note, shrink
from indexer.media.pictures.timing import Timing, timing
from indexer.media.types import GENERATED_KEY, Metadata, Picture, UnknownFormatError
from indexer.media.words import pictures, png

log = logging.getLogger(__name__)

_ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_WITH_FILMS = frozenset({"JPEG", "MPO", "HEIF"})
_FRAMES_LOOKED_AT = 64
_EXIF_IN_PNG = {"exif", "Raw profile type exif"}

pillow_heif.register_heif_opener()


@dataclass(frozen=True)
class PillowReader:
    """Reads pictures of the formats that it is given, by Pillow's names of them."""

    formats: tuple[str, ...]

    def probe(self, file: BinaryIO) -> Metadata:
        """Metadata of the header; the pixels are not decoded. Errors as ``read``."""
        with self.opened(file) as image:
            return _metadata(image, file)

    def read(self, file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
        """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

        Raises:
            UnknownFormatError: Pillow does not know the format.
            DecodeError: damaged, or too large.
            UnreadableError: input/output error.
        """
        with self.opened(file) as image:
            check_size(*image.size, max_megapixels, file_size(file))
            metadata = _metadata(image, file)
            turn = _turn(image)
            _take_alpha(image)
            try:
                return metadata, as_picture(_first_to_show(image, min_side), turn)
            except MemoryError:
                raise
            except Exception as exc:
                part, note = cut.first_part(file, self.formats, min_side, exc)
                return replace(metadata, note=note or metadata.note), as_picture(part, turn)

    @contextmanager
    def opened(self, file: BinaryIO) -> Iterator[Image.Image]:
        """The picture by its header, with what goes wrong meanwhile translated to Trove's errors.

        Raises:
            UnknownFormatError, DecodeError, UnreadableError: as ``read``.
        """
        with _pillow_errors(file), self._opened(file) as image:
            yield image

    def _opened(self, file: BinaryIO) -> Image.Image:
        """The picture by its header; what is wrong with its texts or profile costs no more than these."""
        file.seek(0)  # another decoder may have looked at it before
        try:
            image = Image.open(file, formats=self.formats)
        except (UnidentifiedImageError, Image.DecompressionBombError, MemoryError):
            raise
        except Exception:
            whole = cut.completed(file) or file
            whole.seek(0)
            with cut.lenient():
                image = Image.open(whole, formats=self.formats)
        image.info[CODE_POINTS] = code_points(image, file)
        return image


# Closed lists: Pillow would also hand EPS to Ghostscript, and open formats nobody keeps photographs in.
PICTURES = PillowReader(
    tuple("JPEG PNG WEBP GIF BMP DIB TIFF AVIF HEIF JPEG2000 PSD".split()),
)
TARGA = PillowReader(("TGA",))
"""Apart, for it has no signature: anything may seem to be one."""


def _take_alpha(image: Image.Image) -> None:
    """Have Pillow read the fourth byte of each pixel of a BMP: writers put transparency where none is meant.

    Where it is the same everywhere nothing was put there.
    """
    tiles = getattr(image, "tile", None)
    if not isinstance(image, BmpImagePlugin.BmpImageFile) or not tiles or tiles[0].args[0] != "BGRX":
        return
    opaque = tiles[0]
    image.tile = [opaque._replace(args=("BGRA", *opaque.args[1:]))]
    image._mode = "RGBA"
    low, high = image.getextrema()[3]  # type: ignore[misc]
    if low == high:
        image.putalpha(255)


def _metadata(image: Image.Image, file: BinaryIO) -> Metadata:
    width, height = image.size
    chunks = png.chunks(file) if image.format == "PNG" else None
    if chunks is not None and chunks.exif is not None:
        image.info["exif"] = chunks.exif
    turn = _turn(image)
    if turn is not None and turn not in KEEP_SIDES:
        width, height = height, width
    exif = _exif(image)
    facts = exif_facts(exif)
    packet = image.info.get("xmp")
    moving = timing(file, image.format, image.size)
    facts["burst"] = facts["burst"] or xmp.burst(packet)
    return Metadata(
        kind="image" if moving is None else "video",
        width=width,
        height=height,
        orientation=orientation_of(turn_of(exif) if image.format == "TIFF" else turn),
        duration_s=None if moving is None else moving.duration_s,
        generated=GENERATED_KEY in image.info,
        film=motion.film_in(file, packet) if image.format in _WITH_FILMS else None,
        note=_note(image, file, moving),
        words=pictures.words_of(image, exif, chunks),
        **facts,  # type: ignore[arg-type]
    )


def _note(image: Image.Image, file: BinaryIO, moving: Timing | None) -> str | None:
    if image.format == "TIFF":
        return pages_note(pages(file))
    if moving is not None:
        return moving.note
    return cut.NOTE if cut.is_missing(file) else None


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


@contextmanager
def _pillow_errors(file: BinaryIO) -> Iterator[None]:
    """Translate Pillow's errors to Trove's: the one place that does."""
    try:
        yield
    except MediaError:
        raise
    except UnidentifiedImageError as exc:
        raise UnknownFormatError(
            f"not a picture that {_decoder(file)} knows, or damaged at its very start"
        ) from exc
    except Image.DecompressionBombError as exc:
        raise DecodeError("the picture has more pixels than this process lets Pillow open") from exc
    except MemoryError as exc:
        raise DecodeError("decoding the picture needs more memory than there is") from exc
    except Exception as exc:
        if isinstance(exc, OSError) and exc.errno is not None:
            raise UnreadableError(f"the file cannot be read: {exc.strerror}") from exc
        # Damaged files make Pillow raise almost anything: OSError, SyntaxError, struct.error, ValueError...
        reason = " ".join(str(exc).split())
        raise DecodeError(f"the picture is damaged or cut short, says {_decoder(file)}: {reason}") from exc


def _decoder(file: BinaryIO) -> str:
    """The library that has said no, for people who ask elsewhere."""
    try:
        file.seek(4)
        return "libheif" if file.read(8).startswith((b"ftyphe", b"ftypmif")) else "Pillow"
    except (OSError, ValueError):
        return "Pillow"
