"""The door to PostgreSQL: what it refuses, what it says, and that both engines answer alike."""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from sqlalchemy import select, text

from db import addresses
from db.catalog import assets, fulltext, languages, queue, vocabulary
from db.catalog.assets import FileStat
from db.engine import matching, migrations, tables
from db.engine.database import Database
from db.engine.dialect import stored_name
from db.engine.postgres import PostgresDatabase
from db.engine.schema import Unit
from db.engine.sqlite import SqliteDatabase
from db.engine.steps import AUTHORED
from db.errors import (
    LibraryBusyError,
    LibraryClosedError,
    LibraryDamagedError,
    LibraryError,
    LibraryNewerError,
    SettingsError,
)
from db.settings import load_settings
from tests.support.rows import Drafted, add_file
from tests.support.server import NOTHING, Server


@pytest.fixture
def address(server: Server) -> Iterator[str]:
    """The address of a new, empty library."""
    with server.lending("own") as own:
        yield own


@pytest.fixture
def shared(address: str) -> Iterator[PostgresDatabase]:
    """A new, empty library."""
    with closing(PostgresDatabase(address)) as database:
        yield database


def test_a_newer_library_is_refused_and_untouched(shared: PostgresDatabase, address: str) -> None:
    with shared.write() as session:
        session.execute(text("UPDATE trove_schema SET number = number + 1"))
    with pytest.raises(LibraryNewerError, match="newer Trove"):
        PostgresDatabase(address)


def test_each_change_of_the_schema_is_known_to_both_engines() -> None:
    assert set(tables.STEPS) == set(range(tables.FIRST + 1, len(migrations.MIGRATIONS) + 1))


def test_an_older_library_gets_the_tables_that_a_new_one_has(shared: PostgresDatabase, address: str) -> None:
    new = _columns(address)
    shared.close()
    added = ("face_member", "face_group", "person_face", "person")
    with psycopg.connect(address) as older:
        _before_jobs(older)
        for table in added:
            older.execute(f"DROP TABLE {table}")
        older.execute("ALTER TABLE library DROP COLUMN peopled")
        older.execute("UPDATE trove_schema SET number = 16")
    with closing(PostgresDatabase(address)) as again, again.read() as session:
        assert session.scalar(text("SELECT number FROM trove_schema")) == len(migrations.MIGRATIONS)
    assert _columns(address) == new and {table for table, *_ in new} >= set(added)


def _columns(address: str) -> set[tuple[object, ...]]:
    """All columns, indexes and references of a library, without what was only written in another order."""
    with psycopg.connect(address) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default "
            "FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
        indexes = connection.execute("SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public'")
        keys = connection.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f'"
        ).fetchall()
        return {*columns, *indexes.fetchall(), *keys}


def test_scrubbing_leaves_no_word_of_a_deleted_text(shared: PostgresDatabase) -> None:
    from tests.support.rows import Drafted, add_file

    with shared.write() as session:
        content_id = add_file(session, "/media/a.jpg", [Drafted("text", None, text="Zenobia waves")])
        add_file(session, "/media/b.jpg", [Drafted("text", None, text="a dog waves")])
        session.execute(text("DELETE FROM unit WHERE content_id = :id AND kind = 'text'"), {"id": content_id})
    shared.scrub()
    with shared.read() as session:
        terms = set(session.scalars(text("SELECT term FROM passage_term")))
    assert "en_wave" in terms and not any("zenobia" in term for term in terms)


def test_a_library_of_before_machines_shared_runs_is_brought_up_to_date(
    shared: PostgresDatabase, address: str
) -> None:
    asked = """SELECT table_name, column_name, data_type, is_nullable, collation_name
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, column_name"""
    rules = "SELECT tablename, policyname, cmd, qual, with_check FROM pg_policies ORDER BY 1, 2"

    def told(database: PostgresDatabase) -> list[object]:
        with database.read() as session:
            return [session.execute(text(each)).all() for each in (asked, rules)]

    new = told(shared)
    shared.close()
    with psycopg.connect(address) as owner:
        _before_jobs(owner)
        owner.execute("UPDATE trove_schema SET number = 17")
    with closing(PostgresDatabase(address)) as updated:
        assert told(updated) == new
        with updated.beside() as session:
            job = queue.NewJob(Path("/p.jpg"), 1, 1, Path("/"), "[]")
            queue.put(session, 1, [job])
            assert [each.count for each in queue.left(session)] == [1]
            assert queue.next_worker(session) == 1


