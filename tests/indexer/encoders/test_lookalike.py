"""Models of pictures alone: the vectors are those of the library's own documented way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from db.arrays import Vectors, unit_length
from db.errors import ModelError
from db.settings import Settings
from indexer.encoders.lookalike import LookalikeEncoder
from indexer.pretrained.keeper import KEEPER
from tests.support import SAMPLES
from tests.support.tiny_vision import LOOKALIKES, some

SETTINGS = Settings(device="cpu")
NAMES = ("p002.jpg", "p011.jpg", "p025.jpg")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a family's tiny model, saved once."""
    models = tmp_path_factory.mktemp("models")

    def saved(family: str) -> Path:
        if not (models / family).exists():
            LOOKALIKES[family](models / family)
        return models / family

    return saved


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    return [Image.open(SAMPLES / "pictures" / name).convert("RGB") for name in NAMES]


def of_transformers(folder: Path, pictures: list[Image.Image]) -> Vectors:
    import torch
    from transformers import AutoImageProcessor, AutoModel

    config: dict[str, Any] = {"mask_ratio": 0.0} if "mae" in folder.name else {}
    model = AutoModel.from_pretrained(folder, **config).eval()
    inputs = AutoImageProcessor.from_pretrained(folder)(images=pictures, return_tensors="pt")
    with torch.inference_mode():
        seen = model(**inputs)
    pooled = None if folder.name in ("mae", "beit") else seen.pooler_output
    vectors = seen.last_hidden_state[:, 0] if pooled is None else pooled
    return unit_length(vectors.numpy())


def of_timm(folder: Path, pictures: list[Image.Image]) -> Vectors:
    import timm
    import torch

    model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    config = timm.data.resolve_model_data_config(model)
    transform = timm.data.create_transform(**config, is_training=False)
    with torch.inference_mode():
        features = model.forward_features(torch.stack([transform(picture) for picture in pictures]))
        vectors = model.forward_head(features, pre_logits=True)
    return unit_length(vectors.numpy())


@pytest.mark.parametrize("family", some(LOOKALIKES, 2))
def test_vectors_are_those_of_the_library(
    folder: Callable[[str], Path], pictures: list[Image.Image], family: str
) -> None:
    encoder = LookalikeEncoder(str(folder(family)), SETTINGS)
    found = encoder.encode_pixels(np.stack([encoder.prepare(picture) for picture in pictures]))
    documented = (of_timm if "timm" in family else of_transformers)(folder(family), pictures)
    assert found.shape == (3, encoder.dim)
    assert np.abs(found - documented).max() < 1e-4
    assert np.abs(found[0] - found[1]).max() > 1e-3, "it sees the picture"
    assert encoder.image_size == (48 if "timm" in family else 32)


def test_other_weights_are_another_model(folder: Callable[[str], Path], tmp_path: Path) -> None:
    first = LookalikeEncoder(str(folder("dinov2")), SETTINGS)
    assert first.fingerprint == LookalikeEncoder(str(folder("dinov2")), SETTINGS).fingerprint
    assert first.fingerprint != LookalikeEncoder(str(folder("mae")), SETTINGS).fingerprint
    changed = tmp_path / "changed"
    changed.mkdir()
    for file in folder("dinov2").iterdir():
        (changed / file.name).write_bytes(file.read_bytes())
    weights = changed / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert LookalikeEncoder(str(changed), SETTINGS).fingerprint != first.fingerprint


@pytest.mark.slow
def test_it_knows_no_words_and_is_kept_while_it_is_used(folder: Callable[[str], Path]) -> None:
    encoder = LookalikeEncoder(str(folder("dinov2")), SETTINGS)
    KEEPER.release()
    assert encoder.encode_texts([]).shape == (0, encoder.dim)
    assert [key[0] for key in KEEPER.kept() if isinstance(key, tuple)] == ["similar"]
    with pytest.raises(ModelError, match="knows no words"):
        encoder.encode_texts(["a dog"])
    KEEPER.release()


def test_a_model_of_something_else_is_refused(tmp_path: Path, folder: Callable[[str], Path]) -> None:
    from transformers import BertConfig, BertModel, ViTImageProcessor

    words = tmp_path / "bert"
    size = {"hidden_size": 32, "intermediate_size": 37, "num_hidden_layers": 1, "num_attention_heads": 2}
    BertModel(BertConfig(**size, vocab_size=30)).save_pretrained(words)
    ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(words)
    with pytest.raises(ModelError, match="cannot look at pictures"):
        LookalikeEncoder(str(words), SETTINGS).dim  # noqa: B018 - it is found out by trying
    config = folder("mae") / "config.json"
    text = config.read_text()
    config.write_text("{")
    with pytest.raises(ModelError, match="cannot be read"):
        LookalikeEncoder(str(folder("mae")), SETTINGS).image_size  # noqa: B018 - the same
    config.write_text(text)
    assert json.loads(text)["model_type"] == "vit_mae"
