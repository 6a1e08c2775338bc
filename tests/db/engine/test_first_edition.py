"""A library of the first edition opens, and nothing in it is decoded or embedded again.

Only what its questions are held against, the null model, is fitted anew: questions are phrased otherwise now.
"""

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from db.catalog import facts, switches, units
from db.catalog import saved as saved_rows
from db.engine import migrations
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryDamagedError
from db.library import Library
from db.settings import Settings
from indexer.analysers import registry
from indexer.encoders.base import Encoder
from indexer.encoders.phrasings import phrasings
from indexer.encoders.registry import load_encoder
from indexer.media.pool import DecodePool
from indexer.null_model import background_queries
from indexer.pipeline import index
from search.query.query import Query
from search.saved.searches import SavedSearches
from search.service import SearchService
from tests.support import ROOT
from tests.support.first_edition import first_edition

HEARD = Counter(image=4, frame=4, speech=4)


@pytest.fixture
def heard(tmp_path: Path, settings: Settings) -> Settings:
    """Settings of a library in which everything was analysed."""
    return settings.model_copy(
        update={"library": first_edition("heard", tmp_path / "first"), "whisper": "builtin"}
    )


@pytest.fixture
def deaf(tmp_path: Path, settings: Settings) -> Settings:
    """Settings of one that was made with ``TROVE_WHISPER=none``."""
    return settings.model_copy(
        update={"library": first_edition("deaf", tmp_path / "first"), "whisper": "builtin"}
    )


