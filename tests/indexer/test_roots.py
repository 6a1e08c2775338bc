"""Leaving out and forgetting in a library: what is found then, and what it costs to have it back."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from db.catalog import assets, drives, live
from db.engine.schema import Asset, Unit
from db.errors import SettingsError
from db.library import Library
from indexer import prepare, roots
from indexer.pipeline import index
from indexer.scan import scan
from indexer.targets import targets
from indexer.writer import Writer
from search.health.status import status
from tests.support.media import photo


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures: in a folder, in one inside it, in one inside that, and in a bin."""
    for seed, name in enumerate(("a.jpg", "in/b.jpg", "in/deep/c.jpg", "#recycle/d.jpg")):
        path = tmp_path / "media" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photo(path, seed)
    return tmp_path / "media"


def found(library: Library, folder: Path) -> list[str]:
    """What can be found, by the paths in the folder."""
    with library.read() as session:
        ids = live.ids(session, ["image"])
        paths = session.scalars(
            select(Asset.path)
            .join(Unit, Unit.content_id == Asset.content_id)
            .where(Unit.id.in_(ids.tolist()))
        )
        return sorted(str(path.relative_to(folder)) for path in paths)


def states(library: Library) -> dict[str, str]:
    with library.read() as session:
        return {path.name: state for path, state in session.execute(select(Asset.path, Asset.state))}


