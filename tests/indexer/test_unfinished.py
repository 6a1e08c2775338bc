"""Files that are still being written: read again, or left for the next run, and never called failed."""

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from db.catalog import assets, units
from db.catalog.units import NewUnit, within
from db.engine.schema import AssetState, MediaKind
from db.library import Library
from indexer.analysers import registry
from indexer.analysers.base import Analyser, Draft
from indexer.analysers.medium import Medium
from indexer.media.formats import lacks_end
from indexer.pipeline import index
from search.health.status import status
from tests.support.media import photo, tone, video


class Meddler(Analyser):
    """Does something to a file whenever it looks at one."""

    name = "meddler"
    label = "what happens to files"
    media: ClassVar[frozenset[MediaKind]] = frozenset({"image"})
    deed: ClassVar[Callable[[Path], None]]

    def analyse(self, medium: Medium, progress: Callable[[float], None]) -> Iterator[Draft]:
        """Nothing is made."""
        type(self).deed(medium.path)
        yield from ()
        progress(1.0)


class Early(Meddler):
    """While a file is read for the first time."""

    phase = 0


class Late(Meddler):
    """When its picture has long been stored."""

    phase = 2


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.fixture(params=[Early, Late])
def meddler(request: pytest.FixtureRequest) -> Iterator[type[Meddler]]:
    maker: type[Meddler] = request.param
    registry.register(maker)
    yield maker
    registry.unregister(maker.name)


def states(library: Library) -> dict[AssetState, int]:
    with library.read() as session:
        return assets.states(session)


def test_a_file_that_changed_is_read_again_in_the_same_run(
    library: Library, meddler: type[Meddler], tmp_path: Path
) -> None:
    (tmp_path / "media").mkdir()
    path = photo(tmp_path / "media" / "a.jpg", 1)
    photo(tmp_path / "media" / "b.jpg", 2)
    whole = path.stat().st_size + len(b"more")
    meddler.deed = lambda it: grow(it) if it == path.resolve() and it.stat().st_size < whole else None
    report = index(library, [path.parent])
    assert (report.indexed, report.unfinished, report.failed) == (2, 0, 0)
    with library.read() as session:
        known = assets.stat_at(session, path.resolve())
        assert known is not None and known.size == whole
        assert units.counts(session)["image"] == 2
    assert index(library).unchanged == 2


def test_one_that_goes_on_changing_is_not_finished(
    library: Library, meddler: type[Meddler], tmp_path: Path
) -> None:
    """Its twin is whole, whichever of them is read first."""
    shutil.copy(photo(tmp_path / "a.jpg", 1), tmp_path / "twin.jpg")
    first: list[Path] = []

    def grow_the_first(path: Path) -> None:
        first.append(path)
        if path == first[0]:
            grow(path)

    meddler.deed = grow_the_first
    report = index(library, [tmp_path / "a.jpg", tmp_path / "twin.jpg"])
    assert (report.unfinished, report.failed) == (1, 0)
    assert report.found == report.indexed + report.reused + report.unfinished == 2
    with library.read() as session:
        assert assets.failures(session, partial=True) == []
    meddler.deed = lambda _it: None
    report = index(library)
    assert (report.unfinished, report.failed, states(library)) == (0, 0, {"indexed": 2})


def test_a_new_file_that_is_not_finished_is_told_and_an_old_one_stays_found(
    library: Library, tmp_path: Path
) -> None:
    registry.register(Early)
    try:
        (tmp_path / "media").mkdir()
        path = photo(tmp_path / "media" / "a.jpg", 1)
        Early.deed = grow
        assert index(library, [path.parent]).unfinished == 1
        assert (status(library).unfinished, status(library).assets) == (1, 0)
        Early.deed = lambda _path: None
        assert index(library).indexed == 1
        Early.deed = grow
        grow(path)
        os.utime(path, (0, 0))  # so that it is no file that is being written just now
        assert index(library).unfinished == 1
        assert (status(library).unfinished, status(library).assets) == (0, 1), "as it was before"
        path.with_name("notes.txt").touch()  # an empty folder would be the place of a drive that is away
        path.unlink()
        assert index(library).removed == 1
    finally:
        registry.unregister(Early.name)


def test_a_film_without_its_end_is_not_finished_while_it_is_fresh(library: Library, tmp_path: Path) -> None:
    whole = video(tmp_path / "whole.mp4", scenes=(1,), scene_s=1.0)
    data = whole.read_bytes()
    film = tmp_path / "film.mp4"
    film.write_bytes(data[: data.index(b"moov") - 4])
    assert (lacks_end(whole), lacks_end(film)) == (False, True)
    report = index(library, [film])
    assert (report.unfinished, report.failed) == (1, 0)
    os.utime(film, (0, 0))
    report = index(library)
    assert (report.unfinished, report.failed) == (0, 1), "nobody writes it any more"
    film.write_bytes(data)
    report = index(library)
    assert (report.indexed, states(library)) == (1, {"indexed": 1})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", False),
        (b"a text", False),
        (b"\xff\xd8\xff a picture", False),
        (struct.pack(">I4s8x", 16, b"ftyp"), True),
        (struct.pack(">I4s8xI4s", 16, b"ftyp", 0, b"mdat"), True),
        (struct.pack(">I4s8xI4sQ", 16, b"ftyp", 1, b"mdat", 1 << 40), True),
        (struct.pack(">I4s8xI4s", 16, b"ftyp", 8, b"moov"), False),
    ],
)
def test_the_end_of_a_film_is_looked_for_by_its_boxes(data: bytes, expected: bool, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    assert lacks_end(path) is expected


@pytest.mark.parametrize(
    ("span", "duration_s", "expected"),
    [
        ((1.0, 2.0, 1.5), 10.0, (1.0, 2.0, 1.5)),
        ((8.0, 12.0, 9.0), 10.0, (8.0, 10.0, 9.0)),
        ((11.0, 12.0, 11.5), 10.0, (10.0, 10.0, 10.0)),
        ((8.0, 12.0, None), None, (8.0, 12.0, None)),
        ((None, None, None), 10.0, (None, None, None)),
    ],
)
def test_nothing_is_beyond_the_end(
    span: tuple[float | None, ...], duration_s: float | None, expected: tuple[float | None, ...]
) -> None:
    start_s, end_s, at_s = span
    unit = within(NewUnit("frame", start_s=start_s, end_s=end_s, at_s=at_s), duration_s)
    assert (unit.start_s, unit.end_s, unit.at_s) == expected


def test_what_is_found_in_a_film_ends_with_it(library: Library, tmp_path: Path) -> None:
    index(library, [video(tmp_path / "film.mp4", scenes=(1, 2), scene_s=0.7, audio=tone(2.3))])
    with library.read() as session:
        found = units.rows(session, range(1, 20)).values()
    assert found
    for row in found:
        assert row.file.duration_s is not None
        assert 0 <= (row.start_s or 0.0) <= (row.end_s or 0.0) <= row.file.duration_s
