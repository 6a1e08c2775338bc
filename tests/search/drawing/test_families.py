"""Families of pipelines: what Trove draws with each is what the library's own call draws."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.errors import GenerateError
from search.drawing import preview
from search.drawing.calls import Start, mask_of
from search.drawing.drawer import Drawer
from search.drawing.output import COMPOSITE_TYPE, SOURCE_TYPE, is_drawing
from search.drawing.presets import PRESETS
from tests.support.tiny_families import FAMILIES, VARIATIONS

pytestmark = [
    # Schedulers of diffusers hand tensors to numpy in the old way.
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
    # Kandinsky's parts call each other in an old way.
    pytest.mark.filterwarnings("ignore:.*callback.* is deprecated:FutureWarning"),
]

PREVIEWED = {"Stable Diffusion", "Stable Diffusion XL", "LCM", "PixArt", "Stable Diffusion 3", "Flux"}
"""Not what has no latents or no callback."""
OWN_CALLS: dict[str, dict[str, Any]] = {
    "unCLIP": {"prompt": "a boat", "decoder_num_inference_steps": 2},
    "DiT": {"class_labels": [2], "num_inference_steps": 2},
    "PixArt": {"prompt": "a boat", "num_inference_steps": 2, "use_resolution_binning": False},
}
LONG = {"Kandinsky 2.2", "Flux", "unCLIP"}
"""Those whose tests take seconds."""
REGION = (0.25, 0.25, 0.5, 0.5)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each family, saved when it is first asked for."""
    folder = tmp_path_factory.mktemp("families")

    def of(family: str) -> Path:
        # Not by the family's name alone, which may be that of a preset.
        place = folder / f"tiny {family}"
        return place if place.exists() else FAMILIES[family](place)

    return of


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def called(pipeline: Any, **arguments: Any) -> np.ndarray:
    """What the library's own call draws with seed 1."""
    import torch

    pipeline.set_progress_bar_config(disable=True)
    return np.asarray(pipeline(**arguments, generator=torch.Generator("cpu").manual_seed(1)).images[0])


