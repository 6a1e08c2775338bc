"""Rules about moments as PostgreSQL evaluates them: it leaves the units that ``live.ids`` leaves."""

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from sqlalchemy import select

from db.catalog import hidden, live, saved, units
from db.catalog.filters import CountOp, FactRule, Filter, OwnRule, Rule, UnitRule
from db.engine.postgres import PostgresDatabase
from db.engine.schema import Unit
from tests.support.rows import Drafted, add_file
from tests.support.server import Server

_QUARTER = st.integers(0, 60).map(lambda number: number / 4)
_SPAN = st.one_of(st.none(), st.tuples(_QUARTER, st.one_of(st.none(), st.integers(0, 12))))
_DRAFT = st.tuples(
    st.sampled_from(("frame", "speech", "image")), _SPAN, st.sampled_from(("one", "two", "both"))
)
_LIBRARY = st.lists(st.lists(_DRAFT, min_size=1, max_size=8), min_size=1, max_size=5)
_OPS: st.SearchStrategy[CountOp] = st.sampled_from((">=", "<=", "="))
_RULE: st.SearchStrategy[Rule] = st.one_of(
    st.builds(
        UnitRule,
        st.sampled_from((("speech",), ("frame",), ("frame", "speech"))),
        st.sampled_from((None, "one", "two")),
        _OPS,
        st.integers(0, 3),
        st.booleans(),
        st.one_of(st.none(), st.integers(0, 3)),
    ),
    st.builds(OwnRule, st.just("liked"), st.sampled_from(("rex", "nobody")), _OPS, st.integers(0, 2)),
    st.builds(FactRule, st.just("kind"), st.just("="), st.sampled_from(("frame", "speech"))),
    st.builds(lambda number: FactRule("name", "matches", str(number)), st.integers(0, 4)),
    st.just(FactRule("hidden", "=", True)),
)
_FILTERS = st.lists(
    st.builds(Filter, st.lists(_RULE, min_size=1, max_size=2).map(tuple), st.booleans()),
    min_size=1,
    max_size=2,
)


@pytest.fixture(scope="module")
def shared(server: Server) -> Iterator[PostgresDatabase]:
    """An empty library."""
    with server.lending("moments") as address, closing(PostgresDatabase(address)) as database:
        yield database


class _UndoneError(Exception):
    """Ends a transaction of which nothing is to stay."""


def _drafted(kind: str, span: tuple[float, int | None] | None, word: str) -> Drafted:
    text = {"both": "one two"}.get(word, word) if kind == "speech" else None
    if span is None:
        return Drafted(kind, None, text=text)
    start_s, quarters = span
    return Drafted(kind, None, start_s, None if quarters is None else start_s + quarters / 4, text=text)


@profile(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LIBRARY, st.lists(st.integers(0, 30), max_size=3), _FILTERS.map(tuple))
def test_the_server_leaves_the_units_that_are_left_on_this_machine(
    shared: PostgresDatabase,
    files: list[list[tuple[str, tuple[float, int | None] | None, str]]],
    liked: list[int],
    filters: tuple[Filter, ...],
) -> None:
    with suppress(_UndoneError), shared.write() as session:
        for number, drafts in enumerate(files):
            path = f"/media/{'private' if number == 3 else 'all'}/{number}.mp4"
            add_file(session, path, [_drafted(*draft) for draft in drafts], "video")
        hidden.put(session, Path("/media/private"))
        saved.add(session, "rex", "a dog", None)
        search = saved.named(session, "rex")
        assert search is not None
        ids = list(session.scalars(select(Unit.id).order_by(Unit.id)))
        for unit in units.rows(session, {ids[number % len(ids)] for number in liked}).values():
            saved.judge(session, search.id, unit, up=True)
        for kinds in (("image", "frame", "speech"), ("frame",)):
            here = live.ids(session, kinds, filters)
            there = sorted(session.scalars(live.rule(session, kinds, filters)))
            assert there == here.tolist()
            some = here[::2]
            assert live.among(session, some, kinds, filters).tolist() == some.tolist()
        raise _UndoneError
