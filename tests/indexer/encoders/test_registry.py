"""Names of models: what they resolve to, and what is said about wrong ones."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from db.errors import ModelError, ModelMissingError
from indexer.encoders.registry import (
    BUILTIN,
    FIRST_BUILTIN,
    PRESETS,
    better_than,
    canonical_name,
    is_here,
    load_encoder,
)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("builtin", "builtin"),
        ("builtin-2", "builtin-2"),
        (" fast ", "ViT-B-32/laion2b_s34b_b79k"),
        ("multilingual", "ViT-B-16-SigLIP2-256/webli"),
        ("vit-b-32/LAION2B-s34b-b79k", "ViT-B-32/laion2b_s34b_b79k"),
        ("ViT-B-32@/models/mine.safetensors", "ViT-B-32@/models/mine.safetensors"),
        ("ViT-B-32@/models/../models/mine.pt", "ViT-B-32@/models/mine.pt"),
        ("local-dir:/models/mine", "local-dir:/models/mine"),
    ],
)
def test_a_name_resolves_to_what_a_library_stores(given: str, stored: str) -> None:
    assert canonical_name(given) == stored
    assert canonical_name(stored) == stored


def test_a_folder_with_an_open_clip_configuration_is_a_name(tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text("{}")
    assert canonical_name(str(tmp_path)) == f"local-dir:{tmp_path.resolve()}"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("buildin", "builtin"),
        ("ViT-B-33/openai", "ViT-B-32"),
        ("ViT-B-32", "ViT-B-32"),
        ("ViT-B-32/laion2b_s34b_b97k", "ViT-B-32/laion2b_s34b_b79k"),
        ("", "MODEL/TAG"),
    ],
)
def test_an_unknown_name_is_answered_with_near_ones(wrong: str, near: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        load_encoder(wrong, cache=tmp_path)
    assert near in f"{caught.value} {caught.value.hint}"
    assert "\n" not in str(caught.value)


def test_every_preset_is_a_name_that_open_clip_knows() -> None:
    import open_clip

    for name, info in PRESETS.items():
        assert name == info.name
        assert canonical_name(name) == info.model
        if not name.startswith("builtin"):
            model, tag = info.model.split("/")
            assert open_clip.get_pretrained_cfg(model, tag)["hf_hub"] == f"{info.repository}/"
            assert open_clip.get_model_config(model)["embed_dim"] == info.dim


def test_a_preset_is_here_where_its_weights_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    here = [name for name, info in PRESETS.items() if is_here(info, tmp_path)]
    assert here == ["builtin-2", "builtin", "builtin-conse"]
    fast = tmp_path / "hub" / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    (fast / "refs").mkdir(parents=True)
    (fast / "refs" / "main").write_text("1")
    (fast / "snapshots" / "1").mkdir(parents=True)
    (fast / "snapshots" / "1" / "open_clip_model.safetensors").touch()
    assert is_here(PRESETS["fast"], tmp_path)


def test_licences_against_commercial_use_are_marked() -> None:
    assert {name for name, info in PRESETS.items() if not info.commercial_use} == {"mobile"}


@pytest.mark.parametrize("offline", [True, False], ids=["HF_HUB_OFFLINE", "no network"])
def test_missing_weights_are_found_out_quickly(
    offline: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    encoder = load_encoder("fast", cache=tmp_path)
    started = time.monotonic()
    with pytest.raises(ModelMissingError) as caught:
        encoder.encode_texts(["a dog"])
    assert time.monotonic() - started < 10
    assert "laion/CLIP-ViT-B-32-laion2B-s34B-b79K" in caught.value.hint
    assert "ViT-B-32@/path" in caught.value.hint
    assert "\n" not in f"{caught.value}{caught.value.hint}"


def test_a_missing_local_checkpoint_is_named(tmp_path: Path) -> None:
    encoder = load_encoder(f"ViT-B-32@{tmp_path}/none.safetensors", cache=tmp_path)
    with pytest.raises(ModelMissingError, match="none"):
        _ = encoder.fingerprint


def test_resolving_names_imports_no_heavy_library() -> None:
    heavy = "{'torch', 'open_clip', 'timm', 'transformers', 'onnxruntime'}"
    code = (
        "import sys; from indexer.encoders.registry import canonical_name;"
        "canonical_name('fast'); canonical_name('ViT-B-16/openai');"
        f"assert not {heavy} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_only_the_first_builtin_model_has_a_better_one_at_no_cost() -> None:
    assert better_than(FIRST_BUILTIN) == BUILTIN
    assert {better_than(name) for name in ("builtin-conse", BUILTIN, "of/somebody")} == {None}
    better = PRESETS[BUILTIN]
    assert better.repository is None
    assert better.languages == PRESETS[FIRST_BUILTIN].languages
