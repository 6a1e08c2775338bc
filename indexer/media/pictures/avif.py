"""Decode AVIF as older writers wrote it, which libavif refuses: FFmpeg decodes, libheif reads the header."""

import io
from typing import Any, BinaryIO

import av
import numpy as np
import pillow_heif
from PIL import Image

from db.errors import DecodeError
from indexer.media.colour_spaces import Colours
from indexer.media.container import open_container
from indexer.media.pictures.colour import CODE_POINTS
from indexer.media.pictures.exif import header, loaded
from indexer.media.pictures.scaling import as_picture, check_size, file_size, shrink
from indexer.media.turning import turning
from indexer.media.types import Metadata, Picture
from indexer.media.words.pictures import words_of_parts


def probe(file: BinaryIO) -> Metadata:
    """Metadata of the header; the pixels are not decoded. Errors as ``read``."""
    return _metadata(_said(file))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the upright RGB picture, see ``indexer.media.reader.read_image``.

    Raises:
        DecodeError: damaged.
        TooLargeError: it is too large.
    """
    said = _said(file)
    width, height = said.size
    check_size(width, height, max_megapixels, file_size(file))
    file.seek(0)
    with open_container(file) as container:
        pixels = _upright(_whole(container, said.info.get("tiling") or {}), (width, height))
    image = Image.fromarray(pixels)
    if (nclx := said.info.get("nclx_profile")) is not None:
        image.info[CODE_POINTS] = Colours(nclx["color_primaries"], nclx["transfer_characteristics"])
    image.info["icc_profile"] = said.info.get("icc_profile")
    return _metadata(said), as_picture(shrink(image, min_side), None)


def _said(file: BinaryIO) -> Any:
    file.seek(0)
    try:
        said = pillow_heif.open_heif(io.BytesIO(file.read()))[0]
    except Exception as exc:
        raise DecodeError(f"the AVIF is damaged, says libheif: {' '.join(str(exc).split())}") from exc
    if not all(said.size):
        raise DecodeError("the AVIF says that it has no pixels")
    return said


def _metadata(said: Any) -> Metadata:
    exif = loaded(said.info.get("exif") or b"")
    return header(said.size, exif, words=words_of_parts(exif, said.info.get("xmp")))


def _whole(container: av.container.InputContainer, tiling: dict[str, int]) -> tuple[Picture, av.VideoFrame]:
    """The pixels, RGBA, of all tiles put together, and the first of their frames."""
    columns, rows = tiling.get("num_columns", 1), tiling.get("num_rows", 1)
    frames = [_decoded(container, stream) for stream in container.streams.video]
    coloured = [frame for frame in frames if not frame.format.name.startswith("gray")]
    tiles = coloured[: rows * columns] or frames[: rows * columns]
    if len(tiles) < rows * columns:
        raise DecodeError("parts of the AVIF are missing")
    colours = _grid([tile.to_ndarray(format="rgb24") for tile in tiles], columns)
    # Behind the colours stand as many tiles of transparency, where there is any, of the same size.
    masks = [
        frame for frame in frames if frame.format.name.startswith("gray") and _size(frame) == _size(tiles[0])
    ]
    if not coloured or len(masks) < len(tiles):
        return colours, tiles[0]
    mask = _grid([frame.to_ndarray(format="gray") for frame in masks[: len(tiles)]], columns)
    return np.dstack([colours, mask]), tiles[0]


def _size(frame: av.VideoFrame) -> tuple[int, int]:
    return frame.width, frame.height


def _grid(tiles: list[Any], columns: int) -> Picture:
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> av.VideoFrame:
    container.seek(0)
    for packet in container.demux(stream):
        for frame in packet.decode():
            return frame
    raise DecodeError("the AVIF is damaged or cut short")


def _upright(whole: tuple[Picture, av.VideoFrame], size: tuple[int, int]) -> Picture:
    """The pixels turned upright and cut to the size that the header states: tiles go beyond it."""
    pixels, frame = whole
    mirrored, turns = turning(frame)
    pixels = np.rot90(np.fliplr(pixels) if mirrored else pixels, turns)
    (width, height), (lines, columns) = size, pixels.shape[:2]
    if width > columns or height > lines:
        raise DecodeError("the AVIF is smaller than its header says")
    return np.ascontiguousarray(pixels[:height, :width])
