"""Looking after a library: folders that are watched or taken out, duplicates, storage, the view from afar."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from db.catalog import assets, facts, units
from db.engine.database import Database
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryBusyError, SettingsError
from db.library import Library
from db.settings import Settings
from indexer.encoders.registry import near_duplicate
from indexer.flow import Report
from indexer.pipeline import index
from indexer.roots import forget
from indexer.subjects import clear_concepts, concept_vectors, subjects
from indexer.watch import keep_watching
from search.explore.duplicates import duplicates
from search.explore.landscape import (
    Point,
    landscape,
    named_regions,
    principal_plane,
)
from search.health.storage import clear_pictures, storage
from search.query.query import Query
from search.service import SearchService
from tests.support import ROOT
from tests.support.media import photo
from tests.support.searching import searching
from tests.support.words import listed, packet
from ui.watching import WatchJob, watcher_pid


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three pictures, one of them in a folder of its own."""
    media = tmp_path / "media"
    (media / "more").mkdir(parents=True)
    for picture, name in {"p001": "a.jpg", "p002": "b.jpg", "p003": "more/c.jpg"}.items():
        shutil.copy(ROOT / "samples" / "pictures" / f"{picture}.jpg", media / name)
    return media


def _paths(database: Database) -> set[str]:
    with database.read() as session:
        return {path.name for path in assets.picture_paths(session)}


def _states(database: Database) -> set[str]:
    with database.read() as session:
        return set(assets.states(session))


def _title(database: Database, path: Path) -> object:
    with database.read() as session:
        title = facts.of_file(session, path).get("title")
    return None if title is None else title.value


def test_a_removed_folder_is_forgotten_and_its_files_stay(library: Library, folder: Path) -> None:
    index(library, [folder / "more"])
    index(library, [folder])
    with SearchService(library) as service:
        assert len(service.search(Query("a picture", k=9)).hits) == 3
        # What is in another given folder, too, stays known.
        assert forget(library, folder) == 2
        assert [hit.path.name for hit in service.search(Query("a picture", k=9)).hits] == ["c.jpg"]
    assert (folder / "a.jpg").is_file()
    assert index(library).found == 1
    with pytest.raises(SettingsError, match="no folder of this library"):
        forget(library, folder)
    with library.indexing(), pytest.raises(LibraryBusyError):
        forget(library, folder / "more")


