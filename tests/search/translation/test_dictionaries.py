"""Dictionaries of the system, in the format of dictd, for languages that Trove has no list of."""

import gzip
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from db.settings import load_settings
from search.health.doctor import examine
from search.translation import dictionaries
from search.translation.dictd import articles, problem_of
from search.translation.lines import SortedLines
from search.translation.router import Translation, translated

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

HUNGARIAN = {
    "kutya": "kutya /kucɒ/ <n>\n1. dog\n2. canine (of the teeth), hound\n",
    "macska": 'macska /mɒt͡ʃkɒ/\n cat <n>\n      "macskák" - some cats\n   Synonym: {cica}\n',
    "tengerpart": "tengerpart\nbeach, [geogr.] seashore\nsee: {part}\n",
    "az": "az\nthe; that\n",
}
ENGLISH = {"flower": "flower\nvirág, növény (valamilyen fajta)\n", "the": "the\na, az\n"}


def write_dictionary(folder: Path, name: str, entries: Mapping[str, str]) -> Path:
    """A dictionary as ``dictfmt`` makes it; the path of its index."""
    folder.mkdir(parents=True, exist_ok=True)
    text, lines = b"", []
    for headword, article in {"00databaseshort": f"00-database-short\n{name}\n", **entries}.items():
        data = article.encode()
        lines.append(f"{headword}\t{digits(len(text))}\t{digits(len(data))}\n")
        text += data
    (folder / f"{name}.dict.dz").write_bytes(gzip.compress(text))
    index = folder / f"{name}.index"
    index.write_text("".join(sorted(lines)), encoding="utf-8")
    return index


def digits(value: int) -> str:
    return (digits(value // 64) if value >= 64 else "") + DIGITS[value % 64]


def forget() -> None:
    for cached in (dictionaries.installed, dictionaries.lexicon, translated):
        cached.cache_clear()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("TROVE_DICTIONARIES", str(tmp_path / "dictd"))
    monkeypatch.setenv("TROVE_CACHE", str(tmp_path / "cache"))
    forget()
    yield tmp_path / "dictd"
    forget()


@pytest.fixture
def hungarian(folder: Path) -> Path:
    write_dictionary(folder, "freedict-eng-hun", ENGLISH)
    return write_dictionary(folder, "freedict-hun-eng", HUNGARIAN)


def english(text: str) -> tuple[str, ...]:
    said = translated(text)
    return said.english if said else ()


def test_an_article_is_read_without_remarks_examples_and_references(hungarian: Path) -> None:
    assert dict(articles(hungarian)) == {
        "kutya": ["dog", "canine", "hound"],
        "macska": ["cat"],
        "tengerpart": ["beach", "seashore"],
        "az": ["the", "that"],
    }


@pytest.mark.usefixtures("hungarian")
def test_a_language_without_a_list_is_read_by_its_dictionaries() -> None:
    assert translated("kutya") == Translation("kutya", "hu", ("dog",), 1.0)
    assert english("kutya a tengerparton") == ("dog beach",)  # by its stem; an article names nothing
    assert english("macskák") == ("cat",)
    assert english("virág") == ("flower",), "only the dictionary out of English has it"


@pytest.mark.usefixtures("folder")
def test_without_dictionaries_nothing_is_read() -> None:
    assert translated("kutya a tengerparton") is None
    assert dictionaries.installed() == {}


def test_lists_of_our_own_and_english_stay_as_they_are(folder: Path) -> None:
    write_dictionary(folder, "freedict-deu-eng", {"hund": "Hund\nhound\n", "kutya": "Kutya\ncart\n"})
    write_dictionary(folder, "freedict-hun-eng", {"dog": "dog\nfish\n", "beach": "beach\nfish\n"})
    write_dictionary(folder, "freedict-hun-fra", {"kutya": "kutya\nchien\n"})
    assert list(dictionaries.installed()) == ["hu"]
    assert english("ein Hund am Strand") == ("dog beach",)
    assert translated("dog on the beach") is None
    assert not load_settings().paths.dictionaries.exists(), "nothing was made of them"


@pytest.mark.usefixtures("hungarian")
def test_what_was_made_of_them_is_kept_until_they_change(folder: Path) -> None:
    assert english("kutya") == ("dog",)
    (kept,) = load_settings().paths.dictionaries.glob("*.tsv")
    made = kept.stat().st_mtime_ns
    forget()
    assert english("kutya") == ("dog",)
    assert kept.stat().st_mtime_ns == made
    write_dictionary(folder, "freedict-hun-eng", HUNGARIAN | {"alma": "alma\napple\n"})
    forget()
    assert english("alma a tengerparton") == ("apple beach",)
    assert [path.name for path in load_settings().paths.dictionaries.glob("*.tsv")] != [kept.name]
    assert not kept.exists()


@pytest.mark.parametrize("damage", ["cut", "no text", "no index", "empty", "folder"])
def test_a_damaged_dictionary_costs_only_itself(
    hungarian: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    text = hungarian.with_suffix(".dict.dz")
    if damage == "cut":
        text.write_bytes(text.read_bytes()[:-20])
    elif damage == "no index":
        hungarian.write_bytes(b"\xff\xfe kutya")
    elif damage == "empty":
        hungarian.write_bytes(b"")
    else:
        text.unlink()
        if damage == "folder":
            text.mkdir()
    assert problem_of(hungarian) is not None
    with caplog.at_level(logging.WARNING):
        assert english("kutya") == ()
        assert english("virág") == ("flower",), "the other one is whole"
    assert "freedict-hun-eng" in caplog.text
    warnings = [finding.warning for finding in examine(load_settings()) if finding.name == "dictionaries"]
    assert len(warnings) == 1
    assert "freedict-hun-eng" in warnings[0]


@pytest.mark.usefixtures("hungarian")
def test_the_doctor_names_the_languages() -> None:
    (found,) = (finding for finding in examine(load_settings()) if finding.name == "dictionaries")
    assert found.value == "of Hungarian"
    assert found.warning == ""


@pytest.mark.usefixtures("hungarian")
def test_a_cache_that_cannot_be_written_leaves_questions_as_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("no folder")
    assert translated("kutya") is None
    assert "Hungarian" in caplog.text


def test_lines_are_found_wherever_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "lines.tsv"
    every = {
        key: key.upper()
        for key in sorted(["a", "ab", "b", "über", "ß", "犬", "~stem", "zz top", "\U0001f436"])
    }
    path.write_text("".join(f"{key}\t{value}\n" for key, value in every.items()), encoding="utf-8")
    lines = SortedLines(path)
    assert dict(lines) == every
    assert [lines.get(key) for key in ("", "aa", "zzz", "\udc80", "\U0001f437")] == [None] * 5
    empty = tmp_path / "empty.tsv"
    empty.touch()
    assert dict(SortedLines(empty)) == {}
