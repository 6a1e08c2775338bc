"""The way of an answer: how often the library is asked, and that it is asked in one snapshot of it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
from sqlalchemy import delete, event, select

from db.arrays import Vectors
from db.catalog import assets, revision
from db.catalog.facts import Fact
from db.catalog.filters import ALL
from db.engine.database import Database
from db.engine.schema import NullScoresRow
from db.library import Library
from db.settings import Settings
from search.answer import Hit
from search.engine import pipeline, sorting, sources
from search.engine.embed import Question
from search.engine.ranking import Ranking
from search.engine.scope import Part, Scope
from search.engine.verdict import Reference
from search.query.query import Query
from tests.support.copying import own_copy
from tests.support.rows import Drafted, add_file, directions, space
from tests.support.searching import searching

QUESTIONS = [
    "a lighthouse by the sea",
    '"a dog" +"snow"*0.5 -beach',
    "two dogs type:image",
    'animals said:"dark water"',
    "type:image",
    "said:water",
]


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The SQL statements that are executed meanwhile."""
    asked: list[str] = []

    def note(*given: object) -> None:
        asked.append(str(given[2]))

    event.listen(database._engine, "before_cursor_execute", note)
    yield asked
    event.remove(database._engine, "before_cursor_execute", note)


@pytest.mark.parametrize("text", QUESTIONS)
def test_statements_do_not_grow_with_the_hits(sample_library: Settings, text: str) -> None:
    with searching(sample_library) as service:
        service.search(Query(text, k=100))  # brings the indexes up to date and loads the model
        counts = {}
        for k in (1, 10, 100):
            with statements(service.library.database) as asked:
                answer = service.search(Query(text, k=k))
            counts[len(answer.hits)] = [line for line in asked if not line.startswith("BEGIN")]
    fewest, most = counts[min(counts)], counts[max(counts)]
    # What only some hits have, a track, or a sketch that is worth a look, is asked for once, or not at all.
    assert len(fewest) <= len(most) <= len(fewest) + 2 <= 27, most


def test_one_answer_is_of_one_session(sample_library: Settings) -> None:
    with searching(sample_library) as service:
        service.search(Query("a dog"))
        real = service.library.database.read
        with patch.object(Database, "read", side_effect=real) as opened:
            answer = service.search(Query('"a dog" +"snow" type:image', k=20))
    assert len(answer.hits) > 5
    assert opened.call_count == 1


class _Meanwhile:
    """A source that finds nothing, and while it is asked everything leaves the library."""

    name, weight = "meanwhile", 1.0

    def __init__(self, library: Library) -> None:
        self._library = library

    def rank(self, question: Question, scope: Scope, depth: int) -> Ranking | None:  # noqa: ARG002
        with self._library.write() as session:
            assets.set_state(session, range(1, 200), "gone")
            revision.touch(session)
        return None


@pytest.fixture
def own(sample_library: Settings, tmp_path: Path) -> Settings:
    """A library of the samples that a test may change."""
    return own_copy(sample_library, tmp_path / "own")


@pytest.mark.parametrize("first", [True, False])
def test_what_is_committed_meanwhile_shows_in_the_next_answer(own: Settings, first: bool) -> None:
    """Before the vectors are looked at, and after them: the answer keeps to the snapshot it began with."""
    query = Query("two dogs in the snow", k=10)
    with searching(own) as service:
        before = service.search(query).hits
        known = dict(sources.every())
        meanwhile = {"meanwhile": _Meanwhile(service.library)}
        order = meanwhile | known if first else known | meanwhile
        with patch.object(sources, "every", return_value=order):
            assert service.search(query).hits == before
        assert service.search(query).hits == ()


