"""How a model runs quickest here: by what that is chosen, how long it holds, and what is told of it."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from db.settings import Precision, Settings
from indexer.encoders import onnx
from indexer.encoders.builtin.towers import LITE2, export_of, load_image_tower
from indexer.encoders.registry import load_encoder
from indexer.pretrained import acceleration
from indexer.pretrained.acceleration import BFLOAT16, INT8, Trial, Unfit, Way, choices
from search.health.doctor import examine
from tests.support.tiny_openclip import save_model

Pixels = npt.NDArray[np.float32]
Run = Callable[[Pixels], Pixels]
UNKNOWN = "of pictures: measured when the first ones are encoded"
SHAPE = (4, 3, 64, 64)


class Clock:
    """A clock that a run puts forward."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, flags: dict[str, bool]) -> None:
        import torch

        self.now = 0.0
        self.runs = 0
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)
        monkeypatch.setattr(acceleration.time, "perf_counter", lambda: self.now)

    def run(self, seconds: float) -> Callable[[], Run]:
        def encode(pictures: Pixels) -> Pixels:
            assert pictures.shape == SHAPE
            self.now += seconds
            self.runs += 1
            return pictures

        return lambda: encode


def told(settings: Settings) -> str:
    return next(finding.value for finding in examine(settings) if finding.name == "precision")


def not_to_be_made() -> Run:
    raise AssertionError("what is not needed is not loaded")


def unfit() -> Run:
    raise Unfit("it cannot")


def trial_of(export: Path, plain: Callable[[], Run], ways: dict[Way, Callable[[], Run]]) -> Trial[Run]:
    return Trial("a model", export, SHAPE, plain, ways)


OTHER = Way("a card", lambda: True)
NOT_HERE = Way("another card", lambda: False)


@pytest.mark.parametrize(
    ("flags", "seconds", "best", "told"),
    [
        ({"avx512_vnni": True}, (0.003, 0.001, 0.002), INT8, "a model in 8 bits, measured as 3.0 times"),
        ({"amx_int8": True}, (0.003, 0.002, 0.001), OTHER, "a model in a card, measured as 3.0 times"),
        (
            {"avx2": True, "amx_int8": False},
            (0.003, 0, 0.002),
            OTHER,
            "a model in a card, measured as 1.5 times",
        ),
        (
            {"amx_int8": True},
            (1.1, 1.0, 2.2),
            None,
            "a model in float32: of what is quicker elsewhere 8 bits 1.1, a",
        ),
    ],
)
def test_the_quickest_way_that_is_here_is_chosen_and_kept(
    flags: dict[str, bool],
    seconds: tuple[float, float, float],
    best: Way | None,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, flags)
    runs = dict(zip((None, INT8, OTHER), map(clock.run, seconds), strict=True))
    ways = {INT8: runs[INT8], OTHER: runs[OTHER], NOT_HERE: not_to_be_made}
    export = tmp_path / "models" / "tower.onnx"
    assert trial_of(export, runs[None], ways).quickest("auto") is runs[best]()
    assert [str(choice)[: len(told)] for choice in choices(tmp_path / "models")] == [told]
    taken = clock.runs
    other_ways: dict[Way, Callable[[], Run]] = dict.fromkeys(ways, not_to_be_made)
    again = trial_of(export, runs[None], other_ways | ({best: runs[best]} if best else {}))
    assert again.quickest("auto") is runs[best]()
    assert clock.runs == taken, "it is kept"
    monkeypatch.setattr(acceleration, "_processor", lambda: "another")
    assert choices(tmp_path / "models") == []


@pytest.mark.parametrize(
    ("precision", "expected"), [("float32", None), ("int8", INT8), ("bfloat16", BFLOAT16)]
)
def test_the_setting_decides_without_measuring(
    precision: Precision, expected: Way | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, {})
    runs = {way: clock.run(1) for way in (None, INT8, BFLOAT16)}
    ways = {way: run for way, run in runs.items() if way}
    trial = trial_of(tmp_path / "tower.onnx", runs[None], ways | {OTHER: not_to_be_made})
    assert trial.quickest(precision) is runs[expected]()
    assert clock.runs == 0
    assert not list(tmp_path.iterdir())


def test_a_way_that_a_model_cannot_go_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    plain, quick = clock.run(0.3), clock.run(0.1)
    export = tmp_path / "tower.onnx"
    assert trial_of(export, plain, {INT8: unfit, OTHER: quick}).quickest("auto") is quick()
    assert trial_of(export, plain, {INT8: unfit}).quickest("int8") is plain()
    assert trial_of(export, plain, {INT8: not_to_be_made, OTHER: unfit}).quickest("auto") is plain(), (
        "gone since"
    )


def test_a_trial_of_other_ways_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    plain, quick, quicker = clock.run(0.3), clock.run(0.2), clock.run(0.1)
    export = tmp_path / "tower.onnx"
    assert trial_of(export, plain, {INT8: quick}).quickest("auto") is quick()
    assert trial_of(export, plain, {INT8: quick, OTHER: quicker}).quickest("auto") is quicker()
    assert [choice.best for choice in choices(tmp_path)] == ["a card"], "the last one is told"


