"""Singular and plural as lemminflect itself tells them."""

import random

import pytest
from lemminflect import getAllLemmas, getInflection

from indexer.encoders.plurals import _table, plurals, singulars

SPECIAL = (
    "all another abdomen be can dare may must ought shall will people sheep fish mail china clergy oil okays "
    "axes mice xyzzy naïve l'eau a 'd"
).split()


def words() -> list[str]:
    """Some words of both tables in small letters, and those that are treated otherwise."""
    lines = b"".join(_table(name) for name in ("lemma_lu.csv.gz", "infl_lu.csv.gz")).decode().splitlines()
    listed = sorted({word for line in lines if (word := line.partition(",")[0]).islower()})
    return [*random.Random(0).sample(listed, 1_500), *SPECIAL]  # noqa: S311 - a sample, no secret


def test_they_are_those_of_the_library() -> None:
    for word in words():
        assert singulars(word) == getAllLemmas(word, upos="NOUN").get("NOUN", ()), word
        assert plurals(word) == tuple(getInflection(word, "NNS", inflect_oov=False)), word


@pytest.mark.parametrize(
    ("word", "one", "many"),
    [
        ("dogs", ("dog",), ()),
        ("child", ("child",), ("children",)),
        ("sheep", ("sheep",), ("sheep",)),
        ("", (), ()),
    ],
)
def test_what_is_known_of_a_word(word: str, one: tuple[str, ...], many: tuple[str, ...]) -> None:
    assert (singulars(word), plurals(word)) == (one, many)
