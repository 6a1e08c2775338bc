"""Which way up a film is: the display matrix of its container, which turns and mirrors its frames."""

import struct
from typing import cast

import av


def turning(frame: av.VideoFrame) -> tuple[bool, int]:
    """What makes a frame upright: mirror it left to right, or not, then quarter turns counter-clockwise."""
    turns = round(frame.rotation / 90) % 4
    if not _is_mirrored(frame):
        return False, turns
    return True, (turns + 2) % 4  # FFmpeg tells where the x axis goes, which the mirror has turned round


def _is_mirrored(frame: av.VideoFrame) -> bool:
    matrix = cast("bytes | None", frame.side_data.get("DISPLAYMATRIX"))
    if matrix is None:
        return False
    a, b, _, c, d = struct.unpack_from("=5i", bytes(matrix))
    return bool(a * d - b * c < 0)
