"""Questions in other languages, read as English by dictionary."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.translation.lexicon import STEM, languages, normal, own_lexicon
from search.translation.reading import readings
from search.translation.router import translated


@pytest.mark.parametrize(
    ("language", "text", "english"),
    [
        ("ar", "قطة", "cat"),
        ("ar", "الكلاب على الشاطئ", "beach dog"),
        ("de", "ein Hund am Strand", "dog beach"),
        ("de", "Rotwein", "red wine"),
        ("de", "alte Brücken", "old bridge"),
        ("de", "alte Bruecken", "old bridge"),
        ("de", "Hundehütte", "dog hut"),
        ("es", "perro en la playa", "beach dog"),
        ("es", "flores amarillas", "yellow flower"),
        ("fr", "le chat noir", "black cat"),
        ("fr", "un gâteau d'anniversaire", "birthday cake"),
        ("fr", "un gateau d\u2019anniversaire", "birthday cake"),
        ("fr", "chevaux", "horse"),
        ("it", "l'albero", "tree"),
        ("ja", "赤い車", "red car"),
        ("ja", "海辺の犬", "beach dog"),
        ("ko", "빨간 자동차", "red car"),
        ("ko", "고양이가", "cat"),
        ("nl", "rode fiets", "red bicycle"),
        ("nl", "bomen", "tree"),
        ("pl", "czerwony samochód", "red car"),
        ("pt", "o cachorro na praia", "beach dog"),
        ("ru", "собаки на пляже", "dog beach"),
        ("ru", "ёлка", "christmas tree"),
        ("sv", "en röd cykel", "red bicycle"),
        ("cs", "bílý pes", "white dog"),
        ("uk", "собака на пляжі", "dog beach"),
        ("da", "en rød cykel", "red bicycle"),
        ("tr", "KÖPEK", "dog"),
        ("zh", "狗在海滩上", "dog beach"),
        ("de", "Hund am Strand 2019", "dog beach 2019"),
        ("de", "Katze auf dem Sofa in Berlin", "cat sofa Berlin"),
        ("de", "Hund, nicht Katze", "dog not cat"),
        ("de", "Weihnachtsbaum in the snow", "christmas tree the snow"),
        ("es", "perro en la playa de Barcelona", "dog beach Barcelona"),
        ("ja", "ｲﾇ", "dog"),
        ("zh", "紅色的汽車", "red car"),
        ("ja", "猫の写真を見せて", "cat"),
        ("ar", "أرني صورا لقطة صغيرة", "small cat"),
        ("es", "¿dónde está el koala?", "koala"),  # an English word, asked for in Spanish
        ("tr", "kar üzerinde kutup ay\u0131s\u0131", "snow polar bear"),
        ("pl", "czerwony krab na piasku", "red crab in the sand"),
        ("ru", "рыжие щенки", "red-haired puppy"),
    ],
)
def test_what_was_asked_is_read_in_its_language(language: str, text: str, english: str) -> None:
    said = translated(text)
    assert said is not None
    assert (said.language, said.english[0]) == (language, english)
    assert said.coverage >= 0.75


def test_english_stays_as_it_is() -> None:
    every = (words.senses(form) for words in map(own_lexicon, languages()) for form in words.lines)
    english = sorted({sense.english for senses in every for sense in senses if sense.weight >= 2})
    assert len(english) > 2_000
    switched = {text: said for text in english[::3] if (said := translated(text))}
    assert switched == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the gift in my hand",  # all of them mean something in German, too
        "chat with pain",
        "déjà vu",
        "Angela Merkel",
        "find nemo",
        "show me pictures of simba",
        "New York",
        "golden retreiver",  # a slip is no other language
        "dgo runing on grass",
        "asdfghjkl",
        "12345",
    ],
)
def test_names_loans_and_slips_do_not_switch(text: str) -> None:
    assert translated(text) is None


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("my perro on the beach", "my dog on the beach"),
        ("perro in the park", "dog in the park"),
        ("gatto on the sofa", "cat on the sofa"),
    ],
)
def test_single_words_of_another_language_are_put_into_english(text: str, english: str) -> None:
    said = translated(text)
    assert said is not None
    assert said.english == (english,)


def test_what_little_is_known_of_is_said_to_be_little() -> None:
    said = translated("Der Bundesverfassungsrichter erläutert Hunden seine Rechtsauffassung")
    assert said is not None
    assert said.english == ("dog",)
    assert said.coverage < 0.3


@pytest.mark.parametrize("language", languages())
def test_a_lexicon_can_be_looked_up_by_all_its_forms(language: str) -> None:
    words = own_lexicon(language)
    assert len(words.lines) > 3_000
    for form in words.lines:
        assert normal(form.removeprefix(STEM), language) == form.removeprefix(STEM)
        senses = words.senses(form)
        assert 0 < len(senses) <= 3
        assert [sense.weight > 0 for sense in senses] == [True] * len(senses)


@given(st.text(max_size=60) | st.text(string.ascii_letters + " '-ßéабв犬の개", max_size=60))
def test_any_text_is_read_or_not(text: str) -> None:
    for reading in readings(text):
        assert reading.english
        assert 0 < reading.coverage <= 1
    said = translated(text)
    assert said is None or said.english
