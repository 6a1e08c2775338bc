"""Clips: what Trove makes with each family is what the library's own call makes, in a file that says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from db.errors import GenerateError, ModelError, ModelMissingError
from indexer.media.reader import probe
from search.drawing import drawer, preview, weights
from search.drawing.calls import Start
from search.drawing.clips import Clip
from search.drawing.drawer import Drawer
from search.drawing.output import COMPOSITE_TYPE, SOURCE_TYPE, is_drawing
from tests.support.tiny_clips import CLIP_FAMILIES
from tests.support.tiny_drawer import make_tiny_drawer

PICTURE = Image.linear_gradient("L").convert("RGB").resize((128, 96))
OWN: dict[str, dict[str, Any]] = {
    "ModelScope": {"num_frames": 8, "width": 64, "height": 64},
    "AnimateDiff": {"num_frames": 8, "width": 64, "height": 64},
    "LTX": {"num_frames": 25, "width": 64, "height": 64},
    "CogVideoX": {"num_frames": 9, "width": 64, "height": 64},
    "CogVideoX from a picture": {"num_frames": 9, "width": 64, "height": 48},
    "Wan": {"num_frames": 17, "width": 64, "height": 64},
}
"""What a second of 64 pixels is called with."""
FRAMES_PER_S = {"LTX": 25, "Wan": 16}
LONG = {"CogVideoX from a picture", "Wan"}
"""Those whose tests take seconds."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each family, saved when it is first asked for."""
    folder = tmp_path_factory.mktemp("families")

    def of(family: str) -> Path:
        place = folder / f"tiny {family}"
        return place if place.exists() else CLIP_FAMILIES[family](place)

    return of


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Clip]:
    """The clips that are saved, before H.264 takes from them."""
    clips: list[Clip] = []
    save = drawer.save_drawing
    monkeypatch.setattr(
        drawer, "save_drawing", lambda clip, drawing: (clips.append(clip), save(clip, drawing))
    )
    return clips


def called(pipeline: Any, **arguments: Any) -> list[np.ndarray]:
    """The frames that the library's own call makes with seed 1."""
    import torch

    pipeline.set_progress_bar_config(disable=True)
    generator = torch.Generator("cpu").manual_seed(1)
    made = pipeline(prompt="a boat", num_inference_steps=2, **arguments, generator=generator)
    return [
        np.asarray(frame) if isinstance(frame, Image.Image) else (frame * 255).round().astype(np.uint8)
        for frame in made.frames[0]
    ]


