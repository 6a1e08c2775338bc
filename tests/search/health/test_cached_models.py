"""What is in the Hub's cache, as the Hub's own library lays it out."""

from pathlib import Path

import pytest

from search.health.cached_models import CachedModel, cached_models


def put(cache: Path, repository: str, file: str) -> None:
    """One file of a repository, as a download leaves it."""
    folder = cache / f"models--{repository.replace('/', '--')}"
    commit = "0" * 40
    (folder / "blobs").mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "snapshots" / commit).mkdir(parents=True)
    (folder / "refs" / "main").write_text(commit)
    (folder / "blobs" / "blob").write_bytes(b"x" * 3_000_000)
    (folder / "snapshots" / commit / file).symlink_to(folder / "blobs" / "blob")


def test_models_in_the_cache_are_named_as_they_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    put(tmp_path, "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", "open_clip_model.safetensors")
    put(tmp_path, "timm/ViT-B-16-SigLIP", "open_clip_config.json")
    put(tmp_path, "stabilityai/sd-turbo", "model_index.json")
    put(tmp_path, "somebody/a-language-model", "model.safetensors")
    assert cached_models() == [
        CachedModel("stabilityai/sd-turbo", "draw", 3),
        CachedModel("ViT-B-16-SigLIP/webli", "search", 3),
        CachedModel("ViT-B-32/laion2b_s34b_b79k", "search", 3),
    ]


def test_no_cache_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "none"))
    assert cached_models() == []
