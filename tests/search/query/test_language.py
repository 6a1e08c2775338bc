"""The language of the query box: what is meant, what is refused, and that both are said exactly."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.errors import QueryError
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
        ("“red car” beach", [[text("red car"), text("beach")]]),
        ('„guten Tag“ «bonne nuit» 「猫」 “a"', [[text(w) for w in ("guten Tag", "bonne nuit", "猫", "a")]]),
        ("don\u2019t l'été", [[text("don\u2019t l'été")]]),
        ('a "b', [[text("a b")]]),
        ('"', []),
        ('a "" b', [[text("a b")]]),
        ('sea -"people', [[text("sea"), text("people", -1)]]),
        ('red car" 12" vinyl」', [[text('red car 12" vinyl')]]),
        ("「白い 猫」 木", [[text("白い 猫"), text("木")]]),
        ("(a dog", [[text("a dog")]]),
        ("a [dog] ) (or cat)) :) (c)", [[text("a [dog] or cat :) (c)")]]),
        ("(black cat OR dog) walking", [[text("black cat")], [text("dog walking")]]),
        ("a OR", [[text("a")]]),
        ("a AND NOT", [[text("a")]]),
        ("-5 degrees +1 -2023", [[text("-5 degrees +1 -2023")]]),
        ("NOT 5", [[text("5", -1)]]),
        ("beach –people \N{MINUS SIGN}dogs", [[text("beach"), text("people", -1), text("dogs", -1)]]),
        ("note: buy milk", [[text("note: buy milk")]]),
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
        ("type: video", [Clause("type", ("video",))]),
        ("type：video，image", [Clause("type", ("video", "image"))]),
        ("type:photos, films", [Clause("type", ("photos", "films"))]),
        ("(type:video OR type:image)", [Clause("type", ("video", "image"))]),
        ("said:“happy birthday”", [Clause("said", ("happy birthday",))]),
        ('said:"happy birthd', [Clause("said", ("happy birthd",))]),
        ("date:July 2023", [Clause("date", ("July 2023",))]),
        ("date: July 14, 2023, 2022", [Clause("date", ("July 14, 2023", "2022"))]),
        ("type:texts in  pictures", [Clause("type", ("texts in pictures",))]),
        ("near:48.85, 2.35, 20 km", [Clause("near", ("48.85, 2.35, 20 km",))]),
        ("-size:> 10 MB", [Clause("size", ("> 10 MB",), negated=True)]),
        ("said:a OR said:b", [Clause("said", ("a", "b"))]),
        ("near:48,2 OR near:49,3", [Clause("near", ("48,2", "49,3"))]),
        ("date:2019 to 2021", [Clause("date", ("2019 to 2021",))]),
        (
            "date:1 June 2019 until the 3rd of July 2021",
            [Clause("date", ("1 June 2019 until the 3rd of July 2021",))],
        ),
        ("in:Sommer(1)", [Clause("in", ("Sommer(1)",))]),
    ],
)
def test_conditions(query: str, conditions: list[Clause]) -> None:
    assert parse(query) == Parsed((), tuple(conditions))


def test_a_value_takes_the_words_that_it_understands_and_no_more() -> None:
    assert parse("date:14 July 2023 dogs") == Parsed(((text("dogs"),),), (Clause("date", ("14 July 2023",)),))
    assert parse("date:2023 dogs camera: Canon EOS").alternatives == ((text("dogs"), text("EOS")),)
    assert parse("date:2019 to school").alternatives == ((text("to school"),),)
    assert parse('date:July "2023"') == Parsed(((text("2023"),),), (Clause("date", ("July",)),))


def test_everything_at_once() -> None:
    parsed = parse(WHOLE)
    assert parsed.alternatives == ((text("beach"), text("people", -1), picture("./ref.jpg", 0.5)),)
    keys = ["said", "type", "after", "before", "near", "camera", "in", "name"]
    assert [condition.key for condition in parsed.conditions] == keys
    assert parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("clause", "written"),
    [
        (Clause("said", ("a", "b, c")), 'said:a OR said:"b, c"'),
        (Clause("said", ("a", "b"), negated=True), "-said:a -said:b"),
        (Clause("near", ("48,2", "49,3")), 'near:"48,2" OR near:"49,3"'),
        (Clause("type", ("image", "video"), negated=True), "-type:image,video"),
    ],
)
def test_conditions_are_written_as_they_are_read(clause: Clause, written: str) -> None:
    assert str(clause) == written
    read = parse(written).conditions
    assert [(item.key, item.negated) for item in read] == [(clause.key, clause.negated)] * len(read)
    assert [value for item in read for value in item.values] == list(clause.values)


@pytest.mark.parametrize(
    ("query", "character", "says"),
    [
        ("typ:video", 1, "did you mean type:?"),
        ("from:2019", 1, "there is no from:, did you mean after:?"),
        ("a since:2019", 3, "there is no since:, did you mean after:?"),
        ("kind:image", 1, "there is no kind:, did you mean type:?"),
        ("format:jpg", 1, "there is no format:, did you mean ext:?"),
        ("-Colour:red", 2, "there is no colour:, did you mean color:?"),
        ("faces:2", 1, "there is no faces:, did you mean person:?"),
        ("people:many", 8, "a number of people is written people:2"),
        ("date:winter 9999", 6, "there is no year 9999; a year is one of 1 to 9998"),
        ("a date:9999 b", 8, "there is no year 9999"),
        ("date:31 february 2023", 6, "there is no day 31 in February 2023"),
        ("date:2021 to 2019", 6, "2021 is later than 2019"),
        ("date:..", 6, "a date is written"),
        ("a type:", 8, "needs a value"),
        ("a type: ", 8, "needs a value"),
        ("a type:moovie", 8, "a type is one of"),
        ("type: the dog", 7, "a type is one of"),
        ("size:10", 6, "a size is written"),
        ("after:soon", 7, "a date is written"),
        ("after:2023-13", 7, "month"),
        ("near:here", 6, "a place is written"),
        ("near:100,0", 6, "a place is written"),
        ("OR a", 1, "something before"),
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


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("type:moovie", "Such as type:video or type:photos."),
        ("size:10MB", "Such as size:>10MB or size:1MB..5MB."),
        ("date:03/04/2023", 'Such as date:2023-06..2023-08 or date:"July 2023".'),
        ("people:many", "Such as people:2 or people:>=3."),
        ("dog*x*0", "Put it in quotes to mean the characters themselves."),
    ],
)
def test_a_hint_shows_what_can_be_written_there(query: str, hint: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse(query)
    assert caught.value.hint == hint


def test_words_before_a_colon_stay_words_in_prose() -> None:
    for query in ("from: Anna", "pets:", "site://x", "note:this"):
        assert parse(query) == Parsed(((text(query),),))


PIECES = [
    *'a-+"*,:\\ \n\udcff()“”«：，–',
    "OR",
    "AND",
    "NOT",
    "0.5",
    "*2",
    "video",
    "2023",
    "July",
    ">1 MB",
    "x.jpg",
    "http://a",
    "1,2,3km",
    "48,2",
]
PIECES += [f"{key}:" for key in "type date near camera in name said size image text typ".split()]
QUERIES = st.text() | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
QUERIES |= st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)
VALUES = {
    "said": ("a", "a,b", '"a, b"', '"a"', "-a", "a*"),
    "near": ("48,2", '"48.5, 2, 3km"', "1,2,3km"),
    "type": ("video", "photos", "image,video"),
    "date": ("2019 to 2021", "July 2023", "2023-07-14", "2019-2021"),
    "in": ("a", '"a, b"', "a(1)", "~x"),
}
EITHER = st.sampled_from(list(VALUES)).flatmap(
    lambda key: st.lists(
        st.sampled_from([f"{key}:{value}" for value in VALUES[key]]), min_size=1, max_size=3
    ).map(" OR ".join)
)


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
    assert_written_as_it_is_read(parsed)


@given(st.lists(EITHER | st.sampled_from(["a dog", "-type:video", "-said:a,b"]), max_size=3).map(" ".join))
def test_any_conditions_are_read_and_written(query: str) -> None:
    assert_written_as_it_is_read(parse(query))


def assert_written_as_it_is_read(parsed: Parsed) -> None:
    """A query and what is left of it without one of its parts have texts that mean the same."""
    assert parse(str(parsed)) == parsed
    for chip in range(len(parsed.chips)):
        less = parsed.without(chip)
        assert len(less.chips) == len(parsed.chips) - 1
        assert parse(str(less)) == less
