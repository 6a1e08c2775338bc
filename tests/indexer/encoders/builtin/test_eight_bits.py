"""The picture tower in 8 bits: what it loses, and what happens where it cannot be had."""

import csv
import json
import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.errors import ModelError
from indexer.encoders.builtin.eight_bits import Ranges
from indexer.encoders.builtin.encoder import SecondEncoder
from indexer.encoders.builtin.towers import LITE2, load_image_tower
from indexer.media.reader import read_image
from tests.support import SAMPLES


def test_it_finds_what_float32_finds_and_both_can_be_compared(cache: Path) -> None:
    with (SAMPLES / "captions.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["image"].endswith((".jpg", ".png"))]
    plain, quick = SecondEncoder(cache, "cpu"), SecondEncoder(cache, "cpu", "int8")
    assert plain.fingerprint == quick.fingerprint, "precision is no part of a space"
    pictures = [
        read_image(SAMPLES / "pictures" / row["image"], min_side=512, max_megapixels=300)[1] for row in rows
    ]
    pixels = np.stack([plain.prepare(Image.fromarray(picture)) for picture in pictures])
    exact, rounded = plain.encode_pixels(pixels), quick.encode_pixels(pixels)
    alike = (exact * rounded).sum(axis=1)
    assert 0.98 < alike.min() < alike.mean() < 0.9999, "near, and not the same: it did run in 8 bits"
    texts = plain.encode_texts([row["caption"] for row in rows])
    right = np.arange(len(rows))
    found = [np.mean((texts @ vectors.T).argmax(axis=1) == right) for vectors in (exact, rounded)]
    assert found[1] >= found[0] - 1.5 / len(rows)
    mixed = np.where((right % 2 == 0)[:, None], exact, rounded)
    assert np.mean((texts @ mixed.T).argmax(axis=1) == right) >= found[0] - 1.5 / len(rows)


def test_without_ranges_it_stays_in_float32(cache: Path) -> None:
    pixels = np.zeros((1, 3, LITE2.size, LITE2.size), np.float32)
    plain = load_image_tower(LITE2, cache, "cpu")(pixels)
    np.testing.assert_array_equal(
        load_image_tower(replace(LITE2, ranges=None), cache, "cpu", "int8")(pixels).logits, plain.logits
    )


def test_an_export_of_other_operators_stays_in_float32(
    cache: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert LITE2.ranges is not None
    stored = json.loads(LITE2.ranges.read_text())
    other = tmp_path / "ranges.json"
    other.write_text(json.dumps({**stored, "operators": ["Conv", *stored["operators"]]}))
    pixels = np.zeros((1, 3, LITE2.size, LITE2.size), np.float32)
    with caplog.at_level(logging.WARNING):
        tower = load_image_tower(replace(LITE2, ranges=other), cache, "cpu", "int8")
    assert "other operators than were measured" in caplog.text
    np.testing.assert_array_equal(tower(pixels).logits, load_image_tower(LITE2, cache, "cpu")(pixels).logits)


@pytest.mark.parametrize("content", ["{", "[]", '{"operators": ["Conv"]}', '{"operators": 1, "bounds": 2}'])
def test_damaged_ranges_are_a_named_error(content: str, tmp_path: Path) -> None:
    path = tmp_path / "ranges.json"
    path.write_text(content)
    with pytest.raises(ModelError, match="cannot be read"):
        Ranges.load(path)
