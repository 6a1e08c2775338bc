"""Indexing real files with the builtin encoder: what is counted, what changes, what survives."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from sqlalchemy import select

from db.catalog import analyses, assets, live, runs, spaces, units
from db.engine.database import Database
from db.engine.schema import Asset, Content, Embedding, SpaceRow, Unit
from db.errors import LibraryBusyError, ModelMismatchError, SettingsError
from db.library import Library
from db.settings import Settings
from db.vectors.faiss_store import FaissStore
from indexer import control, pipeline
from indexer.flow import Progress, Report
from indexer.media.pool import DecodePool
from indexer.media.reader import read_whole
from indexer.pipeline import index
from search.health.status import status
from tests.support.media import AUDIO_SUFFIXES, IMAGE_SUFFIXES, VIDEO_SUFFIXES, photo, sound, tone, video

Counts = dict[str, int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three different pictures."""
    (tmp_path / "media").mkdir()
    for seed in (1, 2, 3):
        photo(tmp_path / "media" / f"{seed}.jpg", seed)
    return tmp_path / "media"


def counts(report: Report) -> Counts:
    """The counts that are not zero, beside ``found``; they always add up to it."""
    names = ("indexed", "reused", "unchanged", "skipped", "failed", "unfinished")
    parts = {name: getattr(report, name) for name in names}
    assert report.found == sum(parts.values())
    return {name: count for name, count in (parts | {"removed": report.removed}).items() if count}


def embeddings(database: Database) -> dict[int, bytes]:
    with database.read() as session:
        return dict(session.execute(select(Embedding.unit_id, Embedding.vector)).all())


def check_in_step(database: Database, settings: Settings) -> None:
    """The saved index holds exactly the vectors that can be found."""
    with database.read() as session:
        space = spaces.active(session)
        assert space is not None
        alive = live.ids(session, ["image", "frame", "speech"], space_id=space.id)
    status = FaissStore(database, settings.paths.vectors, space.id, space.dim, "cpu").status()
    assert status.fresh
    assert status.vectors == len(alive)


