"""What questions ask for, without the words that only ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.query import asking
from search.query.asking import asked_for, asked_in

THINGS = ["dogs", "red cars", "golden retriever", "beach", "children in the snow"]
WAYS = [
    "{}",
    "the {}",
    "my {}",
    "show me {}",
    "Show me the {}",
    "find pictures of {}",
    "find me some {}",
    "do I have any photos of {}?",
    "Do I have {}?",
    "where are my {}?",
    "where is the {}",
    "photos of {}",
    "I'm looking for {}",
    "can you show me pictures with {}, please?",
    "please find {}.",
    "all my pictures of the {}",
    "is there any {}",
]


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("way", WAYS[3:])
def test_words_of_asking_go(way: str, thing: str) -> None:
    assert asked_for(way.format(thing)) == thing


@pytest.mark.parametrize(
    ("question", "thing"),
    [
        ("zeig mir bitte Bilder von Hunden", "Hunden"),
        ("wo ist mein Fahrrad?", "Fahrrad"),
        ("montre-moi des photos de chiens", "chiens"),
        ("photos d'un chien", "chien"),
        ("¿tengo fotos de perros?", "perros"),
        ("muéstrame fotos de perros por favor", "perros"),
        ("mostrami le foto del mare", "mare"),
        ("toon me foto's van de zee", "zee"),
        ("pokaż mi zdjęcia psa", "psa"),
        ("покажи мне фото собаки", "собаки"),
        ("heb je foto's van een kasteel?", "kasteel"),
        ("visa mig bilder på en hund", "hund"),
        ("vis mig billeder af en hund", "hund"),
        ("ukaž mi fotky psa", "psa"),
        ("покажи мені фото собаки", "собаки"),
        ("أرني صورا لقطة", "لقطة"),
        ("kedi fotoğraflar\u0131n\u0131 göster", "kedi"),
        ("고양이 사진 보여줘", "고양이"),
        ("犬の写真はありますか", "犬"),
        ("给我看狗的照片", "狗"),
        ("有沒有雪的圖片", "雪"),
        ("dog pictures", "dog"),
        ("golden retriever photos", "golden retriever"),
    ],
)
def test_in_other_languages_and_after_the_thing(question: str, thing: str) -> None:
    assert asked_for(question) == thing


@pytest.mark.parametrize(
    "text",
    [
        "a dog",
        "my little pony",
        "die hard",
        "show jumping",
        "a man taking a picture",
        "people taking pictures",
        "pictures",
        "show me",
        "please",
        "see the sea",
        "a list of things to buy",
        "where the wild things are",
        # Things that have a word for pictures in their names, and titles that begin as people ask.
        "film camera",
        "film noir",
        "video game",
        "mug shot",
        "music video",
        "satellite image",
        "short film",
        "paper clip",
        "photo album",
        "picture frame",
        "hey jude",
        "let me go",
        "just married",
        "hi-vis jacket",
        "who is afraid",
        "please and thank you card",
    ],
)
def test_what_only_looks_like_asking_stays(text: str) -> None:
    assert asked_for(text) == text


def test_something_is_always_left() -> None:
    assert asked_for("pictures of pictures") == "pictures"
    assert asked_for("Show me the pictures, please!") == "pictures"
    assert asked_for("find nemo") == "nemo"


@given(st.text())
def test_any_text_leaves_a_part_of_it(text: str) -> None:
    left = asked_for(text)
    assert left in " ".join(text.split())
    assert bool(left) == bool(text.strip())


@pytest.mark.parametrize(
    "text", ["(dog)", "'dog'", "dog", "gimme dog", "got any dog pictures?", "pls show me a dog"]
)
def test_signs_and_short_forms_go_too(text: str) -> None:
    assert asked_for(text) == "dog"


@pytest.mark.parametrize("word", ["all the ", "all my ", "alle meine ", "please ", "show me "])
def test_long_rows_of_such_words_take_no_time(word: str) -> None:
    assert asked_for(word * 2_000 + "dogs")


def test_only_patterns_that_may_match_are_compiled() -> None:
    asking._language.cache_clear()
    assert [asked_for(text) for text in ("a lone dog", "two men at sea")] == ["a lone dog", "two men at sea"]
    assert asking._language.cache_info().currsize == 0
    assert asked_for("zeig mir einen Hund, bitte") == "Hund"
    assert asking._language.cache_info().currsize < len(asking.table()) // 2


def test_what_is_left_out_would_not_have_matched() -> None:
    """Each word of asking alone, in capitals too, beside a thing: as if all languages were tried."""
    words = {word for row in asking.table().values() for listed in row.values() for word in listed if word}
    for word in sorted(words):
        for text in (f"{word} kedi", f"{word.upper()} kedi", f"kedi {word}", f"kedi{word}"):
            things = {name: asking._asked_for(text, asking._language(name)) for name in asking.table()}
            shortest = min(things.values(), key=len)
            told = next(name for name, thing in things.items() if thing == shortest)
            assert asked_for(text) == shortest, text
            assert asked_in(text) == (told if len(shortest) < len(text.strip(asking._ENDS)) else ""), text
