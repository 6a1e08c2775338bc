"""The server's own search of vectors gives what an exact search gives, under every kind of filter."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from sqlalchemy import delete, update

from db.arrays import Vectors, unit_length
from db.catalog import assets, hidden, live, revision, units
from db.catalog.facts import Fact
from db.catalog.filters import ALL, FactRule, Filter, UnitRule, Wanted
from db.engine.postgres import PostgresDatabase
from db.engine.schema import Asset, Embedding, Unit
from db.errors import VectorError
from db.library import NO_EXTENSION, Library
from db.settings import Settings
from db.vectors import server_store
from db.vectors.faiss_store import FaissStore
from db.vectors.server_store import ServerStore
from tests.support.rows import Drafted, add_file, directions, space
from tests.support.server import Server

DIM = 16
FILES = 240
FOLDERS = ("event", "0", "1", "2", "3", "x")
ROWS = directions(FILES, DIM)


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[PostgresDatabase]:
    """Pictures and films in some folders with dates and passages; some are hidden, some gone, some alike."""
    with server.lending("vectors") as address:
        with psycopg.connect(address) as owner:
            owner.execute("CREATE EXTENSION vector")
        database = PostgresDatabase(address)
        with database.write() as session:
            space(session, DIM)
            for number, row in enumerate(ROWS):
                shown = "frame" if number % 5 == 4 else "image"
                # Of an event the pictures lie together, and some are the same.
                own = ROWS[0] if number % 40 == 0 else unit_length(row + (number < 60) * 2 * ROWS[1])
                drafts = [Drafted(shown, own, *((0.0, 2.0) if shown == "frame" else ()))]
                if number % 3 == 0:
                    drafts.append(Drafted("speech", row, 0.0, 1.0, text=f"word{number % 7}", language="en"))
                folder = f"/media/{'event' if number < 60 else number % 4}"
                taken = Fact("taken_at", datetime(2000 + number % 20, 5, 1), "exif")
                add_file(session, f"{folder}/{number}.mp4", drafts, claims=[taken])
            hidden.put(session, Path("/media/3"))
            gone = [asset_id for asset_id, path in assets.paths(session).items() if path.stem.endswith("7")]
            assets.set_state(session, gone, "gone")
            revision.touch(session)
        yield database
        database.close()


@pytest.fixture(scope="module", params=["compared", "walked"])
def store(filled: PostgresDatabase, request: pytest.FixtureRequest) -> Iterator[ServerStore]:
    """The same vectors without a graph, and with one that is asked for ten of them."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "walked":
            patch.setattr(server_store, "COMPARED", 10)
        made = ServerStore(filled, 1, DIM, graph_from=10 if request.param == "walked" else 10_000)
        made.save(rebuild=True)
        assert made.status().kind == ("hnsw" if request.param == "walked" else "flat")
        yield made


_RULES = st.one_of(
    st.builds(lambda year: FactRule("taken_at", ">=", datetime(year, 1, 1)), st.integers(2000, 2020)),
    st.builds(lambda kind: FactRule("kind", "=", kind), st.sampled_from(("image", "frame", "speech"))),
    st.builds(lambda most: FactRule("arrived", "<", most), st.integers(0, 3)),
    st.just(FactRule("taken_at", "unknown")),
    st.builds(
        lambda name: FactRule("folder", "matches", f"/media/{name}"),
        st.sampled_from("event 0 1 2 3 x".split()),
    ),
    st.just(FactRule("hidden", "=", True)),
    st.builds(lambda number: FactRule("name", "matches", str(number)), st.integers(0, 300)),
    st.builds(lambda count: UnitRule(("frame",), None, ">=", count), st.integers(0, 2)),
    st.builds(lambda word: UnitRule(("speech",), f"word{word}"), st.integers(0, 7)),
)
_FILTERS = st.lists(
    st.builds(Filter, st.lists(_RULES, min_size=1, max_size=2).map(tuple), st.booleans()), max_size=2
)
_WANTED = st.builds(
    Wanted, st.sampled_from([None, ("image",), ("frame", "speech"), ("image", "frame")]), _FILTERS.map(tuple)
)


def _exact(database: PostgresDatabase, query: Vectors, limit: int, wanted: Wanted) -> list[tuple[int, float]]:
    """What a comparison with all that the filters leave gives."""
    with database.read() as session:
        shown = [kind for kind in ("image", "frame") if wanted.kinds is None or kind in wanted.kinds]
        ids = live.ids(session, shown, wanted.filters, space_id=1)
        scores = units.vectors(session, 1, ids) @ query if len(ids) else np.empty(0)
    order = np.lexsort((ids, -scores))[:limit]
    return list(zip(ids[order].tolist(), scores[order].tolist(), strict=True))


