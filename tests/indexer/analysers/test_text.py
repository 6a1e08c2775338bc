"""Text in pictures as units: where they are, and how many there are at most."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from db.catalog.units import NewUnit
from db.settings import Settings
from indexer.analysers.medium import Medium
from indexer.analysers.text import MOST_UNITS, Text
from indexer.media.pool import DecodePool
from indexer.ocr.lines import Line

CORNERS = np.array([[0, 0], [200, 0], [200, 20], [0, 20]], np.float32)


def made(path: Path, words: Sequence[str], turn: Image.Transpose | None = None) -> Path:
    """A picture with lines of words on a coloured ground."""
    picture = Image.new("RGB", (900, 500), (70, 110, 80))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(36)
    draw.rectangle((80, 80, 700, 120 + 60 * len(words)), "white")
    for number, text in enumerate(words):
        draw.text((110, 100 + 60 * number), text, "black", font)
    (picture if turn is None else picture.transpose(turn)).save(path)
    return path


def units(path: Path, settings: Settings, decoders: DecodePool) -> list[NewUnit]:
    pytest.importorskip("rapidocr")
    medium = Medium(path, decoders, side=512, max_megapixels=100)
    return [draft.unit for draft in Text(settings).analyse(medium, lambda _: None)]


@pytest.mark.parametrize(
    "turn", [None, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270]
)
def test_a_sign_is_a_unit_where_it_stands(
    tmp_path: Path, settings: Settings, decoders: DecodePool, turn: Image.Transpose | None
) -> None:
    path = made(tmp_path / "sign.png", ["Platform 9", "to the harbour"], turn)
    (unit,) = units(path, settings, decoders)
    assert unit.kind == "text"
    assert unit.text == "Platform 9 to the harbour"
    assert unit.region is not None
    assert unit.detail is not None
    assert [unit.text[part["start"] : part["end"]] for part in unit.detail["lines"]] == [
        "Platform 9",
        "to the harbour",
    ]
    assert [len(part["words"]) for part in unit.detail["lines"]] == [2, 3]
    if turn is None:
        assert unit.region.x == pytest.approx(110 / 900, abs=0.03)
        assert unit.region.y == pytest.approx(105 / 500, abs=0.05)


def test_a_picture_without_text_has_no_unit(tmp_path: Path, settings: Settings, decoders: DecodePool) -> None:
    path = tmp_path / "plain.png"
    Image.linear_gradient("L").resize((800, 600)).convert("RGB").save(path)
    assert units(path, settings, decoders) == []


class Endless:
    """A reader that finds more lines than anybody wants."""

    def read(self, _picture: np.ndarray) -> list[Line]:
        return [
            Line(f"row {row} stands alone", 0.99, CORNERS + np.float32(100 * row), ((0.0, 1.0),))
            for row in range(MOST_UNITS + 30)
        ]


def test_a_page_without_end_gives_so_many_units_and_says_so(
    tmp_path: Path, settings: Settings, decoders: DecodePool
) -> None:
    path = made(tmp_path / "page.png", ["Page"])
    analyser = Text(settings)
    analyser._ocr = Endless  # type: ignore[assignment]
    medium = Medium(path, decoders, side=512, max_megapixels=100)
    units = [draft.unit for draft in analyser.analyse(medium, lambda _: None)]
    assert len(units) == MOST_UNITS
    assert units[-1].detail is not None
    assert units[-1].detail["left_out"] == 30
    assert all("left_out" not in (unit.detail or {}) for unit in units[:-1])
