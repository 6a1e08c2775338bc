"""Who claims a fact, which claim wins, and that only the winners are asked."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from db.catalog import analyses, assets, facets, facts, live
from db.catalog.assets import FileStat
from db.catalog.facts import PRECEDENCE, Fact, Source, winners
from db.catalog.filters import FactRule, Filter
from db.engine.database import Database
from db.engine.schema import Asset
from tests.support.rows import Drafted, add_file, directions, latest, space

EDITED, TAKEN, SAID = datetime(2024, 1, 1), datetime(2019, 8, 7, 18, 30), datetime(1987, 6, 5)


def effective(database: Database, path: str = "/a.jpg") -> Asset:
    with database.read() as session:
        asset = session.scalars(select(Asset).where(Asset.path == Path(path))).one()
        session.expunge(asset)
        return asset


def test_the_more_trusted_source_wins_and_says_so(database: Database) -> None:
    with database.write() as session:
        content_id = add_file(
            session,
            "/a.jpg",
            [Drafted("image", directions(1)[0])],
            claims=[Fact("taken_at", EDITED, "modified"), Fact("taken_at", TAKEN, "exif")],
        )
    assert effective(database).taken_at == TAKEN
    with database.write() as session:
        facts.claim(session, [Fact("taken_at", SAID, "user")], content_id=content_id)
        facts.refresh(session, [content_id])
        assert facts.of_file(session, Path("/a.jpg"))["taken_at"] == Fact("taken_at", SAID, "user")
    assert effective(database).moment == SAID
    with database.write() as session:
        facts.unclaim(session, [content_id], "user")
        facts.refresh(session, [content_id])
    assert effective(database).taken_at == TAKEN


def test_a_claim_about_a_file_is_about_that_copy_alone(database: Database) -> None:
    with database.write() as session:
        content_id = add_file(session, "/a.jpg", [], claims=[Fact("camera", "X100V", "exif")])
        stat = FileStat(Path("/b.jpg"), 1, 1)
        assets.put(session, stat, asset_id=None, state="indexed", content_id=content_id)
        copy = assets.id_at(session, stat.path)
        facts.claim(session, [Fact("camera", "borrowed", "sidecar")], asset_id=copy)
        facts.refresh(session, [content_id])
    assert (effective(database).camera, effective(database, "/b.jpg").camera) == ("X100V", "borrowed")


def test_without_a_date_the_files_own_time_sorts_it_but_is_no_date(database: Database) -> None:
    with database.write() as session:
        add_file(session, "/a.jpg", [], changed=EDITED)
    assert (effective(database).taken_at, effective(database).moment) == (None, EDITED)


def test_looking_again_takes_the_old_claims_away(database: Database) -> None:
    with database.write() as session:
        content_id = add_file(session, "/a.jpg", [])
        for camera in ("X100V", "EOS"):
            made_by = analyses.record(session, "headers", "1", "done", content_id=content_id)
            claims = [Fact("camera", camera, "exif")]
            facts.claim(session, claims, content_id=content_id, analysis_id=made_by)
            facts.refresh(session, [content_id])
    assert effective(database).camera == "EOS"


sources = st.sampled_from(PRECEDENCE)


@given(st.lists(sources, min_size=1))
def test_precedence_is_the_only_rule(claimed: list[Source]) -> None:
    (winner,) = winners(Fact("camera", source, source) for source in claimed).values()
    assert winner.source == min(claimed, key=PRECEDENCE.index)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (TAKEN, "taken_at"),
        ((48.8584, -2.2945), "place"),
        ('FUJIFILM "X100V" ü', "camera"),
        ((4000, 3000), "size"),
        (12.75, "duration"),
    ],
)
def test_values_come_back_as_they_were(database: Database, value: facts.Value, key: facts.Key) -> None:
    fact = Fact(key, value, "exif")
    with database.write() as session:
        add_file(session, "/a.jpg", [], claims=[fact])
        assert facts.of_file(session, Path("/a.jpg"))[key] == fact


def test_filters_facets_and_sorting_read_the_winners_alone(database: Database) -> None:
    vectors = directions(2)
    with database.write() as session:
        claims = [
            Fact("taken_at", TAKEN, "exif"),
            Fact("place", (48.9, 2.3), "exif"),
            Fact("camera", "X", "exif"),
        ]
        add_file(session, "/a.jpg", [Drafted("image", vectors[0])], claims=claims)
        space_id = space(session).id
    asked: list[str] = []
    engine = database._engine
    event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    filters = (
        Filter((FactRule("taken_at", "between", (datetime(2019, 1, 1), None)),)),
        Filter((FactRule("place", "within", (48.9, 2.3, 1.0)),)),
        Filter((FactRule("camera", "contains", "x"),)),
    )
    with database.read() as session:
        ids = live.ids(session, ["image"], filters, space_id=space_id)
        assert latest(session, ids) == [1]
        assert facets.months(session) == {"2019-08": 1}
        assert facets.cameras(session) == {"X": 1}
        assert facets.places(session) == [(48.9, 2.3)]
    assert len(asked) > 4
    assert not [statement for statement in asked if " fact" in statement or "FROM fact" in statement]
