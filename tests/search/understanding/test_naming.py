"""People who are named in plain words, and names that are words, too."""

import pytest

from search.understanding.naming import with_people

NAMES = ("Anna Berg", "Anna Klein", "Ben", "Jürgen", "Rose", "Will", "April", "Maria Rossi")


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("Ben on the beach", 'on the beach person:"Ben"'),
        ("ben on the beach", 'on the beach person:"Ben"'),
        ("the beach with jurgen", 'the beach with person:"Jürgen"'),
        ("Ben and Maria at home", 'and at home person:"Ben" person:"Maria Rossi"'),
        ("Ben's birthday", 'birthday person:"Ben"'),
        ("anna berg skiing", 'skiing person:"Anna Berg"'),
        ("a picture of Rose in the garden", 'a picture of in the garden person:"Rose"'),
        ("Rose", 'person:"Rose"'),
        ("Ben type:video", 'type:video person:"Ben"'),
    ],
)
def test_names_become_conditions(asked: str, meant: str) -> None:
    naming = with_people(asked, NAMES)
    assert naming.text == meant
    assert naming.people and (note := naming.note()) is not None and naming.people[0] in note.says


@pytest.mark.parametrize(
    "asked",
    [
        "Anna on the beach",  # two are called so
        "Rose garden",  # every question may begin with a capital
        "a rose in april",
        "it will rain",
        '"Ben" on a wall',
        "-Ben",
        "person:Ben",
        "Ben OR a dog",
        "Ben*2",
        "a bench",
        "",
    ],
)
def test_words_stay_words(asked: str) -> None:
    assert with_people(asked, NAMES).text == asked
    assert with_people(asked, NAMES).note() is None


def test_without_people_nothing_is_looked_at() -> None:
    assert with_people("Ben on the beach", ()).text == "Ben on the beach"