@pytest.mark.parametrize(
    "family",
    [pytest.param(family, marks=pytest.mark.slow) if family in LONG else family for family in FAMILIES],
)
def test_a_family_draws_as_the_library_itself_does(
    family: str, made: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import DiffusionPipeline

    monkeypatch.setattr(preview, "EVERY_S", 0.0)
    folder = made(family)
    steps: list[tuple[int, int]] = []
    shown: list[Image.Image] = []
    drawing = Drawer(str(folder), device="cpu").draw(
        "a boat",
        path=tmp_path / "a.png",
        steps=2,
        seed=1,
        on_step=lambda *done: steps.append(done),
        on_preview=shown.append,
    )
    own = OWN_CALLS.get(family, {"prompt": "a boat", "num_inference_steps": 2})
    expected = called(DiffusionPipeline.from_pretrained(folder), **own)
    np.testing.assert_array_equal(pixels(drawing.path), expected)
    assert (drawing.steps, steps[0][0]) == (2, 1)
    # unCLIP has a prior of 25 steps before the decoder, and 7 that enlarge after it.
    total = 25 + 2 + 7 if family == "unCLIP" else 2
    assert steps == [(done, total) for done in range(1, total + 1)]
    # An eighth of the latents of 1024 pixels, which Flux draws by itself.
    side = 192 if family == "Flux" else 64
    assert [image.size for image in shown] == ([(side, side)] if family in PREVIEWED else [])
    assert is_drawing(drawing.path)
    assert SOURCE_TYPE.encode() in drawing.path.read_bytes()


@pytest.mark.parametrize(
    ("family", "kind", "region"),
    [
        ("Stable Diffusion", "StableDiffusionImg2ImgPipeline", None),
        ("Stable Diffusion", "StableDiffusionInpaintPipeline", REGION),
        ("LCM", "LatentConsistencyModelImg2ImgPipeline", None),
        ("Stable Diffusion XL", "StableDiffusionXLImg2ImgPipeline", None),
        ("Stable Diffusion XL", "StableDiffusionXLInpaintPipeline", REGION),
        ("Stable Diffusion 3", "StableDiffusion3Img2ImgPipeline", None),
        ("Stable Diffusion 3", "StableDiffusion3InpaintPipeline", REGION),
        ("Flux", "FluxImg2ImgPipeline", None),
        ("Flux", "FluxInpaintPipeline", REGION),
        ("Kandinsky 2.2", "KandinskyV22Img2ImgCombinedPipeline", None),
        ("aMUSEd", "AmusedImg2ImgPipeline", None),
        ("aMUSEd", "AmusedInpaintPipeline", REGION),
    ],
)
def test_a_picture_is_drawn_anew_as_the_library_itself_does(
    family: str,
    kind: str,
    region: tuple[float, float, float, float] | None,
    made: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    import diffusers

    picture = Image.linear_gradient("L").convert("RGB").resize((128, 64))
    start = Start(picture, 0.6, region)
    drawing = Drawer(str(made(family)), device="cpu").draw(
        "in snow", path=tmp_path / "a.png", start=start, size=128, steps=3, seed=1
    )
    assert (drawing.width, drawing.height) == (128, 64)
    pipeline = getattr(diffusers, kind).from_pretrained(made(family))
    own: dict[str, Any] = {"image": picture, "strength": 0.6}
    if region is not None:
        own["mask_image"] = mask_of(region, picture.size)
    if family not in ("aMUSEd", "Stable Diffusion", "LCM") or (region and family == "Stable Diffusion"):
        # Kandinsky takes one for the other.
        own |= {"width": 64, "height": 128} if family == "Kandinsky 2.2" else {"width": 128, "height": 64}
    np.testing.assert_array_equal(
        pixels(drawing.path), called(pipeline, prompt="in snow", num_inference_steps=3, **own)
    )
    # Not made of nothing, and marked as that.
    assert COMPOSITE_TYPE.encode() in drawing.path.read_bytes()
    assert is_drawing(drawing.path)


@pytest.mark.parametrize("family", [pytest.param("unCLIP", marks=pytest.mark.slow), "Stable Diffusion"])
def test_a_picture_is_varied_as_the_library_itself_does(family: str, tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    folder = VARIATIONS[family](tmp_path / "tiny variation")
    side = 512 if family == "unCLIP" else 64
    picture = Image.linear_gradient("L").convert("RGB").resize((side, side))
    drawer = Drawer(str(folder), device="cpu")
    steps: list[tuple[int, int]] = []
    drawing = drawer.draw(
        "",
        path=tmp_path / "a.png",
        start=Start(picture),
        steps=2,
        seed=1,
        on_step=lambda *done: steps.append(done),
    )
    name = "decoder_num_inference_steps" if family == "unCLIP" else "num_inference_steps"
    own = called(DiffusionPipeline.from_pretrained(folder), image=picture, **{name: 2})
    np.testing.assert_array_equal(pixels(drawing.path), own)
    total = 2 + 7 if family == "unCLIP" else 2
    assert steps == [(done, total) for done in range(1, total + 1)]
    assert COMPOSITE_TYPE.encode() in drawing.path.read_bytes()
    with pytest.raises(GenerateError, match="starts from a picture, not from words alone"):
        drawer.draw("a boat", path=tmp_path / "b.png")


@pytest.mark.parametrize(("family", "name"), [("Stable Diffusion", "sd-turbo"), ("LCM", "sd15-lcm")])
def test_a_distilled_model_draws_with_the_steps_and_guidance_of_its_preset(
    family: str, name: str, tmp_path: Path
) -> None:
    from diffusers import DiffusionPipeline

    folder = FAMILIES[family](tmp_path / name)
    info = PRESETS[name]
    drawing = Drawer(str(folder), device="cpu").draw("a boat", path=tmp_path / "a.png", size=64, seed=1)
    own = {"num_inference_steps": info.steps, "guidance_scale": info.guidance, "width": 64, "height": 64}
    expected = called(DiffusionPipeline.from_pretrained(folder), prompt="a boat", **own)
    np.testing.assert_array_equal(pixels(drawing.path), expected)
    assert drawing.steps == info.steps


def test_the_scheduler_of_ddpm_itself_draws_as_the_library_does(tmp_path: Path) -> None:
    from diffusers import DDPMScheduler, DiffusionPipeline

    folder = FAMILIES["Stable Diffusion"](tmp_path / "tiny ancestral")
    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.scheduler = DDPMScheduler.from_config(pipeline.scheduler.config)
    pipeline.save_pretrained(folder)
    drawing = Drawer(str(folder), device="cpu").draw("a boat", path=tmp_path / "a.png", steps=3, seed=1)
    again = DiffusionPipeline.from_pretrained(folder)
    assert type(again.scheduler) is DDPMScheduler
    np.testing.assert_array_equal(pixels(drawing.path), called(again, prompt="a boat", num_inference_steps=3))


def test_a_region_leaves_the_rest_nearly_as_it_was(made: Callable[[str], Path], tmp_path: Path) -> None:
    """Weights are random, and the autoencoder's too: what is compared is how much a seed changes where."""
    drawer = Drawer(str(made("Stable Diffusion")), device="cpu")
    start = Start(Image.linear_gradient("L").resize((64, 64)), 1.0, (0.5, 0.0, 0.5, 1.0))
    drawn = [
        pixels(drawer.draw("snow", path=tmp_path / f"{seed}.png", start=start, steps=2, seed=seed).path)
        for seed in (1, 2)
    ]
    apart = np.abs(drawn[0].astype(float) - drawn[1]).mean(axis=(0, 2))
    assert apart[48:].mean() > 2 * apart[:16].mean()


def test_what_cannot_start_from_a_picture_says_so(made: Callable[[str], Path], tmp_path: Path) -> None:
    start = Start(Image.new("RGB", (64, 64), "red"))
    for family, region, what in (
        ("PixArt", None, "start from a picture"),
        ("DiT", None, "start from a picture"),
        ("LCM", REGION, "draw a region anew"),
        ("Kandinsky 2.2", REGION, "draw a region anew"),
    ):
        with pytest.raises(GenerateError, match=f"cannot {what}") as caught:
            Drawer(str(made(family)), device="cpu").draw(
                "tench, Tinca tinca", path=tmp_path / "a.png", start=Start(start.picture, None, region)
            )
        assert "trove models" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("strength", "region", "message"),
    [
        (0.0, None, "strength 0 is out of range"),
        (1.5, None, "strength 1.5"),
        (None, (0.5, 0.5, 0.6, 0.1), "not inside the picture"),
        (None, (0.5, 0.5, 0.0, 0.1), "not inside the picture"),
    ],
)
def test_impossible_starts(
    made: Callable[[str], Path],
    tmp_path: Path,
    strength: float | None,
    region: tuple[float, float, float, float] | None,
    message: str,
) -> None:
    start = Start(Image.new("RGB", (64, 64)), strength, region)
    with pytest.raises(GenerateError, match=message):
        Drawer(str(made("Stable Diffusion"))).draw("a boat", path=tmp_path / "a.png", start=start)


def test_one_step_at_half_strength_is_still_one(made: Callable[[str], Path], tmp_path: Path) -> None:
    drawer = Drawer(str(made("Stable Diffusion")), device="cpu")
    start = Start(Image.new("RGB", (64, 64), "red"), 0.3)
    drawing = drawer.draw("a boat", path=tmp_path / "a.png", start=start, steps=1, seed=1)
    assert drawing.steps == 4, "of which a third is done: one"


def test_what_is_left_out_is_told(made: Callable[[str], Path], tmp_path: Path) -> None:
    from diffusers import DiffusionPipeline

    folder = made("Stable Diffusion")
    drawer = Drawer(str(folder), device="cpu")
    drawing = drawer.draw("a boat", path=tmp_path / "a.png", without="people", steps=2, seed=1)
    own = {"prompt": "a boat", "negative_prompt": "people", "num_inference_steps": 2}
    np.testing.assert_array_equal(
        pixels(drawing.path), called(DiffusionPipeline.from_pretrained(folder), **own)
    )
    with Image.open(drawing.path) as image:
        assert image.info["without"] == drawing.without == "people"
    unheeded = Drawer(str(made("LCM")), device="cpu")
    assert unheeded.draw("a boat", path=tmp_path / "b.png", without="people", steps=1).without == ""


def test_a_model_of_classes_draws_those_that_it_knows(made: Callable[[str], Path], tmp_path: Path) -> None:
    drawer = Drawer(str(made("DiT")), device="cpu")
    drawing = drawer.draw("Goldfish", path=tmp_path / "a.png", steps=1, seed=1)
    assert (drawing.width, drawing.prompt) == (64, "Goldfish")
    with pytest.raises(GenerateError, match="draws 3 classes by their names, and 'goldfisch'") as caught:
        drawer.draw("goldfisch", path=tmp_path / "b.png")
    assert caught.value.hint == "Did you mean goldfish?"
    with pytest.raises(GenerateError, match=r"'a boat .*\[\.\.\.\]' is none of them"):
        drawer.draw("a boat " * 100, path=tmp_path / "b.png")