def test_every_format_becomes_something_to_find(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    for seed, suffix in enumerate(IMAGE_SUFFIXES):
        photo(media / f"p{suffix}", seed)
    for seed, suffix in enumerate(VIDEO_SUFFIXES):
        video(media / f"v{suffix}", scenes=(20 + 2 * seed, 21 + 2 * seed))
    for suffix in AUDIO_SUFFIXES:
        sound(media / f"a{suffix}", tone(1.0))
    with Library(settings.model_copy(update={"off": ()})) as library:
        report = index(library, [media])
        with library.read() as session:
            assert analyses.errors(session) == []
    assert counts(report) == {"indexed": len(IMAGE_SUFFIXES) + len(VIDEO_SUFFIXES) + len(AUDIO_SUFFIXES)}
    assert report.units["image"] == len(IMAGE_SUFFIXES)
    assert report.units["frame"] == 2 * len(VIDEO_SUFFIXES)
    check_in_step(database, settings)
    with database.read() as session:
        spans = session.execute(select(Unit.start_s, Unit.end_s).where(Unit.kind == "frame")).all()
        assert all(start < end for start, end in spans)
        files = select(Asset.duration_s).join(Content, Content.id == Asset.content_id)
        durations = session.scalars(files.where(Content.kind != "image")).all()
        assert all(duration and duration > 0.9 for duration in durations)


def test_a_second_run_reads_nothing(
    library: Library, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    before = embeddings(database)

    def no_reading(*_args: object) -> None:
        raise AssertionError("a file was read")

    monkeypatch.setattr(pipeline, "Phases", no_reading)
    assert counts(index(library, [folder])) == {"unchanged": 3}
    assert counts(index(library)) == {"unchanged": 3}, "without paths, all that were ever given"
    assert embeddings(database) == before


def rename(folder: Path) -> None:
    (folder / "1.jpg").rename(folder / "renamed.jpg")


def move(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "1.jpg").rename(folder / "sub" / "1.jpg")


def copy(folder: Path) -> None:
    shutil.copyfile(folder / "1.jpg", folder / "copy.jpg")


def delete(folder: Path) -> None:
    (folder / "1.jpg").unlink()


def rewrite(folder: Path) -> None:
    photo(folder / "1.jpg", 9)


def touch(folder: Path) -> None:
    os.utime(folder / "1.jpg", (1, 1))


def swap(folder: Path) -> None:
    (folder / "1.jpg").rename(folder / "x")
    (folder / "2.jpg").rename(folder / "1.jpg")
    (folder / "x").rename(folder / "2.jpg")


@pytest.mark.parametrize(
    ("change", "expected", "pictures", "embedded"),
    [
        (rename, {"reused": 1, "unchanged": 2}, 3, 3),
        (move, {"reused": 1, "unchanged": 2}, 3, 3),
        (copy, {"reused": 1, "unchanged": 3}, 3, 3),
        (delete, {"unchanged": 2, "removed": 1}, 2, 3),
        (rewrite, {"indexed": 1, "unchanged": 2}, 3, 3),
        (touch, {"reused": 1, "unchanged": 2}, 3, 3),
        (swap, {"reused": 2, "unchanged": 1}, 3, 3),
    ],
)
def test_only_what_changed_is_touched(
    library: Library,
    database: Database,
    settings: Settings,
    folder: Path,
    change: Callable[[Path], None],
    expected: Counts,
    pictures: int,
    embedded: int,
) -> None:
    index(library, [folder])
    before = embeddings(database)
    change(folder)
    report = index(library, [folder])
    assert counts(report) == expected
    assert report.units["image"] == pictures
    after = embeddings(database)
    assert len(after) == embedded
    kept = before.keys() & after.keys()
    assert len(kept) == (2 if change is rewrite else 3)
    assert all(before[unit_id] == after[unit_id] for unit_id in kept)
    check_in_step(database, settings)


def test_a_deleted_file_that_comes_back_is_not_embedded_again(
    library: Library, database: Database, settings: Settings, folder: Path, tmp_path: Path
) -> None:
    index(library, [folder])
    before = embeddings(database)
    (folder / "1.jpg").rename(tmp_path / "away")
    assert counts(index(library, [folder])) == {"unchanged": 2, "removed": 1}
    (tmp_path / "away").rename(folder / "1.jpg")
    assert counts(index(library, [folder])) == {"unchanged": 2, "reused": 1}
    (folder / "1.jpg").rename(tmp_path / "away")
    index(library, [folder])
    (tmp_path / "away").rename(folder / "under another name.jpg")
    assert counts(index(library, [folder])) == {"unchanged": 2, "reused": 1}
    assert embeddings(database) == before
    check_in_step(database, settings)


def test_an_unplugged_drive_keeps_its_pictures(library: Library, folder: Path, tmp_path: Path) -> None:
    index(library, [folder])
    folder.rename(tmp_path / "unplugged")
    report = index(library)
    assert counts(report) == {}
    assert report.units["image"] == 3
    (tmp_path / "unplugged").rename(folder)
    assert counts(index(library)) == {"reused": 3}


def test_a_deleted_folder_inside_a_root_is_gone(library: Library, folder: Path) -> None:
    (folder / "sub").mkdir()
    photo(folder / "sub" / "4.jpg", 4)
    index(library, [folder])
    shutil.rmtree(folder / "sub")
    assert counts(index(library, [folder / "sub"])) == {"removed": 1}


def test_copies_in_one_run_are_decoded_once(library: Library, folder: Path) -> None:
    for number in range(4):
        shutil.copyfile(folder / "1.jpg", folder / f"copy{number}.jpg")
    report = index(library, [folder])
    assert counts(report) == {"indexed": 3, "reused": 4}
    assert report.units["image"] == 3


def test_a_copy_that_is_read_sooner_than_its_original_waits_for_the_outcome(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Threads read ahead: the later file claims the content while the earlier one is still being hashed.
    (folder / "bad.jpg").write_text("this is no picture")
    for name in ("1.jpg", "bad.jpg"):
        shutil.copyfile(folder / name, folder / f"copy-{name}")
    quick = hashlib.file_digest

    def slow(file: BinaryIO, digest: str) -> Any:
        if not Path(file.name).name.startswith("copy"):
            time.sleep(0.5)
        return quick(file, digest)

    monkeypatch.setattr(hashlib, "file_digest", slow)
    assert counts(index(library, [folder])) == {"indexed": 3, "reused": 1, "failed": 2}


def make_bad_files(folder: Path) -> dict[str, str]:
    """Bad files by name, each with a word that its reason must have."""
    (folder / "zero.jpg").touch()
    whole = photo(folder / "cut.jpg", 5, size=(1600, 1200)).read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: whole.index(b"\xff\xda")])  # its header alone
    (folder / "text.jpg").write_text("this is no picture")
    (folder / "text.mp4").write_text("this is no film")
    (folder / "vector.png").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    return {
        "zero.jpg": "empty",
        "cut.jpg": "",
        "text.jpg": "not a picture",
        "text.mp4": "",
        "vector.png": "",
    }


def test_what_is_passed_over_is_told(library: Library, folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in (
        "a.docx",
        "B.DOCX",
        "sub/c.docx",
        "notes",
        "app.ts",
        "1.jpg.xmp",
        "Thumbs.db",
        ".hidden.txt",
    ):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("export const x = 1;\n" * 40)
    other.mkdir()
    (other / "d.zip").touch()
    (folder / "sub" / ".nomedia").touch()
    assert index(library, [folder]).passed_over == {str(folder): {".docx": 2, "": 1, ".ts": 1}}
    (folder / "sub" / ".nomedia").unlink()
    report = index(library, [other])
    assert report.passed_over == {str(other): {".zip": 1}}
    # Of both folders, each as it was when it was walked.
    assert status(library).passed_over == {".docx": 2, "": 1, ".ts": 1, ".zip": 1}
    index(library, [folder / "sub"])
    assert status(library).passed_over[".docx"] == 2, "a part of a folder is not all of it"
    report = index(library, [])
    assert report.passed_over == {str(folder): {".docx": 3, "": 1, ".ts": 1}, str(other): {".zip": 1}}
    assert status(library).passed_over == {".docx": 3, "": 1, ".ts": 1, ".zip": 1}
    (folder / "a.docx").unlink()
    (other / "d.zip").unlink()
    index(library, [])
    assert status(library).passed_over == {".docx": 2, "": 1, ".ts": 1}


def test_bad_files_are_named_and_everything_else_is_indexed(
    library: Library, database: Database, settings: Settings, folder: Path
) -> None:
    bad = make_bad_files(folder)
    photo(folder / "really.png", 6).rename(folder / "renamed.jpg")
    video(folder / "silent.mp4", audio=None)
    for number, name in enumerate(("line\nbreak.jpg", "quote'\".jpg", "smile 😀.jpg", "%s {x}.jpg")):
        photo(folder / "x.jpg", 10 + number).rename(folder / name)
    (folder / "to-itself").symlink_to(folder)
    (folder / "broken.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    report = index(library, [folder, folder, folder / ".", folder.parent])
    assert counts(report) == {"indexed": 9, "failed": len(bad), "skipped": 2}, (
        "links to nowhere are no failure"
    )
    with database.read() as session:
        failures = {failure.path.name: failure.reason for failure in assets.failures(session)}
    assert failures.keys() == bad.keys()
    for name, word in bad.items():
        assert failures[name], name
        assert word in failures[name], name
    again = index(library, [folder])
    assert counts(again) == {"unchanged": 9, "skipped": 7}
    check_in_step(database, settings)


def test_a_mended_file_is_indexed(library: Library, database: Database, folder: Path) -> None:
    (folder / "bad.jpg").write_text("not yet")
    assert counts(index(library, [folder])) == {"indexed": 3, "failed": 1}
    photo(folder / "bad.jpg", 8)
    assert counts(index(library, [folder])) == {"indexed": 1, "unchanged": 3}
    with database.read() as session:
        assert assets.failures(session) == []


def test_failures_can_be_tried_again(library: Library, database: Database, folder: Path) -> None:
    (folder / "bad.jpg").write_text("never")
    index(library, [folder])
    with database.write() as session:
        assert assets.retry_failures(session) == 1
    assert counts(index(library)) == {"unchanged": 3, "failed": 1}
    with database.read() as session:
        assert [failure.attempts for failure in assets.failures(session)] == [2]


def test_an_unreadable_folder_is_counted_and_keeps_its_pictures(
    library: Library, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "locked").mkdir()
    photo(folder / "locked" / "4.jpg", 4)
    index(library, [folder])
    real = os.scandir
    monkeypatch.setattr(
        os,
        "scandir",
        lambda path: real(path) if Path(path).name != "locked" else _deny(),
    )
    report = index(library, [folder])
    assert counts(report) == {"unchanged": 3, "failed": 1}
    assert report.units["image"] == 4
    with database.read() as session:
        failure = assets.failures(session)[0]
    assert (failure.path.name, failure.reason) == ("locked", "the folder cannot be read: permission denied")
    monkeypatch.setattr(os, "scandir", real)
    assert counts(index(library, [folder])) == {"unchanged": 3, "reused": 1}
    with database.read() as session:
        assert assets.failures(session) == []


def _deny() -> None:
    raise PermissionError(13, "Permission denied")


def test_a_drawing_is_never_indexed(library: Library, folder: Path) -> None:
    from PIL import Image

    from search.drawing.clips import Clip
    from search.drawing.output import Drawing, save_drawing

    drawing = Drawing(folder / "drawn.png", "a dog", "tiny", 1, 1, 0.1, 64, 64)
    save_drawing(Image.new("RGB", (64, 64), "red"), drawing)
    clip = Clip([np.full((64, 64, 3), 200, np.uint8)] * 8, 8)
    save_drawing(clip, replace(drawing, path=folder / "made.mp4", makes="clip"))
    assert counts(index(library, [folder])) == {"indexed": 3, "skipped": 2}
    assert counts(index(library, [folder])) == {"unchanged": 3, "skipped": 2}


def test_the_library_itself_is_never_indexed(library: Library, settings: Settings, folder: Path) -> None:
    photo(settings.paths.folder / "inside.jpg", 7)
    assert counts(index(library, [folder.parent])) == {"indexed": 3}


def test_a_file_that_changes_while_it_is_read_is_read_again(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = DecodePool.run

    def touched(self: DecodePool, function: Callable[..., Any], path: Path, **options: Any) -> Any:
        result = run(self, function, path, **options)
        if function is read_whole and path.name == "2.jpg":
            os.utime(path, (5, 5))
        return result

    monkeypatch.setattr(DecodePool, "run", touched)
    assert counts(index(library, [folder])) == {"indexed": 3}
    monkeypatch.undo()
    assert counts(index(library, [folder])) == {"unchanged": 3}


def test_a_defect_that_one_file_brings_to_light_does_not_end_the_run(
    library: Library, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = DecodePool.run

    def defective(self: DecodePool, function: Callable[..., Any], path: Path, **options: Any) -> Any:
        if path.name == "2.jpg":
            raise ZeroDivisionError("a defect")
        return run(self, function, path, **options)

    monkeypatch.setattr(DecodePool, "run", defective)
    assert counts(index(library, [folder])) == {"indexed": 2, "failed": 1}
    with database.read() as session:
        assert "ZeroDivisionError: a defect" in assets.failures(session)[0].reason


def test_another_model_is_a_named_error(library: Library, settings: Settings, folder: Path) -> None:
    index(library, [folder])
    photo(folder / "4.jpg", 4)
    other = settings.model_copy(update={"model": "fast"})
    with pytest.raises(ModelMismatchError, match=r"indexed with builtin-2, not with ViT-B-32") as caught:
        index(Library(other), [folder])
    assert "--library" in caught.value.hint
    assert counts(index(library, [folder])) == {"indexed": 1, "unchanged": 3}


def test_changed_weights_are_a_named_error(library: Library, database: Database, folder: Path) -> None:
    index(library, [folder])
    with database.write() as session:
        session.scalars(select(SpaceRow)).one().fingerprint = "of other weights"
    photo(folder / "4.jpg", 4)
    with pytest.raises(ModelMismatchError, match="weights"):
        index(library, [folder])


def test_a_path_that_never_was_is_a_named_error(library: Library, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no file or folder"):
        index(library, [tmp_path / "nowhere"])


def test_two_indexers_do_not_meet(library: Library, settings: Settings, folder: Path) -> None:
    with library.indexing(), Library(settings) as other, pytest.raises(LibraryBusyError):
        index(other, [folder])


def test_progress_ends_at_the_total(library: Library, database: Database, folder: Path) -> None:
    told: list[Progress] = []
    index(library, [folder], on_progress=told.append)
    assert [progress.done for progress in told] == sorted(progress.done for progress in told)
    assert (told[-1].done, told[-1].total) == (3, 3)
    with database.read() as session:
        run = runs.last_run(session)
    assert run is not None
    assert (run.total, run.done) == (3, 3)
    assert run.finished_at is not None


def test_a_full_disk_ends_the_run_and_loses_nothing(
    library: Library, database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    photo(folder / "4.jpg", 4)

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FaissStore, "save", full)
    with pytest.raises(OSError, match="No space left"):
        index(library, [folder])
    monkeypatch.undo()
    assert counts(index(library, [folder])) == {"unchanged": 4}
    check_in_step(database, settings)


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(
    library: Library, database: Database, settings: Settings, tmp_path: Path
) -> None:
    media = tmp_path / "many"
    media.mkdir()
    for seed in range(120):
        photo(media / f"{seed:03}.jpg", seed)
    control.turn(library, "text", on=False)
    command = [sys.executable, "-m", "ui.cli", "--library", str(settings.paths.folder), "index", str(media)]
    environment = os.environ | {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_BATCH": "8",
    }
    child = subprocess.Popen(command, env=environment, start_new_session=True)
    stored = 0
    deadline = time.monotonic() + 120
    while stored < 16 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.05)
        with database.read() as session:
            stored = units.counts(session)["image"]
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert database.check() == []
    survivors = embeddings(database)
    assert 16 <= len(survivors) < 120
    report = index(library, [media])
    assert counts(report) == {"indexed": 120 - len(survivors), "unchanged": len(survivors)}
    after = embeddings(database)
    assert len(after) == 120
    assert all(after[unit_id] == vector for unit_id, vector in survivors.items())
    check_in_step(database, settings)
    assert list(settings.paths.folder.rglob("*.tmp")) == []


def test_a_report_adds_up_and_is_plain_data() -> None:
    report = Report(found=3, indexed=1, unchanged=2, units={"image": 3, "frame": 0, "speech": 0})
    assert asdict(replace(report, seconds=1.5)) == {
        "found": 3,
        "indexed": 1,
        "reused": 0,
        "unchanged": 2,
        "skipped": 0,
        "failed": 0,
        "unfinished": 0,
        "removed": 0,
        "left_out": 0,
        "cloud": 0,
        "offline": {},
        "renamed": {},
        "alike": {},
        "passed_over": {},
        "units": {"image": 3, "frame": 0, "speech": 0},
        "seconds": 1.5,
    }


def test_vectors_are_of_unit_length(library: Library, database: Database, folder: Path) -> None:
    index(library, [folder])
    rows = np.stack(
        [np.frombuffer(vector, "<f2").astype(np.float32) for vector in embeddings(database).values()]
    )
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=2e-3)
