"""open_clip models: what Trove computes is what open_clip computes, for every family and from a checkpoint.

No weights can be downloaded in a test. The right preprocessing and tokenizer are shown on the real
configurations, the encoding on small randomly initialised models of open_clip's own classes.
"""

import shutil
from pathlib import Path

import numpy as np
import open_clip
import pytest
import sklearn
import torch
from PIL import Image

from db.errors import ModelError
from indexer.encoders.openclip.encoder import OpenClipEncoder, Source
from indexer.encoders.registry import load_encoder
from tests.support.tiny_openclip import FAMILIES, TEXTS, save_model

PHOTOGRAPHS = sorted((Path(sklearn.__file__).parent / "datasets" / "images").glob("*.jpg"))


@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=pytest.mark.slow if name == "CoCa" else []) for name in FAMILIES],
)
def test_a_local_model_encodes_as_open_clip_does(family: str, tmp_path: Path, cache: Path) -> None:
    name = save_model(tmp_path, family)
    encoder = load_encoder(name, cache=cache, device="cpu")
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    tokenizer = open_clip.get_tokenizer(name)
    pictures = [Image.open(path) for path in PHOTOGRAPHS]
    with torch.inference_mode():
        images = model.eval().encode_image(torch.stack([preprocess(p) for p in pictures]), normalize=True)
        texts = model.encode_text(tokenizer(TEXTS), normalize=True)
    batch = np.stack([encoder.prepare(picture) for picture in pictures])
    assert batch.shape == (2, 3, encoder.image_size, encoder.image_size)
    for ours, theirs in ((encoder.encode_pixels(batch), images), (encoder.encode_texts(TEXTS), texts)):
        assert ours.dtype == np.float32
        assert ours.shape == (len(theirs), encoder.dim)
        np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_an_architecture_takes_a_checkpoint_of_ones_own(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "ViT-B-32", FAMILIES["CLIP"])
    save_model(tmp_path, "CLIP")
    encoder = load_encoder(f"ViT-B-32@{tmp_path}/a.safetensors", cache=cache, device="cpu")
    same = load_encoder(f"local-dir:{tmp_path}", cache=cache, device="cpu")
    assert encoder.name == f"ViT-B-32@{tmp_path}/a.safetensors"
    np.testing.assert_array_equal(encoder.encode_texts(TEXTS), same.encode_texts(TEXTS))


