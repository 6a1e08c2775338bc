"""Words as people write them, found in the index of full texts and shown where they are."""

import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from db.catalog import fulltext, live
from db.catalog.filters import UnitRule
from db.engine import textsearch
from db.engine.database import Database
from db.engine.migrations import MIGRATIONS
from db.engine.schema import Unit
from db.words.asked import asked_of
from db.words.spans import spans as spans_of
from tests.support.rows import Drafted, add_file

TEXTS = (
    "Platform 9, London King's Cross",
    "Milk 1.20 Eggs 3.20 Total 4.40, room 20 on floor 3",
    "IBAN DE12 3456 7890 1234 5678 90, ask info@example.org",
    "DE12345678901234567890 by phone +49 30 123-4567, a well-known self-service",
    "京都駅前 nishikikōji 市場",
    "Zürich, 14:30, 2024-07-15",
)


@pytest.fixture
def texts(database: Database) -> Database:
    """A library of a recording for each text."""
    with database.write() as session:
        for number, text in enumerate(TEXTS):
            add_file(session, f"/{number}.wav", [Drafted("speech", None, 0.0, 1.0, text=text)], "audio")
    return database


@pytest.mark.parametrize(
    ("asked", "found", "marked"),
    [
        ("platform 9", [0], "Platform 9"),
        ("9 platform", [], ""),
        ("3.20", [1], "3.20"),
        ("20.3", [], ""),
        ("info@example.org", [2], "info@example.org"),
        ("DE12 3456", [2, 3], "DE12 3456"),
        ("de123456", [2, 3], "DE12 3456"),
        ("DE12345678901234567890", [2, 3], "DE12 3456 7890 1234 5678 90"),
        ("+49 (30) 1234567", [3], "49 30 123-4567"),
        ("3456 7890", [2], "3456 7890"),
        ("well-known", [3], "well-known"),
        ("self service", [3], "self-service"),
        ("駅前", [4], "駅前"),
        ("zurich", [5], "Zürich"),
        ("14:30", [5], "14:30"),
        ("15.07.2024", [], ""),
        ("plat*", [0], "Platform"),
        ("", [], ""),
        ("날", [], ""),
    ],
)
def test_what_is_asked_for_is_found_as_it_is_written(
    texts: Database, asked: str, found: list[int], marked: str
) -> None:
    with texts.read() as session:
        ids = live.having(session, UnitRule(("speech",), asked)).tolist() if asked else []
        read = [session.scalars(select(Unit.text).where(Unit.id == unit_id)).one() for unit_id in ids]
    assert read == [TEXTS[number] for number in found]
    spans = spans_of(TEXTS, [asked])
    assert [number for number, own in enumerate(spans) if own] == found
    if found:
        assert [TEXTS[found[0]][start:end] for start, end in spans[found[0]]] == [marked]


@pytest.mark.parametrize(
    ("query", "best", "words"),
    [
        ("the 3.20 eggs", 1, ("3.20", "eggs")),
        ("DE1234567890", 2, ("de1234567890",)),
        ("pay DE12 3456 7890 1234 5678 90", 2, ("de12", "3456", "7890", "1234", "5678", "90")),
        ("phone 1234567", 3, ("phone", "1234567")),
        ("京都", 4, ("京都",)),
        ("info@example.org", 2, ("info", "example", "org")),
    ],
)
def test_plain_words_find_numbers_and_scripts_without_spaces(
    texts: Database, query: str, best: int, words: tuple[str, ...]
) -> None:
    with texts.read() as session:
        match = fulltext.match_words(session, query, 5)[0]
        assert session.scalars(select(Unit.text).where(Unit.id == match.unit_id)).one() == TEXTS[best]
    assert match.words == words
    (own,) = spans_of([TEXTS[best]], asked_of(query))
    assert own


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=12))
@example("화창한 날")
@example("날*")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_can_be_asked_for(texts: Database, query: str) -> None:
    with texts.read() as session:
        found = fulltext.match_words(session, query, 10)
        having = session.scalars(select(Unit.id).where(fulltext.has(Unit, query))).all()
    assert {match.unit_id for match in found} | set(having) <= set(range(1, len(TEXTS) + 1))


def test_a_number_is_not_found_in_the_middle_of_another(texts: Database) -> None:
    with texts.read() as session:
        assert live.having(session, UnitRule(("speech",), "23456789")).tolist() == []


def test_a_text_that_is_one_long_word_is_looked_through_once() -> None:
    took = []
    for length in (20_000, 200_000):
        began = time.process_time()
        assert len(asked_of("x" * length)) == 1
        took.append(time.process_time() - began)
    assert max(took) < 2.0


def test_marks_are_those_of_the_index() -> None:
    assert f'tokenize="{textsearch.TOKENS}"' in "".join(map("".join, MIGRATIONS))


@given(st.lists(st.text(max_size=30), max_size=4), st.lists(st.text(max_size=10), max_size=4))
def test_any_text_can_be_marked(texts: list[str], asked: list[str]) -> None:
    found = spans_of(texts, asked)
    assert len(found) == len(texts)
    for text, spans in zip(texts, found, strict=True):
        flat = [at for span in spans for at in span]
        assert flat == sorted(flat)
        assert all(0 <= start < end <= len(text) for start, end in spans)


