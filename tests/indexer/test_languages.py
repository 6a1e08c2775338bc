"""Which language a text is in."""

import socket

import pytest

from indexer.languages import is_latin, language_of, sure_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ein brauner Hund schwimmt durchs Wasser", "de"),
        ("un chien brun nage dans l'eau", "fr"),
        ("a brown dog swims through the water", "en"),
        ("собака плывёт по воде", "ru"),
        ("كلب يسبح في الماء", "ar"),
        ("犬", "zh"),
        ("茶色の犬が泳ぐ", "ja"),
        ("갈색 개", "ko"),
        ("a photo of สุนัข สีน้ำตาล กำลังว่ายน้ำ", "th"),
    ],
)
def test_texts_are_told_by_script_and_letters(text: str, language: str) -> None:
    guess = language_of(text)

    assert guess is not None
    assert guess.language == language
    assert 0 < guess.share <= 1


@pytest.mark.parametrize("text", ["", "...", "4711", "🐶", "\n"])
def test_without_letters_there_is_no_language(text: str) -> None:
    assert language_of(text) is None


def test_latin_letters_may_have_accents() -> None:
    assert is_latin("köpek ağaç")
    assert is_latin("4711")
    assert not is_latin("собака")


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_kwargs: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refused)

    assert language_of("un perro en la playa") is not None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("der Hund am Strand", "de"),
        ("a dog on the beach", "en"),
        ("いぬ", "ja"),
        ("die hard", None),
        ("Xk 9", None),
        ("42", None),
    ],
)
def test_few_words_are_no_sure_sign_of_a_language(text: str, language: str | None) -> None:
    assert sure_language(text) == language
