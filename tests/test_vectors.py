"""The door to FAISS: what it lets in, and that it heals whatever happens to its files."""

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from rows import add_file, directions, space

from db import catalog
from db.catalog import UnitDraft
from db.errors import VectorError
from db.session import Database
from db.settings import Settings
from db.vectors import VectorIndex, VectorStore

ROWS = directions(30)


@pytest.fixture
def filled(database: Database) -> Database:
    """Thirty pictures and thirty passages, with the vectors of ROWS, ids 1, 2, 3, ..."""
    with database.write() as session:
        for number, row in enumerate(ROWS):
            units = [UnitDraft("image", row), UnitDraft("speech", row, 0.0, 1.0, text="words")]
            add_file(session, f"/f{number}.mp4", units)
    return database


def store(database: Database, settings: Settings) -> VectorStore:
    return VectorStore(database, settings.library / "vectors", 1, 8, "cpu")


def nearest(vectors: VectorStore, row: int) -> int:
    return vectors.search("picture", ROWS[row : row + 1], 1)[0][0][0]


def test_search_is_exact() -> None:
    index = VectorIndex(8)
    ids = np.arange(30, dtype=np.int64) * 7
    index.add(ids, ROWS)
    for query, found in zip(ROWS, index.search(ROWS, 5), strict=True):
        best = np.argsort(-(ROWS @ query), kind="stable")[:5]
        assert [unit_id for unit_id, _ in found] == ids[best].tolist()
        assert np.allclose([score for _, score in found], (ROWS @ query)[best], atol=1e-6)


def test_a_restricted_search_still_fills_its_places() -> None:
    index = VectorIndex(8)
    index.add(np.arange(30, dtype=np.int64), ROWS)
    only = np.array([3, 17, 29], dtype=np.int64)
    found = index.search(ROWS[:1], 3, only=only)[0]
    assert sorted(unit_id for unit_id, _ in found) == only.tolist()
    assert index.search(ROWS[:1], 3, only=np.empty(0, dtype=np.int64)) == [[]]


def test_more_than_there_is_gives_what_there_is() -> None:
    index = VectorIndex(8)
    assert index.search(ROWS[:2], 5) == [[], []]
    index.add(np.arange(2, dtype=np.int64), ROWS[:2])
    assert len(index.search(ROWS[:1], 5)[0]) == 2


@pytest.mark.parametrize(
    "bad",
    [
        ROWS[:, :7],
        ROWS[0],
        ROWS.astype(np.float64),
        ROWS * 2,
        np.full((1, 8), np.nan, dtype=np.float32),
        np.zeros((1, 8), dtype=np.float32),
    ],
    ids=["dimension", "one row", "float64", "length", "nan", "zero"],
)
def test_what_does_not_fit_is_refused(bad: np.ndarray) -> None:
    index = VectorIndex(8)
    with pytest.raises(VectorError):
        index.add(np.arange(len(bad), dtype=np.int64), bad)
    with pytest.raises(VectorError):
        index.search(bad, 1)
    assert len(index) == 0


def test_an_id_is_taken_once() -> None:
    index = VectorIndex(8)
    index.add(np.array([5]), ROWS[:1])
    for ids in ([5], [6, 6]):
        with pytest.raises(VectorError):
            index.add(np.array(ids), ROWS[: len(ids)])
    with pytest.raises(VectorError):
        index.add(np.array([1, 2]), ROWS[:1])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(0, 29)), st.tuples(st.just("remove"), st.integers(0, 29))
        ),
        max_size=40,
    )
)
def test_adding_and_removing_keeps_ids_and_vectors_together(steps: list[tuple[str, int]]) -> None:
    index, expected = VectorIndex(8), set[int]()
    for action, row in steps:
        if action == "remove":
            index.remove(np.array([row]))
            expected.discard(row)
        elif row not in expected:
            index.add(np.array([row]), ROWS[row : row + 1])
            expected.add(row)
    assert set(index.ids.tolist()) == expected
    for row in expected:
        assert index.search(ROWS[row : row + 1], 1)[0][0][0] == row


def test_the_sample_is_of_the_stored_vectors_and_always_the_same() -> None:
    index = VectorIndex(8)
    assert index.sample(5).shape == (0, 8)
    index.add(np.arange(30, dtype=np.int64), ROWS)
    sample = index.sample(5)
    assert sample.shape == (5, 8)
    assert np.array_equal(sample, index.sample(5))
    assert all((row == ROWS).all(axis=1).any() for row in sample)
    assert len(index.sample(100)) == 30


