"""Ways of writing a name, whose mean is the vector of a question."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.encoders.builtin.encoder import BuiltinEncoder
from indexer.encoders.phrasings import encode_phrased, phrasings

DOG = ("dog", "dogs", "a dog", "a dog.")


@pytest.mark.parametrize("text", ["dog", "dogs", "a dog", "the dogs", "my dog", "DOGS", "dog.", "  dog "])
def test_a_name_is_written_in_all_its_ways_however_it_was_typed(text: str) -> None:
    assert phrasings(text) == DOG


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("red cars", ("red car", "red cars", "a red car", "a red car.")),
        ("children", ("child", "children", "a child", "a child.")),
        ("an owl", ("owl", "owls", "an owl", "an owl.")),
        ("sheep", ("sheep", "sheep", "a sheep", "a sheep.")),
        # Plural of "leave", too; a name; what one does.
        ("leaves", ("leaves", "leaves", "a leaves", "a leaves.")),
        ("Paris", ("Paris", "Paris", "a Paris", "a Paris.")),
        ("skiing", ("skiing", "skiing", "a skiing", "a skiing.")),
        # Descriptions.
        ("dogs on grass", ("dogs on grass.",)),
        ("the dogs are running fast.", ("the dogs are running fast.",)),
        ("...", ("...", "...", "a ...", "a ....")),
    ],
)
def test_how_names_and_descriptions_are_written(text: str, ways: tuple[str, ...]) -> None:
    assert phrasings(text) == ways


@given(st.text())
def test_any_text_has_phrasings(text: str) -> None:
    assert len(phrasings(text)) in (1, 4)
    assert all(isinstance(way, str) for way in phrasings(text))


def test_the_vector_of_a_name_hardly_depends_on_how_it_is_written(cache: Path) -> None:
    encoder = BuiltinEncoder(cache, "cpu")
    texts = ["bicycle", "a bicycle", "my bicycles", "BICYCLE", "a big red bicycle at a wall"]
    vectors, plain = encode_phrased(encoder, texts), encoder.encode_texts(texts)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[:4] @ vectors[0], 1, atol=1e-5)
    assert (plain[:4] @ plain[0]).min() < 0.95, "without that they lie apart"
    np.testing.assert_allclose(
        vectors[4], encoder.encode_texts(["a big red bicycle at a wall."])[0], atol=1e-5
    )
