"""Places of all pictures: which they are, those around one, and the grid in which a map gets them."""

from pathlib import Path

import numpy as np
from hypothesis import example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from db.catalog import assets, facets, hidden, switches
from db.catalog.facts import Fact, refresh
from db.engine.database import Database
from search.explore.places import CELLS, Places, gridded
from tests.support.rows import Drafted, add_file, directions

AT = {"paris": (48.8584, 2.2945), "rome": (41.9, 12.5), "suva": (-18.14, 178.44), "taveuni": (-16.8, -179.9)}

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


def filled(database: Database) -> None:
    """A picture at each place, a film in Paris of two frames, and a picture of nobody knows where."""
    vectors = iter(directions(8))
    with database.write() as session:
        for name, at in AT.items():
            claims = [Fact("place", at, "exif")]
            add_file(session, f"/home/{name}.jpg", [Drafted("image", next(vectors))], claims=claims)
        frames = [Drafted("frame", next(vectors), start, start + 5.0) for start in (0.0, 5.0)]
        add_file(session, "/home/p.mp4", frames, "video", claims=[Fact("place", AT["paris"], "exif")])
        add_file(session, "/home/where.jpg", [Drafted("image", next(vectors))])


def located(database: Database) -> dict[int, tuple[float, float]]:
    with database.read() as session:
        return {unit: (north, east) for unit, north, east in facets.located(session)}


def test_each_content_is_once_at_each_of_its_places(database: Database) -> None:
    filled(database)
    before = located(database)
    assert list(before.values()) == [*AT.values(), AT["paris"]], "a film once, and not what has no place"
    with database.write() as session:
        copy = assets.FileStat(Path("/copies/paris.jpg"), 1, 1)
        assets.put(session, copy, asset_id=None, state="indexed", content_id=1)
        refresh(session, [1])
    assert located(database) == before
    with database.write() as session:
        hidden.put(session, Path("/home/rome.jpg"))
        switches.turn(session, "frames", on=False)
    assert list(located(database).values()) == [AT["paris"], AT["suva"], AT["taveuni"]]


def test_the_nearest_are_found_across_the_date_line(database: Database) -> None:
    filled(database)
    with database.read() as session:
        places = Places.of(session)
    paris, rome, suva, taveuni, film = places.units.tolist()
    assert len(places) == 5
    assert places.nearest(suva, 2) == [suva, taveuni]
    assert places.nearest(film, 3) == [film, paris, rome]
    assert places.nearest(999, 3) == []
    assert len(Places.of_rows([])) == 0


def decoded(grid: dict[str, object]) -> list[tuple[int, int, float, float]]:
    """(unit, count, latitude, longitude) as the browser reads them."""
    columns = (np.cumsum(grid["units"]), grid["counts"], np.cumsum(grid["cells"]))  # type: ignore[call-overload]
    return [
        (unit, count, cell // grid["around"] / CELLS - 90, cell % grid["around"] / CELLS - 180)  # type: ignore[operator]
        for unit, count, cell in zip(*(np.asarray(column).tolist() for column in columns), strict=True)
    ]


@profile(max_examples=50)
@example([(0.0, 180.0), (0.0, -180.0), (90.0, 0.0), (-90.0, 179.99999)])
@given(st.lists(PLACES, max_size=30))
def test_the_grid_has_all_where_they_are(at: list[tuple[float, float]]) -> None:
    places = Places.of_rows([(10 * number, *place) for number, place in enumerate(at, 1)])
    spots = decoded(dict(gridded(places)))
    assert sum(count for _, count, _, _ in spots) == len(at)
    assert len({(north, east) for _, _, north, east in spots}) == len(spots)
    assert all(-180 <= east < 180 for _, _, _, east in spots), "the date line is one meridian"
    for unit, _, north, east in spots:
        own = at[unit // 10 - 1]
        assert abs(own[0] - north) <= 0.51 / CELLS
        assert abs((own[1] - east + 180) % 360 - 180) <= 0.51 / CELLS
