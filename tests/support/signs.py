"""Pictures and films with text in them, and units of that text whose places are known."""

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from db import kinds
from db.catalog import analyses, contents, units
from db.catalog.units import NewUnit, Region
from db.library import Library
from indexer.analysers import registry as registry

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, each 0 to 1."""


def page(
    path: Path,
    lines: Sequence[str],
    *,
    size: tuple[int, int] = (1000, 600),
    at: tuple[int, int] = (60, 60),
    height: int = 40,
    colours: tuple[str, str] = ("white", "black"),
    turn: int = 0,
) -> list[Box]:
    """Write a picture with lines of text; returns their boxes before it is turned, counter-clockwise."""
    picture, boxes = _drawn(lines, size, at, height, colours)
    picture.rotate(turn, expand=True).save(path)
    return boxes


def film(path: Path, lines: Sequence[str], *, shown_s: tuple[float, float] = (2.0, 4.0)) -> list[Box]:
    """Write a film of six seconds with text between two of them; returns the boxes of the lines."""
    size = (640, 480)
    written, boxes = _drawn(lines, size, (80, 180), 48, ("#203a60", "white"))
    empty, _ = _drawn((), size, (0, 0), 1, ("#203a60", "white"))
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(60):
            shown = written if shown_s[0] <= number / 10 < shown_s[1] else empty
            frame = av.VideoFrame.from_ndarray(np.asarray(shown))
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return boxes


def detail(lines: Sequence[str], boxes: Sequence[Box]) -> dict[str, Any]:
    """What an analyser keeps of level lines that a text is put together from, with spaces between them."""
    known, start, long = [], 0, ImageFont.load_default(100).getlength
    for line, (left, top, right, bottom) in zip(lines, boxes, strict=True):
        words, place = [], 0
        for word in line.split():
            place = line.index(word, place)
            ends = place + len(word)
            words.append([long(line[:place]) / long(line), long(line[:ends]) / long(line)])
            place = ends
        box = [left, top, right, top, right, bottom, left, bottom]
        known.append(
            {"start": start, "end": start + len(line), "box": box, "confidence": 1.0, "words": words}
        )
        start += len(line) + 1
    return {"lines": known}


def add_text(
    library: Library,
    path: Path,
    lines: Sequence[str],
    boxes: Sequence[Box],
    span: tuple[float, float] | None = None,
    kind: str = "text",
) -> None:
    """Store a unit of text in a file that is indexed, without a vector, in place of earlier ones."""
    start_s, end_s = span or (None, None)
    left, top = (min(box[side] for box in boxes) for side in (0, 1))
    right, bottom = (max(box[side] for box in boxes) for side in (2, 3))
    unit = NewUnit(
        kind,
        start_s=start_s,
        end_s=end_s,
        at_s=None if span is None else sum(span) / 2,
        region=Region(left, top, right - left, bottom - top),
        text=" ".join(lines),
        detail=detail(lines, boxes),
    )
    with library.write() as session:
        content_id = contents.find(session, sha256(path.read_bytes()).digest())
        assert content_id is not None
        maker = kinds.makers(kind)[0]
        analysis_id = analyses.record(session, maker, "1", "done", content_id=content_id, took_ms=1)
        units.add(session, [(unit, content_id, analysis_id, None)])


def _drawn(
    lines: Sequence[str],
    size: tuple[int, int],
    at: tuple[int, int],
    height: int,
    colours: tuple[str, str],
) -> tuple[Image.Image, list[Box]]:
    picture = Image.new("RGB", size, colours[0])
    draw, font, boxes = ImageDraw.Draw(picture), ImageFont.load_default(height), []
    for number, line in enumerate(lines):
        place = (at[0], at[1] + round(1.5 * height * number))
        left, top, right, bottom = draw.textbbox(place, line, font)
        boxes.append((left / size[0], top / size[1], right / size[0], bottom / size[1]))
        draw.text(place, line, colours[1], font)
    return picture, boxes
