"""Rules about units near by and about what users made: which units they leave, moment by moment."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from db.catalog import live, saved, units
from db.catalog.filters import NEAR_S, CountOp, FactRule, Filter, OwnRule, UnitRule
from db.engine.database import Database
from db.engine.schema import Unit
from db.library import Library
from db.settings import Settings
from tests.support.rows import Drafted, add_file, directions

KINDS = ("image", "frame", "speech")


@pytest.fixture
def film(database: Database) -> Database:
    """A film of a minute with frames of ten seconds, words at 12, 14 and 41 seconds, and a picture."""
    vectors = iter(directions(20))
    frames = [Drafted("frame", next(vectors), 10.0 * n, 10.0 * n + 10) for n in range(6)]
    spoken = [
        Drafted("speech", next(vectors), start, start + 1, text=text)
        for start, text in ((12.0, "number one"), (14.0, "one again"), (41.0, "number two"))
    ]
    with database.write() as session:
        add_file(session, "/film.mp4", [*frames, *spoken], "video")
        add_file(session, "/photo.jpg", [Drafted("image", next(vectors))])
    return database


def frames(database: Database, *filters: Filter) -> list[float]:
    """When the frames begin that the filters leave."""
    with database.read() as session:
        rows = units.rows(session, live.ids(session, ["frame"], filters).tolist())
    return sorted(row.start_s or 0.0 for row in rows.values())


def said(words: str | None, op: CountOp = ">=", count: int = 1) -> Filter:
    return Filter((UnitRule(("speech",), words, op, count),))


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (said("one"), [0.0, 10.0, 20.0]),  # five seconds before 12, and after 15
        (said("two"), [30.0, 40.0]),
        (said("number"), [0.0, 10.0, 30.0, 40.0]),
        (said("three"), []),
        (said("one", ">=", 2), [0.0, 10.0]),
        (said("one", "=", 1), [20.0]),
        (said("one", "<=", 1), [20.0, 30.0, 40.0, 50.0]),
        (said("one", "=", 0), [30.0, 40.0, 50.0]),
        (said(None), [0.0, 10.0, 20.0, 30.0, 40.0]),
    ],
)
def test_a_rule_about_units_holds_near_them(film: Database, item: Filter, expected: list[float]) -> None:
    assert frames(film, item) == expected
    every = [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    assert frames(film, Filter(item.rules, negated=True)) == [s for s in every if s not in expected]


def test_rules_of_all_forms_are_alternatives(film: Database) -> None:
    two = UnitRule(("speech",), "two")
    assert frames(film, Filter((two, FactRule("name", "matches", "film")))) == [0.0, 10, 20, 30, 40, 50]
    assert frames(film, Filter((two, FactRule("media", "=", "image")))) == [30.0, 40.0]
    old = FactRule("moment", "<", datetime(1970, 1, 1))
    assert frames(film, Filter((two, old))) == [30.0, 40.0]


def test_words_without_a_time_speak_for_the_whole_file(film: Database) -> None:
    with film.write() as session:
        add_file(session, "/other.mp4", [Drafted("speech", None, text="a title")], "video")
        add_file(session, "/titled.jpg", [Drafted("image", None), Drafted("speech", None, text="a title")])
        ids = live.ids(session, KINDS, (said("title"),)).tolist()
        rows = units.rows(session, ids)
    assert sorted(row.paths[0].name for row in rows.values()) == ["other.mp4", "titled.jpg", "titled.jpg"]


def test_units_without_a_vector_are_among_them_unless_a_space_is_asked_for(film: Database) -> None:
    with film.write() as session:
        add_file(session, "/bare.jpg", [Drafted("image", None)])
        everything = live.ids(session, ["image"])
        assert len(everything) == 2
        assert len(live.ids(session, ["image"], space_id=1)) == 1


def test_what_was_liked_is_found_by_the_name_of_its_search(film: Database) -> None:
    with film.write() as session:
        saved.add(session, "Rex", "a dog", None)
        row = saved.named(session, "Rex")
        assert row is not None
        units_by_id = units.rows(session, [2, 5])
        saved.judge(session, row.id, units_by_id[2], up=True)
        saved.judge(session, row.id, units_by_id[5], up=False)
    liked = Filter((OwnRule("liked", "rex"),))
    assert frames(film, liked) == [0.0, 10.0]
    assert frames(film, Filter((OwnRule("liked", "nobody"),))) == []


def test_there_is_no_rule_about_a_fact_that_is_not_known() -> None:
    with pytest.raises(ValueError, match="there is no rule 'colour'"):
        FactRule("colour", "=", "red")
    with pytest.raises(ValueError, match="there is no rule 'camera' >"):
        FactRule("camera", ">", 3.0)


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """A library to which every example adds a film."""
    with Library(Settings(library=tmp_path_factory.mktemp("library"))) as opened:
        yield opened


spans = st.lists(st.tuples(st.floats(0, 300), st.floats(0, 30)), min_size=1, max_size=8)


@given(spans, spans, st.integers(0, 3), st.sampled_from([">=", "<=", "="]))
def test_counting_near_units_agrees_with_comparing_each_with_each(
    growing: Library,
    pictures: list[tuple[float, float]],
    words: list[tuple[float, float]],
    count: int,
    op: CountOp,
) -> None:
    drafts = [Drafted("frame", None, start, start + length) for start, length in pictures]
    drafts += [Drafted("speech", None, start, start + length, text="word") for start, length in words]
    with growing.write() as session:
        before = session.scalar(select(func.max(Unit.id))) or 0
        add_file(session, f"/{before}.mp4", drafts, "video")
        rule = UnitRule(("speech",), "word", op, count)
        found = live.ids(session, ["frame"], (Filter((rule,)),))

    def near(start: float, length: float) -> int:
        return sum(s <= start + length + NEAR_S and s + n >= start - NEAR_S for s, n in words)

    fits = {">=": lambda n: n >= count, "<=": lambda n: n <= count, "=": lambda n: n == count}[op]
    expected = [place for place, span in enumerate(pictures, start=before + 1) if fits(near(*span))]
    assert found[found > before].tolist() == expected
