"""The door to FAISS: what it lets in, and that it heals whatever happens to its files."""

import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import faiss
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from sqlalchemy import delete

from db.arrays import Vectors
from db.catalog import assets, live, revision, spaces
from db.engine.database import Database
from db.engine.schema import Embedding
from db.errors import VectorError
from db.settings import Settings
from db.vectors import files as index_files
from db.vectors import ivf
from db.vectors import segment as segment_module
from db.vectors.faiss_store import FaissStore
from db.vectors.files import IndexFiles, Manifest
from db.vectors.index import VectorIndex
from db.vectors.ivf import nearest as exact_nearest
from db.vectors.store import Found, IndexKind
from tests.support.rows import Drafted, add_file, directions, space

ROWS = directions(30)


@pytest.fixture
def filled(database: Database) -> Database:
    """Thirty pictures and thirty passages, with the vectors of ROWS, ids 1, 2, 3, ..."""
    with database.write() as session:
        for number, row in enumerate(ROWS):
            units = [Drafted("image", row), Drafted("speech", row, 0.0, 1.0, text="words")]
            add_file(session, f"/f{number}.mp4", units)
    return database


@pytest.fixture(params=get_args(IndexKind))
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each kind of index, of thirty vectors instead of a million."""
    if request.param != "flat":
        monkeypatch.setattr(segment_module, "FLAT_MOST", 10)
    return str(request.param)


def store(database: Database, settings: Settings, **limits: int) -> FaissStore:
    return FaissStore(database, settings.paths.vectors, 1, 8, "cpu", **limits)


def search(vectors: FaissStore, queries: Vectors, limit: int) -> Found:
    """The nearest pictures as things are now."""
    with vectors._database.read() as session:
        return vectors.at(session).search("picture", queries, limit)


def count(vectors: FaissStore, modality: str) -> int:
    with vectors._database.read() as session:
        return vectors.at(session).count(modality)


def nearest(vectors: FaissStore, row: int) -> int:
    return search(vectors, ROWS[row : row + 1], 1)[0][0][0]


def test_search_is_exact() -> None:
    ids = np.arange(30, dtype=np.int64) * 7
    index = VectorIndex(8).plus(ids, ROWS)
    for query, found in zip(ROWS, index.search(ROWS, 5), strict=True):
        best = np.argsort(-(ROWS @ query), kind="stable")[:5]
        assert [unit_id for unit_id, _ in found] == ids[best].tolist()
        assert np.allclose([score for _, score in found], (ROWS @ query)[best], atol=1e-6)


def test_a_restricted_search_still_fills_its_places() -> None:
    index = VectorIndex(8).plus(np.arange(30, dtype=np.int64), ROWS)
    only = np.array([3, 17, 29], dtype=np.int64)
    found = index.search(ROWS[:1], 3, only=only)[0]
    assert sorted(unit_id for unit_id, _ in found) == only.tolist()
    assert index.search(ROWS[:1], 3, only=np.empty(0, dtype=np.int64)) == [[]]


def test_more_than_there_is_gives_what_there_is() -> None:
    index = VectorIndex(8)
    assert index.search(ROWS[:2], 5) == [[], []]
    index = index.plus(np.arange(2, dtype=np.int64), ROWS[:2])
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
        index.plus(np.arange(len(bad), dtype=np.int64), bad)
    with pytest.raises(VectorError):
        index.search(bad, 1)
    assert len(index) == 0


def test_an_id_is_taken_once() -> None:
    index = VectorIndex(8).plus(np.array([5]), ROWS[:1])
    for ids in ([5], [6, 6]):
        with pytest.raises(VectorError):
            index.plus(np.array(ids), ROWS[: len(ids)])
    with pytest.raises(VectorError):
        index.plus(np.array([1, 2]), ROWS[:1])


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
            index = index.without(np.array([row]))
            expected.discard(row)
        elif row not in expected:
            index = index.plus(np.array([row]), ROWS[row : row + 1])
            expected.add(row)
    assert set(index.ids.tolist()) == expected
    for row in expected:
        assert index.search(ROWS[row : row + 1], 1)[0][0][0] == row


def test_the_sample_is_of_the_stored_vectors_and_always_the_same() -> None:
    index = VectorIndex(8)
    assert index.sample(5).shape == (0, 8)
    index = index.plus(np.arange(30, dtype=np.int64), ROWS)
    sample = index.sample(5)
    assert sample.shape == (5, 8)
    assert np.array_equal(sample, index.sample(5))
    assert all((row == ROWS).all(axis=1).any() for row in sample)
    assert len(index.sample(100)) == 30


def test_a_store_serves_without_any_file(filled: Database, settings: Settings) -> None:
    vectors = store(filled, settings)
    assert nearest(vectors, 4) == 9
    assert count(vectors, "picture") == count(vectors, "passage") == 30


def test_a_store_follows_every_change(filled: Database, settings: Settings, kind: str) -> None:
    store(filled, settings).save()
    vectors = store(filled, settings)
    assert vectors.status().kind == kind
    assert nearest(vectors, 0) == 1
    with filled.write() as session:
        assets.set_state(session, [1], "gone")
        revision.touch(session)
    assert nearest(vectors, 0) != 1
    with filled.write() as session:
        assets.set_state(session, [1], "indexed")
        new = directions(1, seed=9)
        add_file(session, "/new.jpg", [Drafted("image", new[0])])
    assert nearest(vectors, 0) == 1
    assert search(vectors, new, 1)[0][0][0] == 61


def test_saved_files_are_fresh_and_small_in_number(filled: Database, settings: Settings) -> None:
    vectors = store(filled, settings)
    vectors.save()
    assert vectors.status().fresh
    assert vectors.status().vectors == 60
    with filled.write() as session:
        assets.set_state(session, [2], "gone")
        revision.touch(session)
    assert not store(filled, settings).status().fresh
    vectors.save()
    assert vectors.status().fresh
    assert vectors.status().vectors == 58
    assert len(list((settings.paths.vectors).iterdir())) == 4


def test_a_restricted_search_is_exact_in_every_kind(filled: Database, settings: Settings, kind: str) -> None:
    vectors = store(filled, settings)
    vectors.save()
    assert vectors.status().kind == kind
    for only in (np.array([3, 21, 59]), np.arange(1, 60, 2)[4:]):
        found = vectors._fresh("picture").search(ROWS[:1], 3, only=only)[0]
        similar = ROWS[(only - 1) // 2].astype(np.float16).astype(np.float32) @ ROWS[0]
        assert [unit_id for unit_id, _ in found] == only[np.argsort(-similar)[:3]].tolist()
        assert np.allclose([score for _, score in found], np.sort(similar)[::-1][:3], atol=1e-5)


def test_small_changes_to_a_large_index_are_small_files(
    filled: Database, settings: Settings, kind: str
) -> None:
    folder = settings.paths.vectors
    store(filled, settings, small_rows=5).save()
    large = {path for path in folder.iterdir() if path.suffix == ".faiss"}
    with filled.write() as session:
        assets.set_state(session, [1], "gone")
        revision.touch(session)
        new = directions(1, seed=9)
        add_file(session, "/new.jpg", [Drafted("image", new[0])])
    store(filled, settings, small_rows=5).save()
    assert large < {path for path in folder.iterdir() if path.suffix == ".faiss"}
    later = store(filled, settings)
    assert later.status().fresh
    assert later.status().kind == kind
    assert search(later, new, 1)[0][0][0] == 61
    assert nearest(later, 0) != 1
    assert count(later, "picture") == 30


def test_lists_that_are_lost_are_trained_again_and_not_missed(
    filled: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_module, "FLAT_MOST", 10)
    folder = settings.paths.vectors
    store(filled, settings).save()
    for path in folder.glob("*.lists.faiss"):
        path.write_bytes(path.read_bytes()[:-9])
    vectors = store(filled, settings)
    assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
    vectors.train()
    assert store(filled, settings)._fresh("picture").segment.kind == "ivf-sq8"


def test_searches_go_on_while_lists_are_trained_and_take_them_when_they_are_there(
    filled: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = store(filled, settings)
    assert nearest(reader, 4) == 9
    monkeypatch.setattr(segment_module, "FLAT_MOST", 10)
    begun, go_on = threading.Event(), threading.Event()
    trained = ivf.train

    def slow(*given: object) -> ivf.Accelerator:
        begun.set()
        assert go_on.wait(60)
        return trained(*given)

    monkeypatch.setattr(ivf, "train", slow)
    writer = store(filled, settings)
    training = threading.Thread(target=writer.train)
    training.start()
    assert begun.wait(60)
    assert nearest(writer, 5) == 11, "the one that trains answers"
    assert nearest(reader, 5) == 11
    go_on.set()
    training.join()
    assert nearest(reader, 5) == 11
    assert reader._fresh("picture").segment.kind == "ivf-sq8", "another process notices the new lists"


def test_a_large_file_is_mapped_and_checked_once(
    filled: Database, settings: Settings, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_files, "_MAP_FROM_BYTES", 0)
    store(filled, settings).save()
    folder = settings.paths.vectors
    checks: list[str] = []
    digest = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: checks.append(name) or digest(file, name))
    parts = 2 if kind == "flat" else 4
    for expected in (0, parts, parts):
        vectors = store(filled, settings)
        assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
        count(vectors, "passage")
        assert vectors.status().kind == kind
        assert len(checks) == expected, "what was written here, or checked before, is known to be sound"
        if not expected:
            for marker in folder.glob("*.sound"):
                marker.unlink()
    flip_a_byte(folder)
    vectors = store(filled, settings)
    assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
    count(vectors, "passage")
    assert len(checks) > parts, "a file that was touched is checked again"


def test_the_calibrated_lists_find_what_an_exact_search_finds() -> None:
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((60, 32))
    rows = centres[rng.integers(60, size=6_000)] + 0.5 * rng.standard_normal((6_000, 32))
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    index = VectorIndex(32).compacted(np.arange(6_000), lambda ids: unit[ids])
    accelerator = index.segment.trained()
    assert accelerator.ivf.nprobe < accelerator.ivf.nlist, "it looks at a part of the rows only"
    queries = unit[::30]
    exact = exact_nearest(index.segment.rows, queries, 10)
    _, found = accelerator.search(queries, 10, None)
    recall = sum(len(np.intersect1d(*pair)) for pair in zip(exact, found, strict=True)) / exact.size
    assert recall >= 0.98
    again = index.segment.trained(accelerator)
    assert np.array_equal(again.search(queries, 10, None)[1], found), "what was learnt is used again"


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


def delete_manifests(folder: Path) -> None:
    for path in folder.glob("*.json"):
        path.unlink()


def scribble_on_manifests(folder: Path) -> None:
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
        delete_manifests,
        scribble_on_manifests,
        delete_all,
    ],
)
def test_damage_is_noticed_and_mended(
    filled: Database, settings: Settings, damage: Callable[[Path], None]
) -> None:
    store(filled, settings).save()
    damage(settings.paths.vectors)
    vectors = store(filled, settings)
    assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
    count(vectors, "passage")
    assert store(filled, settings).status().fresh, "a reader saves what it had to make anew"


def test_every_flipped_byte_and_every_cut_of_a_manifest_is_noticed(
    filled: Database, settings: Settings
) -> None:
    store(filled, settings).save()
    for path in (settings.paths.vectors).glob("*.json"):
        whole = path.read_bytes()
        manifest = Manifest.from_bytes(whole)
        flips = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(len(whole))]
        for wrong in (*flips, *(whole[:length] for length in range(len(whole)))):
            # A space for a line break changes nothing.
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                assert Manifest.from_bytes(wrong) == manifest


def test_a_stale_index_never_looks_fresh_and_a_damaged_one_is_never_used(
    filled: Database, settings: Settings
) -> None:
    store(filled, settings).save()
    folder = settings.paths.vectors
    with filled.write() as session:
        assets.set_state(session, [1], "gone")
        revision.touch(session)
    files = {path: path.read_bytes() for path in folder.iterdir()}
    for path, whole in files.items():
        places = range(3, len(whole), len(whole) // 4)
        flips = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
        for wrong in (*flips, b"", whole[: len(whole) // 2], whole[:-1]):
            for other, content in files.items():
                other.write_bytes(content)
            path.write_bytes(wrong)
            vectors = store(filled, settings)
            assert (count(vectors, "picture"), count(vectors, "passage")) == (29, 29)
            assert search(vectors, ROWS[1:2], 1)[0][0][0] == 3


def test_a_rebuild_writes_what_the_rows_say(filled: Database, settings: Settings) -> None:
    store(filled, settings).save()
    wrong = VectorIndex(8).plus(np.array([99]), ROWS[:1])
    with filled.read() as session:
        now = revision.current(session)
    for claimed in (now, 10**6):
        vectors = store(filled, settings)
        IndexFiles(settings.paths.vectors, 1, "picture", 8).write(wrong, claimed)
        vectors.save(rebuild=True)
        assert store(filled, settings).status().vectors == 60
        assert nearest(store(filled, settings), 3) == 7


def test_an_index_of_a_library_that_was_put_back_is_mended(filled: Database, settings: Settings) -> None:
    """It claims to be of a later revision, and holds what this library never had."""
    wrong = VectorIndex(8).plus(np.array([99, 3]), ROWS[:2])
    IndexFiles(settings.paths.vectors, 1, "picture", 8).write(wrong, 10**6)
    vectors = store(filled, settings)
    assert [nearest(vectors, row) for row in range(30)] == [2 * row + 1 for row in range(30)]
    vectors.save()
    assert vectors.status().fresh


def test_a_failed_write_leaves_the_old_file(
    filled: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = store(filled, settings)
    vectors.save()
    before = {path: path.read_bytes() for path in (settings.paths.vectors).iterdir()}
    with filled.write() as session:
        revision.touch(session)

    def full_disk(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        vectors.save()
    assert {path: path.read_bytes() for path in (settings.paths.vectors).iterdir()} == before


def forge(folder: Path, part: str, data: bytes) -> None:
    """Put other data in the place of a part, with the right checksum."""
    for path in folder.glob("*.json"):
        manifest = Manifest.from_bytes(path.read_bytes())
        forged = replace(manifest.parts[part], sha256=hashlib.sha256(data).hexdigest())
        path.write_bytes(replace(manifest, parts=dict(manifest.parts) | {part: forged}).to_bytes())
        (folder / forged.name).write_bytes(data)


@pytest.mark.parametrize("data", [bytes(faiss.serialize_index(faiss.IndexFlatIP(8))), b"nonsense"])
def test_another_kind_of_faiss_file_is_refused(filled: Database, settings: Settings, data: bytes) -> None:
    """Even where the checksum is right: an older Trove, or another program, may have written it."""
    store(filled, settings).save()
    forge(settings.paths.vectors, "rows", data)
    assert nearest(store(filled, settings), 4) == 9


def test_lists_of_an_older_trove_are_trained_anew(
    filled: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(segment_module, "FLAT_MOST", 10)
    vectors = store(filled, settings)
    vectors.train()
    rows = vectors._fresh("picture").segment.rows
    older = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(rows.d), rows.d, 2, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    older.train(rows.reconstruct_n(0, rows.ntotal))
    older.add(rows.reconstruct_n(0, rows.ntotal))
    forge(settings.paths.vectors, "lists", bytes(faiss.serialize_index(older)))
    again = store(filled, settings)
    assert nearest(again, 4) == 9
    assert "belongs to another index" in caplog.text
    again.train()
    assert again._fresh("picture").segment.kind == "ivf-sq8"


@pytest.mark.slow
def test_rows_unlike_the_others_are_found_by_their_codes() -> None:
    """Their numbers are larger than any that the codes were fitted to, and must not wrap around."""
    rng = np.random.default_rng(5)
    rows = 0.02 * rng.standard_normal((20_000, 64))
    rows[:, 0] = 1
    rows[:20] = np.eye(64)[1:21]
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    index = VectorIndex(64).compacted(np.arange(20_000), lambda ids: unit[ids])
    accelerator = index.segment.trained()
    accelerator.ivf.nprobe = accelerator.ivf.nlist
    assert accelerator.search(unit[:20], 1, None)[1][:, 0].tolist() == list(range(20))


@pytest.mark.usefixtures("kind")
@example_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(gone=st.lists(st.integers(1, 30), unique=True))
def test_the_index_equals_the_rows(filled: Database, settings: Settings, gone: list[int]) -> None:
    vectors = store(filled, settings)
    vectors.save()
    with filled.write() as session:
        assets.set_state(session, list(range(1, 31)), "indexed")
        assets.set_state(session, gone, "gone")
        revision.touch(session)
    with filled.read() as session:
        alive = live.ids(session, ["image", "frame"], space_id=space(session).id)
    assert count(vectors, "picture") == len(alive) == 30 - len(gone)
    vectors.save()
    assert vectors.status().kind == segment_module.kind_for(len(alive))
    found = search(vectors, ROWS[:1], 30)[0]
    assert sorted(unit_id for unit_id, _ in found) == alive.tolist()


@pytest.mark.usefixtures("kind")
def test_a_text_that_is_embedded_again_is_found_by_its_new_vector(
    filled: Database, settings: Settings
) -> None:
    """The unit keeps its id, so that only its revision tells that it has changed."""
    vectors = store(filled, settings)
    vectors.save()
    other = directions(1, seed=9)[0]
    with filled.write() as session:
        session.execute(delete(Embedding).where(Embedding.unit_id == 1))
        spaces.put_vectors(session, 1, {1: other})
    for looking in (vectors, store(filled, settings)):
        (best,) = search(looking, other[None], 1)[0]
        assert best == (1, pytest.approx(1, abs=1e-3))
    assert count(vectors, "picture") == 30
