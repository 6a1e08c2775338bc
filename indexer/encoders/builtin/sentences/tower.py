"""Inference with multilingual-e5-small (Wang et al. 2024, arXiv 2402.05672).

It is a sentence model of the hundred languages of XLM-RoBERTa (Conneau et al. 2019, arXiv 1911.02116).
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from db.arrays import Floats
from db.errors import ModelError
from indexer.encoders.builtin.sentences.weights import (
    Weights,
    read_weights,
    weights_file,
    weights_fingerprint,
)
from indexer.encoders.cache import load_or_build
from indexer.encoders.onnx import onnx_session

GRAPH_VERSION = 1
"""Raised whenever the outputs of the graph change, or its tokens: old ones must not be taken for new ones."""
MAX_TOKENS = 96
"""Pieces of a text that are read: a longer one is no question."""
BATCH = 32

_PREFIX = "query: "
"""What the model was trained to see before texts that are compared with each other."""
_SPACE = "\u2581"
_NO_SIGN = re.compile("[\u200b-\u200f\ufeff\ufffd\u2581]")

SentenceTower = Callable[[Sequence[str]], Floats]
"""n texts to (n, 13, 384): averages over the pieces of the input embedding and of the twelve layers."""


def load_sentence_tower(cache: Path, threads: int = 0) -> SentenceTower:
    """The sentence model on the CPU, its graph made on first use and kept in ``cache``.

    Raises:
        ModelMissingError: its weights are not installed.
        ModelError: they are damaged, or the cache cannot be written.
    """
    weights = read_weights(weights_file())
    pieces = Pieces(weights)

    def build(path: Path) -> None:
        from indexer.encoders.builtin.sentences.graph import write_graph

        write_graph(weights, path)

    path = cache / "models" / f"multilingual-e5-small-{sentence_fingerprint()}.onnx"
    session = load_or_build(path, build, lambda built: onnx_session(built, threads))

    def run(texts: Sequence[str]) -> Floats:
        starts = range(0, len(texts), BATCH)
        batches = (pieces(texts[start : start + BATCH]) for start in starts)
        return np.concatenate([session.run(["layers"], {"input": ids})[0] for ids in batches])

    return run


def sentence_problem() -> ModelError | None:
    """Why there is no sentence model, its weights missing or not those expected; None where all is well."""
    try:
        read_weights(weights_file())
    except ModelError as exc:
        return exc
    return None


def sentence_fingerprint() -> str:
    """Fingerprint of the sentence model: changes whenever its outputs would. Nothing is loaded for it.

    Raises:
        ModelMissingError: its weights are not installed, or are of another version.
    """
    weights_file()
    return f"{GRAPH_VERSION}-{weights_fingerprint()[:16]}"


class Pieces:
    """The tokenizer: texts to the numbers of their pieces by a unigram model (Kudo 2018)."""

    def __init__(self, weights: Weights) -> None:
        from tokenizers import Tokenizer, models

        self._tokenizer = Tokenizer(models.Unigram(weights.pieces, weights.unknown, False))
        self._begin, self._end, self._padding = weights.begin, weights.end, weights.padding

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.int64]:
        """n texts to (n, length), filled up with padding."""
        encoded = self._tokenizer.encode_batch([spaced(text) for text in texts], add_special_tokens=False)
        pieces = [[self._begin, *each.ids[: MAX_TOKENS - 2], self._end] for each in encoded]
        ids = np.full((len(pieces), max(map(len, pieces))), self._padding, np.int64)
        for row, each in zip(ids, pieces, strict=True):
            row[: len(each)] = each
        return ids


def spaced(text: str) -> str:
    """A text as the tokenizer's pieces are written: in NFKC, with a sign before every word."""
    plain = unicodedata.normalize("NFKC", _NO_SIGN.sub(" ", text))
    words = "".join(sign for sign in plain if sign.isspace() or unicodedata.category(sign) != "Cc")
    return "".join(f"{_SPACE}{word}" for word in (_PREFIX + words).split())
