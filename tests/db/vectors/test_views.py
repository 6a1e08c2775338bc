"""Views of the vectors: each of one snapshot, and no search waits for another thread."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, get_args

import numpy as np
import pytest
from sqlalchemy import delete

from db.catalog import assets, live, revision, spaces, units
from db.catalog.filters import ALL, FactRule, Filter, Wanted
from db.engine.database import Database
from db.engine.schema import Embedding, Unit
from db.errors import LibraryError, VectorError
from db.settings import Settings
from db.vectors import segment as segment_module
from db.vectors.faiss_store import FaissStore
from db.vectors.index import VectorIndex
from db.vectors.segment import Segment
from db.vectors.store import IndexKind, VectorStore, VectorView
from tests.support.rows import Drafted, add_file, directions

ROWS = directions(30)
NEW = directions(4, seed=9)


@pytest.fixture(params=get_args(IndexKind))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of index, of thirty vectors instead of a million."""
    if request.param != "flat":
        monkeypatch.setattr(segment_module, "FLAT_MOST", 10)
    return str(request.param)


@pytest.fixture
def filled(database: Database) -> Database:
    """Twenty pictures, ten films of a frame, all with a passage; the vectors are those of ROWS."""
    with database.write() as session:
        for number, row in enumerate(ROWS):
            folder, shown = ("films", "frame") if number % 3 == 2 else ("photos", "image")
            drafts = [Drafted(shown, row), Drafted("speech", row, 0.0, 1.0, text="words")]
            add_file(session, f"/{folder}/{number}.mp4", drafts)
    return database


@pytest.fixture
def store(filled: Database, settings: Settings) -> FaissStore:
    return FaissStore(filled, settings.paths.vectors, 1, 8, "cpu")


def best(view: VectorView, query: Any) -> tuple[int, float]:
    return view.search("picture", query[None], 1)[0][0]


def ids_of(view: VectorView) -> list[int]:
    """The pictures of a view, in three ways that must agree."""
    found = sorted(unit_id for unit_id, _ in view.search("picture", ROWS[:1], 100)[0])
    assert view.ids("picture").tolist() == found
    assert view.count("picture") == len(view.sample("picture", 100)) == len(found)
    return found


def change(database: Database) -> None:
    """One picture goes, one comes, one is embedded again."""
    with database.write() as session:
        assets.set_state(session, [1], "gone")
        add_file(session, "/new.jpg", [Drafted("image", NEW[0])])
        session.execute(delete(Embedding).where(Embedding.unit_id == 3))
        spaces.put_vectors(session, 1, {3: NEW[1]})


@pytest.mark.usefixtures("kind")
def test_a_view_does_not_see_what_is_committed_later(filled: Database, store: FaissStore) -> None:
    store.save()
    before = list(range(1, 61, 2))
    with filled.read() as session, filled.read() as unused:
        old, late = store.at(session), store.at(unused)
        assert ids_of(old) == before
        change(filled)
        with filled.read() as newer:
            view = store.at(newer)
            assert ids_of(view) == [*before[1:], 61]
            assert best(view, NEW[0])[0] == 61
            assert best(view, NEW[1]) == (3, pytest.approx(1, abs=1e-3))
        assert ids_of(old) == before, "it goes on with what it has begun with"
        assert best(old, NEW[1])[1] < 0.99
        assert ids_of(late) == before, "it is first used when the index is newer"
        assert best(late, ROWS[0]) == (1, pytest.approx(1, abs=1e-3)), "although that has lost this one"
        assert np.array_equal(late.vectors("picture", np.array([1])), old.vectors("picture", np.array([1])))
    with filled.read() as session:
        assert ids_of(store.at(session)) == [*before[1:], 61], "an older view has changed nothing for others"


def test_an_older_view_of_a_new_process_takes_the_saved_index_back(
    filled: Database, store: FaissStore, settings: Settings
) -> None:
    other = FaissStore(filled, settings.paths.vectors, 1, 8, "cpu")
    with filled.read() as session:
        old = other.at(session)
        change(filled)
        store.save()
        assert ids_of(old) == list(range(1, 61, 2))
    with filled.read() as session:
        view = other.at(session)
        assert ids_of(view) == [*range(3, 61, 2), 61]
        assert best(view, NEW[1]) == (3, pytest.approx(1, abs=1e-3))


def test_deleted_units_are_not_found_by_a_later_view(filled: Database, store: FaissStore) -> None:
    with filled.read() as session:
        assert best(store.at(session), ROWS[4])[0] == 9
        with filled.write() as writer:
            writer.execute(delete(Unit).where(Unit.id == 9))
            revision.touch(writer)
        with filled.read() as later:
            assert 9 not in ids_of(store.at(later))
        assert best(store.at(session), ROWS[4])[0] == 9, "it was there in this snapshot"


def test_the_vectors_of_a_view_are_those_of_the_rows(filled: Database, store: FaissStore, kind: str) -> None:
    store.save()
    assert store.status().kind == kind
    change(filled)
    asked = np.array([61, 7, 3, 61, 5])
    with filled.read() as session:
        view = store.at(session)
        assert np.array_equal(view.vectors("picture", asked), units.vectors(session, 1, asked))
        assert view.vectors("picture", asked[:0]).shape == (0, 8)
        for missing in (1, 2, 1000):
            with pytest.raises(LibraryError, match="no vector"):
                view.vectors("picture", np.array([5, missing]))