def test_many_threads_that_all_find_the_null_model_due_answer(own: Settings) -> None:
    """Each has the library open, and one of them writes: none may wait for another's connection."""
    with Library(own) as library, library.write() as session:
        session.execute(delete(NullScoresRow))
        revision.touch(session)
    with searching(own) as service, ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(service.search, [Query("two dogs in the snow", k=5)] * 24))
        with service.library.read() as session:
            assert session.scalars(select(NullScoresRow)).all()
    assert len({answer.confidence for answer in answers}) == 1
    assert {answer.hits for answer in answers} == {answers[0].hits}


def test_an_answer_does_not_wait_for_a_writer(own: Settings) -> None:
    with Library(own) as library, library.write() as session:
        session.execute(delete(NullScoresRow))
        revision.touch(session)
    with searching(own) as service, service.library.write():
        started = time.monotonic()
        assert service.search(Query("two dogs in the snow")).hits
        assert time.monotonic() - started < 20, "the busy time-out is thirty seconds"


def test_sources_are_asked_twice_at_most(library: Library) -> None:
    """Of three hundred pictures that are one hit: once more, for all that there may be."""
    near = directions(1, seed=1)[0]
    with library.write() as session:
        for number in range(300):
            add_file(session, f"/{number}.jpg", [Drafted("image", near)])
        for number, vector in enumerate(directions(30, seed=2)):
            add_file(session, f"/other {number}.jpg", [Drafted("image", vector)])
        space(session)
    depths = []
    real = pipeline.ranked

    def noted(question: Question, scope: Scope, depth: int) -> list[Ranking]:
        depths.append(depth)
        return real(question, scope, depth)

    with patch.object(pipeline, "ranked", noted):
        hits = _answer(library, near)
    assert depths == [200, 5000]
    assert len(hits) >= 20
    assert len(hits[0].similar) == 299


def test_by_date_comes_all_that_fits_and_nothing_else(library: Library) -> None:
    """Four hundred pictures of many days that fit, some better than others, among 800 that do not."""
    asked, *others = directions(1201, dim=64, seed=3)
    shades = np.random.default_rng(4).permutation(400)
    with library.write() as session:
        space(session, dim=64)
        for day, (shade, other) in enumerate(zip(shades, others[:400], strict=True)):
            mixed = asked + (0.6 + shade / 1000) * other
            taken = Fact("taken_at", datetime(2020, 1, 1) + timedelta(days=day), "exif")
            fits = Drafted("image", (mixed / np.linalg.norm(mixed)).astype(np.float32))
            add_file(session, f"/fits {day}.jpg", [fits], claims=[taken] if day else [])
        for number, other in enumerate(others[400:]):
            add_file(session, f"/other {number}.jpg", [Drafted("image", other)])
    hits = _answer(library, asked, Query("a text", order="date", k=500))
    found = [hit for hit in hits if hit.path.name.startswith("fits")]
    assert len(found) == 400
    assert len(hits) < 420, "few of those that do not fit"
    dates = [hit.taken_at for hit in hits if hit.taken_at]
    assert len(dates) == 399
    assert dates == sorted(dates, reverse=True)
    assert all(hit.taken_at is None for hit in hits[399:])
    nearest = _answer(library, asked, Query("a text"))
    assert nearest[0].score > nearest[-1].score
    assert [hit.path for hit in nearest[:5]] != [hit.path for hit in hits[:5]]


def _answer(library: Library, vector: Vectors, query: Query | None = None) -> list[Hit]:
    """All hits of a vector, as a service has them of a text."""
    with library.read() as session:
        model = SimpleNamespace(
            vectors=library.vectors(space(session)),
            near_duplicate=0.99,
            reference=lambda _session: Reference(None),
        )
        models = {"clip": model}
        parts = {"clip": [[Part({"picture": vector}, 1.0, "a text")]]}
        question = Question(query or Query("a text"), parts)  # type: ignore[arg-type]
        scope = Scope(session, models, ALL)  # type: ignore[arg-type]
        if question.query.order != "relevance":
            return sorting.arranged(question, scope).part(question, scope)[1]
        return pipeline.answered(question, scope)[1]
