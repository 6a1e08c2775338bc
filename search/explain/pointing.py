"""Where in a picture each part of a question is, by a model that finds what words say, or by its things.

Without such a model, and where neither finds anything, there are none: then ``heatmap`` tells what the search
model looks at.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from db.catalog.units import Region
from db.library import Library
from db.settings import Settings
from db.times import is_during
from db.words.asked import asked_of
from db.words.spans import spans
from indexer.pretrained.boxes import load_pointer
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.presets import NONE
from indexer.pretrained.weights import chosen
from search.engine.things import things
from search.query.asking import asked_for
from search.query.language import Parsed
from search.translation.router import language_asked_in, translated

LEAST = 0.3
"""How sure a model must be that something is what words say; its scores are lower than those of detectors."""
MOST = 5
"""Boxes of one part of a question: more would cover the picture."""
_COLOURS = ("#ffd600", "#00e5ff", "#ff6ec7", "#76ff03")
"""Of the boxes, one for each part of the question."""
_LINE, _LETTERS = 0.006, 0.035
"""Shares of the longer side."""


@dataclass(frozen=True)
class Place:
    """Where a part of a question is. ``name``: what is there; ``by``: who says so, and is ``score`` sure."""

    part: str
    name: str
    region: Region
    score: float | None
    by: Literal["pointer", "things"]


def places(
    library: Library, parsed: Parsed, path: Path, at_s: float | None, picture: Image.Image
) -> tuple[Place, ...]:
    """Where a picture, or a film at a second, shows the parts of a question; none where nobody can tell.

    Raises:
        ModelError: a model was chosen that cannot be had or used.
    """
    terms = (term for terms in parsed.alternatives for term in terms)
    parts = list(dict.fromkeys(term.value for term in terms if term.kind != "picture" and term.weight > 0))
    return _pointed(library.settings, parts, picture) or _among_things(library, parts, path, at_s)


def boxed(picture: Image.Image, found: Sequence[Place]) -> Image.Image:
    """The picture with a box around each place, in one colour for each part of the question."""
    shown = picture.convert("RGB")
    pen = ImageDraw.Draw(shown)
    width, height = shown.size
    line, letters = max(2, round(_LINE * max(shown.size))), max(10, round(_LETTERS * max(shown.size)))
    colours = dict(zip(dict.fromkeys(place.part for place in found), _COLOURS * len(found), strict=False))
    for place in reversed(found):  # the surest on top
        x, y, w, h = place.region
        colour = colours[place.part]
        pen.rectangle((x * width, y * height, (x + w) * width, (y + h) * height), outline=colour, width=line)
        sure = "" if place.score is None else f" {100 * place.score:.0f} %"
        # The only font that comes along has no letters but these.
        name = place.name if place.name.isascii() else ""
        pen.text(
            (x * width + 2 * line, y * height + line),
            f"{name}{sure}".strip(),
            fill=colour,
            font=ImageFont.load_default(letters),
            stroke_width=max(1, line // 2),
            stroke_fill="black",
        )
    return shown


def _pointed(settings: Settings, parts: Sequence[str], picture: Image.Image) -> tuple[Place, ...]:
    model = chosen(settings.pointer, "ground") if parts else NONE
    if model == NONE:
        return ()
    found = []
    with Pretrained(model, "ground", settings, load_pointer).use() as pointer:
        for part in parts:
            phrase = _in_english(part)
            found += [
                Place(part, box.label, Region(*box[2:]), _rounded(box.score), "pointer")
                for box in pointer.point(picture, phrase, LEAST)[:MOST]
            ]
    return tuple(found)


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 4)


def _in_english(part: str) -> str:
    """What is to be found, without the words of asking; in English, which is what models read."""
    said = translated(unicodedata.normalize("NFKC", part))
    return said.english[0] if said is not None and said.english else asked_for(part)


def _among_things(
    library: Library, parts: Sequence[str], path: Path, at_s: float | None
) -> tuple[Place, ...]:
    """The things in it whose names have a word of a part."""
    seen = [thing for thing in things(library, path) if is_during(thing, at_s)]
    found = []
    for part in parts:
        phrase = _in_english(part)
        words = asked_of(phrase, language_asked_in(phrase))
        having = spans([thing.name for thing in seen], words, ["en"] * len(seen))
        named = [thing for thing, places in zip(seen, having, strict=True) if places]
        found += [Place(part, one.name, one.region, one.score, "things") for one in named[:MOST]]
    return tuple(found)