def test_a_pattern_hides_at_once_and_its_removal_brings_back_without_work(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert index(library, [folder]).indexed == 3
    monkeypatch.setattr(prepare.Preparer, "__call__", lambda *_: pytest.fail("a file was read"))
    assert roots.set_patterns(library, folder, ["/in/", "nothing"]) == 2
    assert found(library, folder) == ["a.jpg"]
    report = index(library)
    assert (report.found, report.unchanged, report.removed, report.left_out) == (1, 1, 0, 0)
    (told,) = [one for one in roots.left_out(library)[folder] if one.rule.what == "/in/"]
    assert (told.files, told.where) == (2, folder / "in")
    assert roots.set_patterns(library, folder, ["nothing"]) == 0
    assert found(library, folder) == ["a.jpg", "in/b.jpg", "in/deep/c.jpg"]
    # What files on the disk say holds from the next run on.
    (folder / "in" / "deep" / ".nomedia").touch()
    (folder / ".troveignore").write_text("b.jpg\n")
    report = index(library)
    assert (report.found, report.unchanged, report.left_out) == (1, 1, 2)
    assert states(library) == {"a.jpg": "indexed", "b.jpg": "left_out", "c.jpg": "left_out"}
    assert roots.set_patterns(library, folder, []) == 0, "of these no pattern of the folder is the reason"
    assert found(library, folder) == ["a.jpg"]
    (folder / "in" / "deep" / ".nomedia").unlink()
    (folder / ".troveignore").unlink()
    assert index(library).reused == 2
    assert found(library, folder) == ["a.jpg", "in/b.jpg", "in/deep/c.jpg"]


def test_patterns_given_with_a_folder_are_kept_with_it(library: Library, folder: Path) -> None:
    assert index(library, [folder], exclude=["*.png", "/in/deep"]).indexed == 2
    with pytest.raises(SettingsError, match="is in"):
        index(library, [folder / "in"], exclude=["x"])
    assert index(library, [folder], exclude=["/in/"]).left_out == 1
    with library.read() as session:
        assert assets.patterns(session) == {folder: ("*.png", "/in/deep", "/in/")}
    with pytest.raises(SettingsError, match="no pattern"):
        index(library, [folder], exclude=["!"])


def test_a_bin_is_read_when_it_is_asked_for_and_a_part_of_a_folder_is_none_of_its_own(
    library: Library, folder: Path
) -> None:
    index(library, [folder])
    index(library, [folder / "in"])
    assert index(library, [folder / "#recycle"]).indexed == 1
    with library.read() as session:
        assert assets.roots(session) == [folder, folder / "#recycle"]
    assert index(library).unchanged == index(library, [folder]).unchanged == 4
    assert roots.forget(library, folder / "#recycle") == 1
    assert index(library).found == 3
    assert found(library, folder) == ["a.jpg", "in/b.jpg", "in/deep/c.jpg"]


def test_what_is_forgotten_in_a_folder_stays_away(library: Library, folder: Path) -> None:
    index(library, [folder])
    odd = folder / "in" / "[1] what?*"
    odd.mkdir()
    (folder / "in" / "b.jpg").rename(odd / "b.jpg")
    index(library)
    assert roots.forget(library, odd) == 1
    assert roots.forget(library, folder / "in" / "deep" / "c.jpg") == 1
    assert (odd / "b.jpg").exists()
    assert found(library, folder) == ["a.jpg"]
    assert index(library).found == 1
    with pytest.raises(SettingsError, match="is no folder of this library"):
        roots.forget(library, folder / "in" / "typo")
    with pytest.raises(SettingsError, match="is no folder of this library"):
        roots.forget(library, folder.parent / "elsewhere")
    assert index(library, [odd]).indexed == 1, "whoever names it wants it after all"
    assert found(library, folder) == ["a.jpg", "in/[1] what?*/b.jpg"]


def test_a_root_that_stays_keeps_its_drive(library: Library, folder: Path) -> None:
    inner = folder / "in"
    with library.write() as session:
        assets.add_roots(session, [folder, inner])
        drives.keep_mounts(session, {folder: "a", folder / "usb": "b", inner: "c", inner / "usb": "d"})
    roots.forget(library, folder)
    with library.read() as session:
        assert drives.mounts(session) == {inner: "c", inner / "usb": "d"}
    roots.forget(library, inner)
    with library.read() as session:
        assert drives.mounts(session) == {}


def test_files_that_are_not_there_have_not_failed(library: Library, folder: Path) -> None:
    for name in ("gone", "offline", "left_out", "indexed"):
        (folder / f"{name}.jpg").write_bytes((folder / "a.jpg").read_bytes())
    index(library, [folder])
    before = {f"{name}.jpg": name for name in ("gone", "offline", "left_out")}
    with library.write() as session:
        ids = {path.name: asset_id for asset_id, path in assets.paths(session).items()}
        for name, state in before.items():
            assets.set_state(session, [ids[name]], state)
        content_id = session.scalars(select(Asset.content_id).where(Asset.id == ids["a.jpg"])).one()
    Writer(library, 1, []).give_up(content_id, "broken", retry=False)
    failed = {"a.jpg": "failed", "indexed.jpg": "failed"}
    assert {name: states(library)[name] for name in before | failed} == before | failed


def test_a_hard_link_to_a_file_of_the_library_is_a_file(library: Library, folder: Path) -> None:
    os.link(folder / "a.jpg", folder / "link.jpg")
    with library.write() as session:
        assets.add_roots(session, [folder / "a.jpg"])
    assert targets(library, [folder / "link.jpg"]).there == [folder / "link.jpg"]


def test_what_never_could_be_read_leaves_no_row(library: Library, folder: Path) -> None:
    (folder / "in" / "letter.jpg").write_text("no picture")
    assert index(library, [folder]).failed == 1
    roots.set_patterns(library, folder, ["letter.*"])
    assert "letter.jpg" not in states(library)
    assert index(library).failed == 0


@contextmanager
def evicted(monkeypatch: pytest.MonkeyPatch, *names: str) -> Iterator[None]:
    """Files that macOS has moved to the cloud: a stand-in for what their folders say of them."""
    real = os.scandir

    @contextmanager
    def scandir(path: Path) -> Iterator[Iterator[object]]:
        with real(path) as entries:
            yield (_evicted(one) if one.name in names else one for one in entries)

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", scandir)
        yield


def _evicted(entry: "os.DirEntry[str]") -> SimpleNamespace:
    real = entry.stat()
    status = SimpleNamespace(
        st_mode=real.st_mode, st_size=real.st_size, st_mtime_ns=real.st_mtime_ns, st_flags=0x40000000
    )
    return SimpleNamespace(
        name=entry.name, is_dir=lambda: False, is_symlink=lambda: False, stat=lambda: status
    )


def test_what_is_in_the_cloud_is_told_and_read_on_request(
    library: Library, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with evicted(monkeypatch, "a.jpg"):
        report = index(library, [folder])
        assert (report.found, report.indexed, report.skipped, report.cloud) == (3, 2, 1, 1)
        assert (status(library).assets, status(library).cloud) == (2, 1)
        assert index(library).cloud == 1, "each run tells"
        report = index(library, download=True)
        assert (report.indexed, report.cloud) == (1, 0)
    with evicted(monkeypatch, "a.jpg", "b.jpg"):
        monkeypatch.setattr(prepare.Preparer, "__call__", lambda *_: pytest.fail("a file was read"))
        report = index(library)
        assert (report.unchanged, report.cloud) == (3, 0), "what was read before it went stays found"
    assert found(library, folder) == ["a.jpg", "in/b.jpg", "in/deep/c.jpg"]


def test_many_single_files_take_time_by_their_number(library: Library, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.png" for number in range(1000)]
    for file in files:
        file.touch()
    with library.write() as session:
        assets.add_roots(session, files[:500])
    before = time.process_time()
    assert targets(library, files).there == files
    assert set(scan(files).roots) == set(files)
    assert time.process_time() - before < 3, "the processor's seconds"
