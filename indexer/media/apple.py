"""Apple's maker note in EXIF: the identifiers of live photos and bursts.

It is "Apple iOS", a zero, two bytes of version, "MM" for its byte order, and then a directory as in TIFF,
whose offsets count from the start of the note. ExifTool has the tags, in its table Image::ExifTool::Apple.
"""

import struct
from collections.abc import Mapping

_HEAD = b"Apple iOS\0"
_ORDERS = {b"MM": ">", b"II": "<"}
_ORDER = slice(12, 14)
_DIRECTORY = 14
_ASCII = 2
_LONGEST = 256

BURST_UUID = 0x000B
CONTENT_IDENTIFIER = 0x0011


def texts(note: object) -> Mapping[int, str]:
    """The texts of a maker note by their tags; empty where it is none of Apple's, or damaged."""
    if not isinstance(note, bytes) or not note.startswith(_HEAD) or note[_ORDER] not in _ORDERS:
        return {}
    order = _ORDERS[note[_ORDER]]
    found = {}
    try:
        (count,) = struct.unpack_from(f"{order}H", note, _DIRECTORY)
        for number in range(count):
            entry = _DIRECTORY + 2 + 12 * number
            tag, kind, length = struct.unpack_from(f"{order}HHI", note, entry)
            if kind == _ASCII and length <= _LONGEST:
                start = entry + 8
                if length > 4:
                    (start,) = struct.unpack_from(f"{order}I", note, start)
                found[tag] = note[start : start + length].split(b"\0")[0].decode("ascii", "replace").strip()
    except struct.error:
        return found
    return found
