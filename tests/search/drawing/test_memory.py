"""Memory of drawings: what a decoder will take, what is refused, and what would fit instead."""

import re
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from db.errors import GenerateError, ModelError
from indexer.pretrained import memory
from indexer.pretrained.keeper import KEEPER
from search.drawing.calls import size_of
from search.drawing.drawer import Drawer
from search.drawing.memory import _OVERHEAD, _held, decoding_bytes, least_bytes, out_of_memory
from search.drawing.presets import PRESETS
from tests.support.tiny_clips import CLIP_FAMILIES
from tests.support.tiny_drawer import make_tiny_drawer, tiny_vae

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_drawer(tmp_path_factory.mktemp("models") / "tiny-easel")


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Pretend that so many bytes are free."""
    return lambda size: monkeypatch.setattr(memory, "free_bytes", lambda _device: size)


def test_the_estimate_is_what_the_decoder_holds(folder: Path) -> None:
    import torch

    with Drawer(str(folder), device="cpu")._pipeline() as pipeline:
        with torch.no_grad(), (held := _held()):
            pipeline.vae.decode(torch.zeros(1, 4, 32, 64))
        told = decoding_bytes(pipeline, (256, 512))
    assert told is not None
    assert told / _OVERHEAD == pytest.approx(held.most, rel=0.05)
    # All of its last convolutions' channels at full size are among it.
    assert told > 256 * 512 * 8 * 4


def test_what_is_counted_is_what_is_alive() -> None:
    import torch

    with _held() as held:
        first = torch.ones(1000)
        again = first.view(10, 100) + 1
        assert held.now == held.most == 8000, "a view is nothing new"
        del first, again
        torch.ones(500)
    assert (held.now, held.most) == (0, 8000)


def test_coarse_decoders_are_counted_as_they_decode() -> None:
    import torch

    plain, upcast = (
        decoding_bytes(SimpleNamespace(vae=tiny_vae(force_upcast=upcast).to(torch.float16)), (64, 64))
        for upcast in (False, True)
    )
    assert plain is not None
    assert upcast is not None
    assert 1.8 < upcast / plain <= 2.0


def test_nothing_is_told_of_decoders_of_another_form() -> None:
    assert decoding_bytes(object(), (64, 64)) is None
    assert decoding_bytes(SimpleNamespace(vae=SimpleNamespace(config={}, dtype=None)), (64, 64)) is None


def test_what_is_too_large_is_refused_before_and_what_would_fit_does(
    folder: Path, tmp_path: Path, free: Callable[[float], None]
) -> None:
    drawer, path = Drawer(str(folder), device="cpu"), tmp_path / "a.png"
    drawer.draw("a boat", path=tmp_path / "first.png", steps=1)
    free(1e8)
    steps: list[int] = []
    with pytest.raises(GenerateError, match=r"1024 x 1024 pixels needs about 0\.\d GB") as caught:
        drawer.draw("a boat", path=path, size=1024, steps=1, on_step=lambda done, _: steps.append(done))
    assert (steps, path.exists()) == ([], False)
    found = re.fullmatch(r"A size of (\d+) would fit\.", caught.value.hint)
    assert found is not None
    side = int(found[1])
    assert 512 <= side < 1024
    drawing = drawer.draw("a boat", path=path, size=side, steps=1)
    assert (drawing.width, drawing.height) == (side, side)
    with pytest.raises(GenerateError, match="needs about"):
        drawer.draw("a boat", path=path, size=side + 64, steps=1)
    with Image.open(path) as image:
        assert image.size == (side, side), "what was drawn before is left"
    free(1e5)
    with pytest.raises(GenerateError, match="needs about") as caught:
        drawer.sketch("a boat")
    assert caught.value.hint == "Close other programs."


def test_of_a_clip_its_length_counts(tmp_path: Path, free: Callable[[float], None]) -> None:
    drawer = Drawer(str(CLIP_FAMILIES["ModelScope"](tmp_path / "tiny films")), "clip", device="cpu")
    with drawer._pipeline() as pipeline:
        size = size_of(pipeline, {})
        short, long = (decoding_bytes(pipeline, size, frames) or 0.0 for frames in (8, 80))
    assert long == pytest.approx(10 * short, rel=0.01)
    free((short + long) / 2)
    with pytest.raises(GenerateError, match="80 frames of 64 x 64 pixels need about") as caught:
        drawer.draw("a boat", path=tmp_path / "a.mp4", length_s=10, steps=1)
    assert "fewer seconds take less" in caught.value.hint
    assert drawer.draw("a boat", path=tmp_path / "a.mp4", length_s=1, steps=1).length_s == 1.0


def test_a_model_that_does_not_fit_is_refused_with_those_that_do(
    tmp_path: Path, free: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.drawing import pipelines

    KEEPER.release()
    folder = make_tiny_drawer(tmp_path / "giant")
    monkeypatch.setattr(pipelines, "_HALF_BYTES", 10**9)
    free(6e9)
    with pytest.raises(ModelError, match=r"giant needs about .* GB of memory and 6\.0 GB are free") as caught:
        Drawer(str(folder), device="cpu").draw("a boat", path=tmp_path / "a.png")
    assert "sd-turbo" in caught.value.hint
    assert "sdxl" not in caught.value.hint


def test_too_little_memory_names_what_would_fit(free: Callable[[float], None]) -> None:
    free(5e9)
    hint = out_of_memory().hint
    assert "sd-turbo" in hint
    assert "sdxl" not in hint
    assert "smaller size" in hint
    free(1e9)
    assert "would fit" not in out_of_memory().hint
    # Files of 32 bits are read as 16.
    sizes = {name: least_bytes(PRESETS[name]) for name in ("sd15", "sd15-lcm", "pixart-sigma", "builtin")}
    assert sizes == {
        "sd15": pytest.approx(4.2e9),
        "sd15-lcm": pytest.approx(4.25e9),
        "pixart-sigma": None,
        "builtin": None,
    }


def test_out_of_memory_while_drawing_frees_what_was_held_and_loses_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    drawer, path = Drawer(str(folder), device="cpu"), tmp_path / "a.png"
    drawer.draw("a boat", path=path, steps=1, seed=1)
    before = path.read_bytes()
    held: list[Any] = []

    def exhaust(latents: torch.Tensor, **_: object) -> None:
        half_done = latents + 1
        held.append(weakref.ref(half_done))
        torch.empty(2**60, dtype=torch.uint8)

    with drawer._pipeline() as pipeline, monkeypatch.context() as patched:
        patched.setattr(pipeline.vae, "decode", exhaust)
        with pytest.raises(GenerateError, match="not enough memory") as caught:
            drawer.draw("a boat", path=path, steps=1, seed=2)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert "smaller size" in caught.value.hint
    # The app keeps the error to show it.
    assert [reference() for reference in held] == [None]
    assert path.read_bytes() == before
    drawer.draw("a boat", path=path, steps=1, seed=1)
    assert path.read_bytes() == before, "the model is as it was"