@pytest.mark.parametrize(("seconds", "rounds"), [(0.001, 4), (1.0, 2), (60.0, 1)])
def test_a_large_model_is_measured_for_seconds_only(
    seconds: float, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch, {"amx_bf16": True})
    plain, other = clock.run(seconds), clock.run(seconds)
    assert trial_of(tmp_path / "large.onnx", plain, {BFLOAT16: other}).quickest("auto") is plain()
    assert clock.runs == 2 * rounds


@pytest.mark.parametrize("content", ["{", "[]", '{"gains": {}}', '{"model": "a", "gains": [1]}'])
def test_a_damaged_choice_is_made_anew(content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    plain, quick = clock.run(0.2), clock.run(0.1)
    trial = trial_of(tmp_path / "a.onnx", plain, {INT8: quick})
    assert trial.quickest("auto") is quick()
    (kept,) = tmp_path.glob("*.json")
    kept.write_text(content)
    assert choices(tmp_path) == []
    assert trial.quickest("auto") is quick()
    assert json.loads(kept.read_text())["gains"] == {"8 bits": 2.0}


def test_where_nothing_can_be_kept_it_is_measured_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock(monkeypatch, {"amx_int8": True})
    (tmp_path / "file").write_text("not a folder")
    plain, quick = clock.run(0.2), clock.run(0.1)
    assert trial_of(tmp_path / "file" / "a.onnx", plain, {INT8: quick}).quickest("auto") is quick()
    assert "is not kept" in caplog.text


def test_the_doctor_tells_what_was_chosen(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = settings.model_copy(update={"cache": tmp_path / "cache"})
    assert told(own) == UNKNOWN
    clock = Clock(monkeypatch, {"amx_int8": True})
    for name, way in (("one", INT8), ("another", BFLOAT16)):
        export = own.cache / "models" / f"{name}.onnx"
        Trial(name, export, SHAPE, clock.run(0.25), {way: clock.run(0.1)}).quickest("auto")
    assert told(own) == (
        "another in float32: there is nothing quicker here; "
        "one in 8 bits, measured as 2.5 times as fast as float32"
    )


def test_what_onnx_runtime_knows_beside_the_processor_is_tried(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The processor's own provider under the name of another: what runs is real, and equal to the last bit.
    monkeypatch.setattr(
        onnx, "_PROVIDERS", {"OpenVINO": "CPUExecutionProvider", "CoreML": "CoreMLExecutionProvider"}
    )
    assert [way.called for way in onnx.accelerators()] == ["OpenVINO"]
    monkeypatch.setattr(acceleration, "LEAST_GAIN", 0.0)
    backbone = replace(LITE2, ranges=None)
    own = tmp_path / "cache"
    (own / "models").mkdir(parents=True)
    export = export_of(backbone, cache)
    for path in (export, export.with_name(f"{export.name}.crc32")):
        shutil.copy(path, own / "models")
    pixels = np.random.default_rng(0).standard_normal((3, 3, LITE2.size, LITE2.size)).astype(np.float32)
    plain = load_image_tower(backbone, own, "cpu")(pixels)
    assert load_image_tower(backbone, own, "cpu", "auto")(pixels).logits.shape == (3, 1000)
    assert [choice.gains for choice in choices(own / "models")] == [{}], "the processor alone was asked for"
    found = load_image_tower(backbone, own, "auto", "auto")(pixels)
    np.testing.assert_allclose(found.features, plain.features, atol=1e-4)
    assert [choice.best for choice in choices(own / "models")] == ["OpenVINO"]


def test_other_hardware_that_computes_something_else_is_not_used(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = np.random.default_rng(0).standard_normal((2, 3, LITE2.size, LITE2.size)).astype(np.float32)
    load_image_tower(LITE2, cache, "cpu")(example)
    real = onnx.onnx_session

    class Other:
        def __init__(self, session: Any) -> None:
            self._session = session

        def run(self, outputs: list[str], inputs: dict[str, Any]) -> list[Any]:
            return [-rows for rows in self._session.run(outputs, inputs)]

    def session(path: Path, *, provider: str | None = None, **more: Any) -> Any:
        return Other(real(path, **more)) if provider else real(path, **more)

    monkeypatch.setattr(onnx, "onnx_session", session)
    with pytest.raises(Unfit, match="agrees with the processor only to a cosine of -"):
        onnx.accelerated(export_of(LITE2, cache), "CoreMLExecutionProvider", ["features"], example)


def test_other_hardware_that_refuses_a_model_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "damaged.onnx").write_bytes(b"no model")
    with pytest.raises(Unfit, match="CPUExecutionProvider refuses the model"):
        onnx.accelerated(
            tmp_path / "damaged.onnx", "CPUExecutionProvider", ["features"], np.zeros((1, 3, 8, 8))
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
