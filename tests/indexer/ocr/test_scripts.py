"""Which lines of the builtin reader are believed, and which of Tesseract: pure rules."""

import numpy as np
import pytest

from indexer.ocr.lines import Line, Reading
from indexer.ocr.scripts import SCRIPTS, available, believed, is_of, to_try

NAMED = {script.name: script for script in SCRIPTS}


def line(text: str, confidence: float, length: float | None = None) -> Line:
    """A line so many times longer than high; by itself as long as its letters need."""
    right = 20 * (len(text) / 2 if length is None else length)
    corners = np.array([[0, 0], [right, 0], [right, 20], [0, 20]], np.float32)
    return Line(text, confidence, corners, ((0.0, 1.0),))


def texts(lines: list[Line]) -> list[str]:
    return [one.text for one in lines]


SURE = line("Fußgänger bitte", 0.99)
LIKELY = line("FLORIDA", 0.82)
UNLIKELY = line("aLdUU", 0.7)
WITH_LETTERS_LEFT_OUT = line(" , e", 0.97, length=9)
GREEK = line("Kαφενεο", 0.96)
BLURRED = line("", 0.0, length=4)


@pytest.mark.parametrize("unknown", [UNLIKELY, WITH_LETTERS_LEFT_OUT, GREEK])
def test_what_looks_like_another_script_is_never_believed(unknown: Line) -> None:
    assert believed([unknown], []) == []
    assert texts(believed([SURE, unknown], [])) == [SURE.text]


def test_what_is_not_sure_is_believed_unless_most_of_the_picture_is_unknown() -> None:
    assert texts(believed([LIKELY], [])) == ["FLORIDA"]
    assert texts(believed([LIKELY, SURE], [BLURRED])) == ["FLORIDA", SURE.text]
    assert believed([LIKELY], [BLURRED]) == []


def test_letters_that_several_scripts_have_are_believed_unless_most_of_the_picture_is_unknown() -> None:
    capitals = line("MOCKBA", 1.0)
    assert texts(believed([capitals], [])) == ["MOCKBA"]
    assert believed([capitals], [BLURRED]) == []
    assert texts(believed([line("London", 1.0)], [BLURRED])) == ["London"]


def test_a_formula_is_not_greek() -> None:
    assert texts(believed([line("α = 0.05, β = 2", 0.95)], [])) == ["α = 0.05, β = 2"]


def test_chinese_and_japanese_are_believed() -> None:
    lines = [line("禁止吸烟", 1.0, length=4), line("パンとミルク", 0.99, length=6)]
    assert believed(lines, []) == lines


def test_on_a_page_that_is_certain_only_what_is_not_sure_is_tried() -> None:
    nearly = line("nearly certain", 0.93)
    assert to_try(Reading([SURE, SURE, nearly, UNLIKELY], [])) == [UNLIKELY]
    assert to_try(Reading([nearly], [])) == [nearly]
    assert to_try(Reading([SURE], [])) == []


def test_where_a_script_was_found_what_looks_like_it_is_tried_too() -> None:
    reading = Reading([SURE, line("MOCKBA", 1.0)], [])
    assert to_try(reading) == []
    assert texts(to_try(reading, [NAMED["Cyrillic"]])) == ["MOCKBA"]
    assert to_try(reading, [NAMED["Hebrew"]]) == []


def test_a_spot_beside_much_that_is_certain_is_not_tried() -> None:
    page = [line("a long line of a page that is certain", 0.99)] * 3
    assert to_try(Reading(page, [BLURRED])) == []
    assert to_try(Reading(page, [BLURRED] * 4)) == [BLURRED] * 4


def test_a_single_digit_is_believed() -> None:
    assert texts(believed([line("7", 0.99, length=1.5)], [])) == ["7"]


def test_spots_are_not_tried() -> None:
    assert to_try(Reading([], [line("X", 0.3, length=1)])) == []
    assert to_try(Reading([], [BLURRED])) == [BLURRED]


def test_a_line_is_of_a_script_where_it_is_sure_and_all_of_it_was_read() -> None:
    cyrillic = NAMED["Cyrillic"]
    assert is_of(cyrillic, line("Осторожно", 0.96))
    assert not is_of(cyrillic, line("Осторожно", 0.75))
    assert is_of(cyrillic, line("Осторожно", 0.75), beside=True)
    assert not is_of(cyrillic, line("Fußgänger bitte", 0.96))
    assert not is_of(cyrillic, line("Яя", 0.96, length=8))
    assert not is_of(cyrillic, line("Я", 0.96, length=1))
    assert is_of(NAMED["Thai"], line("ห้องสมุด", 0.93, length=4))


def names(*models: str) -> dict[str, tuple[str, ...]]:
    return {script.name: names for script, names in available(models).items()}


def test_few_languages_go_before_the_model_of_their_script() -> None:
    installed = names("eng", "osd", "Cyrillic", "rus", "ukr", "script/Greek", "chi_sim")
    assert installed == {"Cyrillic": ("rus", "ukr"), "Greek": ("script/Greek",)}


def test_many_languages_are_read_by_the_model_of_their_script_or_by_the_first_ones() -> None:
    assert names("bul", "ukr", "rus", "Cyrillic") == {"Cyrillic": ("Cyrillic",)}
    assert names("bul", "ukr", "rus") == {"Cyrillic": ("rus", "ukr")}
