"""The numbers that a model runs in: by what they are chosen, how long that holds, and what is told of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from db.settings import Settings
from indexer.encoders.registry import load_encoder
from indexer.pretrained import precision
from indexer.pretrained.precision import BFLOAT16, INT8, Run, Trial, choices
from search.health.doctor import examine
from tests.support.tiny_openclip import save_model

Pixels = npt.NDArray[np.float32]
UNKNOWN = "of pictures: measured when the first ones are encoded"
SHAPE = (4, 3, 64, 64)


class Clock:
    """A clock that a run puts forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool]) -> None:
        import torch

        self.now = 0.0
        self.runs = 0
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
        monkeypatch.setattr(precision.time, "perf_counter", lambda: self.now)

    def run(self, seconds: float) -> Callable[[], Run]:
        def encode(pictures: Pixels) -> None:
            assert pictures.shape == SHAPE
            self.now += seconds
            self.runs += 1

        return lambda: encode


def told(settings: Settings) -> str:
    return next(finding.value for finding in examine(settings) if finding.name == "precision")


def not_to_be_made() -> Run:
    raise AssertionError("what is not needed is not loaded")


@pytest.mark.parametrize(
    ("numbers", "flags", "seconds", "expected"),
    [
        (INT8, {"avx512_vnni": True}, (0.003, 0.001), "a model in 8 bits, measured as 3.0 times as fast"),
        (BFLOAT16, {"amx_bf16": True}, (0.002, 0.001), "a model in bfloat16, measured as 2.0 times as fast"),
        (
            INT8,
            {"avx512_vnni": True},
            (0.001, 0.002),
            "a model in float32: 8 bits would be 0.5 times as fast",
        ),
        (INT8, {"avx2": True, "amx_int8": False}, (3, 1), "a model in float32: the processor has no"),
        (BFLOAT16, {"avx512_vnni": True}, (3, 1), "a model in float32: the processor has no"),
    ],
)
def test_it_is_chosen_by_flags_and_by_measuring(
    numbers: precision.Numbers,
    flags: dict[str, bool],
    seconds: tuple[float, float],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, flags)
    slow, quick = map(clock.run, seconds)
    trial = Trial("a model", numbers, tmp_path / "models" / "tower.onnx", SHAPE, slow, quick)
    pays = "measured" in expected
    assert trial.wanted("auto") == pays
    assert [str(choice)[: len(expected)] for choice in choices(tmp_path / "models")] == [expected]
    again = replace(trial, float32=not_to_be_made, smaller=not_to_be_made)
    assert again.wanted("auto") == pays, "it is kept"
    for asked in ("float32", "int8", "bfloat16"):
        assert again.wanted(asked) == (asked == numbers.precision), "the setting decides"
    monkeypatch.setattr(precision, "_processor", lambda: "another one")
    assert choices(tmp_path / "models") == []


@pytest.mark.parametrize(("seconds", "rounds"), [(0.001, 4), (1.0, 2), (60.0, 1)])
def test_a_large_model_is_measured_for_seconds_only(
    seconds: float, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, {"amx_bf16": True})
    run = clock.run(seconds)
    assert not Trial("large", BFLOAT16, tmp_path / "large.onnx", SHAPE, run, run).wanted("auto")
    assert clock.runs == 2 * rounds


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"asked": "int8"}', '{"asked": "int4", "gain": 2, "model": "a"}']
)
def test_a_damaged_choice_is_made_anew(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    trial = Trial("a model", INT8, tmp_path / "a.onnx", SHAPE, clock.run(0.2), clock.run(0.1))
    assert trial.wanted("auto")
    (kept,) = tmp_path.glob("*.json")
    kept.write_text(content)
    assert choices(tmp_path) == []
    assert trial.wanted("auto")
    assert json.loads(kept.read_text())["gain"] == 2


def test_where_nothing_can_be_kept_it_is_measured_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    (tmp_path / "file").write_text("not a folder")
    trial = Trial("a model", INT8, tmp_path / "file" / "a.onnx", SHAPE, clock.run(0.2), clock.run(0.1))
    assert trial.wanted("auto")
    assert "is not kept" in caplog.text


def test_the_doctor_tells_what_was_chosen(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"cache": tmp_path / "cache"})
    assert told(own) == UNKNOWN
    clock = Clock(monkeypatch, {"amx_int8": True, "amx_bf16": True})
    for name, numbers in (("one", INT8), ("another", BFLOAT16)):
        export = own.cache / "models" / f"{name}.onnx"
        Trial(name, numbers, export, SHAPE, clock.run(0.25), clock.run(0.1)).wanted("auto")
    assert told(own) == (
        "another in bfloat16, measured as 2.5 times as fast as float32; "
        "one in 8 bits, measured as 2.5 times as fast as float32"
    )


@pytest.mark.parametrize("family", ["CLIP", "SigLIP"])
def test_batches_of_an_open_clip_model_run_in_bfloat16(family: str, tmp_path: Path, cache: Path) -> None:
    name = save_model(tmp_path, family)
    plain = load_encoder(name, cache=cache, device="cpu")
    quick = load_encoder(name, cache=cache, device="cpu", precision="bfloat16")
    assert plain.fingerprint == quick.fingerprint, "precision is no part of a space"
    side = plain.image_size
    pixels = np.random.default_rng(0).standard_normal((9, 3, side, side)).astype(np.float32)
    exact = plain.encode_pixels(pixels)
    np.testing.assert_array_equal(quick.encode_pixels(pixels[:3]), plain.encode_pixels(pixels[:3]))
    rounded = quick.encode_pixels(pixels)
    assert rounded.dtype == np.float32
    assert 0.999 < (exact * rounded).sum(axis=1).min() < 0.9999999, "near, and not the same"
    np.testing.assert_allclose(quick.encode_pixels(pixels[8:]), rounded[8:], atol=2e-3)
    np.testing.assert_allclose(np.linalg.norm(rounded, axis=1), 1, atol=1e-6)


def test_what_cannot_be_had_in_bfloat16_stays_in_float32(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    name = save_model(tmp_path, "CLIP")
    plain = load_encoder(name, cache=cache, device="cpu")
    quick = load_encoder(name, cache=cache, device="cpu", precision="bfloat16")
    pixels = (
        np.random.default_rng(0)
        .standard_normal((9, 3, plain.image_size, plain.image_size))
        .astype(np.float32)
    )
    normalised = torch.nn.functional.layer_norm

    def refused(values: torch.Tensor, *rest: object) -> torch.Tensor:
        if values.dtype == torch.bfloat16:
            raise RuntimeError("not implemented for 'BFloat16'")
        return normalised(values, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(torch.nn.functional, "layer_norm", refused)
    np.testing.assert_array_equal(quick.encode_pixels(pixels), plain.encode_pixels(pixels))
