"""Drives that are away, under another path or in another zone: what a library says of their files.

As plain folders, and with real mounts where the system allows them.
"""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

import trove
from db.catalog import assets, drives, hidden, switches
from db.errors import SettingsError, UnreadableError
from db.files import is_file, is_folder, is_there
from db.library import Library
from db.settings import Settings
from indexer import pipeline
from indexer.drives import moves
from indexer.drives.absence import MANY
from indexer.drives.volumes import Volumes
from indexer.media.pool import DecodePool
from indexer.pipeline import index
from indexer.roots import left_out, set_patterns
from indexer.survey import Word
from search.health.doctor import examine
from search.query.query import Query
from search.service import SearchService
from tests.indexer.test_pipeline import counts
from tests.indexer.test_roots import evicted
from tests.support import command

ALL = MANY + 2
OLDER_NS = 1_600_000_000 * 10**9


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Path:
    """A folder with small pictures, more than are believed to vanish at once, and their library, to copy."""
    base = tmp_path_factory.mktemp("kept")
    fill(base / "photos")
    shutil.copytree(base / "photos", base / "drive" / "photos")
    off = ("text", "names")  # those of folders change with these
    settings = Settings(library=base / "library", cache=cache, device="cpu", whisper="none", off=off)
    with Library(settings) as library:
        index(library, [base / "drive" / "photos"])
    return base


@pytest.fixture
def folder(kept: Path) -> Path:
    """The folder as it was indexed."""
    drive = kept / "drive"
    shutil.rmtree(drive, ignore_errors=True)
    return shutil.copytree(kept / "photos", drive / "photos")


@pytest.fixture
def library(kept: Path, settings: Settings) -> Iterator[Library]:
    """A library of the folder."""
    shutil.copytree(kept / "library", settings.paths.folder)
    with Library(settings) as opened:
        yield opened


def fill(folder: Path, count: int = ALL, first: int = 0) -> Path:
    (folder / "2019").mkdir(parents=True)
    for number in range(first, first + count):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        path = folder / ("2019" if number % 2 else "") / f"{number}.png"
        Image.fromarray(pixels).save(path)
        os.utime(path, ns=(OLDER_NS, OLDER_NS + number * 10**9))
    return folder


