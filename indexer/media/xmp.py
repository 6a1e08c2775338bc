"""What Google's cameras write in a picture's XMP: which burst it is of, and how long its film is.

The packet is searched as text: few values are wanted, and a packet need not be sound XML to hold them.
"""

import re
from collections.abc import Iterator

_LONGEST = 256
_BURST = re.compile(rb"""GCamera:BurstID(?:\s*=\s*|\s*>\s*)["']?([^"'<>\s]+)""")
_MICRO_VIDEO = re.compile(rb"""MicroVideoOffset(?:\s*=\s*|\s*>\s*)["']?(\d{1,12})""")
_ITEM = re.compile(rb"""<(?:Container:Item|rdf:li)\b[^<>]*?MotionPhoto[^<>]*>""")
_LENGTH = re.compile(rb"""Item:Length\s*=\s*["'](\d{1,12})""")


def film_lengths(packet: object) -> Iterator[int]:
    """How many bytes before the end of the file its film begins, as far as the packet says so."""
    if not isinstance(packet, bytes):
        return
    for item in _ITEM.finditer(packet):
        if match := _LENGTH.search(item[0]):
            yield int(match[1])
    if match := _MICRO_VIDEO.search(packet):
        yield int(match[1])


def burst(packet: object) -> str | None:
    """The identifier of the burst (``GCamera:BurstID``), or None."""
    match = _BURST.search(packet) if isinstance(packet, bytes) else None
    return match[1][:_LONGEST].decode("utf-8", "replace") if match else None
