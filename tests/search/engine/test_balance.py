"""How much texts count beside pictures."""

from dataclasses import replace

import pytest

from db.catalog.spaces import NullScores
from search.engine.balance import balanced
from search.engine.ranking import Background, Found, Match, Ranking
from search.engine.verdict import FOUND_AT, Reference

NULL = NullScores(texts="", pictures=100, revision=1, best_mean=0.2, best_deviation=0.02, spread=0.01)
WORDS = Ranking("keywords", 1.0, [Found(2, 1.0, ("dog",), 1.0, rarity=0.3)])
MEANING = Ranking(
    "text_to_passage", 1.0, [Found(3, 0.5)], Background(0.1, 0.1, 100), role="clip", modality="passage"
)


def seen(*parts: Match) -> Ranking:
    """Pictures, the best of which is so similar to the parts of the question."""
    return Ranking(
        "text_to_image",
        1.0,
        [Found(1, parts[0].similarity)],
        Background(0.1, 0.02, 100),
        [parts],
        "clip",
        "picture",
    )


@pytest.mark.parametrize(
    ("similarity", "least", "most"), [(0.3, 0.0, 0.02), (0.2, 0.2, 0.5), (0.1, 0.99, 1.0)]
)
def test_texts_count_as_it_is_doubtful_that_a_picture_fits(
    similarity: float, least: float, most: float
) -> None:
    pictures, words, meaning = balanced([seen(Match("text", similarity)), WORDS, MEANING], Reference(NULL))
    assert pictures.weight == words.weight == 1.0
    assert least <= words.doubt == meaning.weight <= most


def test_a_picture_fits_as_it_fits_the_worst_part() -> None:
    good, bad = Match("text", 0.3), Match("text", 0.1)
    doubts = [
        balanced([seen(*parts), WORDS], Reference(NULL))[1].doubt for parts in ((good,), (good, bad), (bad,))
    ]
    assert doubts[0] < doubts[1] == doubts[2]


def test_a_name_counts_in_full_unless_a_picture_is_found() -> None:
    named = replace(WORDS, named=True)
    for similarity in (0.1, 0.2, 0.22, 0.24, 0.3):
        pictures = seen(match := Match("text", similarity))
        _, name, words = balanced([pictures, named, WORDS], Reference(NULL))
        found = Reference(NULL).probability([match], 100) >= FOUND_AT
        assert (name.doubt == 1.0) is not found
        assert name.doubt >= words.doubt


@pytest.mark.parametrize("match", [None, Match("picture", 0.9)])
def test_without_words_for_pictures_nothing_is_taken_away(match: Match | None) -> None:
    rankings = [WORDS, MEANING] if match is None else [seen(match), WORDS, MEANING]
    assert balanced(rankings, Reference(NULL)) == rankings


def test_without_a_null_model_nothing_is_taken_away() -> None:
    rankings = [seen(Match("text", 0.3)), WORDS, MEANING]
    assert balanced(rankings, None) == rankings
