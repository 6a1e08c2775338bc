"""Starting: what a command does not load it need not wait for; a question asked again loads no model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from db.settings import Settings
from indexer.encoders.phrasings import phrasings
from search.engine import query_cache
from search.engine.query_cache import QueryVectors
from search.query.query import Query
from tests.support.searching import searching

NEVER = {"torch", "open_clip", "transformers", "timm", "diffusers", "streamlit", "ctranslate2", "av", "rawpy"}
"""Seconds each, and of no use to a question in words."""

MODELS = {"onnxruntime", "tokenizers", "onnx"}

WORDS = {"lemminflect", "symspellpy", "fasttext", "emoji", "rapidfuzz", "langdetect"}
"""Of use only to a question that is new, or not understood."""

_RUN = """
import json, sys
from ui.cli.main import app
try:
    app(sys.argv[1:], standalone_mode=False)
except SystemExit:
    pass
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})), file=sys.stderr)
"""


def loaded(*arguments: str, settings: Settings | None = None) -> set[str]:
    """The packages that a command of its own process has imported when it is done."""
    environment = dict(os.environ)
    if settings is not None:
        environment |= {
            "TROVE_LIBRARY": str(settings.paths.folder),
            "TROVE_CACHE": str(settings.cache),
            "TROVE_DEVICE": "cpu",
        }
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def apart(sample_library: Settings, tmp_path: Path) -> Settings:
    """The sample library, with query vectors of its own and the models of all."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "models").symlink_to(sample_library.cache / "models", target_is_directory=True)
    return sample_library.model_copy(update={"cache": cache})


def test_help_loads_nothing_heavy() -> None:
    heavy = NEVER | MODELS | {"faiss", "rich"}
    assert not loaded("--help") & (heavy | {"numpy", "sqlalchemy", "PIL", "pydantic"})
    # The choices of --kind are what the analysers make, who take NumPy, and the database.
    assert not loaded("search", "--help") & heavy


def test_a_question_loads_no_torch_and_asked_again_no_model(apart: Settings) -> None:
    first = loaded("search", "a lighthouse by the sea", "--json", settings=apart)
    assert not first & NEVER
    assert "onnxruntime" in first
    again = loaded("search", "a lighthouse by the sea", "--json", settings=apart)
    assert not again & (NEVER | MODELS | WORDS)
    assert "onnxruntime" in loaded("search", "a lighthouse", "--json", settings=apart)


def test_a_question_asked_again_has_the_same_answer(apart: Settings) -> None:
    answers = []
    for _ in range(2):
        with searching(apart) as trove:
            answers.append(trove.search(Query("two dogs in the snow")))
    assert answers[0].hits == answers[1].hits
    assert answers[0].confidence == answers[1].confidence


class Counting:
    """An encoder of random directions that counts how often it is asked, each time for all phrasings."""

    name, dim, image_size, fingerprint = "counting", 8, 8, "0"

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def encode_texts(self, texts: list[str]) -> np.ndarray:
        self.asked.append(tuple(texts))
        rows = np.random.default_rng(len(texts[0])).standard_normal((len(texts), 8)).astype(np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_what_is_damaged_is_made_anew(tmp_path: Path) -> None:
    encoder, queries = Counting(), QueryVectors(tmp_path / "queries", "space")
    vector = queries.of("a dog", encoder)
    assert np.array_equal(queries.of("a dog", encoder), vector)
    assert encoder.asked == [phrasings("a dog")]
    (path,) = (tmp_path / "queries").iterdir()
    sound = path.read_bytes()
    for damaged in (sound[:-1], b"", sound[:5] + bytes([sound[5] ^ 1]) + sound[6:]):
        path.write_bytes(damaged)
        assert np.array_equal(queries.of("a dog", encoder), vector)
    assert len(encoder.asked) == 4
    assert b"dog" not in path.read_bytes()
    assert "dog" not in path.name


def test_another_model_or_text_is_another_vector(tmp_path: Path) -> None:
    encoder = Counting()
    for fingerprint, text in (("one", "a dog"), ("other", "a dog"), ("one", "a cat"), ("one", "a dog")):
        QueryVectors(tmp_path, fingerprint).of(text, encoder)
    assert encoder.asked == [phrasings("a dog"), phrasings("a dog"), phrasings("a cat")]


def test_what_was_not_asked_for_the_longest_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_cache, "MOST", 10)
    encoder, queries = Counting(), QueryVectors(tmp_path / "queries", "space")
    for number in range(10):
        queries.of(f"query {number}", encoder)
        for path in (tmp_path / "queries").iterdir():  # a second passes
            status = path.stat()
            os.utime(path, (status.st_atime - 1, status.st_mtime - 1))
    queries.of("query 0", encoder)
    queries.of("one more", encoder)
    assert len(list((tmp_path / "queries").iterdir())) == 6
    queries.of("query 0", encoder)
    assert len(encoder.asked) == 11, "what was asked for last is still there"


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "queries").write_text("a file where the folder should be")
    encoder = Counting()
    assert QueryVectors(tmp_path / "queries", "space").of("a dog", encoder).shape == (8,)
