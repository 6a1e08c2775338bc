"""Conditions: the rules that values become, what is refused, and what is suggested."""

from datetime import datetime

import pytest

from db import kinds
from db.catalog import live, units
from db.catalog.facts import Fact
from db.catalog.filters import FactRule, Rule, UnitRule
from db.engine.database import Database
from search.query import conditions
from search.query.asked import filters_of
from search.query.conditions import Context, filter_of, type_of
from search.query.language import parse
from tests.support.rows import Drafted, add_file, directions


def fact(key: str, op: str, value: object = "") -> FactRule:
    return FactRule(key, op, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("type", "Photo", fact("media", "=", "image")),
        ("type", "speech", fact("kind", "=", "speech")),
        ("near", "48.85, -2.5, 500m", fact("place", "within", (48.85, -2.5, 0.5))),
        ("near", "48.85,2.35", fact("place", "within", (48.85, 2.35, 10.0))),
        ("within", "-18.5, 177, -16,-179.5", fact("place", "inside", (-18.5, 177.0, -16.0, -179.5))),
        ("after", "2023-07", fact("taken_at", "between", (datetime(2023, 7, 1), None))),
        ("on", "2-29", fact("day", "=", "02-29")),
        ("on", "14 July 2023", fact("day", "=", "07-14")),
        ("before", "July 2023", fact("taken_at", "between", (None, datetime(2023, 7, 1)))),
        ("date", "2023..2024-05", fact("taken_at", "between", (datetime(2023, 1, 1), datetime(2024, 6, 1)))),
        ("in", "holidays/*", fact("folder", "matches", "holidays/*")),
        ("ext", "heic", fact("name", "matches", ("*.heic", "*.heif", "*.hif"))),
        ("ext", ".JPG", fact("name", "matches", ("*.jpg", "*.jpeg", "*.jpe", "*.jfif"))),
        ("ext", "*.xyz", fact("name", "matches", ("*.xyz",))),
        ("size", ">10MB", fact("bytes", ">", 10_000_000)),
        ("size", "<= 1.5 GiB", fact("bytes", "<=", 1.5 * 2**30)),
        ("size", "≥500k", fact("bytes", ">=", 500_000)),
        ("size", "1MB..5 mb", fact("bytes", "between", (1e6, 5e6))),
        ("size", "..500 bytes", fact("bytes", "between", (None, 500))),
        ("duration", "<1m", fact("duration_s", "<", 60)),
        ("duration", ">1:30", fact("duration_s", ">", 90)),
        ("duration", ">=1:02:03", fact("duration_s", ">=", 3723)),
        ("duration", "90 seconds..2hours", fact("duration_s", "between", (90, 7200))),
        ("duration", "<1.5 min", fact("duration_s", "<", 90)),
        ("orientation", "Vertical", fact("orientation", "=", "portrait")),
        ("color", "Gray", fact("colours", "contains", "grey")),
        ("lens", "35mm", fact("lens", "contains", "35mm")),
        ("is", "video", fact("media", "=", "video")),
        ("is", "landscape", fact("orientation", "=", "landscape")),
        ("has", "place", fact("place", "known")),
        ("has", "date", fact("taken_at", "known")),
        ("has", "text", UnitRule(("text",))),
        ("has", "Speech", UnitRule(("speech",))),
    ],
)
def test_values(key: str, value: str, expected: Rule) -> None:
    assert filter_of(key, (value,), negated=False).rules == (expected,)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (
            "type",
            "moovie",
            "a type is one of image, video, audio, frame, subtitle, speech, text, machine_caption, thing",
        ),
        ("is", "great", "is: takes screenshot, raw"),
        (
            "has",
            "cats",
            "has: takes place, date, camera, lens, rating, subtitle, speech, text, machine_caption, thing",
        ),
        ("has", "image", "has: takes"),
        ("ext", "a b", "an extension is written"),
        ("size", "10MB", "a size is written"),
        ("size", ">10", "a size is written"),
        ("size", "..", "a size is written"),
        ("duration", "1m..long", "a duration is written"),
        ("orientation", "upside down", "an orientation is one of"),
        ("color", "loud", "a color is one of red, orange"),
        ("within", "48,11,47,12", "a rectangle is written"),
        ("within", "48,11,49", "a rectangle is written"),
        ("within", "48,11,49,181", "a rectangle is written"),
        ("added", "soon", "a date is written"),
        ("on", "July 2023", "a day of the year is written"),
        ("on", "2-30", "there is no day 30 in February"),
    ],
)
def test_what_is_malformed_says_what_is_valid(key: str, value: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        filter_of(key, (value,), negated=False)


def test_all_words_for_a_kind_and_their_plurals_mean_it() -> None:
    for name, kind in kinds.every().items():
        assert {type_of(word) for word in (kind.label, kind.plural, kind.plural.upper())} == {name}
    for word, media in {"photos": "image", "Films": "video", "movie": "video", "songs": "audio"}.items():
        assert type_of(word) == media


def found(database: Database, query: str) -> set[str]:
    """The names of the files that fulfil the conditions of a query."""
    with database.read() as session:
        ids = live.ids(session, ["image"], tuple(filters_of(parse(query))))
        return {row.path.name for row in units.rows(session, ids.tolist()).values()}


def test_screenshots_and_raw_photographs_are_told_by_names_folders_and_headers(database: Database) -> None:
    names = "Screenshot_2023.png", "Capture d\u2019e\u0301cran 1.png", "Screenshots/a.png", "IMG_1.PNG"
    others = "my screenshot.png", "b.CR2", "b.jpg", "c.dng"
    with database.write() as session:
        for name, vector in zip((*names, *others), directions(8), strict=True):
            claims = [Fact("screenshot", True, "exif")] if name == "IMG_1.PNG" else []
            add_file(session, f"/home/{name}", [Drafted("image", vector)], claims=claims)
    screens = {name.rpartition("/")[2] for name in names}
    assert found(database, "is:screenshot") == screens
    assert found(database, "is:raw") == {"b.CR2", "c.dng"}
    assert found(database, "is:raw OR is:screenshots") == screens | {"b.CR2", "c.dng"}
    assert found(database, "-is:raw -is:screenshot") == {"my screenshot.png", "b.jpg"}
    assert found(database, "ext:jpeg,dng") == {"b.jpg", "c.dng"}
    assert found(database, "name:ecran") == {"Capture d\u2019e\u0301cran 1.png"}


def test_a_day_is_that_of_any_year(database: Database) -> None:
    days = {"a": (2019, 11, 29), "b": (2020, 11, 29), "c": (2020, 11, 30), "d": None}
    with database.write() as session:
        for (name, day), vector in zip(days.items(), directions(4), strict=True):
            claims = [Fact("taken_at", datetime(*day, 9), "exif")] if day else []
            add_file(session, f"/{name}.jpg", [Drafted("image", vector)], claims=claims)
    assert found(database, "on:11-29") == {"a.jpg", "b.jpg"}
    assert found(database, "on:11-29 date:2020") == {"b.jpg"}
    assert found(database, '-on:"29 November"') == {"c.jpg", "d.jpg"}


def test_added_is_local_time() -> None:
    (rule,) = filter_of("added", ("2023-07-14",), negated=False).rules
    assert isinstance(rule, FactRule)
    start, end = rule.value  # type: ignore[misc]
    assert (rule.key, (end - start).total_seconds()) == ("added", 86_400)  # type: ignore[operator]
    local = datetime(2023, 7, 14).astimezone().utcoffset()
    assert local is not None
    assert start == datetime(2023, 7, 14) - local


def test_examples_are_understood_and_suggestions_mean_what_they_say() -> None:
    for condition in conditions.every().values():
        for example in condition.examples:
            assert [clause.key for clause in parse(example).conditions] == [condition.key]
        for suggestion in condition.suggest("", Context()):
            assert filter_of(condition.key, (suggestion.value,), negated=False).rules
            assert suggestion in condition.suggest(suggestion.value[:2], Context())
