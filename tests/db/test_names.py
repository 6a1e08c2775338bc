"""Names as people type them, and as the disk spells them."""

import os
import unicodedata
from pathlib import Path

import pytest

from db.names import composed, spelled

NFC, NFD = "Caf\u00e9", "Cafe\u0301"


@pytest.mark.parametrize(("typed", "there"), [(NFC, NFD), (NFD, NFC)])
def test_a_name_in_another_form_is_the_one_on_the_disk(tmp_path: Path, typed: str, there: str) -> None:
    file = tmp_path / there / f"{there}.jpg"
    file.parent.mkdir()
    file.touch()
    assert spelled(tmp_path / typed / f"{typed}.jpg") == file
    assert spelled(file) == file
    assert spelled(tmp_path / typed / "new" / typed) == file.parent / "new" / typed


def test_who_has_both_forms_has_two_files(tmp_path: Path) -> None:
    for name in (NFC, NFD):
        (tmp_path / name).touch()
    assert [spelled(tmp_path / name).name for name in (NFC, NFD)] == [NFC, NFD]


def test_hard_links_that_differ_in_case_are_two_files(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.JPG").touch()
    (tmp_path / "img_1.jpg").hardlink_to(tmp_path / "IMG_1.JPG")
    assert [spelled(tmp_path / name).name for name in ("IMG_1.JPG", "img_1.jpg")] == [
        "IMG_1.JPG",
        "img_1.jpg",
    ]


def test_without_case_a_file_has_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A stand-in: the kernel may have no such file system.
    file = tmp_path / "Photos" / "IMG_1.JPG"
    file.parent.mkdir()
    file.touch()
    real, root = os.lstat, str(tmp_path)

    def lstat(path: os.PathLike[str] | str) -> os.stat_result:
        name = os.fspath(path)
        if name.startswith(root):
            wanted = name[len(root) :].casefold()
            name = next(
                (str(one) for one in tmp_path.rglob("*") if str(one)[len(root) :].casefold() == wanted), name
            )
        return real(name)

    monkeypatch.setattr(os, "lstat", lstat)
    assert spelled(tmp_path / "photos" / "img_1.jpg") == file
    assert spelled(tmp_path / "PHOTOS" / "new.jpg") == file.parent / "new.jpg"


def test_links_and_what_is_not_there_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert spelled(tmp_path / "link" / "a") == tmp_path / "link" / "a"
    monkeypatch.chdir(tmp_path)
    assert spelled("a/b.jpg") == tmp_path / "a" / "b.jpg"
    assert spelled(".") == tmp_path
    assert spelled("~") == Path.home()


def test_names_that_are_no_text_can_be_compared() -> None:
    name = os.fsdecode(b"latin\xe9") + NFD
    assert composed(name) == os.fsdecode(b"latin\xe9") + unicodedata.normalize("NFC", NFD)
