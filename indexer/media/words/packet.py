"""XMP as Trove writes it beside copies of files, with ``MARK``, by which it knows it again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, SubElement, tostring

from indexer.media.words.xmp import MARK

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_DC = "http://purl.org/dc/elements/1.1/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_PICKS = {"picked": "1", "rejected": "-1"}


def packet(facts: Mapping[str, object]) -> bytes:
    """A sidecar with what people wrote, in UTF-8.

    Args:
        facts: by the keys of ``db.catalog.facts``, each where it is known: ``title``, ``description``,
            ``tags``, ``rating``, ``label``, ``pick``, ``favourite``, ``taken_at``, ``place``, and ``city``,
            ``state`` and ``country``.
    """
    root = Element("{adobe:ns:meta/}xmpmeta")
    about = SubElement(SubElement(root, f"{{{_RDF}}}RDF"), f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    about.set(f"{{{MARK}}}words", "1")
    for key in ("title", "description"):
        if key in facts:
            _list(about, f"{{{_DC}}}{key}", "Alt", [str(facts[key])])
    tags = facts.get("tags")
    if isinstance(tags, tuple) and tags:
        _list(about, f"{{{_DC}}}subject", "Bag", [str(tag).rpartition("/")[2] for tag in tags])
        levels = [str(tag).replace("/", "|") for tag in tags]
        _list(about, "{http://ns.adobe.com/lightroom/1.0/}hierarchicalSubject", "Bag", levels)
    for key, name in (("rating", "Rating"), ("label", "Label")):
        if key in facts:
            about.set(f"{{{_XMP}}}{name}", str(facts[key]))
    if (pick := _PICKS.get(str(facts.get("pick")))) is not None:
        about.set("{http://ns.adobe.com/xmp/1.0/DynamicMedia/}pick", pick)
    if facts.get("favourite"):
        about.set(f"{{{MARK}}}favourite", "1")
    _when_and_where(about, facts)
    return bytes(tostring(root, "utf-8", xml_declaration=True))


def _when_and_where(about: Element, facts: Mapping[str, object]) -> None:
    for key, name in (("city", "City"), ("state", "State"), ("country", "Country")):
        if key in facts:
            about.set(f"{{{_PHOTOSHOP}}}{name}", _visible(str(facts[key])))
    taken_at, place = facts.get("taken_at"), facts.get("place")
    if isinstance(taken_at, datetime):
        about.set(f"{{{_EXIF}}}DateTimeOriginal", taken_at.isoformat())
    if isinstance(place, tuple):
        for name, degrees, signs in (("Latitude", place[0], "NS"), ("Longitude", place[1], "EW")):
            about.set(f"{{{_EXIF}}}GPS{name}", _degrees(float(degrees), signs))


def _degrees(value: float, signs: str) -> str:
    """Degrees and minutes as XMP writes them: ``52,30.98N``."""
    whole, minutes = divmod(round(abs(value) * 60, 6), 60)
    return f"{whole:.0f},{minutes:.6f}{signs[value < 0]}"


def _visible(text: str) -> str:
    """A text without what XML cannot hold, which is nothing that people see."""
    return "".join(char for char in text if char.isprintable() or char == "\n")


def _list(about: Element, name: str, kind: str, texts: Sequence[str]) -> None:
    items = SubElement(SubElement(about, name), f"{{{_RDF}}}{kind}")
    for text in texts:
        item = SubElement(items, f"{{{_RDF}}}li")
        item.text = _visible(text)
        if kind == "Alt":
            item.set("{http://www.w3.org/XML/1998/namespace}lang", "x-default")
