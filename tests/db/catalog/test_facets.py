"""What a library can be narrowed down by, and the question in which that is written."""

from datetime import datetime
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from db.catalog import assets, facets
from db.catalog.facts import Fact, Key
from db.engine.database import Database
from db.settings import Settings
from search.query.language import parse
from search.query.query import Query
from search.results.moments import moments
from tests.support.rows import Drafted, add_file, directions
from tests.support.searching import searching

FILES = {
    "/home/me/p/2023/a.jpg": (datetime(2023, 7, 14), "X100V", (48.9, 2.3)),
    "/home/me/p/2023/b.jpg": (datetime(2023, 7, 31), "X100V", None),
    "/home/me/p/c.jpg": (None, "EOS", None),
    "/home/me/alone.jpg": (datetime(2024, 1, 1), None, None),
}


def test_counts(database: Database) -> None:
    with database.write() as session:
        assets.add_roots(session, [Path("/home/me/p"), Path("/home/me/alone.jpg")])
        for (path, facts), vector in zip(FILES.items(), directions(4), strict=True):
            keys: tuple[Key, ...] = ("taken_at", "camera", "place")
            claims = [Fact(key, value, "exif") for key, value in zip(keys, facts, strict=True) if value]
            add_file(session, path, [Drafted("image", vector)], claims=claims, changed=datetime(2020, 6, 15))
    with database.read() as session:
        assert facets.months(session) == {"2023-07": 2, "2024-01": 1}
        assert facets.undated(session) == 1
        assert facets.cameras(session) == {"X100V": 2, "EOS": 1}
        assert facets.places(session) == [(48.9, 2.3)]
        assert facets.located(session) == [(1, 48.9, 2.3)]
        folders = facets.folders(session, assets.roots(session))
    assert {str(path): count for path, count in folders.items()} == {
        "/home/me": 1,
        "/home/me/p": 3,
        "/home/me/p/2023": 2,
    }


def test_a_filter_replaces_only_its_own_condition() -> None:
    asked = parse("a dog type:image -type:video date:2023")
    assert str(asked.having("type", ("frame", "speech"))) == "a dog -type:video date:2023 type:frame,speech"
    assert str(asked.having("type", ())) == "a dog -type:video date:2023"
    assert asked.values("type") == ("image",)
    assert asked.values("camera") == ()


@example("~0")
@given(st.text(min_size=1).map(str.strip).filter(bool))
def test_any_folder_can_be_written_and_read_back(folder: str) -> None:
    asked = parse("a dog").having("in", (folder,))
    assert parse(str(asked)).values("in") == (folder,)


def test_where_in_a_film(sample_library: Settings) -> None:
    with searching(sample_library) as service:
        query = Query("a squirrel climbing down a tree")
        film = next(hit for hit in service.search(query).hits if hit.kind == "frame")
        course = moments(service, query, film.path)
        unasked = moments(service, None, film.path)
    assert [moment.start_s for moment in course] == sorted(moment.start_s for moment in course)
    frames = [moment for moment in course if moment.kind == "frame"]
    best = max(frames, key=lambda moment: moment.match or 0.0)
    assert film.start_s is not None
    assert abs(best.start_s - film.start_s) < 10
    assert best.match is not None
    assert best.match > 0.5
    assert min(moment.match or 0.0 for moment in frames) < 0.2
    assert all(moment.text and moment.match is None for moment in course if moment.kind == "speech")
    assert [moment.unit_id for moment in unasked] == [moment.unit_id for moment in course]
    assert all(moment.match is None for moment in unasked)
