"""What comes back from a database with damaged pages, and that nothing is made up."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine

from db.catalog import assets, units
from db.catalog.facts import Fact
from db.engine import migrations
from db.engine.salvage import salvage
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryDamagedError, LibraryError
from tests.support.rows import Drafted, add_file, space

PAGE = 4096
_KINDS = ("content", "asset", "analysis", "unit", "fact", "embedding")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of 1,500 spoken passages in 300 recordings, and some other rows."""
    path = tmp_path_factory.mktemp("recover") / "trove.db"
    database = SqliteDatabase(path)
    rng = np.random.default_rng(0)
    with database.write() as session:
        assets.add_roots(session, [Path("/music"), Path("/talks")])
        space(session, 32)
        for number in range(300):
            name = f"/talks/{number:04}.mp3"
            vectors = rng.standard_normal((5, 32)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            drafts = [
                Drafted("speech", vector, at, at + 1.0, text=f"passage {at} of recording {number}")
                for at, vector in enumerate(vectors)
            ]
            claims = [Fact("duration", 5.0, "decoder"), Fact("camera", f"recorder {number}", "container")]
            add_file(session, name, drafts, "audio", claims=claims)
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def rows(path: Path, table: str) -> dict[int, tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return {row[0]: row[1:] for row in connection.execute(f"SELECT rowid, * FROM {table}")}  # noqa: S608


def pages_of(path: Path, name: str) -> list[int]:
    """The pages of a table or index, the root first."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT pageno FROM dbstat WHERE name = ? ORDER BY path", (name,))
        return [row[0] for row in found]


def damage(path: Path, pages: list[int], content: bytes = b"\xff" * PAGE) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(content)


def check(path: Path) -> None:
    """The copy is a sound library in every respect."""
    assert SqliteDatabase(path).check() == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        connection.execute("INSERT INTO passage (passage, rank) VALUES ('integrity-check', 1)")


def test_of_a_sound_library_everything_comes_over(original: Path, tmp_path: Path) -> None:
    before = original.read_bytes()
    found = salvage(original, tmp_path / "copy.db")
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    assert found.is_whole()
    for table in (*_KINDS, "root", "space", "run"):
        assert rows(tmp_path / "copy.db", table) == rows(original, table)
        assert found.rows[table] == len(rows(original, table))
    assert original.read_bytes() == before
    check(tmp_path / "copy.db")


def test_a_vector_that_claims_to_be_of_a_later_revision_is_left_out(original: Path, tmp_path: Path) -> None:
    """It would count as new for ever."""
    path = tmp_path / "claims.db"
    shutil.copyfile(original, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE embedding SET revision = ? WHERE unit_id = 7", (1 << 60,))
        connection.execute("UPDATE embedding SET revision = x'00' WHERE unit_id = 8")
        connection.commit()
    assert salvage(path, tmp_path / "copy.db").dropped == {"embedding": 2}
    check(tmp_path / "copy.db")


def test_what_is_only_in_the_journal_comes_over(tmp_path: Path) -> None:
    path = tmp_path / "library" / "trove.db"
    database = SqliteDatabase(path)
    with database.write() as session:
        assets.add_roots(session, [Path("/late")])
    assert path.with_name("trove.db-wal").stat().st_size > 0
    salvage(path, tmp_path / "copy.db")
    assert len(rows(tmp_path / "copy.db", "root")) == 1
    database.close()


@pytest.mark.parametrize("table", _KINDS)
def test_a_damaged_page_costs_only_its_own_rows(original: Path, tmp_path: Path, table: str) -> None:
    damaged = tmp_path / "trove.db"
    shutil.copyfile(original, damaged)
    pages = pages_of(original, table)
    assert len(pages) > 3
    damage(damaged, [pages[len(pages) // 2], pages[-1]])
    content = damaged.read_bytes()
    found = salvage(damaged, tmp_path / "copy.db")
    assert not found.is_whole()
    assert found.gaps[table]
    check(tmp_path / "copy.db")
    assert damaged.read_bytes() == content
    for name in _KINDS:
        before, after = rows(original, name), rows(tmp_path / "copy.db", name)
        assert set(after) <= set(before), "nothing is made up"
        if name == table:
            per_page = len(before) / (len(pages) - 1)
            assert len(after) >= len(before) - 4 * per_page - 10
    units = rows(tmp_path / "copy.db", "unit")
    whole = rows(original, "unit")
    assert all(units[unit_id] == whole[unit_id] for unit_id in units)


@pytest.mark.parametrize("share", [0.5, 2 / 3, 0.8, 0.95])
def test_a_file_cut_short_gives_what_is_left(original: Path, tmp_path: Path, share: float) -> None:
    """Also where the tree of a table is cut so that SQLite goes back to rows that it has given before."""
    damaged = tmp_path / "trove.db"
    damaged.write_bytes(original.read_bytes()[: int(original.stat().st_size * share) + 123])
    found = salvage(damaged, tmp_path / "copy.db")
    check(tmp_path / "copy.db")
    assert found.rows["asset"] > 100 * (share - 0.1)


@pytest.mark.slow
def test_random_damage_always_ends_in_a_sound_copy_or_a_named_error(original: Path, tmp_path: Path) -> None:
    whole = original.read_bytes()
    chance = random.Random(0)  # noqa: S311
    copies = 0
    for number in range(12):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 10, 100))):
            at = chance.randrange(len(data))
            data[at] ^= 1 << chance.randrange(8)
        (tmp_path / "trove.db").write_bytes(data)
        copy = tmp_path / f"{number}.db"
        try:
            salvage(tmp_path / "trove.db", copy)
        except LibraryError:
            continue
        check(copy)
        copies += 1
    assert copies > 9


@pytest.mark.parametrize("content", [b"", b"this is no database" * 1000])
def test_what_is_no_database_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trove.db").write_bytes(content)
    with pytest.raises(LibraryError):
        salvage(tmp_path / "trove.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE asset SET taken_at = '2020-01-0 x'", "isoformat"),
        ("UPDATE unit SET text = CAST(x'fffe' AS TEXT)", "UTF-8"),
        ("UPDATE embedding SET vector = x'00' WHERE unit_id = 7", "vector"),
        ("ALTER TABLE unit RENAME COLUMN text TO txt", "no such column"),
    ],
)
def test_values_that_cannot_be_are_a_damaged_library(
    original: Path, tmp_path: Path, change: str, words: str
) -> None:
    path = tmp_path / "trove.db"
    shutil.copyfile(original, path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TRIGGER unit_said")
        connection.execute("DROP TRIGGER unit_unsaid")
        connection.execute("DROP TRIGGER unit_reworded")
        connection.execute(change)
        connection.commit()
    database = SqliteDatabase(path)
    with pytest.raises(LibraryDamagedError, match=words) as caught, database.read() as session:
        units.rows(session, range(1, 100))
        units.vectors(session, 1, np.arange(1, 100))
    assert "trove doctor --repair" in caught.value.hint
    with pytest.raises(ValueError, match="mine"), database.read():
        raise ValueError("mine")
    database.close()


def test_the_first_schema_with_rows_in_it_becomes_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "trove.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrations.migrate(connection, 1)
    engine.dispose()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "INSERT INTO root (path) VALUES ('/talks');"
            "INSERT INTO content (sha256, kind, has_audio) VALUES (zeroblob(32), 'audio', 1);"
            "INSERT INTO asset (path, size, mtime_ns, content_id, state, indexed_at) "
            "  VALUES ('/talks/a.mp3', 1, 2, 1, 'indexed', '2026-01-02 03:04:05.000000');"
            "INSERT INTO unit (content_id, kind, start_s, end_s, text) VALUES (1, 'speech', 0, 1, 'hello');"
            "INSERT INTO space (model, fingerprint, dim, state) VALUES ('builtin', 'x', 2, 'active');"
            "INSERT INTO embedding VALUES (1, 1, x'003c0000');"
        )
    database = SqliteDatabase(path)
    with database.read() as session:
        assert units.counts(session)["speech"] == 1
        assert assets.roots(session) == [Path("/talks")]
        assert units.vectors(session, 1, np.array([1])).tolist() == [[1.0, 0.0]]
        assert units.rows(session, [1])[1].text == "hello"
    assert database.check() == []
    database.close()
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
    assert version == len(migrations.MIGRATIONS)