@profile(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_WANTED, st.integers(1, 60), st.integers(0, 2**32 - 1), st.booleans())
def test_it_finds_what_an_exact_search_finds_under_any_filter(
    store: ServerStore, filled: PostgresDatabase, wanted: Wanted, limit: int, seed: int, near: bool
) -> None:
    noise = directions(1, DIM, seed)
    query = unit_length(ROWS[seed % FILES][None] + 0.3 * noise) if near else noise
    with filled.read() as session:
        view = store.at(session)
        (found,) = view.search("picture", query.astype(np.float32), limit, wanted=wanted)
        count = view.count("picture", wanted)
        ids = view.ids("picture", wanted)
    exact = _exact(filled, query[0], limit, wanted)
    assert len(found) == len(exact), "never fewer than there are"
    assert count == len(ids) == len(_exact(filled, query[0], FILES, wanted))
    allowed = dict(_exact(filled, query[0], FILES, wanted))
    assert all(abs(allowed[unit_id] - score) < 1e-5 for unit_id, score in found), "nothing that is left out"
    assert len({unit_id for unit_id, _ in found}) == len(found)
    # Of pictures that are the same, whichever come first.
    scores, best = ([score for _, score in each] for each in (found, exact))
    if store.status().kind == "flat":
        assert np.allclose(scores, best, atol=1e-5)
    else:  # a walk through a graph may miss some
        assert sum(score >= best[-1] - 1e-5 for score in scores) >= 0.8 * len(exact)


def test_it_answers_as_a_copy_does(store: ServerStore, filled: PostgresDatabase, tmp_path: Path) -> None:
    copy = FaissStore(filled, tmp_path, 1, DIM, "cpu")
    with filled.read() as session:
        mine, other = store.at(session), copy.at(session)
        for modality in ("picture", "passage"):
            assert mine.count(modality) == other.count(modality)
            ids = other.ids(modality)
            assert mine.ids(modality).tolist() == ids.tolist()
            assert mine.held(modality, ids[::-1]).tolist() == ids[::-1].tolist()
            assert np.array_equal(mine.vectors(modality, ids), other.vectors(modality, ids))
            assert mine.held(modality, np.array([10**9], np.int64)).tolist() == []
        sample = mine.sample("picture", 50)
        assert 25 <= len(sample) <= 50
        assert np.allclose(np.linalg.norm(sample, axis=1), 1, atol=1e-2)


def test_what_is_written_is_searched_from_its_commit_on(store: ServerStore, filled: PostgresDatabase) -> None:
    new = directions(1, DIM, seed=77)
    with filled.read() as before:
        view = store.at(before)
        with filled.write() as session:
            content_id = add_file(session, "/media/new.jpg", [Drafted("image", new[0])])
            with pytest.raises(VectorError):
                store.at(session)
        assert view.search("picture", new, 1)[0][0][1] < 0.99
        with filled.read() as after:
            ((unit_id, score),) = store.at(after).search("picture", new, 1)[0]
            assert score == pytest.approx(1, abs=1e-3)
    with filled.write() as session:  # another vector for the same unit
        other = {"vector": units.pack(-new[0]), "revision": revision.touch(session)}
        session.execute(update(Embedding).where(Embedding.unit_id == unit_id).values(other))
    with filled.read() as session:
        assert store.at(session).search("picture", -new, 1)[0][0][0] == unit_id
    with filled.write() as session:
        session.execute(delete(Embedding).where(Embedding.unit_id == unit_id))
        session.execute(delete(Asset).where(Asset.content_id == content_id))
        session.execute(delete(Unit).where(Unit.id == unit_id))
        revision.touch(session)
    with filled.read() as session:
        assert unit_id not in store.at(session).ids("picture")
        assert store.at(session).search("picture", -new, 1)[0][0][0] != unit_id


def test_the_graph_is_calibrated_by_queries_like_texts(filled: PostgresDatabase, store: ServerStore) -> None:
    with filled.read() as session:
        ef = store.ef_search(session, "picture")
        assert (ef is None) == (store.status().kind == "flat")
        assert ef is None or ef in server_store._EF


def test_without_the_extension_a_copy_is_searched(
    settings: Settings, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    with server.lending("plain") as address:
        shared = settings.model_copy(update={"shared": address, "vectors": "server"})
        with Library(shared) as library:
            with library.write() as session:
                made = space(session, DIM)
            assert isinstance(library.vectors(made), FaissStore)
            assert caplog.messages == [NO_EXTENSION]
            library.database.execute_alone("CREATE EXTENSION vector")  # type: ignore[attr-defined]
            served = library.vectors(made)
            assert isinstance(served, ServerStore)
            with library.read() as session:
                assert served.at(session).search("picture", directions(1, DIM), 5, wanted=ALL) == [[]]
        with Library(shared.model_copy(update={"vectors": "copy"})) as library:
            assert isinstance(library.vectors(made), FaissStore)
