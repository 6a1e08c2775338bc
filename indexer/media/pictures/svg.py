"""Draw SVG with resvg, after all that leads out of the file or runs in it is taken away.

resvg has no scripts and no network, but would read files that pictures in a drawing name.
"""

import base64
import binascii
import io
import math
import re
import zlib
from typing import BinaryIO
from xml.etree.ElementTree import Element, ParseError, tostring

import resvg_py
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from PIL import Image

from db.errors import DecodeError
from indexer.media.pictures.exif import header
from indexer.media.pictures.scaling import as_picture, check_size, shrink
from indexer.media.types import Metadata, Picture, UnknownFormatError, fit

_SPACE = "{http://www.w3.org/2000/svg}"
_MOST_BYTES = 16 << 20
_MOST_ELEMENTS = 100_000
_LEAST_SIDE, _MOST_SIDE = 1024, 4096
"""Pixels of the shorter side: a drawing has none of its own, but is drawn at least and at most so large."""
_MOST_MEGAPIXELS = 24
_LEAVES = frozenset({"script", "foreignObject", "iframe", "audio", "video"})
_EMBEDDED = re.compile(r"data:image/(?:png|jpe?g|gif|webp);base64,", re.IGNORECASE)
_OUTSIDE = re.compile(r"url\(\s*(?!['\"]?\s*#)[^)]*\)|@import[^;]*;?", re.IGNORECASE)
_LENGTH = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(px|pt|pc|mm|cm|in|em|ex|)\s*", re.IGNORECASE)
_UNITS = {
    "": 1,
    "px": 1,
    "pt": 4 / 3,
    "pc": 16,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96,
    "em": 16,
    "ex": 8,
}


def probe(file: BinaryIO) -> Metadata:
    """The size of the drawing, and its title; nothing is drawn. Errors as ``read``."""
    return _metadata(_document(file))


def read(file: BinaryIO, *, min_side: int, max_megapixels: float) -> tuple[Metadata, Picture]:
    """Metadata and the drawing on white, see ``indexer.media.reader.read_image``.

    A small one is drawn larger than it says. Its own size costs nothing, so that any is allowed.

    Raises:
        UnknownFormatError: it is no SVG.
        DecodeError: damaged, or larger than a drawing is.
        TooLargeError: a smaller one is allowed.
    """
    root = _document(file)
    _clean(root)
    width, height = _size(root)
    short = round(min(min_side, max(_LEAST_SIDE, min(width, height)), _MOST_SIDE))
    # ``fit`` never enlarges: it is asked about a drawing that is large enough.
    factor = max(1.0, short / min(width, height))
    wide, high = fit(math.ceil(width * factor), math.ceil(height * factor), short)
    check_size(wide, high, max_megapixels)
    try:
        drawn = resvg_py.svg_to_bytes(svg_string=tostring(root, encoding="unicode"), width=wide, height=high)
    except Exception as exc:
        raise DecodeError(f"the SVG cannot be drawn, says resvg: {' '.join(str(exc).split())}") from exc
    with Image.open(io.BytesIO(bytes(drawn)), formats=("PNG",)) as image:
        return _metadata(root), as_picture(shrink(image, short), None)


def _document(file: BinaryIO) -> Element:
    file.seek(0)
    data = file.read(_MOST_BYTES + 1)
    if data.startswith(b"\x1f\x8b"):
        try:
            data = zlib.decompressobj(wbits=31).decompress(data, _MOST_BYTES + 1)
        except zlib.error as exc:
            raise DecodeError("the SVG is packed, and damaged") from exc
    if len(data) > _MOST_BYTES:
        raise DecodeError(f"the SVG is larger than {_MOST_BYTES >> 20} MB")
    try:
        root: Element = fromstring(data)
    except DefusedXmlException as exc:
        raise DecodeError(
            "the SVG declares entities, which may grow without end or read other files"
        ) from exc
    except (ParseError, ValueError, LookupError) as exc:
        raise UnknownFormatError(f"not an SVG, or damaged: {exc}") from exc
    if root.tag != f"{_SPACE}svg":
        raise UnknownFormatError("not an SVG")
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise DecodeError(f"the SVG has more than {_MOST_ELEMENTS:,} elements")
    return root


def _metadata(root: Element) -> Metadata:
    width, height = _size(root)
    return header((max(1, round(width)), max(1, round(height))))


def _size(root: Element) -> tuple[float, float]:
    """Pixels as the drawing states them, else those of its view box; 100 by 100 without either."""
    box = [_number(part) for part in re.split(r"[\s,]+", root.get("viewBox", "").strip())]
    seen = (box[2], box[3]) if len(box) == 4 and box[2] and box[3] else None
    width, height = _number(root.get("width", "")), _number(root.get("height", ""))
    if seen is not None:
        width = width or (height * seen[0] / seen[1] if height else seen[0])
        height = height or width * seen[1] / seen[0]
    return max(1e-3, min(width or height or 100.0, 1e9)), max(1e-3, min(height or width or 100.0, 1e9))


def _number(text: str) -> float:
    """A length in pixels; 0 for one that is none, such as a share of the window."""
    match = _LENGTH.fullmatch(text)
    try:
        return float(match[1]) * _UNITS[match[2].lower()] if match else 0.0
    except ValueError:
        return 0.0


def _clean(root: Element) -> None:
    """Take away scripts, foreign documents and all that points out of the file."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.rpartition("}")[2] in _LEAVES:
                parent.remove(child)
        for name, value in list(parent.attrib.items()):
            own = name.rpartition("}")[2]
            if own.startswith("on") or own == "base" or (own == "href" and not _stays(value)):
                del parent.attrib[name]
            elif "url(" in value.lower():
                parent.set(name, _OUTSIDE.sub("none", value))
        if parent.tag == f"{_SPACE}style":
            parent.text = _OUTSIDE.sub("none", parent.text or "")


def _stays(link: str) -> bool:
    """Whether a link leads into the file itself: to an element, or to a small picture."""
    link = link.strip()
    if link.startswith("#"):
        return True
    if (match := _EMBEDDED.match(link)) is None:
        return False
    try:
        data = base64.b64decode(link[match.end() :])
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as image:
            return image.width * image.height <= _MOST_MEGAPIXELS * 1e6
    except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
        return False
