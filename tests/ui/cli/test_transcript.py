"""The commands that show, export and correct what is said, over rows of a library."""

import json
from pathlib import Path

import pytest

from db.library import Library
from db.settings import Settings
from tests.support.command import as_json, check_error, trove
from tests.support.rows import Drafted, add_file


@pytest.fixture
def heard(settings: Settings) -> Settings:
    """A library of a recording with three passages, and a picture."""
    said = [(0.0, "the first thing"), (4.0, "a key of the guard in house"), (62.0, "the last thing")]
    with Library(settings) as library, library.write() as session:
        drafts = [Drafted("speech", None, at, at + 4.0, text=text, language="en") for at, text in said]
        add_file(session, "/a.ogg", drafts, "audio")
        add_file(session, "/b.jpg", [Drafted("image", None)])
    return settings


def test_what_is_said_is_shown_and_exported(heard: Settings, tmp_path: Path) -> None:
    shown = trove(heard, "transcript", "/a.ogg")
    assert shown.stdout.splitlines() == [
        "0:00  the first thing",
        "0:04  a key of the guard in house",
        "1:02  the last thing",
    ]
    srt = trove(heard, "transcript", "/a.ogg", "--srt").stdout
    assert srt.startswith("1\n00:00:00,000 --> 00:00:04,000\nthe first thing\n\n2\n")
    assert trove(heard, "transcript", "/a.ogg", "--vtt").stdout.startswith("WEBVTT\n")
    assert trove(heard, "transcript", "/a.ogg", "--txt").stdout.count("thing") == 2
    told = as_json(trove(heard, "transcript", "/a.ogg", "--json"))
    assert (told["path"], told["language"], told["chapters"]) == ("/a.ogg", "en", [])
    assert [(one["start_s"], one["end_s"]) for one in told["passages"]] == [(0, 4), (4, 8), (62, 66)]
    for name in ("a.srt", "a.vtt", "a.txt", "a.json"):
        assert trove(heard, "transcript", "/a.ogg", "-o", tmp_path / name).returncode == 0
    assert (tmp_path / "a.srt").read_text() == srt
    assert json.loads((tmp_path / "a.json").read_text()) == told
    for wrong in (
        ["-o", tmp_path / "a.srt"],
        ["-o", tmp_path / "a.doc"],
        ["--srt", "--vtt"],
        ["--which", "2"],
    ):
        assert trove(heard, "transcript", "/a.ogg", *wrong).returncode == 2, wrong


def test_where_nothing_is_said_that_is_one_line(heard: Settings) -> None:
    for form in ([], ["--srt"], ["--json"]):
        check_error(
            trove(heard, "transcript", "/b.jpg", *form), "nothing is said in b.jpg", "trove analysers"
        )
    check_error(trove(heard, "transcript", "/none.ogg"), "not in the library", "trove index")


def test_a_passage_is_corrected_and_that_is_undone(heard: Settings) -> None:
    done = trove(heard, "set", "/a.ogg", "--at", "0:05", "--text", "the keys of the garden house")
    assert done.returncode == 0, done.stderr
    assert "Corrected: /a.ogg at 0:04." in done.stdout
    assert "0:04  the keys of the garden house  (your words)\n" in trove(heard, "transcript", "/a.ogg").stdout
    changed = as_json(trove(heard, "set", "/a.ogg", "--at", "5", "--undo", "--json"))
    assert changed == {"changed": 1, "path": "/a.ogg", "passages": [{"start_s": 4.0, "end_s": 8.0}]}
    assert "a key of the guard in house\n" in trove(heard, "transcript", "/a.ogg").stdout
    assert "Taken away" in trove(heard, "set", "/a.ogg", "--at", "1:03", "--text", "").stdout
    assert "last thing" not in trove(heard, "transcript", "/a.ogg").stdout
    assert "Taken back" in trove(heard, "set", "/a.ogg", "--at", "1:03", "--undo").stdout
    assert "last thing" in trove(heard, "transcript", "/a.ogg").stdout
    assert "Nothing" in trove(heard, "set", "/a.ogg", "--at", "0", "--text", "the first thing").stdout
    check_error(
        trove(heard, "set", "/a.ogg", "--at", "0:30", "--text", "x"), "nothing is said", "trove transcript"
    )
    check_error(trove(heard, "set", "/a.ogg", "--at", "0:30", "--undo"), "nothing was corrected")
    check_error(trove(heard, "set", "/a.ogg", "--text", "x"), "no machine has described", "--at TIME")
    for wrong in (["--at", "1"], ["--at", "1", "--text", "x", "--undo"], ["--at", "soon"]):
        assert trove(heard, "set", "/a.ogg", *wrong).returncode == 2, wrong
    assert trove(heard, "set", "/a.ogg", "/b.jpg", "--at", "1", "--text", "x").returncode == 2
