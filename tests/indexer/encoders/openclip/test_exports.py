"""What is kept of an open_clip model for the CPU: it agrees with open_clip, and needs no PyTorch any more."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import open_clip
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st

from indexer.encoders.openclip import exports
from indexer.encoders.openclip.encoder import OpenClipEncoder, TorchTower
from indexer.encoders.registry import load_encoder
from tests.support.tiny_openclip import TEXTS, save_model

_ASK = """
import json, sys
from pathlib import Path
from indexer.encoders.registry import load_encoder
encoder = load_encoder(sys.argv[1], cache=Path(sys.argv[2]), device="cpu")
vectors = encoder.encode_texts(json.loads(sys.argv[3])).tolist()
print(json.dumps([encoder.fingerprint, vectors, sorted({"torch", "open_clip"} & set(sys.modules))]))
"""


@pytest.mark.slow
def test_a_search_with_a_kept_model_imports_no_torch(tmp_path: Path) -> None:
    name = save_model(tmp_path / "model", "CLIP")
    first = load_encoder(name, cache=tmp_path, device="cpu")
    expected = first.encode_texts(TEXTS)
    assert not isinstance(first._text_tower(), TorchTower)
    asked = [sys.executable, "-c", _ASK, name, str(tmp_path), json.dumps(TEXTS)]
    done = subprocess.run(
        asked, capture_output=True, check=True, env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    )
    fingerprint, vectors, imported = json.loads(done.stdout)
    assert fingerprint == first.fingerprint
    np.testing.assert_allclose(np.array(vectors), expected, atol=1e-6)
    assert imported == []
    weights = tmp_path / "model" / "a.safetensors"
    os.utime(weights, (1, 1))
    assert exports.read_facts(tmp_path, name) is None, "other files are another model"


def test_what_cannot_be_exported_runs_in_torch_and_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def refuse(*arguments: object) -> None:
        tried.append(arguments[-1])
        raise RuntimeError("no translation for aten::something")

    monkeypatch.setattr(exports, "export", refuse)
    name = save_model(tmp_path / "model", "CLIP")
    vectors = []
    for _ in range(2):
        encoder = load_encoder(name, cache=tmp_path, device="cpu")
        vectors.append(encoder.encode_texts(TEXTS))
        assert isinstance(encoder, OpenClipEncoder)
        assert isinstance(encoder._text_tower(), TorchTower)
    assert np.array_equal(*vectors)
    assert len(tried) == 1


@pytest.mark.slow
def test_an_export_that_disagrees_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "LEAST_COSINE", 1.1)
    encoder = load_encoder(save_model(tmp_path / "model", "CLIP"), cache=tmp_path, device="cpu")
    encoder.encode_texts(TEXTS)
    assert isinstance(encoder, OpenClipEncoder)
    assert isinstance(encoder._text_tower(), TorchTower)


@pytest.fixture(scope="module")
def original() -> open_clip.SimpleTokenizer:
    """The tokenizer of CLIP as open_clip has it."""
    return open_clip.SimpleTokenizer()


@pytest.fixture(scope="module")
def read(
    original: open_clip.SimpleTokenizer, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[list[str]], exports.Tokens]:
    """The same as it is kept."""
    return exports.tokenizer(tmp_path_factory.mktemp("kept") / "tokens", lambda: original)


@example_settings(max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=60),
            st.sampled_from(
                ["don't", "<start_of_text> a dog", "&lt;b&gt;", "â€œquoted", "ﬁne ½", "x" * 400, "ab " * 90]
            ),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_texts_become_the_tokens_of_open_clip(
    original: open_clip.SimpleTokenizer, read: Callable[[list[str]], exports.Tokens], texts: list[str]
) -> None:
    assert np.array_equal(read(texts), original(texts).numpy())


def test_a_damaged_tokenizer_is_made_again(original: open_clip.SimpleTokenizer, tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    exports.tokenizer(path, lambda: original)
    path.write_bytes(path.read_bytes()[:-20])
    assert np.array_equal(exports.tokenizer(path, lambda: original)(TEXTS), original(TEXTS).numpy())
