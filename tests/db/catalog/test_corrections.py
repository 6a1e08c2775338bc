"""A user's word on a passage or a date outlives transcripts, files and models."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from db.catalog import assets, contents, corrections, facts, fulltext, spaces
from db.catalog.corrections import Span
from db.catalog.facts import Fact
from db.engine.database import Database
from db.engine.schema import Asset, Embedding, Unit
from tests.support.rows import Drafted, add_file, add_units, directions, space

SHA = b"/a.ogg".ljust(32, b"\0")
ROWS = directions(8)
HEARD = [
    (0.0, 4.0, "the first thing"),
    (4.0, 8.0, "a key of the guard in house"),
    (8.0, 12.0, "the last thing"),
]
RIGHT = "the keys of the garden house"


def drafts(passages: list[tuple[float, float, str]]) -> list[Drafted]:
    return [
        Drafted("speech", ROWS[number], start, end, text=text)
        for number, (start, end, text) in enumerate(passages)
    ]


@pytest.fixture
def recording(database: Database) -> Database:
    """A recording of three passages, of which the second one was corrected."""
    with database.write() as session:
        add_file(session, "/a.ogg", drafts(HEARD), "audio")
        corrections.put(session, SHA, "speech", RIGHT, Span(4.0, 8.0))
    return database


def said(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(Unit.text).order_by(Unit.start_s)))  # type: ignore[arg-type]


def heard_again(database: Database, passages: list[tuple[float, float, str]]) -> list[str]:
    with database.write() as session:
        add_units(session, 1, drafts(passages))
        corrections.apply(session, 1)
    return said(database)


def test_the_words_change_and_the_old_vector_goes(recording: Database) -> None:
    assert said(recording) == ["the first thing", RIGHT, "the last thing"]
    with recording.read() as session:
        assert [match.unit_id for match in fulltext.match_words(session, "garden keys", 5)] == [2]
        assert fulltext.match_words(session, "guard", 5) == []
        assert session.scalars(select(Embedding.unit_id).order_by(Embedding.unit_id)).all() == [1, 3]
        assert [bare.unit.text for bare in spaces.bare_units(session, space(session))] == [RIGHT]


@pytest.mark.parametrize(
    ("passages", "expected"),
    [
        (HEARD, ["the first thing", RIGHT, "the last thing"]),
        ([(0.1, 3.9, "one"), (4.2, 7.7, "two"), (8.1, 12.0, "three")], ["one", RIGHT, "three"]),
        ([(0.0, 4.0, "one"), (4.0, 6.0, "two"), (6.0, 8.0, "three")], ["one", RIGHT]),
        ([(0.0, 5.0, "one"), (5.0, 7.0, "two"), (7.0, 12.0, "three")], ["one", RIGHT, "three"]),
        ([(0.0, 3.0, "one")], ["one", RIGHT]),
    ],
    ids=["the same", "moved a little", "cut in two", "other borders", "not heard any more"],
)
def test_a_new_transcript_has_them(
    recording: Database, passages: list[tuple[float, float, str]], expected: list[str]
) -> None:
    assert heard_again(recording, passages) == expected


def test_applied_twice_it_is_there_once(recording: Database) -> None:
    for _ in range(2):
        with recording.write() as session:
            corrections.apply(session, 1)
    assert said(recording) == ["the first thing", RIGHT, "the last thing"]


def test_another_word_on_the_same_passage_takes_its_place(recording: Database) -> None:
    with recording.write() as session:
        corrections.put(session, SHA, "speech", "the keys of the garden shed", Span(4.0, 8.0))
    assert said(recording)[1] == "the keys of the garden shed"
    assert heard_again(recording, HEARD)[1] == "the keys of the garden shed"


def test_no_word_at_all_takes_it_away(recording: Database) -> None:
    with recording.write() as session:
        corrections.put(session, SHA, "speech", "", Span(8.0, 12.0))
    assert said(recording) == ["the first thing", RIGHT]
    assert heard_again(recording, HEARD) == ["the first thing", RIGHT]


def test_it_waits_for_a_file_that_was_lost(recording: Database) -> None:
    with recording.write() as session:
        session.execute(delete(Asset))
        contents.drop_orphans(session)
    assert said(recording) == []
    with recording.write() as session:
        content_id = add_file(session, "/a.ogg", drafts(HEARD), "audio")
        corrections.apply(session, content_id)
    assert said(recording) == ["the first thing", RIGHT, "the last thing"]


def test_a_date_is_the_users_word(recording: Database) -> None:
    with recording.write() as session:
        facts.claim(session, [Fact("taken_at", datetime(2020, 1, 1), "exif")], content_id=1)
        corrections.put(session, SHA, "taken_at", '"1987-06-05 00:00:00"')
        corrections.put(session, SHA, "taken_at", '"1988-06-05 00:00:00"')
        known = facts.of_file(session, Path("/a.ogg"))["taken_at"]
        assert known == Fact("taken_at", datetime(1988, 6, 5), "user")
        assert assets.id_at(session, Path("/a.ogg")) is not None


def heard(database: Database) -> list[tuple[float | None, float | None, str | None, str | None]]:
    with database.read() as session:
        rows = session.execute(
            select(Unit.start_s, Unit.end_s, Unit.text, Unit.detail).order_by(Unit.start_s)
        )
        return [tuple(row) for row in rows]


@pytest.mark.parametrize("again", [RIGHT, "", "another one"], ids=["once", "then taken away", "twice"])
def test_taken_back_it_is_as_it_was_heard(database: Database, again: str) -> None:
    with database.write() as session:
        add_file(session, "/a.ogg", drafts(HEARD), "audio")
    before = heard(database)
    with database.write() as session:
        corrections.put(session, SHA, "speech", RIGHT, Span(4.0, 8.0))
        corrections.put(session, SHA, "speech", again, Span(4.0, 8.0))
        assert corrections.said(session, SHA, "speech", Span(4.0, 8.0)) == again
        assert corrections.spans(session, SHA, "speech") == [Span(4.0, 8.0)]
    assert heard(database) != before
    with database.write() as session:
        assert corrections.drop(session, SHA, "speech", Span(4.0, 8.0))
        assert not corrections.drop(session, SHA, "speech", Span(4.0, 8.0))
        assert [bare.unit.text for bare in spaces.bare_units(session, space(session))] == [HEARD[1][2]]
        assert [match.unit_id for match in fulltext.match_words(session, "guard", 5)] != []
        assert fulltext.match_words(session, "another garden", 5) == []
    assert heard(database) == before


def test_what_was_taken_away_comes_back_as_the_same_unit(recording: Database) -> None:
    with recording.write() as session:
        corrections.put(session, SHA, "speech", "", Span(4.0, 8.0))
        assert session.get(Unit, 2) is None
    with recording.write() as session:
        corrections.drop(session, SHA, "speech", Span(4.0, 8.0))
        assert session.get_one(Unit, 2).text == HEARD[1][2]


def test_taken_back_it_is_as_it_was_heard_last(recording: Database) -> None:
    again = [(0.0, 4.0, "one"), (4.0, 6.0, "two"), (6.0, 8.0, "three")]
    assert heard_again(recording, again) == ["one", RIGHT]
    with recording.write() as session:
        corrections.drop(session, SHA, "speech", Span(4.0, 8.0))
    assert said(recording)[-3:] == ["one", "two", "three"]


@pytest.mark.parametrize("value", [RIGHT, ""], ids=["corrected", "taken away"])
@pytest.mark.parametrize(
    ("first", "second"), [({"track": 0}, {"track": 1}), ({"language": "en"}, {"language": "de"})]
)
def test_what_is_said_at_the_same_time_has_its_own(
    database: Database, first: dict[str, Any], second: dict[str, Any], value: str
) -> None:
    both = [
        Drafted("speech", ROWS[0], 4.0, 8.0, text="first", **first),
        Drafted("speech", ROWS[1], 4.0, 8.0, text="second", **second),
    ]
    with database.write() as session:
        add_file(session, "/a.ogg", both, "audio")
        corrections.put(session, SHA, "speech", value, Span(4.0, 8.0, **second))
        corrections.apply(session, 1)
    assert sorted(said(database)) == sorted(filter(None, [value, "first"]))
    with database.write() as session:
        corrections.drop(session, SHA, "speech", Span(4.0, 8.0, **second))
    assert sorted(said(database)) == ["first", "second"]