@pytest.mark.usefixtures("kind")
def test_only_what_is_wanted_is_found(filled: Database, store: FaissStore) -> None:
    frames, photos = list(range(5, 61, 6)), [n for n in range(1, 61, 2) if n % 6 != 5]
    in_films = (Filter((FactRule("folder", "matches", "films"),)),)
    wishes = {
        ALL: sorted(frames + photos),
        Wanted(kinds=("frame", "image", "speech")): sorted(frames + photos),
        Wanted(kinds=("frame",)): frames,
        Wanted(kinds=("image",)): photos,
        Wanted(kinds=("speech",)): [],
        Wanted(filters=in_films): frames,
        Wanted(("image",), in_films): [],
    }
    with filled.read() as session:
        view = store.at(session)
        for wanted, expected in wishes.items():
            found = view.search("picture", ROWS[:2], 100, wanted=wanted)
            assert [sorted(unit_id for unit_id, _ in hits) for hits in found] == [expected, expected]
            assert view.ids("picture", wanted).tolist() == expected
            assert view.count("picture", wanted) == len(expected)


def test_a_view_opens_no_other_session_and_asks_for_what_is_wanted_once(
    filled: Database, store: FaissStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    live_ids = live.ids
    with filled.read() as session:
        view = store.at(session)

        def noted(*given: Any, **named: Any) -> Any:
            asked.append(given)
            return live_ids(*given, **named)

        monkeypatch.setattr(live, "ids", noted)
        monkeypatch.setattr(filled, "read", None)
        monkeypatch.setattr(filled, "write", None)
        wanted = Wanted(filters=(Filter((FactRule("folder", "matches", "films"),)),))
        for _ in range(3):
            assert view.count("picture", wanted) == 10
            assert len(view.search("picture", ROWS[:1], 5, wanted=wanted)[0]) == 5
            view.sample("picture", 5)
        assert len(asked) == 2, "what is wanted, and what is live, for the index"
        assert all(given[0] is session for given in asked)


def test_a_session_that_has_written_is_refused(filled: Database, store: FaissStore) -> None:
    """What it has written may be rolled back, and others would find it all the same."""
    with filled.write() as session:
        assert store.at(session).count("picture") == 30
        revision.touch(session)
        with pytest.raises(VectorError, match="has written"):
            store.at(session)


@contextmanager
def blocked_search(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Searches by threads whose name begins with ``slow`` begin, and end only after this block."""
    begun, go_on = threading.Event(), threading.Event()
    search = Segment.search

    def slow(segment: Segment, *given: Any, **named: Any) -> Any:
        if threading.current_thread().name.startswith("slow"):
            begun.set()
            assert go_on.wait(60)
        return search(segment, *given, **named)

    monkeypatch.setattr(Segment, "search", slow)
    try:
        yield begun
    finally:
        go_on.set()


def test_a_search_goes_on_while_another_brings_the_index_up_to_date(
    filled: Database, store: FaissStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def first() -> tuple[int, float]:
        with filled.read() as session:
            return best(store.at(session), ROWS[0])

    def second() -> list[int]:
        change(filled)
        store.save()
        with filled.read() as session:
            return ids_of(store.at(session))

    with ThreadPoolExecutor(1, "slow") as slow, ThreadPoolExecutor(1, "quick") as quick:
        with blocked_search(monkeypatch) as begun:
            waiting = slow.submit(first)
            assert begun.wait(60)
            assert quick.submit(second).result(60) == [*range(3, 61, 2), 61]
            assert not waiting.done()
        assert waiting.result(60) == (1, pytest.approx(1, abs=1e-3)), "it has searched its own snapshot"


def test_many_threads_find_what_their_snapshots_have(filled: Database, store: FaissStore) -> None:
    done = threading.Event()

    def look() -> int:
        looks = 0
        while not done.is_set() or not looks:
            with filled.read() as session:
                view = store.at(session)
                alive = live.ids(session, ["image", "frame"], space_id=1)
                assert ids_of(view) == alive.tolist()
                assert np.array_equal(view.vectors("picture", alive), units.vectors(session, 1, alive))
            looks += 1
        return looks

    with ThreadPoolExecutor(3) as pool:
        looking = [pool.submit(look) for _ in range(3)]
        for number in range(20):
            with filled.write() as session:
                assets.set_state(session, [number + 1], "gone")
                add_file(session, f"/more/{number}.jpg", [Drafted("image", ROWS[number])])
        store.save()
        done.set()
        assert all(found.result(60) for found in looking)


def test_a_changed_index_leaves_the_one_before_alone() -> None:
    ids = np.arange(30, dtype=np.int64)
    before = VectorIndex(8).compacted(ids[:20], lambda wanted: ROWS[wanted]).plus(ids[20:], ROWS[20:])
    after = before.with_changes(np.array([3, 25]), np.array([3, 99]), lambda _: NEW[:2])
    assert after.segment is before.segment
    assert sorted(before.ids.tolist()) == ids.tolist()
    assert sorted(after.ids.tolist()) == [*(n for n in range(30) if n != 25), 99]
    for index, query, expected in ((before, ROWS[25], 25), (before, ROWS[3], 3), (after, NEW[0], 3)):
        assert index.search(query[None], 1)[0][0] == (expected, pytest.approx(1, abs=1e-3))
    assert before.without(np.array([77])) is before


def test_the_store_is_what_the_protocol_asks_for(store: FaissStore) -> None:
    asked: VectorStore = store
    assert asked.space_id == 1
