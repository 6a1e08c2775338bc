"""Pretrained models by name: found, loaded, kept and let go, with real classes that are tiny."""

import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from db.errors import ModelError, ModelMissingError
from db.settings import Settings
from indexer.pretrained import keeper, loading
from indexer.pretrained.keeper import Keeper
from indexer.pretrained.loading import Pretrained, load_model
from indexer.pretrained.memory import in_batches
from indexer.pretrained.presets import PRESETS, of_task, preset_of
from indexer.pretrained.weights import chosen, find_weights, is_here
from tests.support import ROOT
from tests.support.tiny_pretrained import save_blip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def spare(folder: Path, tmp_path: Path) -> Path:
    """A copy of the model to be damaged."""
    return Path(shutil.copytree(folder, tmp_path / "spare"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the Hub, offline."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def in_cache(cache: Path, repository: str, folder: Path) -> None:
    """Put a model into the Hub's cache, as a download would."""
    place = cache / f"models--{repository.replace('/', '--')}"
    shutil.copytree(folder, place / "snapshots" / "abc")
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("abc")


# --- presets and names


def test_presets_say_where_they_were_read() -> None:
    for name, info in PRESETS.items():
        assert name == info.name
        assert preset_of(name) is preset_of(info.repository) is info
        assert info.repository.split("/")[0] in info.source
        assert info.licence and info.classes and info.tasks
    for task in ("caption", "ask"):
        assert len(list(of_task(task))) >= 2


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["blip", "Salesforce/blip-image-captioning-base"])
def test_a_missing_preset_says_what_to_download(name: str) -> None:
    assert not is_here(PRESETS["blip"])
    with pytest.raises(ModelMissingError, match=f"weights of {name} are not on this machine") as caught:
        find_weights(name, "caption")
    assert "hf download Salesforce/blip-image-captioning-base (0.99 GB, licence: BSD-3-Clause)" in (
        caught.value.hint
    )


def test_a_cached_preset_is_found_without_a_network(cache: Path, folder: Path) -> None:
    assert chosen("auto", "caption") == "none"
    in_cache(cache, PRESETS["blip-large"].repository, folder)
    assert is_here(PRESETS["blip-large"])
    found = find_weights("blip-large", "caption")
    assert (found.name, found.files[0].name) == ("blip-large", "model.safetensors")
    assert found.size == (folder / "model.safetensors").stat().st_size
    assert chosen("auto", "caption") == "blip-large"
    assert chosen("blip", "caption") == "blip", "what was chosen stays chosen"


@pytest.mark.parametrize(
    ("name", "kind", "message", "hint"),
    [
        ("blib", ModelError, "no model 'blib'", "Did you mean blip"),
        ("/nowhere/at/all", ModelMissingError, "no folder /nowhere/at/all", "Check the path"),
        ("llava", ModelError, "llava is no model for that", "Presets are blip"),
        (str(Path(__file__).parent), ModelError, "no config.json", "transformers"),
    ],
)
def test_names_that_lead_nowhere(name: str, kind: type[ModelError], message: str, hint: str) -> None:
    with pytest.raises(kind, match=message) as caught:
        find_weights(name, "caption")
    assert hint in caught.value.hint


def test_models_in_parts_must_be_whole(spare: Path) -> None:
    import transformers

    model = transformers.AutoModelForImageTextToText.from_pretrained(spare)
    (spare / "model.safetensors").unlink()
    model.save_pretrained(spare, max_shard_size="100KB")
    found = find_weights(str(spare), "caption")
    assert len(found.files) > 1
    found.files[-1].unlink()
    with pytest.raises(ModelMissingError, match="is incomplete"):
        find_weights(str(spare), "caption")


# --- loading


def test_what_has_no_weights_for_its_class_is_refused(spare: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(spare / "model.safetensors")
    tensors.pop("vision_model.post_layernorm.weight")
    save_file(tensors, spare / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks weights of BlipForConditionalGeneration"):
        load_model(find_weights(str(spare), "caption"), "AutoModelForImageTextToText", "cpu")


def test_other_kinds_and_damaged_files_are_refused_in_one_line(spare: Path) -> None:
    found = find_weights(str(spare), "caption")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        load_model(found, "AutoModelForObjectDetection", "cpu")
    assert "\n" not in str(caught.value)
    found.files[0].write_bytes(found.files[0].read_bytes()[:1000])
    with pytest.raises(ModelError, match=r"damaged|cannot be loaded"):
        load_model(found, "AutoModelForImageTextToText", "cpu")


def test_pickles_run_no_code(spare: Path, tmp_path: Path) -> None:
    import pickle

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[object, ...]]:
            return (Path.touch, (tmp_path / "sprung",))

    (spare / "model.safetensors").unlink()
    (spare / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(find_weights(str(spare), "caption"), "AutoModelForImageTextToText", "cpu")
    assert not (tmp_path / "sprung").exists()


def test_code_in_a_model_is_never_run(spare: Path, tmp_path: Path) -> None:
    import json

    config = json.loads((spare / "config.json").read_text())
    trap = f"from pathlib import Path\nPath({str(tmp_path / 'sprung')!r}).touch()\n"
    (spare / "trap.py").write_text(trap)
    config |= {"auto_map": {"AutoConfig": "trap.A", "AutoModelForImageTextToText": "trap.B"}}
    for change in ({}, {"model_type": "unheard-of"}):
        (spare / "config.json").write_text(json.dumps(config | change))
        found = find_weights(str(spare), "caption")
        if change:
            with pytest.raises(ModelError, match="cannot be loaded"):
                load_model(found, "AutoModelForImageTextToText", "cpu")
        else:
            load_model(found, "AutoModelForImageTextToText", "cpu")
    assert not (tmp_path / "sprung").exists()


# --- memory


def test_too_little_memory_is_told_before_loading(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    model = Pretrained(str(folder), "caption", Settings(device="cpu"), lambda *_: pytest.fail("loaded"))
    told = pytest.raises(ModelError, match=r"tiny needs about .* GB of memory and 0.0 GB are free")
    with told, model.use():
        pass


def test_batches_are_halved_when_memory_is_short() -> None:
    import torch

    tried: list[int] = []

    def run(batch: object) -> list[int]:
        tried.append(len(batch))
        if len(batch) > 3:
            torch.empty(2**60, dtype=torch.uint8)
        return [10 * item for item in batch]

    assert list(in_batches("tiny", range(10), 8, run)) == [10 * item for item in range(10)]
    assert tried == [8, 4, 2, 2, 2, 2, 2]
    with pytest.raises(ModelError, match="not enough memory for the model tiny"):
        list(in_batches("tiny", range(2), 2, lambda _: torch.empty(2**60, dtype=torch.uint8)))
    with pytest.raises(RuntimeError, match="another reason"):
        list(in_batches("tiny", [1], 2, lambda _: (_ for _ in ()).throw(RuntimeError("another reason"))))


# --- keeping


def use(kept: Keeper, key: str, needed: float, loads: list[str], idle_s: float = 60) -> None:
    with kept.use(key, key, needed, lambda: loads.append(key) or key, device="cpu", idle_s=idle_s) as model:
        assert model == key


@pytest.mark.slow
def test_a_model_is_kept_and_two_large_ones_never() -> None:
    kept, loads = Keeper(), []
    for key, needed in (("a", 2e9), ("a", 2e9), ("small", 1e6), ("b", 3e9), ("small", 1e6), ("a", 2e9)):
        use(kept, key, needed, loads)
        assert len([one for one in kept.kept() if one != "small"]) == 1
    assert loads == ["a", "small", "b", "a"]
    kept.release()
    assert kept.kept() == []


@pytest.mark.slow
def test_an_idle_model_is_released() -> None:
    kept, loads = Keeper(), []
    use(kept, "short", 1.0, loads, idle_s=0.0)
    use(kept, "long", 1.0, loads, idle_s=60.0)
    deadline = time.monotonic() + 10
    while "short" in kept.kept() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert kept.kept() == ["long"]
    use(kept, "short", 1.0, loads)
    assert loads == ["short", "long", "short"]
    kept.release()


def test_many_threads_load_once_and_take_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "KEEPER", Keeper())
    loads: list[object] = []
    inside: list[int] = []
    model = Pretrained(str(folder), "caption", Settings(device="cpu"), lambda *given: loads.append(given))

    def work() -> None:
        with model.use():
            inside.append(1)
            assert sum(inside) == 1
            inside.append(-1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(loads), len(inside)) == (1, 8)


def test_a_model_that_cannot_be_loaded_is_not_kept() -> None:
    kept = Keeper()

    def fail() -> None:
        raise ModelError("no")

    with pytest.raises(ModelError), kept.use("a", "a", 1.0, fail, device="cpu", idle_s=60):
        pass
    assert kept.kept() == []
    assert keeper.LARGE > 0


def test_importing_is_cheap() -> None:
    script = "import sys, indexer.pretrained.loading; print({'torch', 'transformers'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()"