def test_a_checkpoint_of_another_architecture_is_a_named_error(tmp_path: Path) -> None:
    save_model(tmp_path, "CLIP")
    encoder = load_encoder(f"ViT-B-32@{tmp_path}/a.safetensors", cache=tmp_path, device="cpu")
    with pytest.raises(ModelError, match="cannot be loaded") as caught:
        encoder.encode_texts(TEXTS)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path, "CLIP")
    torch.save({"weights": Path("/")}, tmp_path / "code.pt")  # a pickled object, not a tensor
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_encoder(f"ViT-B-32@{tmp_path}/code.pt", cache=tmp_path, device="cpu").encode_texts(TEXTS)


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"model_cfg": {"embed_dim": 3}}', "\udcff"])
def test_a_folder_with_a_broken_configuration_is_a_named_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "open_clip_config.json").write_text(content, errors="surrogateescape")
    with pytest.raises(ModelError, match="configuration"):
        load_encoder(str(tmp_path), cache=tmp_path)


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    def fingerprint(folder: Path) -> str:
        return load_encoder(f"local-dir:{folder}", cache=tmp_path).fingerprint

    save_model(tmp_path / "one", "CLIP")
    shutil.copytree(tmp_path / "one", tmp_path / "copy")
    assert fingerprint(tmp_path / "copy") == fingerprint(tmp_path / "one")
    weights = bytearray((tmp_path / "copy" / "a.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "copy" / "a.safetensors").write_bytes(weights)
    assert fingerprint(tmp_path / "copy") != fingerprint(tmp_path / "one")


def test_a_search_holds_no_picture_tower(tmp_path: Path) -> None:
    encoder = OpenClipEncoder("tiny", Source(save_model(tmp_path, "CLIP")), "cpu")
    encoder.encode_texts(TEXTS)
    assert encoder._text_tower().module.visual is None
    assert not encoder._image_tower._made


@pytest.mark.parametrize(
    "name",
    [
        "ViT-B-32/openai",
        "ViT-B-32/laion2b_s34b_b79k",
        "ViT-B-16-SigLIP/webli",
        "ViT-B-16-SigLIP2-256/webli",
        "ViT-SO400M-16-SigLIP2-256/webli",
        "MobileCLIP-S2/datacompdr",
        "coca_ViT-B-32/laion2b_s13b_b90k",
    ],
)
@pytest.mark.filterwarnings("ignore:QuickGELU mismatch")
def test_pictures_are_prepared_as_open_clip_does(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = load_encoder(name, cache=tmp_path, device="cpu")
    model, _, tag = name.partition("/")
    monkeypatch.setattr(open_clip.factory, "download_pretrained", lambda *_, **__: "not loaded")
    with torch.device("meta"):  # the architecture without memory for its weights
        *_, preprocess = open_clip.create_model_and_transforms(model, tag, load_weights=False, device="meta")
    for path in PHOTOGRAPHS:
        picture = Image.open(path)
        np.testing.assert_array_equal(encoder.prepare(picture), preprocess(picture).numpy())
    assert encoder.prepare(picture).shape == (3, encoder.image_size, encoder.image_size)


@pytest.mark.parametrize(
    "name", ["ViT-B-32/openai", "MobileCLIP-S2/datacompdr", "coca_ViT-B-32/laion2b_s13b_b90k"]
)
def test_texts_are_tokenized_as_open_clip_does(name: str, tmp_path: Path) -> None:
    encoder = load_encoder(name, cache=tmp_path, device="cpu")
    assert isinstance(encoder, OpenClipEncoder)
    expected = open_clip.get_tokenizer(name.partition("/")[0])(TEXTS)
    assert np.array_equal(encoder._tokenizer()(TEXTS), expected.numpy())
    assert (
        expected.shape[1] == open_clip.get_model_config(name.partition("/")[0])["text_cfg"]["context_length"]
    )


VOCABULARY = ["<pad>", "</s>", "<unk>", "a", "dog", "red", "flower", "in", "vase", "dont"]


def put_tokenizer(cache: Path, repository: str) -> None:
    """A tokenizer as a download leaves it: as those of SigLIP, with an end token and a token to pad with."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(
        models.WordLevel({word: at for at, word in enumerate(VOCABULARY)}, unk_token="<unk>")  # noqa: S106
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    folder = cache / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / ("0" * 40)
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")  # transformers asks for it
    special = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(snapshot)


@pytest.mark.parametrize(
    "name", ["ViT-B-16-SigLIP/webli", "ViT-B-16-SigLIP2-256/webli", "ViT-SO400M-16-SigLIP2-256/webli"]
)
def test_siglip_texts_are_canonical_and_fill_the_context(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Their vocabularies are on the Hub only; what is done around the vocabulary is the same with a small one.
    text = open_clip.get_model_config(name.partition("/")[0])["text_cfg"]
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    put_tokenizer(tmp_path, text["hf_tokenizer_name"])
    encoder = load_encoder(name, cache=tmp_path, device="cpu")
    assert isinstance(encoder, OpenClipEncoder)
    tokens = encoder._tokenizer()(["A  red FLOWER, in_a vase!", "Don't!", "dog " * 100, ""])
    # big_vision pads to the context length, lower-cases, and drops punctuation before it looks words up.
    ids = {word: at for at, word in enumerate(VOCABULARY)}
    length = text["context_length"]
    rows = [[ids[word] for word in "a red flower in a vase </s>".split()], [ids["dont"], 1]]
    rows += [[ids["dog"]] * (length - 1) + [1], [1]]
    assert length == 64
    assert tokens.tolist() == [row + [0] * (length - len(row)) for row in rows]
