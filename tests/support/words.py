"""Words as programs write them into files and beside them: XMP packets, blocks of IPTC, chunks of PNG."""

import struct
import zlib
from pathlib import Path

from PIL import Image

SPACES = {
    "acdsee": "http://ns.acdsee.com/iptc/1.0/",
    "darktable": "http://darktable.sf.net/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "mwg-rs": "http://www.metadataworkinggroup.com/schemas/regions/",
    "MicrosoftPhoto": "http://ns.microsoft.com/photo/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "trove": "urn:trove:1.0:",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpDM": "http://ns.adobe.com/xmp/1.0/DynamicMedia/",
}


def packet(inside: str = "", **attributes: object) -> str:
    """An XMP packet with elements, and attributes such as ``xmp__Rating=5``."""
    spaces = " ".join(f'xmlns:{name}="{space}"' for name, space in SPACES.items())
    plain = " ".join(f'{name.replace("__", ":")}="{value}"' for name, value in attributes.items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {spaces} {plain}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    )


def listed(name: str, *items: str, kind: str = "Bag") -> str:
    """A property of several values; those of a text in languages, ``Alt``, are ``x-default`` and German."""
    languages = ("x-default", "de-DE") if kind == "Alt" else ("", "")
    lis = "".join(
        f'<rdf:li xml:lang="{language}">{item}</rdf:li>' if language else f"<rdf:li>{item}</rdf:li>"
        for item, language in zip(items, [*languages, *[""] * len(items)], strict=False)
    )
    return f"<{name}><rdf:{kind}>{lis}</rdf:{kind}></{name}>"


def iptc_jpeg(path: Path, *fields: tuple[int, int, bytes]) -> Path:
    """A JPEG with a Photoshop block of IPTC fields: (record, dataset, bytes)."""
    block = b"".join(
        b"\x1c" + bytes((record, dataset)) + struct.pack(">H", len(value)) + value
        for record, dataset, value in fields
    )
    resource = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(block)) + block + b"\0" * (len(block) % 2)
    segment = b"Photoshop 3.0\0" + resource
    Image.new("RGB", (8, 8), "teal").save(path)
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:])
    return path


def behind_the_pixels(path: Path, name: bytes, body: bytes) -> Path:
    """Put a chunk before the end of a PNG, behind its pixels, where exiftool writes."""
    chunk = struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    data = path.read_bytes()
    path.write_bytes(data[:-12] + chunk + data[-12:])
    return path
