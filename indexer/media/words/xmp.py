"""XMP, Adobe's metadata in XML: embedded in files of all kinds, and in sidecars beside them.

Programs keep the same words in different properties of it; the tables here say in which. The packet is parsed
by defusedxml: nothing in it can define an entity or name another file, and what is too large is not parsed.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from db.errors import DecodeError, MediaError, UnreadableError
from indexer.media.dates import of_iso
from indexer.media.degrees import known
from indexer.media.types import Word, WordKey
from indexer.media.words.clean import cleaned
from indexer.media.words.people import drawn_on, people

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from db.catalog.facts import Source

log = logging.getLogger(__name__)

LARGEST = 4 << 20
"""Bytes of a packet: an edited photograph with all its steps has some hundred thousand."""

_DEEPEST, _MOST_ELEMENTS = 100, 50_000

MARK = "urn:trove:1.0:"
"""The namespace of what Trove itself writes: a packet with a property of it is the user's own word."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_SPACES: Mapping[str, str] = {
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "core": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "darktable": "http://darktable.sf.net/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digikam": "http://www.digikam.org/ns/1.0/",
    "dm": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "ext": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "mediapro": "http://ns.iview-multimedia.com/mediapro/1.0/",
    "microsoft": "http://ns.microsoft.com/photo/1.0/",
    "microsoft1": "http://ns.microsoft.com/photo/1.0",
    "microsoft12": "http://ns.microsoft.com/photo/1.2/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "regions": "http://www.metadataworkinggroup.com/schemas/regions/",
    "trove": MARK,
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}

_TEXTS: Sequence[tuple[str, WordKey]] = (
    ("dc:title", "title"),
    ("acdsee:caption", "title"),
    ("photoshop:Headline", "title"),
    ("dm:album", "album"),
    ("dm:artist", "artist"),
    ("dc:description", "description"),
    ("acdsee:notes", "description"),
    ("tiff:ImageDescription", "description"),
    ("exif:UserComment", "description"),
    ("lr:hierarchicalSubject", "keyword"),
    ("digikam:TagsList", "keyword"),
    ("microsoft:LastKeywordXMP", "keyword"),
    ("microsoft1:LastKeywordXMP", "keyword"),
    ("mediapro:CatalogSets", "keyword"),
    ("dc:subject", "keyword"),
    ("acdsee:keywords", "keyword"),
    ("ext:PersonInImage", "keyword"),
    ("regions:Name", "keyword"),
    ("microsoft12:PersonDisplayName", "keyword"),
    ("core:Location", "location"),
    ("photoshop:City", "city"),
    ("ext:City", "city"),
    ("photoshop:State", "state"),
    ("ext:ProvinceState", "state"),
    ("photoshop:Country", "country"),
    ("ext:CountryName", "country"),
)
"""Properties that hold words, of those that mean the same the one that most programs fill first."""

_COLOURS = "red orange yellow green blue magenta gray black white".split()
"""digiKam's colour labels, counted from 1."""
_DARKTABLE = "red yellow green blue purple".split()
"""darktable's, counted from 0."""

_LABELS: Mapping[str, str] = {
    word: colour
    for colour, words in {
        "red": "red rot rouge rojo rosso rood vermelho röd rød czerwony красный 红色 select",
        "orange": "orange naranja arancione oranje laranja pomarańczowy оранжевый 橙色",
        "yellow": "yellow gelb jaune amarillo giallo geel amarelo gul żółty желтый жёлтый 黄色 second",
        "green": "green grün vert verde groen grön grøn zielony зеленый зелёный 绿色 approved",
        "blue": "blue blau bleu azul blu blauw blå niebieski синий 蓝色 review",
        "purple": "purple lila violett violet púrpura viola paars roxo lilla fioletowy фиолетовый 紫色 todo",
        "magenta": "magenta pink rosa",
        "gray": "gray grey grau gris grigio grijs",
        "black": "black schwarz noir negro nero zwart",
        "white": "white weiß weiss blanc blanco bianco wit",
    }.items()
    for word in words.split()
}
"""Names of colours in the languages of the programs that write them, and Bridge's names for its labels."""

