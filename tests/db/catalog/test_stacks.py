"""Stacks in the database: what users chose is theirs, the rest is made again."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.catalog import stacks
from db.engine import backups
from db.engine.database import Database
from db.engine.salvage import salvage
from indexer.stacks.renewal import renew_in
from tests.support.rows import Drafted, add_file, directions


@pytest.mark.sqlite
def test_choices_outlive_contents_and_damage(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        raw, picture = (
            add_file(session, name, [Drafted("image", vector)])
            for name, vector in zip(("/a/1.dng", "/a/1.jpg"), directions(2), strict=True)
        )
        renew_in(session)
    with database.read() as session:
        assert [place.content_id for place in stacks.of(session, [raw])[raw]] == [picture, raw]
        assert not stacks.are_stale(session)
        assert stacks.count(session) == 1
    with database.write() as session:
        stacks.choose(session, raw)
        stacks.choose(session, raw)
        renew_in(session)
        assert backups.dump(session.connection())[1] == 1
    with database.read() as session:
        assert [place.content_id for place in stacks.of(session, [picture])[picture]] == [raw, picture]
    database.close()
    salvage(database.path, tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM stack_choice").fetchone() == (1,)
        assert copy.execute("SELECT stacked < revision FROM library").fetchone() == (1,), "made again"
