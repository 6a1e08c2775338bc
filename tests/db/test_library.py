"""The library as one object: what it hands out, who may write, and that it stays closed."""

import multiprocessing
import multiprocessing.synchronize
from pathlib import Path

import pytest

from db.catalog import assets
from db.errors import LibraryBusyError, LibraryClosedError, LibraryError
from db.library import Library
from db.settings import Settings
from tests.support.rows import add_many, directions, space


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
        assert held.wait(120), "the other process has not started"
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
        store.train()


def test_leaving_its_block_closes_it(settings: Settings) -> None:
    with Library(settings) as library, library.read() as session:
        assert assets.roots(session) == []
    with pytest.raises(LibraryClosedError), library.read():
        pytest.fail("a session was opened")


def test_each_caller_has_a_store_of_its_own_and_all_see_the_same_rows(library: Library) -> None:
    with library.write() as session:
        made = space(session)
        add_many(session, [Path(f"/{number}.jpg") for number in range(20)], directions(20), made.id)
    one, other = library.vectors(made), library.vectors(made)
    with library.read() as session:
        assert one.at(session).count("picture") == other.at(session).count("picture") == 20


def test_a_folder_that_cannot_be_made_is_named(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot use the library folder"):
        Library(settings.model_copy(update={"library": tmp_path / "file" / "library"}))
