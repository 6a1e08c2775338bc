"""Hits taken elsewhere: whole, under names of their own, and over nothing that is there."""

import csv
import zipfile
from pathlib import Path

import pytest

from db.errors import SettingsError, UnreadableError
from search.answer import Hit
from search.results.export import as_csv, copy_to, write_zip


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / folder / name for folder, name in (("a", "x.jpg"), ("b", "X.jpg"), ("b", "y.mp4"))]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes([number]) * 100)
    return paths


def test_csv_is_read_back_and_runs_no_formula() -> None:
    hit = Hit(1, 0.5, "speech", Path("/a, b.mp4"), 1.5, 2.0, '=cmd() "x"\nend', (), 7, "video", None, ())
    (row,) = csv.DictReader(as_csv([hit]).splitlines(keepends=True))
    assert (row["rank"], row["path"], row["start_s"], row["taken_at"]) == ("1", "/a, b.mp4", "1.5", "")
    assert row["text"] == '\'=cmd() "x"\nend'


def test_zip_holds_each_file_once(files: list[Path], tmp_path: Path) -> None:
    write_zip([*files, files[0]], tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.namelist() == ["x.jpg", "X (2).jpg", "y.mp4"]
        assert archive.read("X (2).jpg") == files[1].read_bytes()
    with pytest.raises(UnreadableError):
        write_zip([tmp_path / "none.jpg"], tmp_path / "none.zip")


def test_copies_replace_nothing(files: list[Path], tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder"
    assert [path.name for path in copy_to(files, target)] == ["x.jpg", "X (2).jpg", "y.mp4"]
    assert [path.name for path in copy_to(files[:1], target)] == ["x (3).jpg"]
    assert (target / "x.jpg").read_bytes() == files[0].read_bytes()
    with pytest.raises(SettingsError):
        copy_to(files, Path("somewhere"))
    with pytest.raises(UnreadableError, match="after 1 of 2 files"):
        copy_to([files[0], tmp_path / "none.jpg"], target)
