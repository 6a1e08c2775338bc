"""Texts as terms: one function for what is indexed and what is asked for."""

import sqlite3

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.words.asked import run_of, words_of
from db.words.forms import indexed, sequences, term, ways
from db.words.grammar import grammar
from search.translation.lexicon import languages

LANGUAGES = ("en", "de", "ko", "ar", "zh", "th", "sw", "und")


@given(st.text(max_size=40), st.sampled_from(LANGUAGES))
def test_any_text_is_found_by_itself(text: str, language: str) -> None:
    read = sequences(text, language)
    assert all(0 <= form.start < form.end <= len(text) for forms in read for form in forms)
    each = {tuple(form.term for form in forms) for forms in read}
    assert not ways(text, [language]) or each & set(ways(text, [language]))
    assert not any(set(one) & set(' "\0') for terms in each for one in terms)


@example("\u2e80")  # a radical is a sign of Chinese, and no letter
@given(st.text(max_size=40))
def test_words_worth_looking_up_have_terms(text: str) -> None:
    words = words_of(text)
    assert all(ways(word, LANGUAGES) for word in words)
    assert all(word in run_of(text, words) for word in words)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("海边的狗", ["海边", "狗"]),
        ("沙滩跑步", ["沙滩", "滩跑", "跑步"]),
        ("りんごの木", ["りん", "んご", "木"]),
        ("犬が食べている", ["犬", "食"]),
        ("ビーチで", ["ビーチ"]),
        ("3.20 EUR 京都", ["3.20", "eur", "京都"]),
    ],
)
def test_runs_without_spaces_are_taken_in_parts(asked: str, words: list[str]) -> None:
    assert words_of(asked) == words


def test_english_is_stemmed_as_sqlite_does() -> None:
    """But for Porter's later amendments, such as of "-logy"."""
    said = "running runs ran children harbours ponies happily relational café naïve crossing".split()
    with sqlite3.connect(":memory:") as index:
        index.execute(
            'CREATE VIRTUAL TABLE said USING fts5(text, tokenize="porter unicode61 remove_diacritics 2")'
        )
        index.execute("CREATE VIRTUAL TABLE stems USING fts5vocab(said, instance)")
        index.executemany("INSERT INTO said (rowid, text) VALUES (?, ?)", enumerate(said))
        stems = index.execute("SELECT term FROM stems ORDER BY doc, offset").fetchall()
    written, _ = indexed(" ".join(said), "en")
    assert written == " ".join(f"en_{stem}" for (stem,) in stems)


def test_every_language_of_the_dictionaries_has_rules_of_its_words() -> None:
    for language in languages():
        rules = grammar(language)
        assert rules.inflects or rules.unspaced, language
        assert rules.common or rules.unspaced, language


def test_common_words_and_other_scripts_have_no_forms() -> None:
    assert term("und", "de") == "und" != term("under", "de")
    assert term("dogs", "ar") == term("dogs", "ko") == term("dogs", "en") == "en_dog"
    assert term("собаки", "de") == "собаки" != term("собаки", "ru")


def test_numbers_and_signs_are_the_same_in_any_language() -> None:
    assert {term("2024", language) for language in LANGUAGES} == {"2024"}
    assert {term("犬", language) for language in LANGUAGES} == {"犬"}
