"""Which of several files with a content is meant."""

import itertools
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from db.catalog import assets, contents, copies, facets, facts, live, units
from db.catalog.facts import Fact
from db.catalog.filters import FactRule, Filter, of_files
from db.engine.database import Database
from db.engine.schema import Asset, AssetState
from tests.support.rows import Drafted, add_units, latest

ORIGINAL, OLDER = "/photos/z.jpg", "/photos/y.jpg"
BINNED, CACHED = "/RECYCLER/a.jpg", "/home/.cache/b.jpg"

IN_BIN = Filter((FactRule("folder", "matches", "RECYCLER"),))
NOT_IN_BIN = Filter((FactRule("folder", "matches", "RECYCLER"),), negated=True)
NAMED_Z = Filter((FactRule("name", "matches", "z*"),))
LARGE = Filter((FactRule("bytes", ">", 2),))
IN_MAY = Filter((FactRule("taken_at", "between", (datetime(2021, 5, 1), datetime(2021, 6, 1))),))

Files = Sequence[tuple[str, AssetState]]


def add_content(session: Session, files: Files, size: int = 1, number: int = 1) -> int:
    """A picture in several files, each as large and taken in the month of its place among them."""
    content_id = contents.add(session, bytes([number]) * 32, "image")
    for place, (path, state) in enumerate(files, start=1):
        changed = int(datetime(2021, place, 15).timestamp() * 1e9)
        stat = assets.FileStat(Path(path), size * place, changed)
        assets.put(session, stat, asset_id=None, state=state, content_id=content_id)
        taken = Fact("taken_at", datetime(2021, place, 15), "name")
        facts.claim(session, [taken], asset_id=assets.id_at(session, stat.path))
    add_units(session, content_id, [Drafted("image", None)])
    facts.refresh(session, [content_id])
    return content_id


@pytest.mark.parametrize(
    ("files", "filters", "expected"),
    [
        # By path, where nothing else tells them apart.
        ([(ORIGINAL, "indexed"), (OLDER, "indexed")], (), [OLDER, ORIGINAL]),
        # One that is there before one whose drive is not, and an original before a bin or a cache.
        ([(ORIGINAL, "indexed"), (OLDER, "offline")], (), [ORIGINAL, OLDER]),
        ([(BINNED, "indexed"), (ORIGINAL, "indexed"), (CACHED, "indexed")], (), [ORIGINAL, BINNED, CACHED]),
        ([(BINNED, "indexed"), (ORIGINAL, "offline")], (), [BINNED, ORIGINAL]),
        # What the conditions say counts before that.
        ([(BINNED, "indexed"), (ORIGINAL, "offline")], (NOT_IN_BIN,), [ORIGINAL, BINNED]),
        ([(BINNED, "offline"), (ORIGINAL, "indexed")], (IN_BIN,), [BINNED, ORIGINAL]),
        ([(OLDER, "indexed"), (ORIGINAL, "indexed")], (NAMED_Z,), [ORIGINAL, OLDER]),
        (
            [(OLDER, "indexed"), (BINNED, "indexed"), (ORIGINAL, "offline")],
            (LARGE,),
            [ORIGINAL, OLDER, BINNED],
        ),
        # What is gone, or could not be read, is none of the files.
        ([(OLDER, "gone"), (ORIGINAL, "indexed"), (BINNED, "failed")], (), [ORIGINAL]),
    ],
)
def test_the_file_is_the_one_that_is_meant(
    database: Database, files: Files, filters: tuple[Filter, ...], expected: list[str]
) -> None:
    with database.write() as session:
        add_content(session, files)
    with database.read() as session:
        found = live.ids(session, ["image"], filters)
        (row,) = units.rows(session, found.tolist(), live.of_file(filters)).values()
        assert [str(path) for path in (row.path, *(copy.path for copy in row.copies))] == expected
        states = dict(files)
        assert [file.offline for file in row.files] == [states[name] == "offline" for name in expected]
        for name in expected:
            led = row.led_by(Path(name))
            assert (led.path, set(led.files)) == (Path(name), set(row.files))


def test_every_order_of_arrival_gives_the_same_file(database: Database) -> None:
    files: Files = [(ORIGINAL, "indexed"), (OLDER, "offline"), (BINNED, "indexed"), (CACHED, "offline")]
    with database.write() as session:
        several = [
            add_content(session, [(f"/{number}{path}", state) for path, state in order], number=number)
            for number, order in enumerate(itertools.permutations(files), start=1)
        ]
    with database.read() as session:
        found = copies.of_contents(session, several)
        names = [[str(Path(*file.path.parts[2:])) for file in found[content_id]] for content_id in several]
    assert names == [[name.lstrip("/") for name in (ORIGINAL, BINNED, OLDER, CACHED)]] * 24


def test_facts_are_those_of_the_file_that_is_shown(database: Database) -> None:
    with database.write() as session:
        add_content(session, [(ORIGINAL, "indexed")] + [(f"/{n}.jpg", "indexed") for n in range(4)], size=10)
    with database.read() as session:
        ids = live.ids(session, ["image"], (IN_MAY,))
        of_may = live.of_file((IN_MAY,))
        (row,) = units.rows(session, ids.tolist(), of_may).values()
        assert row.file.moment == datetime(2021, 5, 15)
        assert (row.path, row.file.size) == (Path("/3.jpg"), 50)
        # A month counts what is found in it, also by the date of a copy.
        assert facets.months(session) == {f"2021-0{month}": 1 for month in range(1, 6)}
        assert copies.fulfils(session, Path("/3.jpg"), of_files((IN_MAY,)))
        assert not copies.fulfils(session, Path("/2.jpg"), of_files((IN_MAY,)))


def test_what_is_newest_goes_by_the_file_that_is_shown(database: Database) -> None:
    """The first was copied to a bin in March; the second is of February."""
    with database.write() as session:
        add_content(session, [("/photos/1.jpg", "indexed"), ("/x", "gone"), ("/RECYCLER/1.jpg", "indexed")])
        add_content(session, [("/x/2.jpg", "gone"), ("/photos/2.jpg", "indexed")], number=2)
    with database.read() as session:
        ids = live.ids(session, ["image"])
        assert latest(session, ids) == [2, 1]
        assert latest(session, ids, of_files((IN_BIN,))) == [1, 2]


def test_bytes_come_from_a_copy_that_is_there(database: Database, tmp_path: Path) -> None:
    there, away = tmp_path / "z.jpg", tmp_path / "drive" / "a.jpg"
    there.write_bytes(b"a picture")
    with database.write() as session:
        add_content(session, [(str(away), "offline"), (str(there), "indexed")])
    with database.read() as session:
        assert copies.readable(session, away) == there
        assert copies.readable(session, there) == there
        assert copies.readable(session, tmp_path / "unknown.jpg") == tmp_path / "unknown.jpg"
        assert assets.picture_paths(session) == [there]
        session.connection()
    with database.write() as session:
        session.execute(update(Asset).values(state="indexed", path=Asset.path))
    with database.read() as session:
        assert assets.picture_paths(session) == [away], "the first by its path"