@pytest.fixture
def nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoders and encoders that end the test when they are asked for anything of the library."""
    background = {way for query in background_queries() for way in phrasings(query)}

    def refuse(*_args: object, **_kwargs: object) -> Any:
        raise AssertionError("something was decoded or embedded")

    def idle(name: str, **kwargs: Any) -> Encoder:
        encoder = load_encoder(name, **kwargs)
        encode = encoder.encode_texts
        for method in ("prepare", "encode_pixels"):
            monkeypatch.setattr(encoder, method, refuse)
        monkeypatch.setattr(
            encoder, "encode_texts", lambda texts: encode(texts) if background.issuperset(texts) else refuse()
        )
        return encoder

    monkeypatch.setattr("indexer.encoders.active.load_encoder", idle)
    monkeypatch.setattr(DecodePool, "submit", refuse)


def newer_off(library: Library) -> None:
    """The first edition did not know these analysers: for them all is new."""
    with library.write() as session:
        for name in registry.every().keys() - {"pictures", "frames", "speech"}:
            switches.turn(session, name, on=False)


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.mark.usefixtures("nothing_works")
def test_it_goes_on_without_decoding_or_embedding_anything(heard: Settings) -> None:
    before = rows(heard.paths.database, "SELECT unit_id, vector FROM embedding ORDER BY unit_id")
    with Library(heard) as library:
        newer_off(library)
        report = index(library)
        assert (report.unchanged, report.skipped, report.indexed) == (8, 1, 0)
        assert Counter(report.units) == HEARD
        assert library.database.check() == []
    assert rows(heard.paths.database, "SELECT unit_id, vector FROM embedding ORDER BY unit_id") == before
    assert not list(heard.paths.vectors.glob("*.speech.*")), "the index of passages has another name"


@pytest.mark.usefixtures("nothing_works")
def test_who_wanted_no_transcripts_gets_none(deaf: Settings) -> None:
    with Library(deaf) as library:
        newer_off(library)
        report = index(library)
        assert (report.unchanged, report.skipped, report.indexed) == (8, 1, 0)
        with library.read() as session:
            assert not switches.every(session).is_on("speech")


@pytest.mark.slow
def test_who_wants_them_later_gets_them_and_nothing_else(deaf: Settings) -> None:
    with Library(deaf) as library:
        newer_off(library)
        with library.write() as session:
            switches.turn(session, "speech", on=True)
        frames = rows(deaf.paths.database, "SELECT id FROM unit ORDER BY id")
        report = index(library)
        assert (report.indexed, report.unchanged) == (2, 6)
        assert Counter(report.units) == HEARD
        assert rows(deaf.paths.database, "SELECT id FROM unit WHERE kind <> 'speech' ORDER BY id") == frames


def test_what_it_knew_of_files_gives_way_to_what_they_say(heard: Settings) -> None:
    media = heard.library.parent / "media"
    with Library(heard) as library:
        with library.read() as session:
            beach = facts.of_file(session, media.resolve() / "beach.jpg")
            assert beach["taken_at"].value == datetime(2021, 7, 8, 20, 30, 15)
            assert {fact.source for fact in beach.values()} == {"first edition", "gazetteer"}
            assert "taken_at" not in facts.of_file(session, media.resolve() / "night.jpg")
            known = units.rows(session, [row[0] for row in rows(heard.paths.database, "SELECT id FROM unit")])
        newer_off(library)
        with library.write() as session:
            switches.turn(session, "headers", on=True)
        report = index(library)
        assert (report.indexed, report.unchanged, report.skipped) == (7, 1, 1), "their headers are read"
        assert Counter(report.units) == HEARD
        with library.read() as session:
            beach = facts.of_file(session, media.resolve() / "beach.jpg")
            assert {key: fact.source for key, fact in beach.items()} == {
                "taken_at": "exif",
                "place": "exif",
                "city": "gazetteer",
                "country": "gazetteer",
                "camera": "exif",
                "lens": "exif",
                "size": "decoder",
            }
            forest = facts.of_file(session, media.resolve() / "forest.jpg")
            assert (forest["taken_at"].source, forest["size"].value) == ("modified", (320, 240))
            assert facts.of_file(session, media.resolve() / "film.mp4")["place"].source == "container"
            again = units.rows(session, list(known))
        assert [row.file.taken_at for row in again.values() if row.media == "image"] == [
            row.file.taken_at for row in known.values() if row.media == "image"
        ]
        assert index(library).unchanged == 8
    told = rows(heard.paths.database, "SELECT DISTINCT language FROM unit WHERE text IS NOT NULL")
    assert told == [("en",)], "of what is said, too"


def test_what_people_made_is_kept_aside_and_goes_on(heard: Settings) -> None:
    before = rows(heard.paths.database, "SELECT id, hex(sha256), kind, up, path FROM judgement")
    with Library(heard) as library:
        with SearchService(library) as service:
            saved = SavedSearches(service)
            assert [one.name for one in saved.every()] == ["Sun and sea", "Taken in 2021"]
            shown = [hit.path.name for hit in saved.show("Sun and sea").hits]
            assert shown == ["silent.mp4", "boat.jpg", "beach.jpg", "film.mp4"]
            assert not saved.show("Sun and sea").new, "nothing has arrived since"
            assert {hit.path.name for hit in saved.show("Taken in 2021").hits} == {"boat.jpg", "beach.jpg"}
            assert service.search(Query("bread and milk")).verdict == "found"
        with library.read() as session:
            thumbs = saved_rows.judged(session, 1)
            assert all(thumb.unit_id is not None for thumb in thumbs), "each is on its unit still"
    kept = json.loads(next(heard.paths.backups.glob("before-schema-*.json")).read_text())
    assert kept["schema"] == 3
    assert [row["name"] for row in kept["tables"]["saved_search"]] == ["Sun and sea", "Taken in 2021"]
    assert [row["id"] for row in kept["tables"]["judgement"]] == [row[0] for row in before]


def _state(path: Path) -> tuple[int, list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    version = rows(path, "PRAGMA user_version")[0][0]
    made = rows(path, "SELECT id, name, query FROM saved_search ORDER BY id")
    return version, made, rows(path, "SELECT id, content_id, kind, text FROM unit ORDER BY id")


def test_a_migration_that_fails_leaves_the_library_as_it_was(
    heard: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _state(heard.paths.database)
    *older, newest = migrations.MIGRATIONS
    monkeypatch.setattr(migrations, "MIGRATIONS", (*older, (*newest, "THIS IS NO SQL")))
    with pytest.raises(LibraryDamagedError):
        SqliteDatabase(heard.paths.database)
    assert _state(heard.paths.database) == before
    monkeypatch.undo()
    with Library(heard) as library, library.read() as session:
        assert Counter(units.counts(session)) == HEARD


_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Connection
from db.engine.sqlite import SqliteDatabase

left = int(sys.argv[2])
run = Connection.exec_driver_sql

def counted(self, *args, **kwargs):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(self, *args, **kwargs)

Connection.exec_driver_sql = counted
SqliteDatabase(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("statement", [12, 25, 45, 60])
def test_killed_in_the_middle_it_is_whole(heard: Settings, statement: int) -> None:
    before = _state(heard.paths.database)
    command = [sys.executable, "-c", _KILLED, str(heard.paths.database), str(statement)]
    assert subprocess.run(command, cwd=ROOT).returncode == -signal.SIGKILL
    assert _state(heard.paths.database) == before
    with Library(heard) as library, library.read() as session:
        assert Counter(units.counts(session)) == HEARD
        assert library.database.check() == []


def test_ids_go_on_from_where_they_were(heard: Settings) -> None:
    """Labels in an index that was saved must never come to mean something else."""
    with closing(sqlite3.connect(heard.paths.database)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("DELETE FROM unit WHERE id = (SELECT max(id) FROM unit)")
        highest = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'unit'").fetchone()[0]
        connection.commit()
    SqliteDatabase(heard.paths.database).close()
    ((after,),) = rows(heard.paths.database, "SELECT seq FROM sqlite_sequence WHERE name = 'unit'")
    assert after == highest == 12