def _before_jobs(owner: psycopg.Connection[Any]) -> None:
    """Take away what machines share runs with, what keeps things of one user from others, and authors."""
    owner.execute("DROP TABLE job, worker; DROP FUNCTION trove_attends")
    for name in ("saved_search", "judgement", "opened"):
        owner.execute(f"DROP POLICY seen ON {name}; DROP POLICY own ON {name}")
        owner.execute(f"ALTER TABLE {name} DISABLE ROW LEVEL SECURITY, ALTER owner SET DEFAULT ''")
    owner.execute("DROP FUNCTION trove_owner")
    for name in AUTHORED:
        owner.execute(f"ALTER TABLE {name} DROP COLUMN author")


def test_another_programs_database_is_refused_and_untouched(server: Server) -> None:
    with server.lending("theirs", NOTHING) as address:
        with psycopg.connect(address) as theirs:
            theirs.execute("CREATE TABLE theirs (id integer)")
        with pytest.raises(LibraryDamagedError, match="another program"):
            PostgresDatabase(address)
        with psycopg.connect(address) as theirs:
            names = theirs.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert names == [("theirs",)]


def test_a_database_that_cannot_hold_all_names_is_refused(server: Server) -> None:
    server.execute("DROP DATABASE IF EXISTS latin")
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(LibraryError, match="LATIN1") as caught:
        PostgresDatabase(server.url("latin"))
    assert "UTF8" in caught.value.hint


def test_a_server_that_is_not_there_is_named_in_one_line(tmp_path: Path, server: Server) -> None:
    for address in (f"postgresql:///photos?host={tmp_path}", server.url("nothing")):
        with pytest.raises(LibraryError, match="cannot be reached") as caught:
            PostgresDatabase(address)
        assert "\n" not in str(caught.value)
        assert "PGPASSWORD" in caught.value.hint


