"""Rules about units near by and about what users made: which units they leave, moment by moment."""

import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, insert, select

from db import kinds
from db.catalog import analyses, assets, live, representatives, revision, saved, units
from db.catalog.filters import NEAR_S, CountOp, FactRule, Filter, OwnRule, UnitRule, of_files
from db.engine.database import Database
from db.engine.schema import Asset, Unit
from db.library import Library
from db.settings import Settings
from tests.support.rows import Drafted, add_file, add_units, directions, latest

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
        (said("one", ">=", 2), []),  # never at once
        (said("one", "=", 1), [0.0, 10.0, 20.0]),
        (said("one", "<=", 0), [30.0, 40.0, 50.0]),
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
    old = FactRule("taken_at", "<", datetime(1970, 1, 1))
    assert frames(film, Filter((two, old))) == [30.0, 40.0]


def test_words_without_a_time_speak_for_the_whole_file(film: Database) -> None:
    with film.write() as session:
        add_file(session, "/other.mp4", [Drafted("speech", None, text="a title")], "video")
        add_file(session, "/titled.jpg", [Drafted("image", None), Drafted("speech", None, text="a title")])
        ids = live.ids(session, KINDS, (said("title"),)).tolist()
        rows = units.rows(session, ids)
    assert sorted(row.path.name for row in rows.values()) == ["other.mp4", "titled.jpg", "titled.jpg"]


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


def test_the_same_thing_in_the_next_frame_is_not_a_second_one(film: Database) -> None:
    """A film of one dog in four frames, and two dogs in a fifth."""
    spans = [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0), (30.0, 32.0), (30.0, 32.0)]
    drafts = [Drafted("speech", None, *span, text="dog") for span in spans]
    drafts += [Drafted("frame", None, start, start + 2.0) for start in (0.0, 30.0)]
    with film.write() as session:
        add_file(session, "/dogs.mp4", drafts, "video")
    in_file = Filter((FactRule("name", "matches", "dogs"),))
    assert frames(film, in_file, said("dog")) == [0.0, 30.0]
    assert frames(film, in_file, said("dog", ">=", 2)) == [30.0]
    assert frames(film, in_file, said("dog", "<=", 1)) == [0.0]
    assert frames(film, in_file, said("dog", ">=", 3)) == []


def test_what_belongs_to_another_file_of_the_content_does_not_count(film: Database) -> None:
    kinds.register("labels", [kinds.Kind("label", "label", {}, "by_people")])
    try:
        with film.write() as session:
            content_id = add_file(session, "/a/x.jpg", [Drafted("image", None)])
            stat = assets.FileStat(Path("/b/x.jpg"), 1, 1)
            assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
            session.flush()
            asset_id = session.scalars(select(func.max(Asset.id))).one()
            analysis_id = analyses.record(session, "labels", "1", "done", asset_id=asset_id)
            label = units.NewUnit("label", text="grandmother")
            units.add(session, [(label, content_id, analysis_id, asset_id)])
            revision.touch(session)
        labelled = Filter((UnitRule(("label",), "grandmother"),))
        for folder, expected in (("a", 0), ("b", 1)):
            with film.read() as session:
                in_folder = Filter((FactRule("folder", "matches", folder),))
                found = live.ids(session, ["image"], (labelled, in_folder))
                assert len(found) == expected
                rows = units.rows(session, [*found.tolist()], of_files((in_folder,)))
                assert [row.path.parts[1] for row in rows.values()] == [folder] * expected
    finally:
        kinds.unregister("labels")


@pytest.fixture
def noted() -> Iterator[None]:
    """Kinds that are evidence of others, and one of parts of pictures."""
    made = [kinds.Kind("note", "note", {}, "by_people"), kinds.Kind("badge", "badge", {}, "shows")]
    kinds.register("notes", made)
    yield
    kinds.unregister("notes")


@pytest.mark.usefixtures("noted")
def test_of_a_film_with_a_title_a_frame_is_listed(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/film.mp4", [Drafted("note", None, text="a title")], "video")
        add_units(session, 1, [Drafted("frame", None, 0.0, 2.0), Drafted("frame", None, 2.0, 4.0)])
        add_file(session, "/memo.wav", [Drafted("note", None, text="alone")], "audio")
    with database.read() as session:
        listed = latest(session, live.ids(session, ["note", "frame"]))
        rows = units.rows(session, listed)
        assert {rows[unit_id].kind for unit_id in listed} == {"frame", "note"}
        assert [rows[u].start_s for u in listed if rows[u].media == "video"] == [0.0]


@pytest.mark.usefixtures("noted")
def test_what_is_shown_for_a_note_is_the_frame_with_most_of_it(database: Database) -> None:
    """Among those that may be shown; a part of a picture is never shown for the picture."""
    spans = [(float(start), float(start + 4)) for start in range(0, 40, 4)]
    with database.write() as session:
        add_file(session, "/film.mp4", [Drafted("frame", None, *span) for span in spans], "video")
        notes = [(3.0, 9.0), (17.0, 18.0), (38.0, 60.0), (70.0, 80.0)]
        add_units(session, 1, [Drafted("note", None, *span, text="a note") for span in notes])
        add_file(session, "/photo.jpg", [Drafted("note", None, text="a note")])
        part = {"x": 0.1, "y": 0.1, "w": 0.1, "h": 0.1}
        session.execute(insert(Unit).values(content_id=2, analysis_id=3, kind="badge", **part))
        add_units(session, 2, [Drafted("image", None)])
    with database.read() as session:
        rows = units.rows(session, live.ids(session, ["note"]).tolist())
        shown = representatives.of_evidence(session, list(rows.values()))
        of_film = [shown.get(row.id) for row in rows.values() if row.media == "video"]
        assert [row.start_s if row else None for row in of_film] == [4.0, 16.0, 36.0, None]
        assert [shown[row.id].kind for row in rows.values() if row.media == "image"] == ["image"]
        late = live.ids(session, ["frame"])[5:]
        allowed = representatives.of_evidence(session, list(rows.values()), late)
        assert [row.start_s for row in allowed.values()] == [36.0]


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


# In quarters of a second, so that none ends a rounding error before another one begins.
seconds = st.integers(0, 1200).map(lambda quarters: quarters / 4)
spans = st.lists(
    st.tuples(seconds, st.integers(0, 120).map(lambda quarters: quarters / 4)), min_size=1, max_size=8
)


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

    def at(time_s: float) -> int:
        return sum(s <= time_s < max(s + n, s + 1e-3) for s, n in words)

    def most(start: float, length: float) -> int:
        """Words at once, within five seconds of a picture: there are most when one begins, or at first."""
        first, last = start - NEAR_S, start + length + NEAR_S
        # What was over just five seconds before is within them.
        times = [math.nextafter(first, -math.inf), first, *(s for s, _ in words if first <= s <= last)]
        return max(map(at, times))

    fits = {">=": lambda n: n >= count, "<=": lambda n: n <= count, "=": lambda n: n == count}[op]
    expected = [place for place, span in enumerate(pictures, start=before + 1) if fits(most(*span))]
    assert found[found > before].tolist() == expected
