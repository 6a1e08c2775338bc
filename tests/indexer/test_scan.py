"""Walking real folders, with everything that people keep in them."""

import os
from pathlib import Path

import pytest

from db.paths import outermost
from indexer.leaving_out import LeavingOut
from indexer.scan import Scan, scan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.jpg", "a.JPEG", "sub/c.mp4", "notes.txt", ".hidden.jpg", ".git/d.jpg", "sub/deep/e.flac"):
        path = tmp_path / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "media"


def names(found: Scan, folder: Path) -> list[str]:
    return [str(file.path.relative_to(folder)) for file in found.files]


def test_media_files_are_listed_once_sorted(folder: Path) -> None:
    found = scan([folder])
    assert names(found, folder) == ["a.JPEG", "b.jpg", "sub/c.mp4", "sub/deep/e.flac"]
    assert found.files[0].size == 1
    assert found.files[0].mtime_ns == (folder / "a.JPEG").stat().st_mtime_ns


@pytest.mark.parametrize("extra", [".", "sub", "sub/deep", "b.jpg"])
def test_a_path_inside_another_changes_nothing(folder: Path, extra: str) -> None:
    assert scan([folder, folder / extra]).files == scan([folder]).files


def test_a_link_loop_ends(folder: Path) -> None:
    (folder / "sub" / "loop").symlink_to(folder)
    (folder / "sub" / "self").symlink_to(folder / "sub" / "self")
    found = scan([folder])
    assert names(found, folder) == ["a.JPEG", "b.jpg", "sub/c.mp4", "sub/deep/e.flac"]
    assert [(item.stat.path.name, item.is_folder) for item in found.unreadable] == [("self", False)]
    assert "link" in found.unreadable[0].reason


def test_a_linked_folder_is_followed_once_and_keeps_its_real_path(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f.png").write_bytes(b"x")
    (folder / "0-link").symlink_to(outside)
    (folder / "1-link").symlink_to(outside)
    (folder / "2-link").symlink_to(folder / "sub")
    assert names(scan([folder]), folder) == [
        "0-link/f.png",
        "a.JPEG",
        "b.jpg",
        "sub/c.mp4",
        "sub/deep/e.flac",
    ]


def test_strange_names_are_kept(folder: Path) -> None:
    strange = ["new\nline.jpg", "quote'\".jpg", "smile 😀.jpg", "tab\t.jpg"]
    for name in strange:
        (folder / name).write_bytes(b"x")
    (folder / os.fsdecode(b"latin-\xe9.jpg")).write_bytes(b"x")
    found = {file.path.name for file in scan([folder]).files}
    assert {*strange, os.fsdecode(b"latin-\xe9.jpg")} <= found


def test_a_file_given_by_name_is_listed_whatever_it_is(folder: Path) -> None:
    assert names(scan([folder / "notes.txt"]), folder) == ["notes.txt"]


def test_own_folders_are_left_out(folder: Path) -> None:
    assert names(scan([folder], LeavingOut.of({}, own=[folder / "sub"])), folder) == ["a.JPEG", "b.jpg"]


def test_an_unreadable_folder_is_named_and_the_rest_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permissions do not bind root, who may run the tests.
    real = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "sub":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan([folder])
    assert names(found, folder) == ["a.JPEG", "b.jpg"]
    assert [(item.stat.path.name, item.reason) for item in found.unreadable] == [("sub", "permission denied")]


def test_special_files_are_no_media(folder: Path) -> None:
    os.mkfifo(folder / "pipe.jpg")
    assert "pipe.jpg" not in names(scan([folder]), folder)


def test_outermost_keeps_the_order() -> None:
    given = [Path("/b/c"), Path("/a"), Path("/b"), Path("/a/x"), Path("/bc"), Path("/a")]
    assert outermost(given) == [Path("/a"), Path("/b"), Path("/bc")]
