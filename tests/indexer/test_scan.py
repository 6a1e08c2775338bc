"""Walking real folders, with everything that people keep in them."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.paths import PathSet, deepest, is_under, outermost
from indexer.drives.placeholders import is_placeholder
from indexer.leaving_out import LeavingOut
from indexer.media.formats import media_kind
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
    for name in ("self", "self.jpg"):
        (folder / "sub" / name).symlink_to(folder / "sub" / name)
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
    found = scan([folder])
    assert names(found, folder) == ["a.JPEG", "b.jpg", "sub/c.mp4", "sub/deep/e.flac"]
    assert found.unreadable == [], "what leads nowhere is no failure"
    assert [(item.stat.path.name, item.state) for item in found.unread] == [
        ("dangling.jpg", "skipped"),
        ("self.jpg", "skipped"),
    ]


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
    paths = [Path("/b/c"), Path("/a"), Path("/b"), Path("/a/x"), Path("/bc"), Path("/a")]
    assert outermost(paths) == [Path("/a"), Path("/b"), Path("/bc")]


def test_outermost_and_path_sets_take_time_by_the_number_of_paths() -> None:
    paths = [Path(f"/photos/{number}.jpg") for number in range(10_000)]
    before = time.process_time()
    assert outermost(paths) == paths
    folders = PathSet([*paths, Path("/photos")])
    assert folders.deepest(paths[7] / "inside") == paths[7]
    assert folders.deepest(Path("/photos/others/a.jpg")) == Path("/photos")
    assert not folders.holds(Path("/photos2"))
    assert all(map(folders.holds, paths))
    assert time.process_time() - before < 2, "the processor's seconds"


@given(st.lists(st.sampled_from(["/", "/a", "/a/b", "/a/b/c", "/ab", "/b", "/b/c/d"]).map(Path), max_size=5))
def test_path_sets_say_what_comparing_with_each_says(folders: list[Path]) -> None:
    for path in map(Path, ("/", "/a", "/a/b/c/d", "/abc", "/b/c", "/b/c/d/e.jpg")):
        assert PathSet(folders).deepest(path) == deepest(path, folders)
        assert PathSet(folders).holds(path) == is_under(path, folders)


class Evicted:
    """An entry of a folder whose file is in the cloud: it may be asked for its status, nothing else."""

    def __init__(self, entry: "os.DirEntry[str]", **flags: int) -> None:
        self.name, self._status, self._flags = entry.name, entry.stat(), flags

    def is_dir(self) -> bool:
        return False

    def is_symlink(self) -> bool:
        return False

    def stat(self) -> SimpleNamespace:
        status = self._status
        return SimpleNamespace(
            st_mode=status.st_mode, st_size=status.st_size, st_mtime_ns=status.st_mtime_ns, **self._flags
        )


FLAGS = ({"st_flags": 0x40000020}, {"st_file_attributes": 0x400020}, {"st_file_attributes": 0x1020})


@pytest.mark.parametrize("flags", FLAGS, ids=["macOS", "Windows", "Windows, offline"])
def test_a_placeholder_of_the_cloud_is_told_and_not_listed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, flags: dict[str, int]
) -> None:
    (folder / "a.xmp").write_text("beside it")
    real = os.scandir

    @contextmanager
    def evicting(path: Path) -> Iterator[Iterator[object]]:
        with real(path) as entries:
            yield (Evicted(one, **flags) if one.name in ("b.jpg", "a.xmp") else one for one in entries)

    monkeypatch.setattr(os, "scandir", evicting)
    found = scan([folder], others=("",))
    assert "b.jpg" not in names(found, folder)
    assert [(item.stat.path.name, item.state, item.reason) for item in found.unread] == [
        ("b.jpg", "cloud", "in the cloud, not read")
    ]
    assert {other.path.name for other in found.others[folder]} == {"notes.txt"}, (
        "a sidecar is not read either"
    )
    assert "b.jpg" in names(scan([folder], download=True), folder)
    both = scan([folder, folder / "b.jpg"])
    assert ("b.jpg" in names(both, folder), both.unread) == (True, []), "it was downloaded meanwhile"


def test_an_ordinary_file_is_no_placeholder(folder: Path) -> None:
    assert not is_placeholder((folder / "b.jpg").stat())


def test_what_icloud_leaves_in_place_of_a_file_stands_for_it(folder: Path) -> None:
    (folder / ".IMG_9.jpg.icloud").write_bytes(b"bplist00")
    (folder / ".notes.txt.icloud").write_bytes(b"bplist00")
    found = scan([folder])
    assert [(item.stat.path, item.state) for item in found.unread] == [(folder / "IMG_9.jpg", "cloud")]
    assert scan([folder], LeavingOut.of({folder: ("IMG*",)})).unread == []
    (folder / "IMG_9.jpg").write_bytes(b"x")
    found = scan([folder])
    assert (found.unread, "IMG_9.jpg" in names(found, folder)) == ([], True), "one path, one file"


def test_a_link_that_leads_nowhere_is_named_once(folder: Path) -> None:
    (folder / "lost.jpg").symlink_to("nowhere")
    (folder / ".lost.jpg.icloud").touch()
    assert [(item.stat.path.name, item.state) for item in scan([folder]).unread] == [("lost.jpg", "skipped")]


def test_names_with_dots_and_spaces_behind_them_and_of_windows_devices_are_media(folder: Path) -> None:
    odd = ["CON.jpg", "dot.jpg.", "space.jpg ", "\u202egpj.exe.jpg", "n" * 251 + ".jpg"]
    for name in odd:
        (folder / name).write_bytes(b"x")
    assert set(odd) <= {file.path.name for file in scan([folder]).files}
    assert media_kind(Path("notes. ")) is None


def test_a_bind_mount_of_a_folder_into_itself_ends(folder: Path) -> None:
    inside = folder / "sub" / "mount"
    inside.mkdir()
    if subprocess.run(["mount", "--bind", folder, inside], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        assert names(scan([folder]), folder) == ["a.JPEG", "b.jpg", "sub/c.mp4", "sub/deep/e.flac"]
    finally:
        subprocess.run(["umount", inside], check=True)
