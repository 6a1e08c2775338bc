"""What looks at the files, as the command line tells and switches it."""

from pathlib import Path
from typing import Any

import pytest

from db import kinds
from db.settings import Settings
from tests.support.command import as_json, check_error, trove
from tests.support.media import exif, photo, video


@pytest.fixture
def indexed(settings: Settings, tmp_path: Path) -> Settings:
    """Two pictures and a film, in two folders."""
    media = tmp_path / "media"
    (media / "films").mkdir(parents=True)
    photo(media / "1.jpg", 1, exif=exif(camera=("FUJIFILM", "X100V")))
    photo(media / "2.jpg", 2)
    video(media / "films" / "v.mp4", scenes=(7, 8))
    assert trove(settings, "index", media).returncode == 0
    return settings


def states(settings: Settings) -> dict[str, dict[str, Any]]:
    found = as_json(trove(settings, "analysers", "--json"))["analysers"]
    return {state["name"]: state for state in found}


def units(settings: Settings) -> dict[str, int]:
    return dict(as_json(trove(settings, "status", "--json"))["units"])


def test_each_is_listed_with_what_is_done_and_left(indexed: Settings) -> None:
    found = states(indexed)
    first = ["headers", "pictures", "frames", "subtitles", "speech", "text", "captions"]
    told = ["things", "faces", "sounds", "sound_tags", "hearing", "movement", "actions", "clips"]
    assert list(found) == [
        *first,
        *told,
        "soundprints",
        "words",
        "sidecars",
        "subtitle_files",
        "names",
        "exports",
    ]
    assert list(found["pictures"]) == [
        "name",
        "label",
        "kinds",
        "phase",
        "on",
        "off_by",
        "folders",
        "done",
        "stale",
        "failed",
        "left",
        "seconds_per_file",
        "seconds_left",
        "lacking",
        "costs",
    ]
    done = {name: (state["on"], state["done"], state["left"]) for name, state in found.items()}
    assert done == {
        "headers": (True, 3, 0),
        "pictures": (True, 2, 0),
        "frames": (True, 1, 0),
        "subtitles": (True, 1, 0),
        "speech": (False, 0, 0),
        "text": (False, 0, 0),
        "captions": (False, 0, 0),
        "things": (False, 0, 0),
        "faces": (False, 0, 0),
        "sounds": (False, 0, 0),
        "sound_tags": (False, 0, 0),
        "hearing": (False, 0, 0),
        "movement": (False, 0, 0),
        "actions": (False, 0, 0),
        "clips": (False, 0, 0),
        "soundprints": (False, 0, 0),
        "words": (True, 3, 0),
        "sidecars": (True, 3, 0),
        "subtitle_files": (True, 1, 0),
        "names": (False, 0, 0),
        "exports": (True, 3, 0),
    }
    assert found["frames"]["seconds_per_file"] > 0
    listed = trove(indexed, "analysers").stdout
    assert "what pictures show" in listed
    assert "off" in next(line for line in listed.splitlines() if line.startswith("speech"))


def test_off_hides_and_on_shows_again(indexed: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "media" / "films"
    said = trove(indexed, "analysers", "off", "frames", "--in", folder)
    assert (said.returncode, said.stdout) == (
        0,
        f"frames is off in {folder}. What it made is kept; see --delete.\n",
    )
    assert units(indexed)["frame"] == 0
    assert states(indexed)["frames"]["folders"] == {str(folder): False}
    said = trove(indexed, "analysers", "on", "frames")
    assert said.stdout == f"frames is on: nothing is left for it. It stays off in {folder}.\n"
    assert units(indexed)["frame"] == 0
    said = trove(indexed, "analysers", "on", "frames", "--in", folder)
    assert said.stdout == f"frames is on in {folder}: nothing is left for it.\n"
    assert units(indexed)["frame"] == 2
    said = trove(indexed, "analysers", "off", "frames", "--delete")
    assert "2 of its finds were deleted" in said.stdout
    said = trove(indexed, "analysers", "on", "frames")
    assert said.stdout == "frames is on: 1 file is left for it. Now run: trove index\n"
    assert "Left     1 file for frames (what films show)" in trove(indexed, "status").stdout
    assert as_json(trove(indexed, "index", "--json"))["indexed"] == 1
    assert units(indexed)["frame"] == 2


def test_redo_looks_again(indexed: Settings, tmp_path: Path) -> None:
    said = trove(indexed, "analysers", "redo", "pictures", "--in", tmp_path / "media")
    assert said.stdout.startswith("2 files are looked at again in")
    assert as_json(trove(indexed, "index", "--json"))["indexed"] == 2
    machine = dict.fromkeys(kinds.proving("machine"), 0)
    beside = {"caption": 0, "tag": 0, "person_in_image": 0, "file_name": 0, "subtitle": 0, "lyric": 0}
    assert units(indexed) == {"image": 2, "frame": 2, "speech": 0, "text": 0} | beside | machine


def test_mistakes_are_one_line(indexed: Settings, tmp_path: Path) -> None:
    check_error(trove(indexed, "analysers", "off", "smells"), "there is no analyser 'smells'")
    check_error(
        trove(indexed, "analysers", "off", "speech", "--in", tmp_path / "no"), "no folder of this library"
    )


def test_why_says_who_says_so(indexed: Settings, tmp_path: Path) -> None:
    picture = tmp_path / "media" / "1.jpg"
    assert "Camera: FUJIFILM X100V (by its EXIF data)" in trove(indexed, "why", "a colour", picture).stdout
    facts = as_json(trove(indexed, "why", "a colour", picture, "--json"))["facts"]
    sources = {fact["key"]: fact["source"] for fact in facts}
    assert sources == {"camera": "exif", "size": "decoder", "colours": "decoder"}
    outside = photo(tmp_path / "outside.jpg", 5)
    assert as_json(trove(indexed, "why", "a colour", outside, "--json"))["facts"] == []