@pytest.fixture
def nothing_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stations that read files end the test."""

    def refuse(*_args: object, **_kwargs: object) -> Any:
        raise AssertionError("a file was read")

    monkeypatch.setattr(pipeline, "Phases", refuse)
    monkeypatch.setattr(DecodePool, "submit", refuse)


def offline(library: Library) -> dict[Path, int]:
    with library.read() as session:
        return drives.offline(session)


@pytest.mark.usefixtures("nothing_read")
def test_a_folder_that_is_empty_at_once_is_away(library: Library, folder: Path) -> None:
    away = folder.with_name("away")
    folder.rename(away)
    folder.mkdir()
    for _ in range(2):
        report = index(library)
        assert (counts(report), report.offline) == ({}, {str(folder): ALL})
    assert report.units["image"] == ALL, "still found"
    with library.read() as session:
        hit = assets.at(session, [1])
    assert len(hit) == 1

    folder.rmdir()
    away.rename(folder)
    assert counts(index(library)) == {"reused": ALL}
    assert offline(library) == {}

    kept = folder / "0.png"
    shutil.copytree(folder, away)
    for path in folder.rglob("*.png"):
        path.unlink() if path != kept else None
    assert (counts(index(library)), offline(library)) == ({"unchanged": 1}, {folder: ALL - 1})
    assert counts(index(library, [folder], word=Word(gone=True))) == {"unchanged": 1, "removed": ALL - 1}
    assert offline(library) == {}
    shutil.copytree(away, folder, dirs_exist_ok=True)
    assert counts(index(library)) == {"unchanged": 1, "reused": ALL - 1}, "they come back without work"

    seen = [path for path in folder.rglob("*.png") if path != kept]
    for path in seen:
        path.unlink()
    assert counts(index(library, word=Word(seen=seen))) == {"unchanged": 1, "removed": ALL - 1}


@pytest.mark.usefixtures("nothing_read")
def test_a_part_is_as_its_drive_is(library: Library, folder: Path) -> None:
    away = folder.rename(folder.with_name("away"))
    folder.mkdir()
    report = index(library, [folder / "2019"])
    assert (counts(report), report.offline) == ({}, {str(folder): ALL // 2}), "of an empty mount point"
    assert index(library).offline == {str(folder): ALL}

    (folder / "notes.txt").touch()
    with library.write() as session:
        drives.keep_mounts(session, {folder: "another drive"})
    assert index(library, [folder / "2019"]).offline == {str(folder): ALL}, "of one with another drive"

    shutil.rmtree(folder)
    away.rename(folder)
    assert counts(index(library)) == {"reused": ALL}
    assert counts(index(library, [folder / "2019"])) == {"unchanged": ALL // 2}
    shutil.rmtree(folder / "2019")
    report = index(library)
    assert (counts(report), report.offline) == ({"unchanged": ALL // 2, "removed": ALL // 2}, {}), (
        "a part that was looked at by itself is no drive of its own"
    )


@pytest.mark.usefixtures("nothing_read")
def test_a_whole_root_that_was_seen_going_is_gone(library: Library, folder: Path) -> None:
    seen = [folder, *folder.rglob("*.png")]
    shutil.rmtree(folder)
    report = index(library, word=Word(seen=seen))
    assert (counts(report), report.offline) == ({"removed": ALL}, {})


def test_a_root_that_is_one_file_is_gone_when_only_its_drive_is_there(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    single = tmp_path / "single" / "0.png"
    single.parent.mkdir()
    shutil.copy2(folder / "0.png", single)
    index(library, [single])
    away = single.parent.rename(tmp_path / "away")
    assert index(library).offline == {str(single): 1}, "its folder is not there"
    away.rename(single.parent)
    assert offline(library) == {single: 1}
    single.unlink()
    report = index(library)
    assert (counts(report), report.offline) == ({"unchanged": ALL, "removed": 1}, {})


def test_files_that_turn_up_elsewhere_are_not_away(library: Library, folder: Path) -> None:
    elsewhere = folder.with_name("sorted")
    elsewhere.mkdir()
    (folder / "notes.txt").touch()
    for path in list(folder.rglob("*.png")):
        # With their times they would be known as moved at once.
        (elsewhere / f"new {path.name}").write_bytes(path.read_bytes())
        path.unlink()
    report = index(library, [folder.parent])
    assert counts(report) == {"reused": ALL, "removed": ALL}
    assert (report.units["image"], report.offline) == (ALL, {})


@pytest.mark.usefixtures("nothing_read")
def test_other_times_by_the_hour_are_no_other_files(library: Library, folder: Path) -> None:
    for path in folder.rglob("*.png"):
        # An hour later, in the even seconds of FAT.
        mtime_s = path.stat().st_mtime_ns // 10**9 // 2 * 2 + 3600
        os.utime(path, ns=(OLDER_NS, mtime_s * 10**9))
    assert counts(index(library)) == {"unchanged": ALL}
    with library.read() as session:
        stat = assets.stat_at(session, folder / "1.png" if (folder / "1.png").exists() else folder / "0.png")
    assert stat is not None
    assert stat.mtime_ns == stat.path.stat().st_mtime_ns, "the new times are remembered"
    assert counts(index(library)) == {"unchanged": ALL}


@pytest.mark.usefixtures("nothing_read")
def test_a_renamed_root_goes_on_under_its_new_name(library: Library, folder: Path) -> None:
    with library.write() as session:
        switches.turn(session, "colours", on=False, folder=folder / "2019")
        hidden.put(session, folder / "2019")
    set_patterns(library, folder, ["/Private/"])
    (folder / "Private").mkdir()
    shutil.copy(folder / "0.png", folder / "Private")
    renamed = folder.with_name("Pictures 2019")
    folder.rename(renamed)
    report = index(library, [renamed])
    assert counts(report) == {"unchanged": ALL}
    assert report.renamed == {str(folder): str(renamed)}
    with library.read() as session:
        assert assets.roots(session) == [renamed]
        assert switches.every(session).folders("colours") == {renamed / "2019": False}
        assert assets.patterns(session) == {renamed: ("/Private/",)}
        assert hidden.count(session) == ALL // 2


@pytest.mark.usefixtures("nothing_read")
def test_what_is_in_the_cloud_moves_without_being_read(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [path.name for path in folder.rglob("*.png")]
    (folder / "0.png").rename(folder / "2019" / "new.png")
    with evicted(monkeypatch, "new.png", *names):
        report = index(library)
        assert counts(report) == {"unchanged": ALL - 1, "reused": 1}
        assert (report.cloud, report.units["image"]) == (0, ALL), "found under its new name"
        renamed = folder.rename(folder.with_name("Pictures"))
        report = index(library, [renamed])
    assert (counts(report), report.renamed) == ({"unchanged": ALL}, {str(folder): str(renamed)})

    (renamed / "2.png").rename(renamed / ".2.png.icloud")
    away = renamed.rename(folder.with_name("away"))
    real, opened = os.stat, Path.open

    def status(path: Any, **options: Any) -> Any:
        found = real(path, **options)
        if not str(path).endswith(".png"):
            return found
        fields = {name: getattr(found, name) for name in dir(found) if name.startswith("st_")}
        return SimpleNamespace(**fields | {"st_flags": 0x40000000})

    def refuse(path: Path, *args: Any, **options: Any) -> Any:
        assert path.suffix != ".png", "a file was read"
        return opened(path, *args, **options)

    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", status)
        patched.setattr(Path, "open", refuse)
        assert moves.relocate(library, renamed, away) == ALL
    with library.read() as session:
        assert assets.roots(session) == [away]


def test_the_backup_of_a_drive_does_not_take_its_place(
    library: Library, folder: Path, settings: Settings
) -> None:
    backup = shutil.copytree(folder, folder.parent / "backup")
    away = folder.rename(folder.with_name("away"))
    with library.write() as session:
        drives.keep_mounts(session, {folder: "a drive that is not connected"})
    said = command.trove(settings, "index", backup)
    assert f"trove relocate {folder} {backup}" in said.stdout.replace("\n", " "), said.stderr
    away.rename(folder)
    assert counts(index(library)) == {"unchanged": 2 * ALL}
    with library.read() as session:
        assert assets.roots(session) == [folder, backup]


def test_a_drive_in_another_place_is_known_and_a_copy_on_it_is_none(
    library: Library, folder: Path, tmp_path: Path
) -> None:
    with mounted(tmp_path / "usb1", *TMPFS):
        now = shutil.copytree(folder, tmp_path / "usb1" / folder.name)
        copy = shutil.copytree(folder, tmp_path / "usb1" / "copy")
        shutil.rmtree(folder.parent)
        with library.write() as session:
            drives.keep_mounts(session, {folder: Volumes().of(now) or ""})
        assert index(library, [copy]).alike == {str(folder): str(copy)}
        assert index(library, [now]).renamed == {str(folder): str(now)}


def test_what_is_here_or_away_can_be_named_in_another_form(
    library: Library, folder: Path, settings: Settings
) -> None:
    typed = folder.with_name("Caf\u00e9")
    there = folder.rename(folder.with_name("Cafe\u0301"))
    moves.relocate(library, folder, there)
    told = command.as_json(command.trove(settings, "roots", typed, "--exclude", "x/", "--json"))
    assert [(root["path"], root["patterns"]) for root in told["roots"]] == [(str(there), ["x/"])]
    own = trove.Library(library)
    kept = own.thumbnail(typed / "0.png", side=64)
    away = there.rename(folder.with_name("away"))
    index(library)
    assert own.thumbnail(typed / "0.png", side=64) == kept
    for path in (typed, typed / "0.png"):
        own.hide(path)
        own.unhide(path)
    assert own.facts(typed / "0.png") == own.facts(there / "0.png") != ()
    assert own.analysers.redo("pictures", typed) == ALL
    own.analysers.off("pictures", typed)
    assert command.trove(settings, "roots", typed, "--json").returncode == 0
    assert own.relocate(typed, away) == ALL
    assert (own.roots(), own.hidden()) == ([away], [])
    shutil.rmtree(away)


@pytest.mark.usefixtures("nothing_read")
def test_what_a_drive_leaves_out_is_not_found_while_it_is_away(library: Library, folder: Path) -> None:
    (folder / ".troveignore").write_text("0.png\n")
    (folder / "2019" / ".nomedia").touch()
    index(library)
    away = folder.rename(folder.with_name("away"))
    for empty in (False, True):  # a mount point may be left
        if empty:
            folder.mkdir()
        index(library)
        set_patterns(library, folder, ["*.tmp"])
        assert offline(library) == {folder: ALL // 2 - 1}
    folder.rmdir()
    away.rename(folder)
    (folder / ".troveignore").unlink()
    (folder / "2019" / ".nomedia").unlink()
    assert counts(index(library)) == {"reused": ALL}


@pytest.mark.usefixtures("nothing_read")
@pytest.mark.parametrize("place", ["elsewhere", "photos/sorted", "other/deep"])
def test_a_part_that_is_relocated_is_left_out_as_before(library: Library, folder: Path, place: str) -> None:
    other = folder.with_name("other")
    other.mkdir()
    with library.write() as session:
        assets.add_roots(session, [other])
        hidden.put(session, folder)
        switches.turn(session, "colours", on=False, folder=folder)
    secret = trove.Library(library).forget(folder / "2019" / "1.png")
    assert secret == 1
    set_patterns(library, folder, ["/2019/1.png", "3.*", "/0.png"])
    new = folder.with_name(place.split("/")[0]).joinpath(*place.split("/")[1:])
    new.parent.mkdir(exist_ok=True)
    shutil.move(folder / "2019", new)
    try:
        assert moves.relocate(library, folder / "2019", new) == ALL // 2 - 2
        report = index(library)
        assert counts(report) == {"unchanged": ALL - 3}
        with library.read() as session:
            assert hidden.count(session) == ALL - 3
            assert not switches.every(session).is_on("colours", new / "5.png")
    finally:
        shutil.rmtree(new)
        shutil.rmtree(other)


@pytest.mark.usefixtures("nothing_read")
def test_a_folder_is_relocated_or_refused(library: Library, folder: Path, tmp_path: Path) -> None:
    other = fill(tmp_path / "others", first=100)
    with pytest.raises(SettingsError, match=f"holds 0 of the {ALL} files"):
        moves.relocate(library, folder, other)
    with pytest.raises(SettingsError, match="has nothing in"):
        moves.relocate(library, tmp_path / "never", folder)
    with pytest.raises(SettingsError, match="inside the other"):
        moves.relocate(library, folder, folder.parent)

    letter = tmp_path / "E"
    folder.parent.rename(letter)
    index(library)
    assert offline(library) == {folder: ALL}
    assert moves.relocate(library, folder.parent, letter) == ALL
    now = letter / "photos"
    with library.read() as session:
        assert assets.roots(session) == [now]
    assert offline(library) == {}
    assert counts(index(library)) == {"unchanged": ALL}

    sorted_by = now / "sorted"
    sorted_by.mkdir()
    (now / "2019").rename(sorted_by / "2019")
    assert moves.relocate(library, now / "2019", sorted_by / "2019") == ALL // 2
    with library.read() as session:
        assert assets.roots(session) == [now], "a folder in a root makes no other root"
    assert counts(index(library)) == {"unchanged": ALL}


def test_a_root_that_cannot_be_read_is_away(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def lost(path: Any) -> Any:
        if Path(path) == folder:
            raise OSError(107, "Transport endpoint is not connected")
        return real(path)

    monkeypatch.setattr(os, "scandir", lost)
    report = index(library)
    assert (counts(report), report.offline) == ({}, {str(folder): ALL})


def test_a_lost_network_drive_is_away_whatever_is_asked(
    library: Library, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = trove.Library(library)
    shown = files.thumbnail(folder / "0.png", side=1080)
    out = folder / "2.png"
    set_patterns(library, folder, [out.name])
    real = os.stat

    def lost(path: Any, **options: Any) -> Any:
        if str(path).startswith(str(folder)):
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return real(path, **options)

    monkeypatch.setattr(os, "stat", lost)
    assert not any(ask(folder) for ask in (is_there, is_file, is_folder))
    assert files.thumbnail(folder / "0.png", side=1080) == shown
    assert set_patterns(library, folder, []) == 0
    assert offline(library) == {}, "what was left out stays so while it is away"
    assert left_out(library) == {folder: []}
    found = examine(settings, files=True)
    assert [finding.warning for finding in found if finding.name == "indexed"] == [
        "not there now: is its drive connected?"
    ]
    said = command.trove(settings, "roots")
    assert (said.returncode, f"{folder}  (not connected)" in said.stdout) == (0, True), said.stderr


@contextmanager
def mounted(folder: Path, *arguments: str) -> Iterator[None]:
    """A file system at a folder, as long as that lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(["mount", *arguments, folder], capture_output=True, text=True)
    except OSError as exc:
        pytest.skip(f"no mounts here: {exc}")
    if done.returncode:
        pytest.skip(f"no mounts here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


TMPFS = ("-t", "tmpfs", "-o", "size=1m", "trove")


def test_a_drive_below_a_root_is_away_with_its_mount_point_left(library: Library, tmp_path: Path) -> None:
    root = tmp_path / "root"
    with mounted(root / "usb", *TMPFS):
        fill(root / "usb" / "photos", 3)
        fill(root / "own", 1, first=10)
        index(library, [root])
    report = index(library, [root])
    assert (counts(report), report.offline) == ({"unchanged": 1}, {str(root / "usb"): 3})
    with mounted(root / "usb", *TMPFS):
        fill(root / "usb" / "other", 1, first=20)
        report = index(library, [root])
        assert (counts(report), report.offline) == ({"reused": 1, "unchanged": 1}, {str(root / "usb"): 3}), (
            "another drive in its place"
        )
        fill(root / "usb" / "photos", 3)
        assert counts(index(library, [root])) == {"reused": 3, "unchanged": 2}
    (root / "usb").rmdir()
    assert index(library, [root]).offline == {str(root / "usb"): 4}, "nor is it gone with its mount point"
    assert counts(index(library, [root], word=Word(gone=True))) == {"unchanged": 1, "removed": 4}


@pytest.mark.usefixtures("nothing_read")
def test_a_root_is_bound_to_another_folder(library: Library, folder: Path) -> None:
    away = folder.rename(folder.with_name("away"))
    with mounted(folder, "--bind", str(away)):
        assert counts(index(library)) == {"unchanged": ALL}
    report = index(library)
    assert (counts(report), report.offline) == ({}, {str(folder): ALL})
    with mounted(folder, "--bind", str(away)):
        assert counts(index(library)) == {"reused": ALL}


def test_fat_in_another_zone_is_the_same_drive(
    library: Library, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if shutil.which("mkfs.vfat") is None:
        pytest.skip("no mkfs.vfat here")
    image, root = tmp_path / "fat.img", tmp_path / "stick"
    image.write_bytes(bytes(4 << 20))
    subprocess.run(["mkfs.vfat", str(image)], check=True, capture_output=True)
    with mounted(root, "-o", "loop,tz=UTC", str(image)):
        fill(root / "photos")
        index(library, [root])
    request.getfixturevalue("nothing_read")
    with mounted(root, "-o", "loop,time_offset=330", str(image)):
        assert counts(index(library, [root])) == {"unchanged": ALL}


def test_hits_on_a_drive_that_is_away_say_so_and_keep_their_thumbnails(
    library: Library, folder: Path
) -> None:
    with SearchService(library) as service:
        query = Query("type:picture", k=ALL, apart=True)
        assert {hit.offline for hit in service.search(query).hits} == {False}
        folder.rename(folder.with_name("away"))
        index(library)
        hits = service.search(query).hits
    assert [hit.offline for hit in hits] == [True] * ALL
    kept = trove.Library(library).thumbnail(folder / "0.png", side=1080)
    assert kept.read_bytes()[:2] == b"\xff\xd8"
    with pytest.raises(UnreadableError, match="cannot be read"):
        trove.Library(library).thumbnail(folder / "never.png", side=1080)
