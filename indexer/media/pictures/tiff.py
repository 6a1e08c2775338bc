"""Decode the TIFFs that Pillow does not know with OpenCV (libtiff): floating point, 16-bit Lab, BigTIFF."""

from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from db.errors import DecodeError
from indexer.media.pictures import directories
from indexer.media.pictures.errors import decoder_errors
from indexer.media.pictures.exif import TURNS, header
from indexer.media.pictures.libraw import head_exif
from indexer.media.pictures.scaling import as_picture, check_size, eight_bits, file_size, pages_note, shrink
from indexer.media.types import Metadata, Picture, UnknownFormatError
from indexer.media.words import pictures


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the first page; the pixels are not decoded. Errors as ``read``."""
    return _metadata(file, _first(file))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    Raises:
        UnknownFormatError: it is no TIFF.
        DecodeError: OpenCV cannot decode it.
        TooLargeError: it is too large.
    """
    page = _first(file)
    check_size(page[directories.WIDTH], page[directories.HEIGHT], max_megapixels, file_size(file))
    with decoder_errors("the TIFF is damaged or cut short"):
        file.seek(0)
        flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), flags)
        if pixels is None:
            raise DecodeError("a TIFF of a kind that cannot be decoded, or damaged, says libtiff")
        levels = eight_bits(pixels)
        # OpenCV has blue first.
        image = Image.fromarray(np.ascontiguousarray(_red_first(levels)))
        return _metadata(file, page), as_picture(shrink(image, min_side), _turn(page))


def _red_first(levels: Picture) -> Picture:
    if levels.ndim == 2:
        return levels
    if levels.shape[2] not in (3, 4):
        return levels[:, :, 0]
    return levels[:, :, [2, 1, 0, 3][: levels.shape[2]]]


def _first(file: BinaryIO) -> directories.Directory:
    page = next(directories.directories(file), {})
    if not page.get(directories.WIDTH) or not page.get(directories.HEIGHT):
        raise UnknownFormatError("not a TIFF, or damaged at its very start")
    return page


def _turn(page: directories.Directory) -> Image.Transpose | None:
    return TURNS.get(page.get(directories.ORIENTATION, 1))


def _metadata(file: BinaryIO, page: directories.Directory) -> Metadata:
    exif = head_exif(file)
    return header(
        (page[directories.WIDTH], page[directories.HEIGHT]),
        exif,
        turn=_turn(page),
        words=pictures.words_of_raw(exif),
        note=pages_note(directories.pages(file)),
    )
