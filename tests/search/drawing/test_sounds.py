"""Sounds and music: what Trove makes with each family is what the library's own call makes."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from db.errors import GenerateError, ModelError, ModelMissingError
from indexer.media.reader import probe
from search.drawing import weights
from search.drawing.drawer import Drawer
from search.drawing.folder import drawings, new_drawing
from search.drawing.output import SOURCE_TYPE, is_drawing
from search.drawing.presets import Makes
from tests.support.tiny_drawer import make_tiny_drawer
from tests.support.tiny_sounds import RATE, SOUND_FAMILIES

# transformers and torch warn of their own old ways while a model is made.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")

LENGTHS = {"AudioLDM 2": 0.05, "Stable Audio": 0.2, "MusicGen": 0.2}
"""Seconds, as little as each can make."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of each family, saved when it is first asked for."""
    folder = tmp_path_factory.mktemp("families")

    def of(family: str) -> Path:
        place = folder / f"tiny {family}"
        return place if place.exists() else SOUND_FAMILIES[family](place)

    return of


def called(family: str, folder: Path) -> np.ndarray:
    """(channels, n) samples that the library's own call makes with seed 1."""
    import torch

    if family == "MusicGen":
        from transformers import AutoProcessor, MusicgenForConditionalGeneration

        model = MusicgenForConditionalGeneration.from_pretrained(folder)
        asked = AutoProcessor.from_pretrained(folder)(text=["a boat"], padding=True, return_tensors="pt")
        torch.manual_seed(1)
        # Ten tokens of a fiftieth of a second, and three in which the four codebooks begin.
        return np.asarray(model.generate(**asked, max_new_tokens=13)[0])
    from diffusers import DiffusionPipeline

    pipeline = DiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    length = "audio_length_in_s" if family == "AudioLDM 2" else "audio_end_in_s"
    heard = pipeline(
        "a boat",
        num_inference_steps=2,
        generator=torch.Generator("cpu").manual_seed(1),
        **{length: LENGTHS[family]},
    ).audios
    return np.atleast_2d(np.asarray(heard[0]))


def heard(path: Path) -> np.ndarray:
    """(channels, n) samples of a file, in 16 bits."""
    with av.open(str(path)) as container:
        channels = container.streams.audio[0].codec_context.layout.nb_channels
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate([frame.reshape(-1, channels).T for frame in frames], axis=1)


@pytest.mark.parametrize(
    ("family", "makes"),
    [("AudioLDM 2", "sound"), ("Stable Audio", "sound"), ("Stable Audio", "music"), ("MusicGen", "music")],
)
def test_a_family_sounds_as_the_library_itself_does(
    family: str, makes: Makes, made: Callable[[str], Path], tmp_path: Path
) -> None:
    steps: list[tuple[int, int]] = []
    drawing = Drawer(str(made(family)), makes, device="cpu").draw(
        "a boat",
        path=tmp_path / "a.flac",
        length_s=LENGTHS[family],
        steps=None if family == "MusicGen" else 2,
        seed=1,
        on_step=lambda *done: steps.append(done),
        on_preview=lambda _: pytest.fail("there is nothing to see"),
    )
    expected = called(family, made(family))
    np.testing.assert_array_equal(heard(drawing.path), (expected.clip(-1, 1) * 32767).round())
    total = 13 if family == "MusicGen" else 2
    assert steps == [(done, total) for done in range(1, total + 1)]
    assert (drawing.steps, drawing.width) == (total, 0)
    assert drawing.length_s == pytest.approx(LENGTHS[family])
    header = probe(drawing.path)
    assert (header.kind, header.generated) == ("audio", True)
    assert header.duration_s == pytest.approx(LENGTHS[family], abs=0.01)