@pytest.mark.slow
def test_trove_forget(library: Library, settings: Settings, database: Database, folder: Path) -> None:
    index(library, [folder])
    environment = os.environ | {"TROVE_CACHE": str(settings.cache)}
    command = [sys.executable, "-m", "ui.cli", "--library", str(settings.paths.folder), "forget", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    assert told.stdout == "Forgot 3 files. They stay where they are.\n"
    assert _paths(database) == set()


# --- watching


class _Watching:
    """``keep_watching`` in a thread."""

    def __init__(self, library: Library) -> None:
        self.reports: list[Report] = []
        self.stop = threading.Event()
        self._thread = threading.Thread(
            target=keep_watching,
            args=(library,),
            kwargs={"stop": self.stop, "on_run": self.reports.append},
        )

    def __enter__(self) -> "_Watching":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


def _until(done: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@contextmanager
def _busy(library: Library) -> Iterator[None]:
    """Hold the lock as an indexing process does, as soon as no run has it."""
    while True:
        try:
            with library.indexing():
                yield
            return
        except LibraryBusyError:
            time.sleep(0.05)


@pytest.mark.slow
def test_what_changes_in_a_watched_folder_is_indexed(
    library: Library, database: Database, folder: Path
) -> None:
    with database.write() as session:
        assets.add_roots(session, [folder])
    with _Watching(library) as watching:
        # What changed before it began.
        _until(lambda: _paths(database) == {"a.jpg", "b.jpg", "c.jpg"})
        with pytest.raises(LibraryBusyError, match="watches this library"):
            keep_watching(library, stop=threading.Event())
        time.sleep(0.5)  # the system needs a moment until it tells of changes
        runs = len(watching.reports)
        # A burst, in a folder that is new, with files that come in pieces and a folder that goes.
        (folder / "new").mkdir()
        whole = (folder / "a.jpg").read_bytes()
        for number in range(30):
            photo(folder / "new" / f"{number}.jpg", seed=10 + number)
        with (folder / "new" / "slow.jpg").open("wb") as slow:
            slow.write(whole[:2000])
            slow.flush()
            time.sleep(0.3)
            slow.write(whole[2000:] + b"one byte more")
        (folder / "note.txt").write_text("no medium")
        shutil.rmtree(folder / "more")
        _until(lambda: len(_paths(database)) == 33 and "c.jpg" not in _paths(database))
        assert len(watching.reports) - runs <= 6
        # What is written beside a picture, written again, and taken away.
        sidecar = folder / "a.xmp"
        for title in ("Kuopio", "Savonlinna"):
            sidecar.write_text(packet(listed("dc:title", title, kind="Alt")), encoding="utf-8")
            _until(lambda title=title: _title(database, folder / "a.jpg") == title)  # type: ignore[misc]
        sidecar.unlink()
        _until(lambda: _title(database, folder / "a.jpg") is None)
        # Another process is indexing while something changes: it waits, and nothing is lost.
        with _busy(library):
            photo(folder / "late.jpg", seed=99)
            time.sleep(3)
            assert "late.jpg" not in _paths(database)
        _until(lambda: "late.jpg" in _paths(database))
        # What was seen going is gone, be it all there was: no drive is away.
        for entry in list(folder.iterdir()):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        _until(lambda: _states(database) == {"gone"})
        assert watching.reports[-1].offline == {}


@pytest.mark.slow
def test_the_switch_starts_and_ends_a_process(
    library: Library, database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROVE_CACHE", str(settings.cache))
    monkeypatch.setenv("TROVE_WHISPER", "none")
    monkeypatch.setenv("TROVE_OFF", "text")
    index(library, [folder])
    job = WatchJob(settings)
    assert (job.wanted, job.running) == (False, False)
    job.switch(True)
    _until(lambda: watcher_pid(settings.paths) is not None)
    # Another app, after this one was closed, finds it running.
    later = WatchJob(settings)
    assert (later.wanted, later.running) == (True, True)
    photo(folder / "fresh.jpg", seed=50)
    _until(lambda: "fresh.jpg" in _paths(database))
    later.switch(False)
    _until(lambda: not job.running)
    assert not job.wanted
    assert watcher_pid(settings.paths) is None


# --- duplicates and storage


def test_duplicates(library: Library, folder: Path) -> None:
    shutil.copy(folder / "a.jpg", folder / "more" / "copy of a.jpg")
    with Image.open(folder / "b.jpg") as image:
        image.resize((image.width // 2, image.height // 2)).save(folder / "b small.png")
    index(library, [folder])
    groups = duplicates(library, threshold=near_duplicate("builtin-2"))
    assert {group.kind: [copy.path.name for copy in group.copies] for group in groups} == {
        "same": ["a.jpg", "copy of a.jpg"],
        "copy": ["b.jpg", "b small.png"],
    }
    assert [group.kind for group in duplicates(library, threshold=None)] == ["same"]
    spare = {group.kind: group.spare for group in groups}
    assert spare["same"] == (folder / "a.jpg").stat().st_size
    assert spare["copy"] == (folder / "b small.png").stat().st_size


def test_storage(library: Library, settings: Settings, folder: Path, tmp_path: Path) -> None:
    own = Library(settings.model_copy(update={"cache": tmp_path / "cache"}))
    index(library, [folder])
    (own.paths.cache / "thumbnails" / "ab").mkdir(parents=True)
    (own.paths.cache / "thumbnails" / "ab" / "x.jpg").write_bytes(b"0" * 1000)
    (own.paths.cache / "model.onnx").write_bytes(b"0" * 500)
    taken = storage(own)
    assert taken.originals == sum(path.stat().st_size for path in folder.rglob("*.jpg"))
    assert (taken.thumbnails, taken.models, taken.clips, taken.drawings) == (1000, 500, 0, 0)
    assert taken.database > 0
    assert taken.vectors > 0
    clear_pictures(own)
    assert (storage(own).thumbnails, storage(own).models) == (0, 500)


# --- the view from afar


@pytest.fixture(scope="module")
def service(sample_library: Settings) -> Iterator[SearchService]:
    with searching(sample_library) as opened:
        yield opened


def test_landscape(service: SearchService, sample_library: Settings) -> None:
    database = SqliteDatabase(sample_library.paths.database)
    seen = landscape(service)
    assert seen.pictures == len(seen.points) == 64
    places = np.array([(point.x, point.y) for point in seen.points])
    assert np.abs(places).max() <= 1
    assert places.std(axis=0).min() > 0.2
    with database.read() as session:
        rows = units.rows(session, [point.unit_id for point in seen.points])
    shown = {rows[point.unit_id].path.name: point.concept for point in seen.points}
    expected = {
        "p006.jpg": "mountain",
        "p011.jpg": "dog",
        "p013.heic": "jellyfish",
        "p017.jpg": "koala",
        "p047.jpg": "snow",
    }
    assert {name: shown[name] for name in expected} == expected
    assert sum(count for _, count in seen.concepts) == sum(point.concept is not None for point in seen.points)
    assert [count for _, count in seen.concepts] == sorted(
        (count for _, count in seen.concepts), reverse=True
    )


@pytest.mark.slow
def test_concepts_are_encoded_once(service: SearchService, tmp_path: Path) -> None:
    encoder = service.encoder()
    assert encoder is not None
    names = subjects()
    first = concept_vectors(encoder, tmp_path, names)
    (kept,) = tmp_path.glob("*.npy")
    changed = kept.stat().st_mtime_ns
    assert np.array_equal(concept_vectors(encoder, tmp_path, names), first)
    assert kept.stat().st_mtime_ns == changed
    kept.write_bytes(kept.read_bytes()[:1000])
    assert np.array_equal(concept_vectors(encoder, tmp_path, names), first)
    assert len(first) == len(set(names)) == len(names)


def test_the_plane_keeps_groups_together() -> None:
    random = np.random.default_rng(1)
    centres = np.eye(16, dtype=np.float32)[:3]
    vectors = np.repeat(centres, 20, axis=0) + 0.05 * random.standard_normal((60, 16)).astype(np.float32)
    plane = principal_plane(vectors.astype(np.float32))
    groups = plane.reshape(3, 20, 2)
    within = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).max()
    middle = groups.mean(axis=1)
    apart = min(np.linalg.norm(middle[one] - middle[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    assert within < apart
    alone = principal_plane(np.ones((1, 16), dtype=np.float32))
    assert np.isfinite(alone).all()


def test_a_region_has_a_name_where_most_of_a_concept_lies() -> None:
    def at(x: float, y: float, concept: str, count: int) -> list[Point]:
        return [Point(0, x + 0.01 * number, y, concept) for number in range(count)]

    everywhere = [Point(0, x, y, "sky") for x in (-1, 1) for y in (-1, 1)]
    points = [*at(0.5, 0.5, "dog", 9), *at(0.52, 0.45, "cat", 5), *at(-0.5, 0.2, "sea", 4), *everywhere]
    concepts = [("dog", 9), ("cat", 5), ("sea", 4), ("sky", 4), ("rose", 2)]
    points += at(0.0, -0.9, "rose", 2)
    regions = named_regions(points, concepts)
    # A cat lies where a dog does, the sky everywhere, and two roses are no region.
    assert [(region.concept, region.pictures) for region in regions] == [("dog", 9), ("sea", 4)]
    assert (regions[0].x, regions[0].y) == (0.54, 0.5)


def test_nothing_stands_out_in_noise() -> None:
    random = np.random.default_rng(2)
    concepts = random.standard_normal((50, 64)).astype(np.float32)
    concepts /= np.linalg.norm(concepts, axis=1, keepdims=True)
    names = [str(number) for number in range(50)]
    assert clear_concepts(concepts[:2], concepts, names) == ["0", "1"]
    assert clear_concepts(np.ones((1, 64), np.float32) / 8, concepts, names) == [None]
