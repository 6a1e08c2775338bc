"""Conditions that mean two things say so, and how the other is asked."""

from search.query.query import Query
from search.understanding.double import double_notes


def test_a_portrait_is_higher_than_wide_and_the_other_one_is_offered() -> None:
    (note,) = double_notes(Query("a smile is:Portrait -type:video").parsed)
    assert (
        note.says == "is:portrait finds what is higher than wide. People from near are found by is:headshot."
    )
    assert note.offers == ("a smile is:headshot -type:video",)
    assert [note.offers for note in double_notes(Query("-is:portrait").parsed)] == [("-is:headshot",)]


def test_what_has_one_meaning_needs_no_note() -> None:
    for text in ("is:headshot", "orientation:portrait", "a portrait", "is:landscape"):
        assert list(double_notes(Query(text).parsed)) == []