def test_music_says_in_its_tags_how_it_was_made(made: Callable[[str], Path], tmp_path: Path) -> None:
    path = new_drawing(tmp_path, "ein Walzer", "music")
    drawer = Drawer(str(made("MusicGen")), "music", device="cpu")
    drawing = drawer.draw("ein Walzer, 円舞曲", path=path, length_s=0.1, without="drums", seed=7)
    assert drawing.without == "", "it takes no such words"
    with av.open(str(path)) as container:
        assert container.format.name == "flac"
        assert container.streams.audio[0].rate == RATE
        tags = {name.lower(): value for name, value in container.metadata.items()}
    assert (tags["trove:generated"], tags["prompt"], tags["seed"]) == ("1", "ein Walzer, 円舞曲", "7")
    assert tags["digitalsourcetype"] == SOURCE_TYPE
    (drawn,) = drawings(tmp_path)
    assert (drawn.path, drawn.prompt, drawn.model, drawn.seed) == (
        path,
        "ein Walzer, 円舞曲",
        "tiny MusicGen",
        "7",
    )
    assert is_drawing(path)
    before = path.read_bytes()
    drawer.draw("ein Walzer, 円舞曲", path=path, length_s=0.1, seed=7)
    assert path.read_bytes() == before, "the same seed makes the same"
    drawer.draw("ein Walzer, 円舞曲", path=path, length_s=0.1, seed=8)
    assert path.read_bytes() != before


def test_music_can_be_stopped_at_a_token(made: Callable[[str], Path], tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise GenerateError(f"stopped at {done} of {total}")

    # 60 tokens are what this model makes by itself.
    with pytest.raises(GenerateError, match="stopped at 1 of 60"):
        Drawer(str(made("MusicGen")), "music", device="cpu").draw("x", path=tmp_path / "a.flac", on_step=stop)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_told(made: Callable[[str], Path], tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    for how, message in (
        ({"steps": 2}, "no steps that can be chosen"),
        ({"size": 64}, "one size only"),
        ({"length_s": -1.0}, "out of range"),
        ({"path": tmp_path / "a.mp3"}, "pieces of music are saved as FLAC, not as '.mp3'"),
    ):
        with pytest.raises(GenerateError, match=message):
            Drawer(str(made("MusicGen")), "music", device="cpu").draw("a boat", **{"path": path, **how})
    with pytest.raises(
        ModelError, match="as a text-to-audio pipeline: it is a MusicgenForConditionalGeneration"
    ):
        Drawer(str(made("MusicGen")), "sound", device="cpu").draw("a boat", path=path)
    with pytest.raises(
        ModelError, match="as a text-to-image pipeline: it is a MusicgenForConditionalGeneration"
    ):
        Drawer(str(made("MusicGen")), device="cpu").draw("a boat", path=tmp_path / "a.png")
    pictures = make_tiny_drawer(tmp_path / "pictures")
    with pytest.raises(ModelError, match="as a text-to-music model: it is a StableDiffusionPipeline"):
        Drawer(str(pictures), "music", device="cpu").draw("a boat", path=path)


def test_silence_is_no_sound(made: Callable[[str], Path], tmp_path: Path) -> None:
    import torch

    drawer = Drawer(str(made("MusicGen")), "music", device="cpu")
    with drawer._pipeline() as pipeline:
        decoder = pipeline._model.audio_encoder.decoder
        last = [part for part in decoder.modules() if isinstance(part, torch.nn.Conv1d)][-1]
        was = last.forward
        last.forward = lambda given: 0 * was(given)
        with pytest.raises(GenerateError, match="the model returned silence"):
            drawer.draw("a boat", path=tmp_path / "a.flac", length_s=0.1)
        last.forward = was


def test_pickles_are_never_loaded(made: Callable[[str], Path], tmp_path: Path) -> None:
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "config.json").write_text((made("MusicGen") / "config.json").read_text())
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelError, match="are pickles"):
        Drawer(str(folder), "music", device="cpu").draw("a boat", path=tmp_path / "a.flac")


@pytest.mark.parametrize(("makes", "named"), [("sound", "audioldm2"), ("music", "musicgen-small")])
def test_without_a_model_those_that_can_be_had_are_named(
    makes: Makes, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "installed", lambda _: False)
    with pytest.raises(ModelMissingError, match=f"no model that makes {makes}s? is on this") as caught:
        Drawer("auto", makes)
    assert named in caught.value.hint
