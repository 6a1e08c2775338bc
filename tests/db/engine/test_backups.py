"""Backups of what users made: after each change, one a day, never of a damaged table, kept by age."""

import errno
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.catalog import assets, hidden, saved
from db.engine import backups
from db.engine.clock import utc_now
from db.engine.database import Database
from db.engine.schema import Unit
from db.engine.sqlite import SqliteDatabase
from db.engine.users import OpenedRow
from db.errors import LibraryDamagedError, LibraryError, LibraryNewerError
from tests.support.rows import Drafted, add_file, directions


@pytest.fixture
def folder(database: Database) -> Path:
    """The folder of the backups of a library with a file."""
    with database.write() as session:
        add_file(session, "/photos/a.jpg", [Drafted("image", directions(1)[0])])
    folder = database.path.with_name("backups")
    assert not folder.exists(), "nobody has made anything yet"
    return folder


def held(folder: Path) -> dict[str, list[dict[str, Any]]]:
    whole = json.loads(backups.every(folder)[0].read_bytes())
    return {name: rows for name, rows in whole["tables"].items() if rows}


def test_it_follows_each_change_of_what_people_made_and_no_other(database: Database, folder: Path) -> None:
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
    assert [row["name"] for row in held(folder)["saved_search"]] == ["dogs"]
    (path,) = backups.every(folder)
    before = path.stat()
    with database.write() as session:
        session.query(Unit).update({"text": "a sign"})
        add_file(session, "/photos/b.jpg", [Drafted("image", directions(2)[1])])
    with database.read() as session:
        saved.every(session)
    assert path.stat().st_ino == before.st_ino, "not written again"
    with database.write() as session:
        hidden.put(session, Path("/photos/a.jpg"))
        assets.add_roots(session, [Path("/photos")])
    assert set(held(folder)) == {"saved_search", "hidden", "root"}
    with database.write() as session:
        saved.remove(session, 1)
        hidden.drop(session, Path("/photos/a.jpg"))
    assert set(held(folder)) == {"root"}, "what they took back is not in the backup of the day"


def test_a_change_that_is_taken_back_is_in_no_backup(database: Database, folder: Path) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        saved.add(session, "dogs", "a dog", None)
        session.flush()
        raise ZeroDivisionError
    assert not folder.exists()


def test_an_older_library_gets_one_with_the_first_write(database: Database, folder: Path) -> None:
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
    backups.every(folder)[0].unlink()
    database.close()
    again = SqliteDatabase(database.path)
    with again.write() as session:
        add_file(session, "/photos/b.jpg", [Drafted("image", directions(2)[1])])
    again.close()
    assert set(held(folder)) == {"saved_search"}


def test_writers_side_by_side_leave_the_newest(database: Database, folder: Path) -> None:
    """Two connections as two processes have them, each with threads."""
    others = [database, SqliteDatabase(database.path)]

    def add(number: int) -> None:
        with others[number % 2].write() as session:
            saved.add(session, f"search {number}", "a dog", None)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(add, range(40)))
    others[1].close()
    assert len(held(folder)["saved_search"]) == 40


def test_a_full_disk_does_not_fail_the_change(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backups, "write_atomically", full)
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
    with database.read() as session:
        assert [one.name for one in saved.every(session)] == ["dogs"]
    assert backups.every(folder) == []
    assert "no backup of what you made could be written: [Errno 28]" in caplog.text


def test_a_damaged_table_never_takes_the_place_of_a_good_backup(database: Database, folder: Path) -> None:
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
        hidden.put(session, Path("/photos/a.jpg"))
    good = backups.every(folder)[0].read_bytes()
    database.close()
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = connection.execute("SELECT pageno FROM dbstat WHERE name = 'saved_search'").fetchone()
    with database.path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(4096))
    damaged = SqliteDatabase(database.path)
    with damaged.write() as session:
        hidden.drop(session, Path("/photos/a.jpg"))
    damaged.close()
    assert [path.read_bytes() for path in backups.every(folder)] == [good]


