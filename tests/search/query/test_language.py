"""The language of the query box: what is meant, what is refused, and that both are said exactly."""

from datetime import date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.catalog.filters import FactRule
from db.errors import QueryError
from search.query.conditions import filter_of
from search.query.dates import Period, period
from search.query.language import Clause, Parsed, Term, parse


def text(value: str, weight: float = 1.0) -> Term:
    return Term("text", value, weight)


def picture(value: str, weight: float = 1.0) -> Term:
    return Term("picture", value, weight)


WHOLE = (
    'beach -people +"./ref.jpg"*0.5 said:"happy birthday" type:video after:2023-07 before:2023-08 '
    'near:"48.85,2.35,20km" camera:X100 in:holidays name:IMG_2'
)


@pytest.mark.parametrize(
    ("query", "alternatives"),
    [
        ("a dog and a cat, or  neither - don't know", [[text("a dog and a cat, or neither - don't know")]]),
        ("well-known at 10:30 http://a.b re: x", [[text("well-known at 10:30 http://a.b re: x")]]),
        ("beach -people", [[text("beach"), text("people", -1)]]),
        ("beach -people walking", [[text("beach"), text("people", -1), text("walking")]]),
        ('"red car" beach', [[text("red car"), text("beach")]]),
        ("dog*2 beach", [[text("dog", 2), text("beach")]]),
        ('+"a b"*0.5', [[text("a b", 0.5)]]),
        ('sea +"my ref.JPG"*2', [[text("sea"), picture("my ref.JPG", 2)]]),
        ("sea -image:a/b.png*.5", [[text("sea"), picture("a/b.png", -0.5)]]),
        ('-text:"b.png"', [[text("b.png", -1)]]),
        ("cat OR dog", [[text("cat")], [text("dog")]]),
        ("black cat OR -big dog", [[text("black cat")], [text("big", -1), text("dog")]]),
        ("cat AND dog", [[text("cat"), text("dog")]]),
        ("cat NOT dog", [[text("cat"), text("dog", -1)]]),
        ("cat AND NOT dog", [[text("cat"), text("dog", -1)]]),
        ("NOT -dog", [[text("dog")]]),
        (r'"a \"b\" \\"', [[text('a "b" \\')]]),
        ("", []),
    ],
)
def test_descriptions(query: str, alternatives: list[list[Term]]) -> None:
    assert parse(query) == Parsed(tuple(map(tuple, alternatives)))


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ("type:video", [Clause("type", ("video",))]),
        ("TYPE:video,image", [Clause("type", ("video", "image"))]),
        ("type:video OR type:image", [Clause("type", ("video", "image"))]),
        ("-camera:X100", [Clause("camera", ("X100",), negated=True)]),
        ("NOT camera:X100", [Clause("camera", ("X100",), negated=True)]),
        ("NOT -camera:X100", [Clause("camera", ("X100",))]),
        ('camera:"a, b",c', [Clause("camera", ("a, b", "c"))]),
        ("near:48.85,2.35", [Clause("near", ("48.85,2.35",))]),
        ("said:well,then", [Clause("said", ("well,then",))]),
    ],
)
def test_conditions(query: str, conditions: list[Clause]) -> None:
    assert parse(query) == Parsed((), tuple(conditions))


def test_everything_at_once() -> None:
    parsed = parse(WHOLE)
    assert parsed.alternatives == ((text("beach"), text("people", -1), picture("./ref.jpg", 0.5)),)
    keys = ["said", "type", "after", "before", "near", "camera", "in", "name"]
    assert [condition.key for condition in parsed.conditions] == keys
    assert parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("query", "character", "says"),
    [
        ('a "b', 3, "not closed"),
        ('a ""', 3, "nothing between"),
        ("typ:video", 1, "did you mean type:?"),
        ("a type:", 8, "needs a value"),
        ("a type:movie", 8, "a type is one of"),
        ("after:soon", 7, "a date is written"),
        ("after:2023-13", 7, "month"),
        ("near:here", 6, "a place is written"),
        ("near:100,0", 6, "a place is written"),
        ("OR a", 1, "something before"),
        ("a OR", 3, "something after"),
        ("a OR OR b", 6, "cannot stand here"),
        ("a OR type:video", 6, "OR joins"),
        ("type:video OR a", 12, "OR cannot join"),
        ("dog*0", 4, "a weight is"),
        ('"dog"*x', 6, "a weight is"),
        ("+type:video", 1, "leave out the +"),
    ],
)
def test_what_is_malformed_is_pointed_at(query: str, character: int, says: str) -> None:
    with pytest.raises(QueryError, match=f"at character {character}: ") as caught:
        parse(query)
    assert says in str(caught.value)
    assert caught.value.hint


PIECES = [
    *'a-+"*,:\\ \n\udcff',
    "OR",
    "AND",
    "NOT",
    "0.5",
    "*2",
    "video",
    "2023",
    "x.jpg",
    "http://a",
    "1,2,3km",
]
PIECES += [
    f"{key}:" for key in ("type", "date", "near", "camera", "in", "name", "said", "image", "text", "typ")
]
QUERIES = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
QUERIES |= st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)


@given(QUERIES)
@example("NOT .JPG")
@example(WHOLE)
def test_any_text_is_understood_or_refused_in_one_line(query: str) -> None:
    try:
        parsed = parse(query)
    except QueryError as exc:
        assert "\n" not in str(exc)
        assert "at character" in str(exc)
        return
    assert parse(str(parsed)) == parsed
    for chip in range(len(parsed.chips)):
        less = parsed.without(chip)
        assert len(less.chips) == len(parsed.chips) - 1
        assert parse(str(less)) == less


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("2023", "2023-01-01", "2024-01-01"),
        ("2023-12", "2023-12-01", "2024-01-01"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("today", "2026-03-05", "2026-03-06"),
        ("Yesterday", "2026-03-04", "2026-03-05"),
        ("this week", "2026-03-02", "2026-03-09"),
        ("last week", "2026-02-23", "2026-03-02"),
        ("last month", "2026-02-01", "2026-03-01"),
        ("last  year", "2025-01-01", "2026-01-01"),
        ("last summer", "2025-06-01", "2025-09-01"),
        ("last winter", "2025-12-01", "2026-03-01"),
    ],
)
def test_dates(value: str, start: str, end: str) -> None:
    expected = Period(datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert period(value, date(2026, 3, 5)) == expected


def test_a_season_that_is_now_is_ambiguous() -> None:
    with pytest.raises(ValueError, match="could be this one"):
        period("last summer", date(2026, 7, 1))
    with pytest.raises(ValueError, match="could be this one"):
        period("last winter", date(2026, 1, 1))


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("type", "Photo", FactRule("media", "=", "image")),
        ("type", "speech", FactRule("kind", "=", "speech")),
        ("near", "48.85, -2.5, 500m", FactRule("place", "within", (48.85, -2.5, 0.5))),
        ("near", "48.85,2.35", FactRule("place", "within", (48.85, 2.35, 10.0))),
        ("after", "2023-07", FactRule("moment", "between", (datetime(2023, 7, 1), None))),
        ("before", "2023-07", FactRule("moment", "between", (None, datetime(2023, 7, 1)))),
        (
            "date",
            "2023..2024-05",
            FactRule("moment", "between", (datetime(2023, 1, 1), datetime(2024, 6, 1))),
        ),
        ("in", "holidays/*", FactRule("folder", "matches", "holidays/*")),
    ],
)
def test_values(key: str, value: str, expected: object) -> None:
    assert filter_of(key, (value,), negated=False).rules == (expected,)
