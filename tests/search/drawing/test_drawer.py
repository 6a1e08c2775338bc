"""Drawing, with real pipelines that are tiny and untrained."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from PIL import Image

import db.files
import search.drawing.pipelines
from db.errors import GenerateError, ModelError, ModelMissingError, SettingsError
from indexer.media.reader import probe
from indexer.pretrained import memory
from indexer.pretrained.keeper import KEEPER
from search.drawing import preview
from search.drawing.drawer import Drawer
from search.drawing.output import SOURCE_TYPE, is_drawing
from search.drawing.presets import BUILTIN, PRESETS, preset_of
from search.drawing.weights import installed, read_pipeline
from tests.support import ROOT
from tests.support.tiny_drawer import make_tiny_drawer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_drawer(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def drawer(folder: Path) -> Drawer:
    return Drawer(str(folder), device="cpu")


@pytest.fixture
def spare(folder: Path, tmp_path: Path) -> Path:
    """A copy of the model to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "spare"))


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


# --- what comes out -------------------------------------------------------------------------


def test_drawing_is_saved_and_described(drawer: Drawer, tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "boat.png"
    drawing = drawer.draw("a red boat, ein rotes Boot, 赤い船", path=path, steps=2, seed=7)
    assert (drawing.path, drawing.model, drawing.seed, drawing.steps) == (path, "tiny", 7, 2)
    assert drawing.seconds > 0
    with Image.open(path) as image:
        assert image.format == "PNG"
        assert image.size == (drawing.width, drawing.height) == (64, 64)
        texts = image.info
    assert texts["trove:generated"] == "1"
    assert probe(path).generated, "the indexer sees that it is none of the user's pictures"
    assert texts["prompt"] == "a red boat, ein rotes Boot, 赤い船"
    assert (texts["model"], texts["seed"], texts["steps"]) == ("tiny", "7", "2")
    assert texts["Software"].startswith("Trove ")
    assert SOURCE_TYPE.encode() in path.read_bytes()
    assert SOURCE_TYPE in texts["XML:com.adobe.xmp"]
    assert [file.name for file in path.parent.iterdir()] == ["boat.png"], "no temporary file is left"


def test_seed_and_prompt_decide_the_picture(drawer: Drawer, folder: Path, tmp_path: Path) -> None:
    def draw(name: str, prompt: str, seed: int, drawer: Drawer = drawer) -> np.ndarray:
        drawer.draw(prompt, path=tmp_path / name, steps=2, seed=seed)
        return pixels(tmp_path / name)

    first = draw("first.png", "a boat", 1)
    np.testing.assert_array_equal(draw("same.png", "a boat", 1), first)
    KEEPER.release()
    np.testing.assert_array_equal(draw("fresh.png", "a boat", 1, Drawer(str(folder))), first)
    assert (draw("seed.png", "a boat", 2) != first).any()
    assert (draw("prompt.png", "quite another thing", 1) != first).any()


def test_random_seed_is_reported_and_repeats(drawer: Drawer, tmp_path: Path) -> None:
    drawings = [drawer.draw("a boat", path=tmp_path / f"{i}.png", steps=1) for i in range(2)]
    assert drawings[0].seed != drawings[1].seed
    drawer.draw("a boat", path=tmp_path / "again.png", steps=1, seed=drawings[0].seed)
    np.testing.assert_array_equal(pixels(tmp_path / "again.png"), pixels(drawings[0].path))


def test_progress_counts_every_step(drawer: Drawer, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    drawer.draw("a boat", path=tmp_path / "a.png", steps=3, on_step=lambda *done: steps.append(done))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_previews_show_how_far_it_is(drawer: Drawer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "EVERY_S", 0.0)
    shown: list[Image.Image] = []
    drawer.draw(
        "a boat", path=tmp_path / "a.png", steps=4, seed=1, on_step=lambda *_: None, on_preview=shown.append
    )
    # The last step is the picture itself.
    assert [image.size for image in shown] == [(64, 64)] * 3
    assert len({image.tobytes() for image in shown}) == 3
    # The nearer the end, the nearer the picture.
    drawn = pixels(tmp_path / "a.png").astype(float)
    away = [np.abs(np.asarray(image) - drawn).mean() for image in shown]
    assert away[2] < away[0]
    drawer.draw("a boat", path=tmp_path / "b.png", steps=4, seed=1)
    np.testing.assert_array_equal(pixels(tmp_path / "b.png"), drawn)
    monkeypatch.setattr(preview, "EVERY_S", 60.0)
    drawer.draw("a boat", path=tmp_path / "c.png", steps=4, on_step=lambda *_: None, on_preview=shown.append)
    assert len(shown) == 4


def test_what_cannot_be_previewed_is_drawn_without(drawer: Drawer) -> None:
    import torch

    size = 64, 64
    assert preview.preview(object(), torch.zeros(1, 4, 8, 8), size) is None
    with drawer._pipeline() as pipeline:
        for packed in ((1, 64, 15), (1, 15, 16), (64,)):
            assert preview.preview(pipeline, torch.zeros(packed), size) is None
        assert preview.preview(pipeline, torch.full((1, 4, 8, 8), float("nan")), size) is None
        assert preview.preview(pipeline, torch.zeros(1, 4, 128, 64), size) is not None


def test_drawing_can_be_stopped_at_a_step(drawer: Drawer, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise GenerateError(f"stopped at {done} of {total}")

    # 50 is this pipeline's own default.
    with pytest.raises(GenerateError, match="stopped at 1 of 50"):
        drawer.draw("a boat", path=tmp_path / "a.png", on_step=stop)
    assert not (tmp_path / "a.png").exists()


def test_folder_named_as_a_preset_is_drawn_like_it(spare: Path, tmp_path: Path) -> None:
    turbo = spare.rename(tmp_path / "SD-Turbo")
    drawing = Drawer(str(turbo), device="cpu").draw("a boat", path=tmp_path / "a.png", seed=1)
    assert (drawing.steps, drawing.width) == (1, PRESETS["sd-turbo"].size)


def test_model_is_loaded_once_by_many_threads(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads: list[object] = []
    load = search.drawing.pipelines._load
    monkeypatch.setattr(
        search.drawing.pipelines, "_load", lambda *given: (loads.append(given), load(*given))[1]
    )
    KEEPER.release()
    drawer = Drawer(str(folder), device="cpu")
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    threads = [
        threading.Thread(target=drawer.draw, args=("a boat",), kwargs={"path": path, "steps": 1, "seed": 1})
        for path in paths
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(loads) == 1
    assert len({pixels(path).tobytes() for path in paths}) == 1


def test_libraries_stay_silent(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Drawer(str(folder), device="cpu").draw("word " * 200, path=tmp_path / "a.png", steps=2)
    assert capfd.readouterr() == ("", "")


# --- refusals -------------------------------------------------------------------------------


def test_safety_checker_is_heeded(tmp_path: Path) -> None:
    guarded = make_tiny_drawer(tmp_path / "guarded", guarded=True)
    with pytest.raises(GenerateError, match="safety checker withheld"):
        Drawer(str(guarded), device="cpu").draw("a boat", path=tmp_path / "a.png", steps=1)
    assert not (tmp_path / "a.png").exists()


def test_black_picture_is_no_drawing(spare: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    file = spare / "vae" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    tensors["decoder.conv_out.weight"] *= 0
    tensors["decoder.conv_out.bias"] -= 100
    save_file(tensors, file, metadata={"format": "pt"})
    with pytest.raises(GenerateError, match="black picture"):
        Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png", steps=1)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"prompt": " \n"}, "nothing to draw"),
        ({"prompt": "a boat " * 1000}, "7,000 characters are too long to draw"),
        ({"without": "a boat " * 1000}, "7,000 characters are too long to draw"),
        ({"steps": 0}, "in 0 steps"),
        ({"steps": 100_000}, "could not draw"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 2**63}, "out of range"),
        ({"size": 64_000}, "size of 64000 pixels is out of range"),
    ],
)
def test_impossible_requests(
    drawer: Drawer, tmp_path: Path, request_: dict[str, object], message: str
) -> None:
    with pytest.raises(GenerateError, match=message) as caught:
        drawer.draw(**{"prompt": "a boat", "path": tmp_path / "a.png", **request_})
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_cuda_must_be_there(folder: Path, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(SettingsError, match="no CUDA device"):
        Drawer(str(folder), device="cuda").draw("a boat", path=tmp_path / "a.png")


def test_too_little_memory_is_told_before_loading(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    KEEPER.release()
    monkeypatch.setattr(memory, "WORKING_BYTES", 10**18)
    with pytest.raises(GenerateError, match=r"needs about .* GB of memory") as caught:
        Drawer(str(folder), device="cpu").draw("a boat", path=tmp_path / "a.png")
    assert "smaller model" in caught.value.hint
    assert "would fit" not in caught.value.hint, "nothing would"


def test_half_the_memory_is_enough(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    KEEPER.release()
    free = memory.WORKING_BYTES + 3 * read_pipeline(folder).parameters
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=free))
    drawer = Drawer(str(folder), device="cpu")
    drawer.draw("a boat", path=tmp_path / "a.png", steps=1, seed=1)
    with drawer._pipeline() as pipeline:
        assert pipeline.dtype == torch.bfloat16
    KEEPER.release()
    assert is_drawing(tmp_path / "a.png")


# --- files ----------------------------------------------------------------------------------


def test_only_own_drawings_are_overwritten(drawer: Drawer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    drawer.draw("a boat", path=path, steps=1, seed=1)
    before = path.read_bytes()
    drawer.draw("a boat", path=path, steps=1, seed=2)
    assert path.read_bytes() != before

    photo = tmp_path / "photo.png"
    Image.new("RGB", (8, 8), "red").save(photo)
    kept = photo.read_bytes()
    (tmp_path / "notes.png").write_text("no picture at all")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "link.png").symlink_to(photo)
    for name in ("photo.png", "notes.png", "folder.png", "link.png"):
        with pytest.raises(GenerateError, match="left alone"):
            drawer.draw("a boat", path=tmp_path / name, steps=1)
    assert photo.read_bytes() == kept


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.webp", ""])
def test_other_formats_are_refused(drawer: Drawer, tmp_path: Path, name: str) -> None:
    with pytest.raises(GenerateError, match="saved as PNG") as caught:
        drawer.draw("a boat", path=Path(name) and tmp_path / name, steps=1)
    assert ".png" in caught.value.hint


def test_folder_that_cannot_be_made(drawer: Drawer, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(GenerateError, match="cannot be saved") as caught:
        drawer.draw("a boat", path=tmp_path / "file" / "a.png", steps=1)
    assert "another folder" in caught.value.hint


def test_full_disk(drawer: Drawer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(db.files.os, "fsync", full)
    with pytest.raises(GenerateError, match="No space left on device"):
        drawer.draw("a boat", path=tmp_path / "a.png", steps=1)
    assert list(tmp_path.iterdir()) == []


# --- finding the weights --------------------------------------------------------------------


def test_presets_are_consistent() -> None:
    for name, info in PRESETS.items():
        assert name == info.name
        assert info.steps is None or info.steps >= 1
        assert info.size is None or info.size % 64 == 0
        assert info.source
        assert preset_of(name) is info
        assert name == BUILTIN or preset_of(info.repository) is info
        told = ("stability.ai/license", "No commercial use", "Commercial use only")
        assert info.commercial_use is not False or any(words in info.note for words in told)
        assert (info.commercial_use is None) == (not info.licence), "nothing is said of what was not read"


@pytest.mark.usefixtures("empty_cache")
@pytest.mark.parametrize("model", ["sd-turbo", "stabilityai/sd-turbo", "someone/unknown"])
def test_missing_weights_offline(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    repository = preset_of(model).repository if preset_of(model) else model
    started = time.monotonic()
    assert not installed(model)
    with pytest.raises(ModelMissingError, match="not on this machine") as caught:
        Drawer(model).draw("a boat", path=tmp_path / "a.png")
    assert time.monotonic() - started < 3
    assert f"hf download {repository} --include" in caught.value.hint
    assert ("(2.6 GB)" in caught.value.hint) == (model != "someone/unknown")
    assert "\n" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    ("model", "kind", "message", "hint"),
    [
        ("sd-trubo", ModelError, "no drawing model 'sd-trubo'", "Did you mean sd-turbo"),
        ("", ModelError, "no drawing model ''", "Presets are"),
        ("/nowhere/at/all", ModelMissingError, "no folder /nowhere/at/all", "Check the path"),
        ("./nowhere", ModelMissingError, "no folder ./nowhere", "Check the path"),
        (__file__, ModelError, "single file", "from_single_file"),
        (str(Path(__file__).parent), ModelError, "no model_index.json", "text-to-image pipeline"),
    ],
)
def test_names_that_lead_nowhere(
    model: str, kind: type[ModelError], message: str, hint: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message) as caught:
        Drawer(model).draw("a boat", path=tmp_path / "a.png")
    assert type(caught.value) is kind
    assert hint in caught.value.hint


def test_incomplete_and_damaged_folders(spare: Path, tmp_path: Path) -> None:
    def refused() -> ModelError:
        with pytest.raises(ModelError) as caught:
            Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png", steps=1)
        return caught.value

    (spare / "unet" / "config.json").write_text("{")
    assert "cannot be loaded" in str(refused())
    weights = spare / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert "damaged" in str(refused())
    weights.unlink()
    assert "weights of unet are missing" in str(refused())
    assert not installed(str(spare))
    shutil.rmtree(spare / "unet")
    assert "unet is missing" in str(refused())
    (spare / "model_index.json").write_text("[]")
    assert "cannot be read" in str(refused())


def test_pickles_are_never_loaded(spare: Path, tmp_path: Path) -> None:
    weights = spare / "unet" / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    with pytest.raises(ModelError, match=r"weights of unet in .* are pickles"):
        Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png")


def test_pipelines_for_other_things_are_refused(spare: Path, tmp_path: Path) -> None:
    index = json.loads((spare / "model_index.json").read_text())
    (spare / "model_index.json").write_text(json.dumps(index | {"_class_name": "DDPMPipeline"}))
    with pytest.raises(ModelError, match="cannot be loaded as a text-to-image pipeline"):
        Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png")


def test_code_in_a_model_is_never_run(spare: Path, tmp_path: Path) -> None:
    trap = f"from pathlib import Path\nPath({str(tmp_path / 'sprung')!r}).touch()\nclass Unet: pass\n"
    (spare / "unet" / "trap.py").write_text(trap)
    (spare / "trap.py").write_text(trap)
    index = json.loads((spare / "model_index.json").read_text())
    for change in ({"unet": ["trap", "Unet"]}, {"_class_name": ["trap", "Unet"]}):
        (spare / "model_index.json").write_text(json.dumps(index | change))
        with pytest.raises(ModelError, match="cannot be loaded"):
            Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png")
    assert not (tmp_path / "sprung").exists()


def test_half_precision_files_are_found(folder: Path, spare: Path, tmp_path: Path) -> None:
    plain = read_pipeline(folder)
    assert plain.variant is None
    for file in spare.rglob("*.safetensors"):
        file.rename(file.with_suffix(".fp16.safetensors"))
    half = read_pipeline(spare)
    assert (half.variant, half.parameters) == ("fp16", plain.parameters)
    Drawer(str(spare), device="cpu").draw("a boat", path=tmp_path / "a.png", steps=1, seed=1)
    assert is_drawing(tmp_path / "a.png")


def test_shards_must_be_complete(spare: Path) -> None:
    whole = spare / "unet" / "diffusion_pytorch_model.safetensors"
    first = whole.rename(whole.with_stem("diffusion_pytorch_model-00001-of-00002"))
    with pytest.raises(ModelMissingError, match="weights of unet are missing"):
        read_pipeline(spare)
    shutil.copy(first, whole.with_stem("diffusion_pytorch_model-00002-of-00002"))
    assert read_pipeline(spare).parameters > 0


# --- the Hub, and what importing costs ------------------------------------------------------


class Hub(BaseHTTPRequestHandler):
    """As much of the Hub's interface as a download needs, over one folder."""

    folder: Path
    commit = "0" * 40

    def log_message(self, *_: object) -> None: ...

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        names = sorted(
            str(file.relative_to(self.folder)) for file in self.folder.rglob("*") if file.is_file()
        )
        if "/resolve/" in self.path:
            self.answer((self.folder / self.path.split("/resolve/")[1].split("/", 1)[1]).read_bytes())
        elif "/tree/" in self.path:
            files = [{"type": "file", "path": name, "size": 1, "oid": name} for name in names]
            self.answer(json.dumps(files).encode())
        else:
            siblings = [{"rfilename": name} for name in names]
            self.answer(json.dumps({"id": "a/b", "sha": self.commit, "siblings": siblings}).encode())

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Repo-Commit", self.commit)
        self.send_header("ETag", f'"{abs(hash(body))}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@pytest.fixture
def hub(spare: Path) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("SpareHub", (Hub,), {"folder": spare}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
def test_weights_are_downloaded_once(hub: ThreadingHTTPServer, spare: Path, tmp_path: Path) -> None:
    """In a process of its own, because the Hub's address is read on import."""
    for file in list(spare.rglob("*.safetensors")):
        shutil.copy(file, file.with_suffix(".fp16.safetensors"))
        file.with_suffix(".bin").write_bytes(b"a pickle")
    script = f"""
from pathlib import Path
from search.drawing.drawer import Drawer
from search.drawing.weights import installed
assert not installed("org/tiny")
Drawer("org/tiny", device="cpu").draw("a boat", path=Path({str(tmp_path / "a.png")!r}), steps=1, seed=1)
assert installed("org/tiny")
from huggingface_hub import constants
constants.HF_HUB_OFFLINE = True
Drawer("org/tiny", device="cpu").draw("a boat", path=Path({str(tmp_path / "b.png")!r}), steps=1, seed=1)
"""
    cache = tmp_path / "hub"
    endpoint = f"http://127.0.0.1:{hub.server_address[1]}"
    environment = os.environ | {"HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(cache), "HF_HUB_OFFLINE": "0"}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, env=environment)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    fetched = {path.name for path in cache.rglob("snapshots/*/*/*")}
    assert "model.fp16.safetensors" in fetched
    assert not {"model.safetensors", "model.bin"} & fetched, "only the half-size safetensors files"


def test_importing_is_cheap() -> None:
    script = (
        "import sys, search.drawing.drawer; print({'torch', 'diffusers', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"
