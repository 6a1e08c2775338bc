"""A detector in one file: its anchors and boxes against what is worked out by hand, by a made-up engine."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.errors import ModelError
from db.settings import Settings
from indexer.analysers.things import Things
from indexer.pretrained.keeper import KEEPER
from indexer.pretrained.loading import Pretrained
from indexer.pretrained.packed_detector import anchors, apart, decoded, unpacked

NAMES = ("???", "Dog", "Coffee cup")
MODEL = b"\x1c\x00\x00\x00TFL3 and so on"
MIDDLE = 19 * 19 * 3 // 2
"""An anchor in the middle of the picture, of the first layer."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "packed.data"
    path.write_bytes(("\n".join(NAMES) + "\n").encode() + MODEL)
    return path


class Interpreter:
    """In place of LiteRT's: sees a dog in the middle twice, a cup at the left, and little everywhere else."""

    shown: np.ndarray

    def __init__(self, model_content: bytes, num_threads: int, experimental_op_resolver_type: object) -> None:
        assert (model_content, num_threads) == (MODEL, 1)
        assert experimental_op_resolver_type == "plain"

    def allocate_tensors(self) -> None:
        pass

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": (1, 300, 300, 3)}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 1, "shape": (1, 1917, 4)}, {"index": 2, "shape": (1, 1917, len(NAMES))}]

    def set_tensor(self, index: int, pixels: np.ndarray) -> None:
        assert (index, pixels.shape, pixels.dtype) == (0, (1, 300, 300, 3), np.float32)
        Interpreter.shown = pixels

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> np.ndarray:
        if index == 1:
            return np.zeros((1, 1917, 4), np.float32)
        logits = np.full((1, 1917, len(NAMES)), -6.0, np.float32)
        # That of the second one stands upright, and has little to do with the first one's.
        logits[0, MIDDLE, 1], logits[0, MIDDLE + 1, 1] = 3.0, 2.0
        logits[0, MIDDLE + 1, 0] = 9.0
        logits[0, 1, 2] = 1.0
        return logits


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = ModuleType("ai_edge_litert"), ModuleType("ai_edge_litert.interpreter")
    module.Interpreter = Interpreter  # type: ignore[attr-defined]
    module.OpResolverType = SimpleNamespace(  # type: ignore[attr-defined]
        BUILTIN_WITHOUT_DEFAULT_DELEGATES="plain"
    )
    monkeypatch.setitem(sys.modules, "ai_edge_litert", package)
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", module)


def test_anchors_are_those_of_six_layers() -> None:
    found = anchors(300)
    assert found.shape == (1917, 4)
    np.testing.assert_allclose(found[0], [0.5 / 19, 0.5 / 19, 0.1, 0.1])
    wide = 0.2 * np.sqrt([2, 1 / 2])
    np.testing.assert_allclose(found[1], [0.5 / 19, 0.5 / 19, *wide])
    np.testing.assert_allclose(found[3][:2], [1.5 / 19, 0.5 / 19], err_msg="from left to right")
    # The second layer has a scale of 0.35 and, last, one between it and the next, 0.5.
    np.testing.assert_allclose(found[1083][2:], [0.35, 0.35])
    np.testing.assert_allclose(found[1088][2:], [np.sqrt(0.35 * 0.5)] * 2)
    np.testing.assert_allclose(found[-1], [0.5, 0.5, np.sqrt(0.95), np.sqrt(0.95)])


def test_boxes_move_and_grow_from_their_anchors() -> None:
    anchor = np.array([[0.5, 0.5, 0.2, 0.4], [0.1, 0.5, 0.4, 0.4]])
    # Down, across, height, width.
    raw = np.array([[1.0, -2.0, 5 * np.log(1.5), 5 * np.log(0.5)], [0.0, 0.0, 0.0, 0.0]])
    left, top, right, bottom = decoded(raw, anchor)[0]
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((0.5 - 0.2 * 0.2, 0.5 + 0.1 * 0.4))
    assert (right - left, bottom - top) == pytest.approx((0.1, 0.6))
    np.testing.assert_allclose(decoded(raw, anchor)[1], [0.0, 0.3, 0.3, 0.7], err_msg="cut at the edge")


def test_of_boxes_of_one_thing_the_surest_is_left() -> None:
    corners = np.array(
        [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9], [0.0, 0.0, 1.0, 0.4], [0.1, 0.0, 1.0, 1.0]]
    )
    labels, scores = np.array([1, 1, 1, 2]), np.array([0.7, 0.9, 0.8, 0.6])
    assert apart(corners, labels, scores, 0.5) == [1, 2, 3], "the first is the second one's"
    assert apart(corners, labels, scores, 0.65) == [1, 2]


@pytest.mark.usefixtures("engine")
def test_things_are_found_by_a_file(file: Path) -> None:
    KEEPER.release()
    model = Pretrained(str(file), "detect", Settings(device="cpu"), Things.load)
    with model.use() as detector:
        found = detector.detect(Image.new("RGB", (640, 480), "white"), 0.6)
        assert detector.name == "packed.data"
        assert detector.detect(Image.new("L", (30, 40)), 0.99) == []
    assert Interpreter.shown.min() == Interpreter.shown.max() == -1.0, "of black; of white it is 1"
    assert [box.label for box in found] == ["dog", "dog", "coffee cup"]
    assert [box.score for box in found] == pytest.approx([1 / (1 + np.exp(-at)) for at in (3.0, 2.0, 1.0)])
    x, y, width, height = anchors(300)[MIDDLE]
    assert found[0][2:] == pytest.approx((x - width / 2, y - height / 2, width, height))
    KEEPER.release()


def test_what_is_no_such_file_is_told(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert unpacked(file) == (list(NAMES), MODEL)
    other = tmp_path / "other.data"
    for content in (b"", b"TFL3", MODEL, b"a\nb\n"):
        other.write_bytes(content)
        with pytest.raises(ModelError, match="no detector with names before it"):
            unpacked(other)
    with pytest.raises(ModelError, match="cannot be read"):
        unpacked(tmp_path)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    model = Pretrained(str(file), "detect", Settings(device="cpu"), Things.load)
    with pytest.raises(ModelError, match="not installed: ai-edge-litert") as caught, model.use():
        pass
    assert "pip install ai-edge-litert" in caught.value.hint
    # Only what finds things is a file.
    with pytest.raises(ModelError):
        _ = Pretrained(str(file), "caption", Settings(device="cpu"), Things.load).weights