def frames(path: Path) -> list[np.ndarray]:
    """The brightness of the frames in a file."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    "family",
    [pytest.param(family, marks=pytest.mark.slow) if family in LONG else family for family in OWN],
)
def test_a_family_makes_clips_as_the_library_itself_does(
    family: str,
    made: Callable[[str], Path],
    saved: list[Clip],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from diffusers import DiffusionPipeline

    monkeypatch.setattr(preview, "EVERY_S", 0.0)
    steps: list[tuple[int, int]] = []
    shown: list[Image.Image] = []
    start = Start(PICTURE) if "picture" in family else None
    drawing = Drawer(str(made(family)), "clip", device="cpu").draw(
        "a boat",
        path=tmp_path / "a.mp4",
        start=start,
        size=None if start else 64,
        length_s=1.0,
        steps=2,
        seed=1,
        on_step=lambda *done: steps.append(done),
        on_preview=shown.append,
    )
    own = OWN[family] | ({"image": PICTURE} if start else {})
    expected = called(DiffusionPipeline.from_pretrained(made(family)), **own)
    rate = FRAMES_PER_S.get(family, 8)
    np.testing.assert_array_equal(saved[0].frames, expected)
    assert saved[0].frames_per_s == rate
    written = frames(drawing.path)
    assert len(written) == OWN[family]["num_frames"] == round(rate * (drawing.length_s or 0))
    # The same frames, but for what H.264 loses of noise.
    bright = [np.asarray(Image.fromarray(frame).convert("L"), float) for frame in expected]
    assert np.abs(np.asarray(written) - bright).mean() < 6
    assert steps == [(1, 2), (2, 2)]
    assert [image.size for image in shown] == [written[0].shape[1::-1]]
    header = probe(drawing.path)
    assert (header.kind, header.generated, header.width, header.height) == (
        "video",
        True,
        drawing.width,
        drawing.height,
    )
    assert (COMPOSITE_TYPE if start else SOURCE_TYPE).encode() in drawing.path.read_bytes()


@pytest.mark.parametrize("family", ["ModelScope", "LTX", pytest.param("Wan", marks=pytest.mark.slow)])
def test_a_preview_is_the_first_frame(
    family: str, made: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    with Drawer(str(made(family)), "clip", device="cpu")._pipeline() as pipeline:
        arguments = {**OWN[family], "num_inference_steps": 1, "prompt": "a boat"}
        if family == "LTX":
            # Its autoencoder looks ahead, and its channels are normalised by what is in its weights.
            arguments |= {"num_frames": 1, "height": 32}
            for name, value in (("latents_mean", 0.1), ("latents_std", 1.3)):
                monkeypatch.setitem(pipeline.vae._buffers, name, torch.full((8,), value))
        latents, whole = (
            pipeline(**arguments, output_type=form, generator=torch.manual_seed(1)).frames
            for form in ("latent", "np")
        )
        shown = preview.preview(pipeline, latents, (arguments["height"], arguments["width"]))
    assert shown is not None
    assert np.abs(np.asarray(shown, float) - 255 * np.asarray(whole)[0][0]).max() <= 1


def test_a_clip_says_in_its_tags_how_it_was_made(made: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "new" / "boat.mp4"
    Drawer(str(made("ModelScope")), "clip", device="cpu").draw(
        "ein rotes Boot, 赤い船", path=path, without="people", size=64, length_s=0.5, steps=1, seed=7
    )
    with av.open(str(path), container_options={"export_xmp": "1"}) as container:
        tags = dict(container.metadata)
        assert container.streams.video[0].codec.name == "h264"
    assert tags["trove:generated"] == "1"
    assert (tags["prompt"], tags["model"], tags["seed"]) == ("ein rotes Boot, 赤い船", "tiny ModelScope", "7")
    assert (tags["steps"], tags["without"]) == ("1", "people")
    assert SOURCE_TYPE in tags["xmp"], "other programs find IPTC's word, too"
    assert [file.name for file in path.parent.iterdir()] == ["boat.mp4"], "no temporary file is left"


@pytest.mark.parametrize(
    ("family", "kind", "count"),
    [
        ("LTX", "LTXImageToVideoPipeline", 9),
        pytest.param("Wan from a picture", "WanImageToVideoPipeline", 5, marks=pytest.mark.slow),
    ],
)
def test_a_clip_goes_on_from_a_picture_as_the_library_itself_does(
    family: str, kind: str, count: int, made: Callable[[str], Path], saved: list[Clip], tmp_path: Path
) -> None:
    import diffusers

    picture = PICTURE.resize((128, 64))
    drawing = Drawer(str(made(family)), "clip", device="cpu").draw(
        "a boat", path=tmp_path / "a.mp4", start=Start(picture), size=128, length_s=0.3, steps=2, seed=1
    )
    own = {"image": picture, "width": 128, "height": 64, "num_frames": count}
    expected = called(getattr(diffusers, kind).from_pretrained(made(family)), **own)
    np.testing.assert_array_equal(saved[0].frames, expected)
    assert COMPOSITE_TYPE.encode() in drawing.path.read_bytes()


def test_what_cannot_be_is_told(made: Callable[[str], Path], tmp_path: Path) -> None:
    start = Start(PICTURE)
    path = tmp_path / "a.mp4"
    for family, how, message in (
        ("ModelScope", {"start": start}, "cannot start from a picture"),
        ("LTX", {"start": Start(PICTURE, None, (0.0, 0.0, 0.5, 0.5))}, "cannot draw a region anew"),
        ("CogVideoX from a picture", {}, "starts from a picture"),
        ("ModelScope", {"length_s": 0.0}, "length of 0 s is out of range"),
        ("ModelScope", {"length_s": 1e9}, "out of range"),
        ("ModelScope", {"path": tmp_path / "a.png"}, "clips are saved as MP4, not as '.png'"),
    ):
        with pytest.raises(GenerateError, match=message) as caught:
            Drawer(str(made(family)), "clip", device="cpu").draw("a boat", **{"path": path, **how})
        assert caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_model_of_pictures_makes_no_clips_and_the_other_way_round(
    made: Callable[[str], Path], tmp_path: Path
) -> None:
    pictures = make_tiny_drawer(tmp_path / "tiny-drawer")
    with pytest.raises(ModelError, match="as a text-to-video pipeline: it is a StableDiffusionPipeline"):
        Drawer(str(pictures), "clip", device="cpu").draw("a boat", path=tmp_path / "a.mp4")
    with pytest.raises(ModelError, match="as a text-to-image pipeline: it is a TextToVideoSDPipeline"):
        Drawer(str(made("ModelScope")), device="cpu").draw("a boat", path=tmp_path / "a.png")


def test_without_a_model_of_clips_those_that_can_be_had_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "installed", lambda _: False)
    with pytest.raises(ModelMissingError, match="no model that makes clips is on this machine") as caught:
        Drawer("auto", "clip")
    assert "ltx-video" in caught.value.hint
    assert "sd-turbo" not in caught.value.hint


def test_only_what_trove_made_is_replaced(made: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "mine.mp4"
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        target.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        target.mux(stream.encode(None))
    before = path.read_bytes()
    maker = Drawer(str(made("ModelScope")), "clip", device="cpu")
    assert not is_drawing(path)
    with pytest.raises(GenerateError, match="left alone"):
        maker.draw("a boat", path=path)
    assert path.read_bytes() == before
    again = tmp_path / "again.mp4"
    for seed in (1, 2):
        maker.draw("a boat", path=again, size=64, length_s=0.3, steps=1, seed=seed)
    assert is_drawing(again)