def test_a_store_serves_without_any_file(filled: Database, settings: Settings) -> None:
    vectors = store(filled, settings)
    assert nearest(vectors, 4) == 9
    assert vectors.count("picture") == vectors.count("speech") == 30


def test_a_store_follows_every_change(filled: Database, settings: Settings) -> None:
    vectors = store(filled, settings)
    assert nearest(vectors, 0) == 1
    with filled.write() as session:
        catalog.set_state(session, [1], "gone")
        catalog.touch(session)
    assert nearest(vectors, 0) != 1
    with filled.write() as session:
        catalog.set_state(session, [1], "indexed")
        new = directions(1, seed=9)
        add_file(session, "/new.jpg", [UnitDraft("image", new[0])])
    assert nearest(vectors, 0) == 1
    assert vectors.search("picture", new, 1)[0][0][0] == 61


def test_saved_files_are_fresh_and_small_in_number(filled: Database, settings: Settings) -> None:
    vectors = store(filled, settings)
    vectors.save()
    assert vectors.status().fresh
    assert vectors.status().vectors == 60
    with filled.write() as session:
        catalog.set_state(session, [2], "gone")
        catalog.touch(session)
    assert not store(filled, settings).status().fresh
    vectors.save()
    assert vectors.status().fresh
    assert vectors.status().vectors == 58
    assert len(list((settings.library / "vectors").iterdir())) == 4


def damage_nothing(folder: Path) -> None:
    """The control: a sound file is used."""


def flip_a_byte(folder: Path) -> None:
    for path in folder.glob("*.faiss"):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def truncate(folder: Path) -> None:
    for path in folder.glob("*.faiss"):
        path.write_bytes(path.read_bytes()[:-7])


def delete_files(folder: Path) -> None:
    for path in folder.glob("*.faiss"):
        path.unlink()


def delete_stamps(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.unlink()


def scribble_on_stamps(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.write_text('{"file": 3')


def delete_all(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing,
        flip_a_byte,
        truncate,
        delete_files,
        delete_stamps,
        scribble_on_stamps,
        delete_all,
    ],
)
def test_damage_is_noticed_and_mended(
    filled: Database, settings: Settings, damage: Callable[[Path], None]
) -> None:
    store(filled, settings).save()
    damage(settings.library / "vectors")
    vectors = store(filled, settings)
    assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
    vectors.count("speech")
    assert store(filled, settings).status().fresh, "a reader saves what it had to make anew"


def test_a_rebuild_writes_what_the_rows_say(filled: Database, settings: Settings) -> None:
    store(filled, settings).save()
    wrong = VectorIndex(8)
    wrong.add(np.array([99]), ROWS[:1])
    vectors = store(filled, settings)
    vectors._write("picture", wrong, 10**6)
    vectors.save(rebuild=True)
    assert store(filled, settings).status().vectors == 60
    assert nearest(store(filled, settings), 3) == 7


def test_a_failed_write_leaves_the_old_file(
    filled: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = store(filled, settings)
    vectors.save()
    before = {path: path.read_bytes() for path in (settings.library / "vectors").iterdir()}
    with filled.write() as session:
        catalog.touch(session)

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        vectors.save()
    assert {path: path.read_bytes() for path in (settings.library / "vectors").iterdir()} == before


def test_another_kind_of_faiss_file_is_refused() -> None:
    plain = faiss.IndexFlatIP(8)
    for data in (bytes(faiss.serialize_index(plain)), b"nonsense"):
        with pytest.raises(VectorError):
            VectorIndex.deserialize(data, 8)


@example_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(gone=st.lists(st.integers(1, 30), unique=True))
def test_the_index_equals_the_rows(filled: Database, settings: Settings, gone: list[int]) -> None:
    vectors = store(filled, settings)
    vectors.save()
    with filled.write() as session:
        catalog.set_state(session, list(range(1, 31)), "indexed")
        catalog.set_state(session, gone, "gone")
        catalog.touch(session)
    with filled.read() as session:
        alive = catalog.live_ids(session, space(session).id, ["image", "frame"])
    assert vectors.count("picture") == len(alive) == 30 - len(gone)
    found = vectors.search("picture", ROWS[:1], 30)[0]
    assert sorted(unit_id for unit_id, _ in found) == alive.tolist()