def test_who_may_only_read_is_told_so(shared: PostgresDatabase, address: str, server: Server) -> None:
    server.execute("CREATE ROLE guest LOGIN")
    with shared.write() as session:
        session.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest"))
    with closing(PostgresDatabase(address.replace("user=trove", "user=guest"))) as guest:
        with guest.read() as session:
            assert assets.roots(session) == []
        assert (guest.server().may_write, shared.server().may_write) == (False, True)
        with pytest.raises(LibraryError, match="you may not do that"), guest.write() as session:
            assets.add_roots(session, [Path("/pictures")])
    with shared.write() as session:
        session.execute(text("DROP OWNED BY guest"))
    server.execute("DROP ROLE guest")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://me:secret@host/name", "password"),
        ("postgresql://host/name?password=secret", "password"),
        ("postgresql://host", "no database"),
        ("postgresql://host:port/name", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        load_settings(library=address)
    assert "secret" not in f"{caught.value}{caught.value.hint}"


def test_a_shared_library_has_a_folder_of_its_own_on_each_machine() -> None:
    one = load_settings(library="postgresql://me@host/photos?sslmode=verify-full")
    assert one.shared == "postgresql://me@host/photos?sslmode=verify-full"
    assert one.named == one.shared
    same = load_settings(library="postgres://you@host/photos")
    assert same.library == one.library, "whoever opens it, and how"
    assert load_settings(library="postgresql://host/others").library != one.library
    assert addresses.shown(one.shared) == "postgresql://host/photos"
    by_socket = "postgresql:///photos?host=/run/postgresql"
    assert load_settings(library=by_socket).shared == by_socket
    assert addresses.shown(by_socket) == "postgresql:///run/postgresql/photos"
    assert load_settings(library="/a/folder").shared is None


def test_one_writes_at_a_time_and_who_waits_too_long_is_told(shared: PostgresDatabase, address: str) -> None:
    with closing(PostgresDatabase(address)) as other, shared.write():
        with pytest.raises(LibraryBusyError, match="another process"), other.write(patience_ms=10):
            pytest.fail("two write at once")
        with other.read() as session:
            assert assets.roots(session) == []


def test_one_indexes_at_a_time(shared: PostgresDatabase, address: str) -> None:
    with closing(PostgresDatabase(address)) as other:
        with shared.indexing(), pytest.raises(LibraryBusyError, match="indexing"), other.indexing():
            pytest.fail("two index at once")
        with other.indexing():
            pass


def test_changes_are_told_of_every_writer(shared: PostgresDatabase, address: str) -> None:
    before = shared.changes()
    with shared.read():
        pass
    assert shared.changes() == before
    with shared.write() as session:
        assets.add_roots(session, [Path("/ours")])
    ours = shared.changes()
    with psycopg.connect(address) as other:
        other.execute("INSERT INTO root (path, exclude) VALUES ('/theirs', '')")
    assert len({before, ours, shared.changes()}) == 3
    shared.close()
    with pytest.raises(LibraryClosedError):
        shared.changes()


def _cut(address: str) -> None:
    """End all other connections to a database, as a server does that is restarted."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_lost_connection_loses_what_was_not_committed_and_nothing_else(
    shared: PostgresDatabase, address: str
) -> None:
    with shared.write() as session:
        assets.add_roots(session, [Path("/kept")])
    with pytest.raises(LibraryError, match="cannot be reached"), shared.write() as session:
        assets.add_roots(session, [Path("/lost")])
        _cut(address)
        assets.add_roots(session, [Path("/never")])
    _cut(address)
    with shared.read() as session:  # by a new connection, as if nothing had been
        assert assets.roots(session) == [Path("/kept")]
    with shared.indexing():
        _cut(address)
        with shared.write() as session:
            assets.add_roots(session, [Path("/more")])


def test_a_change_of_the_schema_that_is_cut_short_has_not_begun(
    shared: PostgresDatabase, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared.close()
    monkeypatch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, ("-- a newer one",)))
    newest = len(migrations.MIGRATIONS)
    added = "ALTER TABLE root ADD COLUMN added integer"
    monkeypatch.setattr(tables, "STEPS", {newest: (added, "SELECT pg_terminate_backend(pg_backend_pid())")})
    with pytest.raises(LibraryError, match="cannot be reached"):
        PostgresDatabase(address)
    monkeypatch.setattr(tables, "STEPS", {newest: (added,)})
    with closing(PostgresDatabase(address)) as again, again.read() as session:
        assert session.scalar(text("SELECT number FROM trove_schema")) == newest
        assert session.scalars(text("SELECT added FROM root")).all() == []


def test_a_search_whose_connection_is_lost_says_so_and_the_next_one_is_answered(
    shared: PostgresDatabase, address: str
) -> None:
    with pytest.raises(LibraryError, match="cannot be reached") as caught, shared.read() as session:
        assert assets.roots(session) == []
        _cut(address)
        fulltext.match_words(session, "a dog", 5)
    assert "\n" not in str(caught.value)
    with shared.read() as session:
        assert fulltext.match_words(session, "a dog", 5) == []


def test_what_is_in_use_is_closed_after_the_library(address: str, server: Server) -> None:
    database = PostgresDatabase(address)
    with database.read() as session, database.indexing():
        database.close()
        assert assets.roots(session) == []
    asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'own' AND state IS NOT NULL"
    deadline = time.monotonic() + 10
    while server.execute(asked) != [(0,)]:  # it takes the server a moment to see it
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_readers_have_a_snapshot_that_they_cannot_write(shared: PostgresDatabase) -> None:
    told = "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"
    for _ in range(2):  # by the same connection
        with shared.read() as session:
            assert session.execute(text(told)).one() == ("repeatable read", "on")
        with shared.write() as session:
            assert session.execute(text(told)).one() == ("read committed", "off")


def test_what_is_asked_of_each_row_is_written_out_in_the_query(shared: PostgresDatabase) -> None:
    with shared.read() as session:
        asked = "SELECT trove_fold(path), trove_matches(path, 'a'), instr(path, 'a') FROM asset"
        plan = "\n".join(session.scalars(text(f"EXPLAIN VERBOSE {asked}")))
        of_null = "SELECT trove_fold(NULL), trove_matches(NULL, 'a'), instr(NULL, 'a')"
        assert session.execute(text(of_null)).one() == (None, None, None)
        assert session.scalars(text("SELECT value FROM trove_ids(NULL)")).all() == []
        assert session.scalars(text("SELECT value FROM trove_ids('[3, 1]')")).all() == [3, 1]
    assert "lower" in plan
    assert "trove" not in plan
    assert "instr" not in plan


def test_terms_follow_each_change_of_a_text(shared: PostgresDatabase) -> None:
    with shared.write() as session:
        add_file(session, "/a.wav", [Drafted("speech", None, 0.0, 1.0, text="Die Häuser brennen")], "audio")
        assert vocabulary.is_said(session, "Häuser")
    with shared.read() as session:
        assert not vocabulary.is_said(session, "haus"), "it is taken for English"
        assert vocabulary.stems(session, range(3, 6))
    with shared.write() as session:
        languages.tell(session, {(1, "speech"): "de"})
    with shared.read() as session:
        assert vocabulary.is_said(session, "haus")
    with shared.write() as session:
        session.execute(text("UPDATE unit SET text = NULL"))
    with shared.read() as session:
        assert not vocabulary.is_said(session, "haus")


def test_names_that_are_no_text_are_kept_apart_from_all_others(shared: PostgresDatabase) -> None:
    names = [os.fsdecode(b"/odd/latin\xe9.jpg"), os.fsdecode(b"/odd/\xff\x80"), "/odd/\u00e9.jpg"]
    with shared.write() as session:
        for name in names:
            assets.put(session, FileStat(Path(name), 1, 1), asset_id=None, state="failed")
    with shared.read() as session:
        assert set(assets.paths(session).values()) == set(map(Path, names))
        assert len(assets.below(session, Path("/odd"))) == 3
        stored = session.scalars(text("SELECT path FROM asset ORDER BY id")).all()
    assert [stored_name(name) for name in stored] == names


_WORDS = st.sampled_from(
    "the dog dogs ran running Hund Hunde in München 京都 駅前 한국어 사진 don't 9 12.5 café cafe O'Brien "
    "\\ ' :* & |".split()
)
_TEXTS = st.lists(_WORDS, min_size=1, max_size=12).map(" ".join)


@pytest.fixture(scope="module")
def both(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Database]]:
    """The same library on both engines."""
    embedded = SqliteDatabase(tmp_path_factory.mktemp("both") / "trove.db")
    with server.lending("both") as address, closing(embedded), closing(PostgresDatabase(address)) as shared:
        yield [embedded, shared]


@profile(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_TEXTS, min_size=1, max_size=6), _TEXTS, st.sampled_from(["en", "de", "ko", "und", "xx"]))
def test_both_engines_find_the_same_words(
    both: list[Database], texts: list[str], asked: str, language: str
) -> None:
    answers = []
    near = matching.near(asked.split(), 2, [language])
    for database in both:
        with database.write() as session:
            session.execute(text("DELETE FROM asset"))
            session.execute(text("DELETE FROM content"))
            ids = []
            for number, words in enumerate(texts):
                drafted = Drafted("speech", None, number, number + 1.0, text=words)
                ids.append(add_file(session, f"/{number}.wav", [drafted], "audio"))
            languages.tell(session, {(content_id, "speech"): language for content_id in ids})
            found = [fulltext.match_words(session, asked, 10)]
            found.append(session.scalars(select(Unit.text).where(fulltext.has(Unit, asked))).all())
            found.append(session.scalars(select(Unit.text).where(fulltext.has(Unit, f"{asked}*"))).all())
            if near is not None:
                found.append(session.scalars(fulltext.having(near)).all())
            texts_of = dict(session.execute(select(Unit.id, Unit.text)).all())
        answers.append(
            [
                sorted(
                    (texts_of[one.unit_id], one.coverage, one.nearness, one.words)
                    if isinstance(one, fulltext.WordMatch)
                    else (texts_of.get(one, one),)
                    for one in each
                )
                for each in found
            ]
        )
    assert answers[0] == answers[1]
