"""What analysers know of their units beside their texts, and what is made of it where it is damaged."""

import logging

import pytest
from sqlalchemy import select, update

from db.catalog import units
from db.engine.database import Database
from db.engine.schema import Unit
from tests.support.rows import Drafted, add_file


def test_a_damaged_detail_is_left_out_and_told(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    stored = ('{"lines": []}', '{"lines": [', "[1, 2]", "", None)
    with database.write() as session:
        for number, detail in enumerate(stored):
            add_file(session, f"/{number}.wav", [Drafted("speech", None, 0.0, 1.0, text="hello")], "audio")
            session.execute(update(Unit).where(Unit.id == number + 1).values(detail=detail))
    with database.read() as session, caplog.at_level(logging.WARNING):
        assert len(session.scalars(select(Unit.id)).all()) == len(stored)
        assert units.details(session, range(1, len(stored) + 1)) == {1: {"lines": []}}
    assert [record.levelname for record in caplog.records] == ["WARNING"]