_PICKS = {"1": "picked", "-1": "rejected"}


def of_sidecar(path: Path) -> list[Word]:
    """What a sidecar says.

    Raises:
        DecodeError: it is too large, no XML, or of a kind that nobody should open.
        UnreadableError: it cannot be read now.
    """
    try:
        with path.open("rb") as file:
            packet = file.read(LARGEST + 1)
    except (OSError, ValueError) as exc:
        raise UnreadableError(f"the file cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    return list(of_packet(packet, "sidecar"))


def embedded(packet: object) -> list[Word]:
    """What a packet in a file says; nothing where it is damaged, since it is not what the file is for."""
    if isinstance(packet, str):
        packet = packet.encode(errors="replace")
    if not isinstance(packet, bytes) or not packet.strip(b"\0 \n"):
        return []
    try:
        return list(of_packet(packet, "xmp"))
    except MediaError as exc:
        log.info("XMP in a file is left out: %s", exc)
        return []


def of_packet(packet: bytes, source: "Source") -> Iterator[Word]:
    """What a packet says, each property where several programs write it in the order of the tables.

    Raises:
        DecodeError: it is too large, no XML, or of a kind that nobody should open.
    """
    root = _root(packet)
    properties = _properties(root)
    if any(name.startswith(f"{{{MARK}}}") for name in properties):
        source = "user"
    found = [Word(key, text, source) for name, key in _TEXTS for text in properties.get(_qualified(name), ())]
    for key, readers in _MARKS.items():
        values = (
            value
            for name, read in readers
            for text in properties.get(_qualified(name), ())[:1]
            if (value := read(text)) is not None
        )
        if (first := next(values, None)) is not None:
            found.append(Word(key, first, source))
    if (here := _place(properties)) is not None:
        found.append(Word("place", here, source))
    size = drawn_on(root)
    found += [
        Word("person", name, source, region=region, is_stored=region is not None, drawn_on=size)
        for name, region in people(root)
    ]
    return cleaned(found)


def _place(properties: Mapping[str, Sequence[str]]) -> tuple[float, float] | None:
    """Degrees north and east; (0, 0) is that there is none."""
    texts = ((properties.get(_qualified(f"exif:GPS{name}")) or [""])[0] for name in ("Latitude", "Longitude"))
    latitude, longitude = map(_degrees, texts)
    return None if latitude is None or longitude is None else known(latitude, longitude)


_GPS = re.compile(r"\s*(\d{1,3})(?:,(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?)?\s*([NSEW])\s*", re.I)


def _degrees(text: str) -> float | None:
    """Degrees of ``52,30.98N`` or ``52,30,58.8N``, as XMP writes them."""
    if (match := _GPS.fullmatch(text)) is None:
        return None
    degrees = int(match[1]) + float(match[2] or 0) / 60 + float(match[3] or 0) / 3600
    return -degrees if match[4].upper() in "SW" else degrees


def _root(packet: bytes) -> "Element":
    from xml.etree.ElementTree import ParseError, TreeBuilder

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser

    class Builder(TreeBuilder):
        """A tree of so many elements, which are not too deep in each other."""

        depth = count = 0

        def start(self, tag: str, attrs: "dict[str, str]") -> "Element":
            self.depth, self.count = self.depth + 1, self.count + 1
            if self.depth > _DEEPEST or self.count > _MOST_ELEMENTS:
                raise DecodeError("the XMP has too many elements")
            return super().start(tag, attrs)

        def end(self, tag: str) -> "Element":
            self.depth -= 1
            return super().end(tag)

    if len(packet) > LARGEST:
        raise DecodeError(f"the XMP is larger than {LARGEST >> 20} MB")
    try:
        # Padding and a terminating zero follow packets in some files; in UTF-16 every other byte is a zero.
        wide = packet[:2] in (b"\xff\xfe", b"\xfe\xff")
        parser = DefusedXMLParser(target=Builder(), forbid_dtd=True)
        parser.feed(packet if wide else packet.strip(b"\0 \r\n\t"))
        root: Element = parser.close()
    except DefusedXmlException as exc:
        raise DecodeError("the XMP defines entities or names other files") from exc
    except (ParseError, ValueError, LookupError, RecursionError, MemoryError) as exc:
        raise DecodeError(f"the XMP is no sound XML: {exc}") from exc
    return root


def _properties(root: "Element") -> dict[str, list[str]]:
    """The texts of all properties by their qualified names: attributes, elements, and items of lists.

    Structures are not kept apart: what is wanted has a name of its own wherever it stands.
    """
    found: dict[str, list[str]] = {}
    for node in root.iter():
        if node.tag == f"{_RDF}Description" or node.tag == f"{_RDF}li":
            for name, value in node.attrib.items():
                found.setdefault(name, []).append(value)
        if node.tag.startswith(_RDF):
            continue
        if len(node) and node[0].tag in _LISTS:
            items = [item for item in node[0] if item.text]
            items.sort(key=lambda item: item.get(_LANG, "x-default") != "x-default")
            found.setdefault(node.tag, []).extend(item.text or "" for item in items)
        elif not len(node) and node.text:
            found.setdefault(node.tag, []).append(node.text)
    return found


_LISTS = tuple(f"{_RDF}{name}" for name in ("Alt", "Bag", "Seq"))


def _qualified(name: str) -> str:
    space, _, local = name.partition(":")
    return f"{{{_SPACES[space]}}}{local}"


def _stars(text: str) -> int | None:
    number = _number(text)
    return None if number is None else max(-1, min(5, round(number)))


def stars_of_percent(text: object) -> int | None:
    """The stars of a rating as Windows keeps it: 1, 25, 50, 75 and 99 per cent."""
    number = _number(str(text))
    return None if number is None or not 0 <= number <= 100 else 0 if number < 1 else round(number / 25) + 1


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\s*-?\d{1,3}(\.\d{1,6})?\s*", text) else None


def _label(text: str) -> str | None:
    """The colour of a label by its name; what somebody calls a label is kept as it is."""
    name = text.strip().casefold()
    return _LABELS.get(name.replace(" ", ""), name[:40]) or None


def _nth(names: Sequence[str], first: int) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        number = _number(text)
        place = -1 if number is None else round(number) - first
        return names[place] if 0 <= place < len(names) else None

    return read


def _rejected(text: str) -> str | None:
    return "rejected" if _stars(text) == -1 else None


_Reader = Callable[[str], str | int | datetime | None]
_MARKS: Mapping[WordKey, Sequence[tuple[str, _Reader]]] = {
    "rating": (
        ("xmp:Rating", _stars),
        ("microsoft:Rating", stars_of_percent),
        ("microsoft1:Rating", stars_of_percent),
        ("acdsee:rating", _stars),
    ),
    "label": (
        ("xmp:Label", _label),
        ("digikam:ColorLabel", _nth(_COLOURS, 1)),
        ("darktable:colorlabels", _nth(_DARKTABLE, 0)),
    ),
    "pick": (
        ("dm:pick", _PICKS.get),
        ("digikam:PickLabel", {"3": "picked", "1": "rejected"}.get),
        ("dm:good", {"true": "picked", "false": "rejected"}.get),
        ("xmp:Rating", _rejected),
    ),
    "favourite": (("trove:favourite", {"1": True}.get),),
    "taken_at": (
        ("exif:DateTimeOriginal", of_iso),
        ("photoshop:DateCreated", of_iso),
        ("exif:DateTimeDigitized", of_iso),
        ("xmp:CreateDate", of_iso),
    ),
}
"""What is no text, by the properties that hold it and what each value means."""