def test_all_that_is_written_in_a_picture_is_read_together(database: Database) -> None:
    with database.write() as session:
        drafts = [
            Drafted("text", None, text="Harbour hotel, breakfast from seven"),
            Drafted("text", None, text="Monday closed"),
        ]
        add_file(session, "/board.png", [Drafted("image", None), *drafts], "image")
        add_file(
            session, "/sign.png", [Drafted("image", None), Drafted("text", None, text="closed")], "image"
        )
        spoken = [
            Drafted("speech", None, 0.0, 1.0, text="the hotel is booked"),
            Drafted("speech", None, 60.0, 61.0, text="closed"),
        ]
        add_file(session, "/memo.wav", spoken, "audio")
    with database.read() as session:
        texts = dict(session.execute(select(Unit.id, Unit.text)).all())
        found = fulltext.match_words(session, "hotel closed", 10)
    assert [(texts[match.unit_id], match.words) for match in found][:2] == [
        ("Harbour hotel, breakfast from seven", ("hotel",)),
        ("Monday closed", ("closed",)),
    ]
    assert [match.coverage for match in found[:2]] == [1.0, 1.0]
    assert all(match.coverage < 1 for match in found[2:]), "what is said at other times, or stands elsewhere"


def _say(database: Database, *texts: str) -> None:
    with database.write() as session:
        for text in texts:
            draft = Drafted("speech", None, 0.0, 1.0, text=text)
            add_file(session, f"/said {text[:200]}.wav", [draft], "audio")


def _matches(database: Database, query: str) -> dict[str, fulltext.WordMatch]:
    """What is found, best first, by its text."""
    with database.read() as session:
        texts = dict(session.execute(select(Unit.id, Unit.text)).all())
        return {texts[match.unit_id]: match for match in fulltext.match_words(session, query, 500)}


@pytest.mark.parametrize("query", ["what is it", "The", "who are you and what do you have there"])
def test_words_of_every_text_find_nothing(database: Database, query: str) -> None:
    _say(database, "what is it that you have there", "who are you", "the end")
    assert _matches(database, query) == {}


def test_words_count_by_how_near_they_stand_and_in_which_order(database: Database) -> None:
    apart = "a red car that we had met on the long way over the hills to the sea and a bicycle"
    _say(database, apart, "a bicycle and something red", "we saw a red bicycle", "only a bicycle")
    found = _matches(database, "the red bicycle")
    assert list(found) == [
        "we saw a red bicycle",
        "a bicycle and something red",
        apart,
        "only a bicycle",
    ]
    assert [match.nearness for match in found.values()] == ["as asked", "near", "apart", "apart"]
    asked, near, far, one = found.values()
    assert asked.chance < near.chance == far.chance < one.chance
    assert asked.strength >= near.strength
    assert one.coverage < 1


def test_words_between_others_that_say_nothing_are_as_they_were_asked_for(database: Database) -> None:
    _say(database, "this is a man in a red shirt", "a red man without a shirt")
    assert [match.nearness for match in _matches(database, "a man in a red shirt?").values()] == [
        "as asked",
        "near",
    ]


def test_a_word_of_many_texts_means_nothing_and_a_rare_one_does(database: Database) -> None:
    _say(database, *(f"the dog number {number} runs" for number in range(300)), "the lighthouse is closed")
    (rare,) = _matches(database, "a lighthouse").values()
    assert rare.means_something
    assert rare.rarity == 1.0
    common = next(iter(_matches(database, "a dog").values()))
    assert common.coverage == 1.0
    assert not common.means_something
    assert common.rarity < 0.3
    part = _matches(database, "a lighthouse in Norway")["the lighthouse is closed"]
    assert not part.means_something, "one word of the question is not there"


def test_two_common_words_mean_something_only_as_near_as_they_were_asked_for(database: Database) -> None:
    others = [f"{'red' if number % 9 else 'a'} {'car' if number % 7 else 'house'}" for number in range(200)]
    long = "red flowers and people who had come for lunch stood around, and then there was a bicycle"
    bicycles = [f"bicycle {number}" for number in range(40)]
    _say(database, *(f"{other} {number}" for number, other in enumerate(others)), *bicycles, long)
    match = _matches(database, "a red bicycle")[long]
    assert match.coverage == 1.0
    assert not match.means_something
    _say(database, "my new red bicycle")
    assert _matches(database, "a red bicycle")["my new red bicycle"].strength > match.strength


def test_a_page_has_words_by_chance_sooner_than_a_sign(database: Database) -> None:
    with database.write() as session:
        lines = ["kiosk", "harbour", *(f"line {number}" for number in range(40))]
        page = [Drafted("text", None, text=line) for line in lines]
        add_file(session, "/page.png", [Drafted("image", None), *page])
        sign = [Drafted("text", None, text="harbour kiosk")]
        add_file(session, "/sign.png", [Drafted("image", None), *sign])
    found = _matches(database, "harbour kiosk")
    assert next(iter(found)) == "harbour kiosk"
    assert found["harbour kiosk"].chance < found["kiosk"].chance
    assert found["kiosk"].coverage == 1.0


def test_more_hits_need_no_more_statements(database: Database) -> None:
    statements: list[int] = []

    def count(*_: object) -> None:
        statements[-1] += 1

    for more in (3, 200):
        _say(database, *(f"red bicycle {more} {number}" for number in range(more)))
        with database.read() as session:
            engine = session.get_bind()
            event.listen(engine, "before_cursor_execute", count)
            statements.append(0)
            assert len(fulltext.match_words(session, "a red bicycle", 500)) >= more
            event.remove(engine, "before_cursor_execute", count)
    assert statements[0] == statements[1] > 0
