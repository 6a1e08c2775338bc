"""Names of people in pictures, with their places on the stored pixels, as photo programs write them into XMP.

Two forms: that of the Metadata Working Group, which Picasa, Lightroom, digiKam and others write, and that of
Microsoft. Names without a place stand in IPTC's ``PersonInImage``.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.media.orientation import Box

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_MWG = "{http://www.metadataworkinggroup.com/schemas/regions/}"
_AREA = "{http://ns.adobe.com/xmp/sType/Area#}"
_DIMENSIONS = "{http://ns.adobe.com/xap/1.0/sType/Dimensions#}"
_MICROSOFT = "{http://ns.microsoft.com/photo/1.2/t/Region#}"
_OLDER_MICROSOFT = "{http://ns.microsoft.com/photo/1.2/}"
_IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}PersonInImage"
_NUMBER = re.compile(r"\s*-?\d{0,4}(?:\.\d{1,20})?\s*")
_PERSONS = frozenset(("face", ""))
"""What a region is of that has a name: programs name pets and codes, too."""


def drawn_on(root: "Element") -> tuple[float, float] | None:
    """Width and height of the picture that regions were drawn on, where that is said."""
    for node in root.iter():
        if node.tag == f"{_MWG}AppliedToDimensions":
            said = _said(node)
            width, height = (_number(said.get(f"{_DIMENSIONS}{name}", "")) for name in "wh")
            if width and height:
                return width, height
    return None


def people(root: "Element") -> Iterator[tuple[str, Box | None]]:
    """Names with left edge, top edge, width and height, 0 to 1; first those that have a place."""
    for item in root.iter(f"{_RDF}li"):
        said = _said(item)
        name = said.get(f"{_MWG}Name")
        if name and said.get(f"{_MWG}Type", "").casefold() in _PERSONS:
            yield name, _of_middle(said)
        for space in (_MICROSOFT, _OLDER_MICROSOFT):
            if name := said.get(f"{space}PersonDisplayName"):
                yield name, _of_corner(said.get(f"{space}Rectangle", ""))
    for node in root.iter(_IPTC):
        yield from ((item.text, None) for item in node.iter(f"{_RDF}li") if item.text)


def _said(item: "Element") -> dict[str, str]:
    """The properties of a region: attributes and elements, of itself and of what is in it."""
    said: dict[str, str] = {}
    for node in item.iter():
        for name, value in node.attrib.items():
            said.setdefault(name, value)
        if node.text and node.text.strip():
            said.setdefault(node.tag, node.text.strip())
    return said


def _of_middle(said: dict[str, str]) -> Box | None:
    if said.get(f"{_AREA}unit", "normalized") != "normalized":
        return None
    numbers = [_number(said.get(f"{_AREA}{name}", "")) for name in "xywh"]
    x, y, w, h = numbers
    if x is None or y is None or w is None or h is None:
        return None
    return _inside(x - w / 2, y - h / 2, w, h)


def _of_corner(text: str) -> Box | None:
    numbers = [_number(part) for part in text.split(",")]
    if len(numbers) != 4 or any(number is None for number in numbers):
        return None
    x, y, w, h = (number or 0.0 for number in numbers)
    return _inside(x, y, w, h)


def _inside(x: float, y: float, w: float, h: float) -> Box | None:
    """The part of a box that is inside the picture."""
    left, top, right, bottom = max(0.0, x), max(0.0, y), min(1.0, x + w), min(1.0, y + h)
    if right <= left or bottom <= top:
        return None
    return left, top, right - left, bottom - top


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) and text.strip(" .-") else None
