"""Conditions in the database: what keeps them is found, nothing else, and before anything is ranked."""

import math
import sqlite3
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from db.catalog import assets, live, units
from db.catalog.facts import Fact, refresh
from db.catalog.filters import FactRule, Filter, Rule, UnitRule
from db.engine import matching, textsearch
from db.engine.database import Database
from db.engine.functions import EARTH_KM, distance_km
from db.engine.schema import Asset, Content, UnitKind
from tests.support.rows import Drafted, add_file, directions, latest


def folder(pattern: str) -> FactRule:
    return FactRule("folder", "matches", pattern)


def named(pattern: str) -> FactRule:
    return FactRule("name", "matches", pattern)


def camera(part: str) -> FactRule:
    return FactRule("camera", "contains", part)


def moment(start: datetime | None, end: datetime | None) -> FactRule:
    return FactRule("taken_at", "between", (start, end))


def said(words: str) -> UnitRule:
    return UnitRule(("speech",), words)


EVERYTHING: tuple[UnitKind, ...] = ("image", "frame", "speech")
FILES: dict[str, dict[str, Any]] = {
    "/home/me/Holidays 2023/IMG_20.jpg": {
        "taken_at": datetime(2023, 7, 14, 12),
        "camera": "FUJIFILM X100V",
        "lens": "Fujinon 23mm F2",
        "place": (48.8584, 2.2945),
        "size": (3000, 4000),
    },
    "/home/me/holidays/Été/plage.jpg": {
        "taken_at": datetime(2023, 8, 1),
        "camera": "Canon EOS 70D",
        "size": (1080, 1079),
    },
    "/home/me/work/plan.jpg": {"place": (51.5007, -0.1246), "screenshot": True, "size": (400, 300)},
    "/home/me/work/talk.mp4": {"kind": "video", "taken_at": datetime(2024, 1, 1), "duration": 90.0},
    "/home/me/memo.ogg": {"kind": "audio", "duration": 30.0},
}
SAID = {"talk.mp4": "Happy birthday to you, dear Anna", "memo.ogg": "誕生日おめでとう means happy days"}


@pytest.fixture
def filled(database: Database) -> Database:
    """One unit a picture; a frame and a passage for the film; a passage for the recording."""
    vectors = iter(directions(10))
    with database.write() as session:
        for path, facts in FILES.items():
            kind = facts.get("kind", "image")
            said = SAID.get(Path(path).name)
            units = [Drafted("image", next(vectors))] if kind == "image" else []
            units += [Drafted("frame", next(vectors), 0.0, 9.0)] if kind == "video" else []
            units += [Drafted("speech", next(vectors), 0.0, 4.0, text=said)] if said else []
            claims = [Fact(key, value, "exif") for key, value in facts.items() if key != "kind"]  # type: ignore[arg-type]
            add_file(session, path, units, kind, claims=claims, changed=datetime(2020, 6, 1))
        heavy = update(Asset).where(Asset.path.in_([Path(path) for path in FILES if path[-3:] != "jpg"]))
        session.execute(heavy.values(size=10))
        session.execute(update(Content).where(Content.id == 2).values(added_at=datetime(2024, 1, 15)))
    return database


