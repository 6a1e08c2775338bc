"""The verdict in words, as everybody reads it."""

import pytest

from search.answer import Understood, Verdict
from search.query.query import Query
from search.wording import said


@pytest.mark.parametrize(
    ("verdict", "understood", "asked", "words"),
    [
        ("found", "yes", "a dog", "Found"),
        ("absent", "yes", "a dog", "Not in your library; these are the nearest"),
        ("absent", "yes", "a dog type:video", "Not among what fulfils type:video; these are the nearest"),
        ("unsure", "yes", "a dog", "Perhaps not what you mean; these are the nearest"),
        ("unsure", "partly", "a dgo", "Understood in part; these are the nearest"),
        ("unsure", "no", "asdf", "Understood as words only; these are the nearest"),
        ("nearest", "yes", "type:video date:2023", "All that fulfils type:video date:2023"),
        ("nearest", "yes", "sound:music", "All that fulfils sound:music, as a machine tells"),
        (
            "nearest",
            "yes",
            "thing:dog type:video",
            "All that fulfils thing:dog type:video, thing:dog as a machine tells",
        ),
        ("nearest", "yes", '+image:"a.jpg"', "These are the most similar"),
        ("nearest", "yes", "-dog", "These are the least like it"),
    ],
)
def test_a_verdict_above_hits(verdict: Verdict, understood: Understood, asked: str, words: str) -> None:
    assert said(verdict, understood, Query(asked), hits=3) == words


@pytest.mark.parametrize(
    ("understood", "query", "words"),
    [
        ("yes", Query("a dog"), "Not in your library"),
        ("yes", Query("date:1999"), "Nothing in your library fulfils date:1999"),
        ("yes", Query("a dog", kind="frame"), "Nothing in your library fulfils type:frame"),
        ("no", Query("asdf"), "Understood as words only; nothing was found"),
    ],
)
def test_a_verdict_without_hits(understood: Understood, query: Query, words: str) -> None:
    assert said("absent", understood, query, hits=0) == words


def test_with_a_drawing_the_nearest_to_both() -> None:
    assert "the drawing" in said("nearest", "yes", Query("a dog"), hits=1, drawn=True)
