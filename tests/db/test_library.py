"""The library as one object: what it hands out, who may write, and that it stays closed."""

import multiprocessing
import multiprocessing.synchronize
import threading
from pathlib import Path

import pytest

from db.catalog import assets, spaces
from db.errors import LibraryBusyError, LibraryClosedError, LibraryError
from db.library import Library
from db.settings import Settings
from tests.support.rows import directions, space


def _hold(
    settings: Settings, held: "multiprocessing.synchronize.Event", done: "multiprocessing.synchronize.Event"
) -> None:
    with Library(settings) as library, library.indexing():
        held.set()
        done.wait(30)


def test_only_one_process_indexes(library: Library, settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(settings, held, done))
    other.start()
    try:
        assert held.wait(30)
        with pytest.raises(LibraryBusyError), library.indexing():
            pass
    finally:
        done.set()
        other.join()
    with library.indexing():
        pass


def test_a_closed_library_refuses_to_be_used(library: Library) -> None:
    with library.write() as session:
        made = space(session)
    store = library.vectors(made)
    library.close()
    library.close()
    for use in (library.read, library.write):
        with pytest.raises(LibraryClosedError, match="closed"), use():
            pytest.fail("a session was opened")
    with pytest.raises(LibraryClosedError):
        library.vectors(made)
    with pytest.raises(LibraryClosedError):
        store.count("picture")


def test_leaving_its_block_closes_it(settings: Settings) -> None:
    with Library(settings) as library, library.read() as session:
        assert assets.roots(session) == []
    with pytest.raises(LibraryClosedError), library.read():
        pytest.fail("a session was opened")


def test_all_threads_are_handed_the_same_indexes(library: Library) -> None:
    with library.write() as session:
        one, other = space(session), spaces.add(session, "other-model", "0", 8, "building")
    given: list[object] = []
    threads = [threading.Thread(target=lambda: given.append(library.vectors(one))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(store) for store in given}) == 1
    assert library.vectors(other) is not given[0]


def test_dropped_indexes_are_deleted_and_forgotten(library: Library) -> None:
    from tests.support.rows import add_many

    with library.write() as session:
        made = space(session)
        add_many(session, [Path("/a.jpg"), Path("/b.jpg")], directions(2), made.id)
    store = library.vectors(made)
    store.save()
    assert list(library.paths.vectors.iterdir())
    library.drop_vectors(made)
    assert not list(library.paths.vectors.iterdir())
    assert library.vectors(made) is not store


def test_a_folder_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot use the library folder"):
        Library(settings.model_copy(update={"folder": tmp_path / "file" / "library"}))
