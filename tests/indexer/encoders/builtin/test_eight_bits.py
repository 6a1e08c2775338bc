"""The picture tower in 8 bits: what it loses, where it is taken, and what happens where it cannot be."""

import csv
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from db.errors import ModelError
from db.settings import Settings
from indexer.encoders.builtin import towers
from indexer.encoders.builtin.eight_bits import Ranges
from indexer.encoders.builtin.encoder import SecondEncoder
from indexer.encoders.builtin.towers import LITE2, load_image_tower
from indexer.media.reader import read_image
from indexer.pretrained import precision
from indexer.pretrained.precision import Choice, choose, kept
from search.health.doctor import examine
from tests.support import SAMPLES

Pixels = npt.NDArray[np.float32]


def told(settings: Settings) -> str:
    return next(finding.value for finding in examine(settings) if finding.name == "precision")


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


@pytest.mark.parametrize(
    ("flags", "slow", "quick", "expected"),
    [
        ({"avx512_vnni": True}, 0.002, 0.0, (True, "8 bits, measured as ")),
        ({"avx512_vnni": True}, 0.0, 0.002, (False, "float32: 8 bits are only ")),
        ({"avx512_vnni": False, "avx2": True}, 0.002, 0.0, (False, "float32: the processor has no ")),
    ],
    ids=["quicker", "slower", "no instructions"],
)
def test_it_is_chosen_by_flags_and_by_measuring(
    flags: dict[str, bool],
    slow: float,
    quick: float,
    expected: tuple[bool, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
    took = {"float32": slow, "int8": quick}
    clock = [0.0]
    monkeypatch.setattr(precision.time, "perf_counter", lambda: clock[0])

    def run(name: str) -> Callable[[Pixels], object]:
        def encode(pictures: Pixels) -> None:
            assert pictures.shape == (precision.PICTURES, 3, 64, 64)
            clock[0] += 0.001 + took[name]

        return encode

    path = tmp_path / "choice.json"
    choice = choose(path, 64, run("float32"), lambda: run("int8"))
    assert (choice.eight_bits, str(choice)[: len(expected[1])]) == expected
    assert kept(path) == choice


def test_what_was_chosen_is_kept_for_this_processor_and_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"cache": tmp_path / "cache"})
    assert told(own) == "of pictures: measured when the first one is encoded"
    monkeypatch.setattr(towers, "load_or_build", lambda path, *_rest: path)
    monkeypatch.setattr(towers, "data_parallel", lambda path, _outputs: f"run {path.name}")
    asked: list[str] = []

    def measured(path: Path, _size: int, float32: object, eight_bits: Callable[[], object]) -> Choice:
        asked.append(f"{float32} | {eight_bits()}")
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"eight_bits": True, "gain": 2.5}))
        return Choice(True, 2.5)

    monkeypatch.setattr(towers, "choose", measured)
    for _ in range(2):
        assert "int8" in str(towers._quicker(LITE2, own.cache, "auto"))
    assert len(asked) == 1, "the second time it is known"
    assert told(own) == "8 bits, measured as 2.5 times as fast as float32"
    assert towers._quicker(LITE2, own.cache, "float32") is None
    assert towers._quicker(replace(LITE2, ranges=None), own.cache, "int8") is None
    monkeypatch.setattr(precision, "_processor", lambda: "another one")
    assert told(own) == "of pictures: measured when the first one is encoded"


def test_the_doctor_examines_machines_without_the_tower(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search.health.doctor.LITE2", replace(LITE2, package="not-installed-anywhere"))
    assert told(settings) == "of pictures: measured when the first one is encoded"


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
    assert kept(path) is None
