"""The command line as people and programs meet it: a process with arguments, output and an exit code."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from PIL import Image

from db import kinds
from db.library import Library
from db.settings import Settings
from tests.support import ROOT, SAMPLES
from tests.support.command import as_json, check_error, trove
from tests.support.media import photo, sound, tone
from tests.support.tiny_drawer import make_tiny_drawer

COMMANDS = (
    "index search similar saved why generate ui status failures rebuild doctor models model eval "
    "analysers moment move backup restore".split()
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media").mkdir()
    for seed in (1, 2):
        photo(tmp_path / "media" / f"{seed}.jpg", seed)
    return tmp_path / "media"


def test_index_reports_as_documented(settings: Settings, folder: Path) -> None:
    for name in ("a.docx", "b.docx", "notes"):
        (folder / name).touch()
    first = trove(settings, "index", folder, "--json")
    assert first.returncode == 0, first.stderr
    report = as_json(first)
    seconds = report.pop("seconds")
    assert seconds > 0
    assert report == {
        "found": 2,
        "indexed": 2,
        "reused": 0,
        "unchanged": 0,
        "skipped": 0,
        "failed": 0,
        "unfinished": 0,
        "removed": 0,
        "left_out": 0,
        "cloud": 0,
        "offline": {},
        "renamed": {},
        "alike": {},
        "passed_over": {str(folder): {".docx": 2, "": 1}},
        "units": dict.fromkeys(kinds.every(), 0) | {"image": 2},
    }
    again = trove(settings, "index", folder)
    assert again.returncode == 0
    assert "2 unchanged" in again.stdout
    others = "3 files of kinds that Trove does not read: 2 .docx, 1 without an ending"
    assert f"{others}.\n" in again.stdout
    assert f"Others   {others}\n" in trove(settings, "status").stdout


def test_dates_and_places_are_set_and_taken_back(settings: Settings, folder: Path) -> None:
    trove(settings, "index", folder)
    files = [folder / "1.jpg", folder / "2.jpg"]
    said = trove(settings, "set", *files, "--date", "14 July 2019 18:05", "--place", "Porto")
    assert said.returncode == 0, said.stderr
    assert "Corrected: 2 files" in said.stdout
    assert f"{files[0]}: 14 July 2019, 18:05 (you say so); 41.14850, -8.61097 (you say so)" in said.stdout
    shifted = as_json(trove(settings, "set", files[0], "--shift", "-1h30m", "--json"))
    assert shifted == {
        "changed": 1,
        "files": [
            {"taken_at": "2019-07-14 16:35:00", "place": [41.1485, -8.61097], "path": str(files[0])},
        ],
    }
    check_error(trove(settings, "set", files[0], "--date", "2077-01-01"), "2077-01-01")
    check_error(trove(settings, "set", files[0], "--place", "Nowhereville"), "no town")
    assert trove(settings, "set", files[0]).returncode == 2
    back = trove(settings, "set", *files, "--undo")
    assert "Taken back: 2 files" in back.stdout and f"{files[1]}: no date and no place" in back.stdout


def test_a_drive_that_is_away_is_said_and_relocated(settings: Settings, folder: Path, tmp_path: Path) -> None:
    trove(settings, "index", folder)
    away = folder.rename(tmp_path / "other letter")
    words = f"2 files of {folder} are on a drive that is not connected"
    again = trove(settings, "index")
    assert again.returncode == 0
    assert f"{words}, and stay in your library. If they are gone: trove index --gone {folder}" in again.stdout
    assert as_json(trove(settings, "index", "--json"))["offline"] == {str(folder): 2}
    assert f"Away     {words}" in trove(settings, "status").stdout
    assert as_json(trove(settings, "status", "--json"))["offline"] == {str(folder): 2}
    found = as_json(trove(settings, "search", "type:picture", "--json"))["hits"]
    assert [hit["offline"] for hit in found] == [True] * len(found) != []
    assert "(not connected)" in trove(settings, "search", "type:picture").stdout

    check_error(trove(settings, "relocate", folder, tmp_path / "nowhere"), "no file or folder")
    check_error(trove(settings, "relocate", tmp_path / "never", away), "has nothing in", str(folder))
    (tmp_path / "empty").mkdir()
    check_error(trove(settings, "relocate", folder, tmp_path / "empty"), "holds 0 of the 2 files")
    moved = trove(settings, "relocate", folder, away)
    assert moved.stdout == f"{folder} is now {away}, with 2 files.\n"
    assert as_json(trove(settings, "index", "--json"))["unchanged"] == 2
    shutil.rmtree(away)
    gone = as_json(trove(settings, "index", "--gone", away, "--json"))
    assert (gone["removed"], gone["offline"]) == (2, {})


def test_some_failed_files_are_exit_code_3_once(settings: Settings, folder: Path) -> None:
    (folder / "line\nbreak.jpg").write_text("no picture")
    first = trove(settings, "index", folder, "--json")
    assert first.returncode == 3
    assert as_json(first)["failed"] == 1
    assert trove(settings, "index", folder).returncode == 0, "nothing failed this time"
    listed = trove(settings, "failures")
    assert listed.returncode == 0
    assert "line\\nbreak.jpg" in listed.stdout
    assert "not a picture" in listed.stdout
    failures = as_json(trove(settings, "failures", "--json"))["failures"]
    assert failures[0]["path"] == str(folder / "line\nbreak.jpg")
    retried = trove(settings, "failures", "--retry", "--json", process=True)
    assert (retried.returncode, as_json(retried)["failed"]) == (3, 1)


def test_what_is_offered_instead_asks_for_the_same_otherwise(sample_library: Settings) -> None:
    plain = trove(sample_library, "search", "dgo in the snow")
    assert "Try: trove search 'dog in the snow'" in plain.stdout
    options = ("--kind", "image", "-k", "3", "--apart")
    narrowed = trove(sample_library, "search", "dgo in the snow", *options)
    assert "trove search 'dog in the snow' --kind image --apart -k 3" in " ".join(narrowed.stdout.split())


def test_search_answers_as_documented(sample_library: Settings) -> None:
    result = trove(sample_library, "search", "a koala in a tree", "-k", "3", "--json", process=True)
    assert result.returncode == 0, result.stderr
    answer = as_json(result)
    assert list(answer) == "query verdict says understood confidence took_ms hits without total days".split()
    assert (answer["says"], answer["understood"]) == ("Found", {"level": "yes", "notes": []})
    assert answer["query"] == "a koala in a tree"
    assert answer["verdict"] == "found"
    best = answer["hits"][0]
    keys = "rank score kind path start_s end_s text why similar evidence copies offline stack"
    assert list(best) == keys.split()
    assert best["path"] == str(SAMPLES / "pictures" / "p017.jpg")
    assert (best["rank"], best["kind"], best["start_s"], best["text"]) == (1, "image", None, None)
    assert best["why"][0]["source"] == "picture"
    assert {" ".join(why) for why in best["why"]} == {"source rank value words terms above"}
    (found,) = best["evidence"]
    assert list(found) == ["source", "kind", "unit", "start_s", "end_s", "region", "words", "text"]
    assert (found["source"], found["kind"], found["region"]) == ("picture", "image", None)
    assert best["copies"] == []


def test_hits_are_sorted_and_passed_over(sample_library: Settings) -> None:
    pictures = sorted(path.name for path in (SAMPLES / "pictures").iterdir())
    sort = ("--sort", "name", "-k", "2", "--skip", "3", "--json")
    answer = as_json(trove(sample_library, "search", "type:image", *sort))
    assert [Path(hit["path"]).name for hit in answer["hits"]] == pictures[3:5]
    assert (answer["total"], answer["days"]) == (len(pictures), [])
    by_date = as_json(trove(sample_library, "search", "type:image", "--sort", "date", "--json"))
    assert sum(hits for _, hits in by_date["days"]) == len(pictures)
    refused = trove(sample_library, "search", "dog", "--sort", "colour")
    assert (refused.returncode, "An order is one of relevance, date" in refused.stderr) == (1, True)
    assert trove(sample_library, "search", "dog", "--sort", "date", "--imagine").returncode == 2


def test_search_speaks_to_people(sample_library: Settings) -> None:
    said = trove(sample_library, "search", "bring his guitar to the party", "-k", "1")
    assert said.returncode == 0
    assert "Found" in said.stdout
    assert "r001.ogg" in said.stdout
    assert "0:1" in said.stdout
    assert "guitar" in said.stdout.lower()


def test_search_by_picture_and_similar(sample_library: Settings) -> None:
    picture = SAMPLES / "pictures" / "p013.heic"
    by_picture = as_json(trove(sample_library, "search", "--image", picture, "-k", "1", "--json"))
    assert by_picture["hits"][0]["path"] == str(picture)
    cut = trove(sample_library, "search", "--image", picture, "--part", "0,0,1,0.9", "-k", "1", "--json")
    assert as_json(cut)["hits"][0]["path"] == str(picture)
    for part, status in (("0,0,2,1", 1), ("a,b", 2)):
        refused = trove(sample_library, "search", "--image", picture, "--part", part)
        assert (refused.returncode, refused.stdout) == (status, "")
        assert "0.25,0" in refused.stderr
    alike = as_json(trove(sample_library, "similar", picture, "--kind", "image", "-k", "3", "--json"))
    assert str(picture) not in [hit["path"] for hit in alike["hits"]]
    assert len(alike["hits"]) == 3


def test_a_moment_is_saved(sample_library: Settings, tmp_path: Path) -> None:
    film = SAMPLES / "videos" / "v001.mp4"
    clip = as_json(trove(sample_library, "moment", film, "0:00", "0:02", "-o", tmp_path / "a.mp4", "--json"))
    assert clip == {"path": str(tmp_path / "a.mp4"), "copied": True}
    assert (tmp_path / "a.mp4").read_bytes()[4:8] == b"ftyp"
    assert trove(sample_library, "moment", film, "0:01", "-o", tmp_path / "a.jpg").returncode == 0
    assert (tmp_path / "a.jpg").read_bytes()[-2:] == b"\xff\xd9"
    for start, output, says in (
        ("soon", "b.jpg", "1:02"),
        ("0:01", "b.mp4", ".jpg"),
        ("0:01", "a.jpg", "left alone"),
    ):
        refused = trove(sample_library, "moment", film, start, "-o", tmp_path / output)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert says in refused.stderr


def test_status_says_as_documented(sample_library: Settings) -> None:
    status = as_json(trove(sample_library, "status", "--json"))
    counts = "assets offline failed stacks skipped cloud unfinished hidden passed_over".split()
    assert list(status) == ["library", "model", "units", *counts, "index", "analysers"]
    assert {state["name"]: state["left"] for state in status["analysers"]} == {
        "headers": 0,
        "pictures": 0,
        "frames": 0,
        "subtitles": 0,
        "speech": 0,
        "text": 0,
        "captions": 0,
        "things": 0,
        "faces": 0,
        "sounds": 0,
        "sound_tags": 0,
        "hearing": 0,
        "movement": 0,
        "actions": 0,
        "clips": 0,
        "soundprints": 0,
        "words": 0,
        "sidecars": 0,
        "subtitle_files": 0,
        "names": 0,
        "exports": 0,
    }
    assert status["model"] == "builtin-2"
    assert status["assets"] == 51
    assert status["units"]["image"] == 48
    # What machines tell of sound and motion has words or a name, and no vectors.
    by_machines = {"sound", "soundprint", "shot", "still", "slow", "pan"}
    counts = {kind: count for kind, count in status["units"].items() if count}
    assert set(counts) == {"image", "frame", "speech"} | by_machines
    with_vectors = sum(count for kind, count in counts.items() if kind not in by_machines)
    assert status["index"] == {"kind": "flat", "vectors": with_vectors, "fresh": True}


@pytest.mark.parametrize(
    "arguments",
    [
        "search anything",
        "similar {}/1.jpg",
        "why anything {}/1.jpg",
        "saved add name anything",
        "saved list",
        "saved show name",
        "status",
        "failures --retry",
        "rebuild",
        "watch",
        "forget {}",
        "roots",
        "analysers",
        "analysers redo text",
        "model list",
        "model use builtin",
        "model use builtin-2 --background",
        "eval --sample 3",
        "index",
    ],
)
def test_a_library_that_is_not_there_says_what_to_do_and_is_not_made(
    settings: Settings, folder: Path, arguments: str
) -> None:
    asked = trove(settings, *arguments.format(folder).split())
    check_error(asked, f"no library in {settings.paths.folder}", "trove index FOLDER")
    assert not settings.paths.folder.exists()


def test_doctor_makes_no_library(settings: Settings) -> None:
    assert "none yet" in trove(settings, "doctor").stdout
    assert not settings.paths.folder.exists()


def test_words_need_no_quotes(sample_library: Settings) -> None:
    typed = trove(sample_library, "search", "a", "koala", "in", "a", "tree", "-k", "1", "--json")
    answer = as_json(typed)
    assert answer["query"] == "a koala in a tree"
    assert answer["hits"][0]["path"] == str(SAMPLES / "pictures" / "p017.jpg")
    cold = as_json(trove(sample_library, "search", "-5", "degrees", "-snow", "-k", "1", "--json"))
    assert cold["query"] == "-5 degrees -snow"
    reasons = trove(sample_library, "why", "a", "koala", SAMPLES / "pictures" / "p017.jpg", "--json")
    assert as_json(reasons)["query"] == "a koala"


def test_here_is_the_current_folder(
    settings: Settings, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (odd := folder / 'my "best" [1] Ete').mkdir()
    photo(odd / "3.jpg", 3)
    assert trove(settings, "index", folder).returncode == 0
    monkeypatch.chdir(odd)
    found = as_json(trove(settings, "search", "a", "picture", "--here", "--json"))
    assert [hit["path"] for hit in found["hits"]] == [str(odd / "3.jpg")]
    assert len(as_json(trove(settings, "search", "--here", "--json"))["hits"]) == 1
    monkeypatch.chdir(tmp_path)
    assert len(as_json(trove(settings, "search", "--here", "--apart", "--json"))["hits"]) == 3
    (aside := tmp_path / "aside").mkdir()
    monkeypatch.chdir(aside)
    check_error(trove(settings, "search", "x", "--here"), f"{aside} is not in your library", "trove index .")


def test_an_empty_library_is_no_error(settings: Settings, tmp_path: Path) -> None:
    assert trove(settings, "index", tmp_path).returncode == 0
    assert trove(settings, "forget", tmp_path).returncode == 0
    assert as_json(trove(settings, "search", "anything", "--json"))["verdict"] == "absent"
    assert "none yet" in trove(settings, "status").stdout
    assert "No file has failed" in trove(settings, "failures").stdout
    assert trove(settings, "rebuild").returncode == 0
    nothing = trove(settings, "index")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "at least one folder" in nothing.stderr


def test_rebuild_heals_a_lost_index(settings: Settings, folder: Path) -> None:
    trove(settings, "index", folder)
    for path in (settings.paths.vectors).iterdir():
        path.unlink()
    assert as_json(trove(settings, "status", "--json"))["index"]["fresh"] is False
    rebuilt = trove(settings, "rebuild")
    assert rebuilt.returncode == 0
    assert "2 vectors" in rebuilt.stdout
    assert as_json(trove(settings, "status", "--json"))["index"]["fresh"] is True


def test_errors_are_one_line_with_a_hint(settings: Settings, folder: Path, tmp_path: Path) -> None:
    missing = trove(settings, "index", tmp_path / "no\nwhere", process=True)
    check_error(missing, "no file or folder", "no\\nwhere")
    check_error(trove(settings, "index", folder, "--model", "no-such-model"), "no-such-model")
    check_error(trove(settings, "index", folder, "--model", "fast"), "ViT-B-32")
    trove(settings, "index", folder)
    check_error(trove(settings, "search", "x", "--model", "fast"), "indexed with builtin", "--library")
    check_error(trove(settings, "similar", tmp_path / "nowhere.jpg"), "No such file")
    check_error(trove(settings, "status", library=folder / "1.jpg"), "no library", "--library")
    check_error(trove(settings, "index", folder, library=folder / "1.jpg"), "library folder")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "trove.db").write_bytes(b"no database " * 100)
    check_error(trove(settings, "status", library=tmp_path / "damaged"), "damaged")


def test_a_busy_library_says_so(settings: Settings, folder: Path) -> None:
    with Library(settings) as library, library.indexing():
        check_error(trove(settings, "index", folder), "another process is indexing")
        assert trove(settings, "search", "anything").returncode == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["search"],
        ["search", "x", "-k", "0"],
        ["search", "x", "--kind", "poem"],
        ["nonsense"],
        ["generate", "x"],
    ],
)
def test_wrong_usage_is_exit_code_2(settings: Settings, arguments: list[str]) -> None:
    assert trove(settings, *arguments).returncode == 2


def test_wrong_settings_are_named(settings: Settings) -> None:
    environment = os.environ | {"TROVE_BATCH": "many", "TROVE_LIBRARY": str(settings.paths.folder)}
    command = [sys.executable, "-m", "ui.cli", "status"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    check_error(result, "TROVE_BATCH", "many")


def test_generate_draws_with_a_local_pipeline(settings: Settings, tmp_path: Path) -> None:
    model = make_tiny_drawer(tmp_path / "tiny")
    target = tmp_path / "drawing.png"
    arguments = ["generate", "a red fox", "-o", target, "--model", model, "--steps", "2", "--seed", "7"]
    drawn = trove(settings, *arguments, "--json")
    assert drawn.returncode == 0, drawn.stderr
    value = as_json(drawn)
    assert list(value) == ["path", "model", "seed", "seconds"]
    assert (value["path"], value["seed"]) == (str(target), 7)
    with Image.open(target) as image:
        assert image.info["trove:generated"]
        assert "a red fox" in str(image.info)
    check_error(trove(settings, "generate", "x", "-o", tmp_path / "y.png", "--model", "sd-turbo"), "sd-turbo")
    check_error(trove(settings, "generate", "x", "-o", tmp_path / "y.mp4", "--clip"), "--model: ltx-video")
    both = trove(settings, "generate", "x", "-o", tmp_path / "y.flac", "--sound", "--music")
    assert (both.returncode, "Give one of them" in both.stderr) == (2, True)
    anew = ["--from", target, "--region", "0,0,0.5,1", "--count", "2", "--without", "people"]
    made = as_json(trove(settings, *arguments, *anew, "--json"))["drawings"]
    assert [(one["path"], one["seed"]) for one in made] == [
        (str(tmp_path / "drawing-1.png"), 7),
        (str(tmp_path / "drawing-2.png"), 8),
    ]
    with Image.open(tmp_path / "drawing-2.png") as image:
        assert image.info["without"] == "people"
        assert "compositeWithTrainedAlgorithmicMedia" in image.info["XML:com.adobe.xmp"]


def test_models_and_doctor_are_complete_and_name_no_files(sample_library: Settings) -> None:
    models = as_json(trove(sample_library, "models", "--json"))
    assert {"builtin-2", "builtin", "fast", "multilingual", "best"} <= {
        info["name"] for info in models["encoders"]
    }
    assert {"builtin", "sd-turbo", "sd15-lcm"} <= {info["name"] for info in models["drawers"]}
    assert {"blip", "smolvlm"} <= {info["name"] for info in models["pretrained"]}
    told = trove(sample_library, "models")
    assert told.returncode == 0
    assert "Salesforce/blip-image-captioning-base" in told.stdout
    doctor = trove(sample_library, "doctor")
    assert doctor.returncode == 0
    assert "sound" in doctor.stdout
    assert "read by words and by meaning" in doctor.stdout
    assert "p001" not in doctor.stdout
    assert str(Path.home()) not in doctor.stdout


def test_doctor_names_folders_and_failed_files_when_asked(settings: Settings, folder: Path) -> None:
    (folder / "broken.jpg").write_text("no picture")
    assert trove(settings, "index", folder).returncode == 3
    for private in ("broken.jpg", str(folder)):
        assert private not in trove(settings, "doctor").stdout
    found = as_json(trove(settings, "doctor", "--files", "--json"))["findings"]
    named = {(finding["name"], finding["value"]): finding["warning"] for finding in found}
    assert named["indexed", str(folder)] == ""
    assert named["library folder", str(settings.paths.folder)] == ""
    assert "picture" in named["failed", str(folder / "broken.jpg")]
    (away := folder.with_name("away")).mkdir()
    folder.rename(away / folder.name)
    assert "is its drive connected?" in trove(settings, "doctor", "--files").stdout


def test_help_is_complete(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = trove(settings, "--help", process=True).stdout
    for command in COMMANDS:
        assert f"\n  {command} " in shown
        assert trove(settings, command, "--help").stdout.startswith("Usage: ")


def test_the_version_is_the_changelogs_and_the_readme_lists_every_command(settings: Settings) -> None:
    assert f"## {version('trove-search')}" in (ROOT / "CHANGELOG.md").read_text()
    assert trove(settings, "--version").stdout == f"trove {version('trove-search')}\n"
    readme = (ROOT / "README.md").read_text()
    for command in COMMANDS:
        assert f"`trove {command}" in readme, command


HEAVY = (
    "torch torchvision open_clip diffusers transformers timm streamlit faster_whisper av faiss "
    "onnxruntime sqlalchemy.dialects.postgresql".split()
)


def imported(code: str, settings: Settings) -> set[str]:
    """Which heavy packages a process has imported after running ``code``."""
    probe = f"import sys\n{code}\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    environment = os.environ | {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_LIBRARY": str(settings.paths.folder),
    }
    result = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environment
    )
    return set(json.loads(result.stdout.splitlines()[-1].replace("'", '"')))


def test_help_imports_nothing_heavy(settings: Settings) -> None:
    run = "from ui.cli.main import app\ntry:\n    app(['--help'])\nexcept SystemExit:\n    pass"
    assert imported(run, settings) == set()


def test_a_text_search_imports_neither_torch_nor_faiss(sample_library: Settings) -> None:
    run = "from ui.cli.main import app\ntry:\n    app(['search', 'a dog'])\nexcept SystemExit:\n    pass"
    assert imported(run, sample_library) <= {"onnxruntime"}


@pytest.mark.slow
def test_a_recording_without_speech_is_no_error(sample_library: Settings, tmp_path: Path) -> None:
    media = tmp_path / "media"
    media.mkdir()
    sound(media / "tone.mp3", tone(2.0))
    result = trove(sample_library, "index", media, "--json", library=tmp_path / "library")
    assert result.returncode == 0, result.stderr
    report = as_json(result)
    assert (report["indexed"], report["units"]["speech"]) == (1, 0)


def test_what_is_left_out_is_said_kept_and_brought_back(settings: Settings, folder: Path) -> None:
    (folder / "@eaDir").mkdir()
    photo(folder / "@eaDir" / "thumb.jpg", 9)
    count = len(list(folder.glob("*.jpg")))
    indexed = as_json(trove(settings, "index", folder, "--exclude", "1.*", "--exclude", "*.png", "--json"))
    assert indexed["found"] == count - 1
    told = trove(settings, "roots")
    assert "--exclude 1.*" in told.stdout
    assert re.search(r"@eaDir\s+1\s+thumbnails of a Synology", told.stdout)
    assert "lost+found" in told.stdout, "what is left out by default is named"
    changed = trove(settings, "roots", folder, "--exclude", "2.*", "--include", "1.*", "--json")
    (root,) = as_json(changed)["roots"]
    assert (root["path"], root["patterns"]) == (str(folder), ["*.png", "2.*"])
    assert {rule["what"]: rule["files"] for rule in root["left_out"]} == {"2.*": 1, "@eaDir": 1}
    assert as_json(trove(settings, "status", "--json"))["assets"] == count - 2
    assert as_json(trove(settings, "index", "--json"))["indexed"] == 1, "1.* is new"
    check_error(trove(settings, "roots", folder, "--include", "3.*"), "'3.*' is none of the patterns")
    assert trove(settings, "roots", "--exclude", "x").returncode == 2
    assert trove(settings, "forget", folder / "2.jpg").stdout.startswith("Forgot 1 file.")
