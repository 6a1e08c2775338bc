"""What texts ask for as vectors: English as it is, other languages by their words and their meaning."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from db.catalog import spaces
from db.kinds import CLIP
from db.library import Library
from db.settings import Settings
from indexer.encoders.active import roles
from indexer.encoders.phrasings import encode_phrased
from search.engine.active import ActiveModel
from search.engine.texts import fused, text_vector
from search.query.query import Query
from search.translation.router import translated
from search.understanding.asked import Known
from tests.indexer.encoders.builtin.test_sentences import install
from tests.support.searching import searching

KNOWN = Known("builtin-2")
GERMAN = "ein Kätzchen legt seine Pfoten auf einen Balken"
HINDI = "बिल्ली का बच्चा"


@pytest.fixture
def model(sample_library: Settings) -> Iterator[ActiveModel]:
    with Library(sample_library) as library, library.read() as session:
        space = spaces.active(session)
        assert space is not None
        yield ActiveModel(library, space, roles()[CLIP])


@pytest.mark.parametrize(
    "text",
    ["a dog on the beach", "kitten", "café", "golden retreiver", "Angela Merkel", "perro on the beach"],
)
def test_english_is_read_as_before(text: str, model: ActiveModel) -> None:
    said = translated(text)
    (english,) = said.english if said else (text,)
    expected = encode_phrased(model.encoder, [english])[0]
    vector = text_vector(text, model, KNOWN)
    np.testing.assert_allclose(vector, expected / np.linalg.norm(expected), atol=1e-6)


def test_a_sentence_is_more_than_its_words(sample_library: Settings) -> None:
    with searching(sample_library) as service:
        german = service.search(Query(GERMAN, kind="image"))
        other = service.search(Query(HINDI, kind="image"))
    assert german.hits[0].path.name == "p001.jpg"
    assert other.hits[0].path.name == "p001.jpg"
    (note,) = other.understood.notes
    assert note.says.startswith("Read as Hindi, by its meaning, which is less sure.")
    assert other.verdict != "absent"


def test_the_dictionary_counts_as_much_as_it_explains() -> None:
    words, meaning = np.eye(2, dtype=np.float32)
    name, sentence = translated("der Strand"), translated(GERMAN)
    assert name is not None
    assert name.coverage == 1
    assert fused(words, meaning, name).tolist() == [1, 0]
    assert sentence is not None
    assert 0 < sentence.coverage < 1
    both = fused(words, meaning, sentence)
    np.testing.assert_allclose(both[0] / both[1], 2 * sentence.coverage, rtol=1e-6)


def test_without_the_sentence_model_words_are_looked_up(
    sample_library: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    install(tmp_path, None)
    monkeypatch.syspath_prepend(tmp_path)
    with searching(sample_library) as service:
        answers = [service.search(Query(text, kind="image")) for text in (GERMAN, HINDI, "ein Kätzchen")]
    told = [record.getMessage() for record in caplog.records if "word by word" in record.getMessage()]
    assert len(told) == 1
    assert "trove-search[builtin]" in told[0]
    assert [answer.understood.level for answer in answers] == ["partly", "no", "yes"]
    assert answers[2].hits[0].path.name == "p001.jpg"
