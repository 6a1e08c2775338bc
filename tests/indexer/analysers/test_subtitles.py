"""Whose subtitles files are by their names, and how lines become passages."""

from pathlib import Path

import pytest

from indexer.analysers.passages import Passage, passages
from indexer.analysers.subtitles import marks_of
from indexer.languages import code_of


@pytest.mark.parametrize(
    ("companion", "marks"),
    [
        ("film.srt", ()),
        ("FILM.SRT", ()),
        ("film.de.srt", ("de",)),
        ("film.pt-BR.forced.srt", ("pt-br", "forced")),
        ("film.German.sdh.vtt", ("german", "sdh")),
        ("film.mkv.eng.ass", ("eng",)),
        ("film.2.srt", None),
        ("film.directors cut.srt", None),
        ("filmed.srt", None),
    ],
)
def test_files_are_of_the_film_whose_name_they_bear(companion: str, marks: tuple[str, ...] | None) -> None:
    assert marks_of(Path(companion), Path("film.mkv")) == marks


def test_languages_are_told_by_their_tags() -> None:
    tags = ("de", "ger", "deu", "German", "de-AT", "pt_BR", "zh-Hans", "nob", "und", "", "klingon")
    codes = ["de", "de", "de", "de", "de", "pt", "zh", "no", None, None, None]
    assert [code_of(tag) for tag in tags] == codes


def test_lines_become_passages_from_the_start_of_the_first() -> None:
    lines = [
        Passage(10.0, 11.5, "He said that"),
        Passage(11.6, 13.0, "he would come."),
        Passage(13.2, 14.0, "He did not."),
        Passage(17.0, 19.0, "A pause before"),
        *(Passage(20.0 + n, 21.0 + n, "on and on") for n in range(20)),
    ]
    found = list(passages(lines, " "))
    assert [one.text for one in found[:2]] == ["He said that he would come.", "He did not."]
    assert [one.start_s for one in found[:3]] == [10.0, 13.2, 17.0]
    assert found[0].words == ((0.0, 1.5, 0), (1.6, 3.0, 13))
    assert found[0].text[13:] == "he would come."
    assert all(one.end_s - one.start_s <= 15 for one in found)
    assert sum(one.text.count("on and on") for one in found) == 20
