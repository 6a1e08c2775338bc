"""What nouns mean in ImageNet's classes, by the real tables."""

from pathlib import Path

import numpy as np
import pytest

from db.errors import ModelError
from indexer.encoders.builtin.nouns.lookup import Nouns
from indexer.encoders.builtin.nouns.taxonomy import CLASSES, Taxonomy
from indexer.encoders.classes import imagenet_names

NAMES = imagenet_names()


@pytest.fixture(scope="module")
def nouns() -> Nouns:
    return Nouns()


def likeliest(nouns: Nouns, text: str) -> str:
    return NAMES[int(nouns.weights([text])[0].argmax())]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a pony", "common sorrel horse"),
        ("Ponies.", "common sorrel horse"),
        ("a wooden rocking chair", "rocking chair"),
        ("strawberries", "strawberry"),
        ("castle", "castle"),
    ],
)
def test_a_noun_is_its_class_or_the_nearest(nouns: Nouns, text: str, name: str) -> None:
    assert likeliest(nouns, text) == name


def test_a_kind_is_all_that_are_of_it(nouns: Nouns) -> None:
    (weights,) = nouns.weights(["dogs"])
    dogs = weights > weights.max() / 2
    assert 100 <= dogs.sum() <= 130  # ImageNet has 118 breeds and a few wild ones
    assert {"Chihuahua", "Golden Retriever", "pug"} <= {NAMES[row] for row in np.flatnonzero(dogs)}
    assert weights[dogs].sum() > 0.5


def test_what_no_class_is_like_weighs_little(nouns: Nouns) -> None:
    child, pony, castle = (float(row.sum()) for row in nouns.weights(["child", "pony", "castle"]))
    assert 0 == child < 0.6 < pony < castle <= 1.000001


@pytest.mark.parametrize("text", ["", "...", "happiness", "xqzzt", "a dog runs along the beach at noon"])
def test_what_is_no_name_means_nothing(nouns: Nouns, text: str) -> None:
    assert not nouns.weights([text]).any()


def test_likeness_grows_with_what_is_shared() -> None:
    taxonomy = Taxonomy.load()
    pug, tabby, teapot = (NAMES.index(name) for name in ("pug", "tabby cat", "teapot"))
    like = taxonomy.likeness({pug: 0})
    assert like.shape == (CLASSES,)
    assert like[pug] == 1 > like[tabby] > like[teapot] > 0
    assert taxonomy.kinds({pug: 0}).sum() == 1
    assert not taxonomy.kinds({pug: 1}).any()


def test_damaged_tables_are_named(tmp_path: Path) -> None:
    damaged = tmp_path / "table"
    damaged.write_text("5000\n", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read"):
        Taxonomy.load(damaged)
    damaged.write_text("pony\tten:3\n", encoding="utf-8")
    with pytest.raises(ModelError, match="pony"):
        Nouns(damaged).weights(["pony"])
    with pytest.raises(ModelError, match="cannot be read"):
        Nouns(tmp_path / "none").weights(["pony"])