def test_they_are_kept_by_age(database: Database, folder: Path) -> None:
    folder.mkdir()
    last = date.today()
    for day in range(1, 500):
        (folder / f"{last - timedelta(days=day)}.json").write_text("{}")
    (folder / "mine.json").write_text("{}")
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
    kept = [date.fromisoformat(path.stem) for path in backups.every(folder)]
    assert kept[:7] == [last - timedelta(days=day) for day in range(7)]
    weeks = [day.isocalendar()[:2] for day in kept]
    assert len({week for day, week in zip(kept, weeks, strict=True) if day > last - timedelta(days=28)}) >= 4
    assert len({(day.year, day.month) for day in kept}) == 12
    assert len(kept) <= 7 + 4 + 12
    assert (folder / "mine.json").exists()


def test_what_is_forgotten_is_in_no_backup(database: Database, folder: Path) -> None:
    words = "a word that nobody shall read"
    with database.write() as session:
        session.add(OpenedRow(query=words, sha256=bytes(32), rank=1, opened_at=utc_now()))
        saved.add(session, "dogs", "a dog", None)
    (today,) = backups.every(folder)
    (folder / "2020-01-01.json").write_bytes(today.read_bytes())
    (folder / "before-schema-13.json").write_bytes(today.read_bytes())
    (folder / "2020-01-02.json").write_bytes(today.read_bytes()[:-20])
    backups.forget(folder, "opened")
    left = sorted(folder.glob("*"))
    assert [path.name for path in left][:2] == ["2020-01-01.json", today.name]
    assert all(words not in path.read_text() and "dogs" in path.read_text() for path in left)


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("saved_search", {"name": "a\nb"}),
        ("saved_search", {"name": "x" * 101}),
        ("saved_search", {"name": None}),
        ("saved_search", {"query": ["a dog"]}),
        ("saved_search", {"query": "\udcff"}),
        ("saved_search", {"created_at": "yesterday"}),
        ("saved_search", {"seen": 1 << 80}),
        ("saved_search", {"seen": True}),
        ("saved_search", {"sql": "DROP TABLE unit"}),
        ("hidden", {"sha256": "00"}),
        ("hidden", {"sha256": "zz" * 32}),
        ("hidden", {"path": ""}),
        ("hidden", {"path": "a\0b"}),
        ("judgement", {}),
        ("judgement", {"start_s": float("nan")}),
        ("judgement", {"start_s": 10**400}),
        ("asset", {}),
    ],
)
def test_values_that_cannot_be_are_refused(
    database: Database, folder: Path, table: str, change: dict[str, Any]
) -> None:
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
        hidden.put(session, Path("/photos/a.jpg"))
    (path,) = backups.every(folder)
    whole = json.loads(path.read_bytes())
    assert backups.parse(path.read_bytes(), path).rows["saved_search"][0]["name"] == "dogs"
    rows = whole["tables"].setdefault(table, [])
    rows[:] = [{**(rows[0] if rows else {}), **change}]
    with pytest.raises(LibraryError, match="is no backup of Trove"):
        backups.parse(json.dumps(whole).encode(), path)


@pytest.mark.parametrize(
    "data",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'{"format": "trove backup"}', b"9" * 5000],
)
def test_what_is_no_backup_is_refused(data: bytes) -> None:
    with pytest.raises(LibraryError, match="is no backup of Trove"):
        backups.parse(data, Path("x.json"))


def test_one_of_a_newer_trove_is_refused() -> None:
    with pytest.raises(LibraryNewerError, match="newer Trove"):
        backups.parse(b'{"format": "trove backup", "schema": 999, "tables": {"new": []}}', Path("x.json"))


def test_a_library_that_was_lost_is_not_taken_for_a_new_one(database: Database, folder: Path) -> None:
    with database.write() as session:
        saved.add(session, "dogs", "a dog", None)
    database.close()
    for left in database.path.parent.glob("trove.db*"):
        left.unlink()
    for content in (None, b""):
        if content is not None:
            database.path.write_bytes(content)
        with pytest.raises(LibraryDamagedError, match="is gone") as caught:
            SqliteDatabase(database.path)
        assert "trove doctor --repair" in caught.value.hint
    assert set(held(folder)) == {"saved_search"}