def found(database: Database, *filters: Filter) -> set[str]:
    """Names of the files with units that keep the filters, the kind of unit behind a passage."""
    with database.read() as session:
        ids = live.ids(session, EVERYTHING, filters)
        rows = units.rows(session, ids.tolist())
        return {row.path.name + (" said" if row.kind == "speech" else "") for row in rows.values()}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (FactRule("media", "=", "video"), {"talk.mp4", "talk.mp4 said"}),
        (FactRule("kind", "=", "speech"), {"talk.mp4 said", "memo.ogg said"}),
        (moment(datetime(2023, 7, 1), datetime(2023, 8, 1)), {"IMG_20.jpg"}),
        (
            moment(datetime(2023, 8, 1), None),
            {"plage.jpg", "talk.mp4", "talk.mp4 said"},
        ),
        # The files changed in 2020: that is no date.
        (moment(None, datetime(2021, 1, 1)), set()),
        (FactRule("taken_at", "unknown"), {"plan.jpg", "memo.ogg said"}),
        (FactRule("place", "within", (48.85, 2.35, 20)), {"IMG_20.jpg"}),
        (FactRule("place", "within", (48.85, 2.35, 400)), {"IMG_20.jpg", "plan.jpg"}),
        (FactRule("place", "inside", (48.0, -0.2, 52.0, 2.3)), {"IMG_20.jpg", "plan.jpg"}),
        (FactRule("place", "inside", (48.0, -0.2, 49.0, 2.3)), {"IMG_20.jpg"}),
        (FactRule("place", "inside", (48.0, -0.2, 52.0, 2.2)), {"plan.jpg"}),
        (FactRule("place", "inside", (48.0, 2.2, 52.0, -179.0)), {"IMG_20.jpg"}),
        (FactRule("place", "inside", (-90.0, -180.0, 90.0, 180.0)), {"IMG_20.jpg", "plan.jpg"}),
        (camera("x100"), {"IMG_20.jpg"}),
        (folder("holidays"), {"plage.jpg"}),
        (folder("holidays*"), {"IMG_20.jpg", "plage.jpg"}),
        (folder("HOLIDAYS/été"), {"plage.jpg"}),
        (folder("/home/me/work"), {"plan.jpg", "talk.mp4", "talk.mp4 said"}),
        (folder("/work"), set()),
        (folder("HOLIDAYS/ete"), {"plage.jpg"}),
        (
            FactRule("folder", "matches", ("work", "ete")),
            {"plage.jpg", "plan.jpg", "talk.mp4", "talk.mp4 said"},
        ),
        (folder("[h]olidays"), set()),
        (FactRule("lens", "contains", "23MM"), {"IMG_20.jpg"}),
        (FactRule("lens", "known"), {"IMG_20.jpg"}),
        (FactRule("place", "known"), {"IMG_20.jpg", "plan.jpg"}),
        (FactRule("taken_at", "known"), {"IMG_20.jpg", "plage.jpg", "talk.mp4", "talk.mp4 said"}),
        (FactRule("screenshot", "=", True), {"plan.jpg"}),
        (FactRule("orientation", "=", "portrait"), {"IMG_20.jpg"}),
        (FactRule("orientation", "=", "square"), {"plage.jpg"}),
        (FactRule("orientation", "=", "landscape"), {"plan.jpg"}),
        (FactRule("duration_s", "<", 60), {"memo.ogg said"}),
        (FactRule("duration_s", "between", (60, None)), {"talk.mp4", "talk.mp4 said"}),
        (FactRule("bytes", ">", 5), {"talk.mp4", "talk.mp4 said", "memo.ogg said"}),
        (FactRule("bytes", "between", (None, 5)), {"IMG_20.jpg", "plage.jpg", "plan.jpg"}),
        (FactRule("added", "between", (datetime(2024, 1, 1), datetime(2024, 2, 1))), {"plage.jpg"}),
        (FactRule("name", "matches", ("*.ogg", "*.mp4")), {"talk.mp4", "talk.mp4 said", "memo.ogg said"}),
        (named("p[l]an*"), set()),
        (named("img_2"), {"IMG_20.jpg"}),
        (named("pla*.jpg"), {"plage.jpg", "plan.jpg"}),
        (said("happy birthday"), {"talk.mp4", "talk.mp4 said"}),
        (said("birthday happy"), set()),
        (said("birth"), set()),
        (said("dear ann*"), {"talk.mp4", "talk.mp4 said"}),
        (said("おめでとう"), {"memo.ogg said"}),
        (said('" OR *'), set()),
    ],
)
def test_each_kind_of_condition(filled: Database, rule: Rule, expected: set[str]) -> None:
    assert found(filled, Filter((rule,))) == expected
    everything = found(filled)
    # A picture out of a film in which it was said is left out with it.
    assert found(filled, Filter((rule,), negated=True)) == everything - expected


def test_values_are_alternatives_and_rules_hold_together(filled: Database) -> None:
    either = Filter((camera("canon"), camera("x100")))
    assert found(filled, either) == {"IMG_20.jpg", "plage.jpg"}
    assert found(filled, either, Filter((folder("holidays"),))) == {"plage.jpg"}
    assert found(filled, either, Filter((folder("holidays"),), negated=True)) == {"IMG_20.jpg"}


def test_letters_are_compared_in_any_encoding(filled: Database) -> None:
    assert found(filled, Filter((folder(unicodedata.normalize("NFD", "été")),))) == {"plage.jpg"}


def test_rules_about_files_hold_for_one_file(filled: Database) -> None:
    with filled.write() as session:
        stat = assets.FileStat(Path("/home/me/copies/other.jpg"), 1, 1)
        content_id = next(iter(units.rows(session, [1]).values())).content_id
        assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
        refresh(session, [content_id])
    in_copies, of_the_name = Filter((folder("copies"),)), Filter((named("IMG_20"),))
    assert found(filled, in_copies) and found(filled, of_the_name)
    assert not found(filled, in_copies, of_the_name)


def test_the_newest_come_first_one_for_each_file(filled: Database) -> None:
    with filled.read() as session:
        ids = live.ids(session, EVERYTHING)
        listed = latest(session, ids)
        rows = units.rows(session, listed)
        assert [rows[i].path.name for i in listed[:3]] == ["talk.mp4", "plage.jpg", "IMG_20.jpg"]
        assert len(listed) == len(FILES)


@given(st.floats(-90, 90), st.floats(-180, 180), st.floats(-90, 90), st.floats(-180, 180))
def test_distances_are_those_on_the_sphere(
    latitude: float, longitude: float, other: float, east: float
) -> None:
    def direction(north: float, along: float) -> tuple[float, float, float]:
        phi, theta = math.radians(north), math.radians(along)
        return (math.cos(phi) * math.cos(theta), math.cos(phi) * math.sin(theta), math.sin(phi))

    one, two = direction(latitude, longitude), direction(other, east)
    chord = math.dist(one, two)
    expected = 2 * EARTH_KM * math.asin(min(1.0, chord / 2))
    distance = distance_km(latitude, longitude, other, east)
    assert distance == pytest.approx(expected, abs=1e-3 * EARTH_KM)


@given(st.text(max_size=20))
def test_any_phrase_can_be_asked_for(phrase: str) -> None:
    with sqlite3.connect(":memory:") as connection:
        connection.execute(f'CREATE VIRTUAL TABLE passage USING fts5(text, tokenize="{textsearch.TOKENS}")')
        match = matching.phrase(phrase, ["de", "ko", "tr"])
        assert (match is not None) == matching.is_indexed(phrase)
        if match is not None:
            asked = (textsearch.fts5(match),)
            connection.execute("SELECT rowid FROM passage WHERE passage MATCH ?", asked).fetchall()
