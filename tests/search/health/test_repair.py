"""What people made is not lost by a damaged, cut or deleted database file."""

import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.catalog import assets, opened
from db.engine import backups
from db.engine.clock import utc_now
from db.engine.schema import Root, SwitchRow
from db.engine.sqlite import SqliteDatabase
from db.engine.users import (
    Correction,
    EventPicture,
    EventSaid,
    HiddenRow,
    Judgement,
    OpenedRow,
    SavedSearchRow,
    StackChoice,
)
from db.errors import LibraryDamagedError, LibraryError
from db.library import Library
from db.paths import Paths
from db.settings import Settings
from indexer.pipeline import index
from search.health.repair import repair
from tests.support import media
from tests.support.command import as_json, check_error, trove
from tests.support.rows import Drafted, add_file, space

pytestmark = pytest.mark.sqlite

PAGE = 4096
FILES = 120


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of 120 recordings, with something in every table of what people made."""
    folder = tmp_path_factory.mktemp("whole")
    database = SqliteDatabase(folder / "trove.db")
    rng = np.random.default_rng(0)
    with database.write() as session:
        session.add(Root(path=Path("/talks"), exclude="*.tmp\n/Old/"))
        session.add(SwitchRow(analyser="speech", folder=Path("/talks/Noise"), is_on=False))
        space(session, 128)
        for number in range(FILES):
            vectors = rng.standard_normal((4, 128)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            drafts = [
                Drafted("speech", row, at, at + 1.0, text=f"passage {at}") for at, row in enumerate(vectors)
            ]
            add_file(session, f"/talks/{number:04}.mp3", drafts, "audio")
        for number in range(12):
            name = f"search {number}"
            session.add(
                SavedSearchRow(name=name, query=f"a dog {number}", kind=None, created_at=utc_now(), seen=1)
            )
        session.flush()
        session.add(EventSaid(name="A talk", said_at=utc_now()))
        session.flush()
        for number in range(FILES):
            sha256, path = bytes([number]) * 32, Path(f"/talks/{number:04}.mp3")
            thumb = {"saved_id": 1 + number % 12, "kind": "speech", "start_s": 1.0, "up": number % 2 == 0}
            session.add(Judgement(sha256=sha256, path=path, **thumb))
            right = {"subject": "speech", "start_s": 0.0, "end_s": 1.0, "value": f"words {number}"}
            session.add(Correction(sha256=sha256, created_at=utc_now(), **right))
            session.add(OpenedRow(query="a dog", sha256=sha256, rank=1, opened_at=utc_now()))
            session.add(StackChoice(sha256=sha256, chosen_at=utc_now()))
            session.add(EventPicture(sha256=sha256, event_id=None if number % 5 else 1))
            session.add(HiddenRow(sha256=sha256, path=path, hidden_at=utc_now()))
        session.add(HiddenRow(path=Path("/talks/caf\udce9"), hidden_at=utc_now()))
        opened.turn(session, on=True)
    database.close()
    return folder


@pytest.fixture
def paths(original: Path, tmp_path: Path) -> Paths:
    shutil.copytree(original, tmp_path / "library")
    return Paths(tmp_path / "library", tmp_path / "cache")


def made(database: Path) -> Counter[tuple[Any, ...]]:
    """What people made, without the ids of rows and without how much of a saved search was seen."""
    found: Counter[tuple[Any, ...]] = Counter()
    with closing(sqlite3.connect(database)) as connection:
        connection.row_factory = sqlite3.Row
        names = {row["id"]: row["name"] for row in connection.execute("SELECT id, name FROM saved_search")}
        for table in backups.TABLES:
            for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608
                values = {name: row[name] for name in row.keys() if name not in ("id", "seen")}  # noqa: SIM118
                if "saved_id" in values:
                    values["saved_id"] = names[values["saved_id"]]
                found[table, tuple(values.items())] += 1
        found["remembers", connection.execute("SELECT remembers_opened FROM library").fetchone()[0]] += 1
    return found


def count(database: Path, table: str) -> int:
    with closing(sqlite3.connect(database)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def pages_of(database: Path, *tables: str) -> list[int]:
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT name, pageno FROM dbstat").fetchall()
    return [page for name, page in rows if name in tables]


def overwrite(database: Path, pages: list[int], content: bytes = b"\xff" * PAGE) -> None:
    with database.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(content)


def cut(database: Path, share: float) -> None:
    with database.open("r+b") as file:
        file.truncate(int(database.stat().st_size * share))


def fill(database: Path, content: bytes) -> None:
    database.write_bytes(content * database.stat().st_size)


def check_whole(original: Path, paths: Paths) -> None:
    assert made(paths.database) == made(original / "trove.db")
    database = SqliteDatabase(paths.database)
    assert database.check() == []
    with database.read() as session:
        assert len(assets.roots(session)) == 1
    database.close()
    with closing(sqlite3.connect(paths.database)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


_DAMAGES: dict[str, Callable[[Path], object]] = {
    "all pages of what people made": lambda file: overwrite(file, pages_of(file, *backups.TABLES, "library")),
    "one page of each": lambda file: overwrite(file, [pages_of(file, table)[-1] for table in backups.TABLES]),
    "the same, with zeros": lambda file: overwrite(
        file, [pages_of(file, table)[0] for table in backups.TABLES], bytes(PAGE)
    ),
    "the first page": lambda file: overwrite(file, [1]),
    "the pages of vectors": lambda file: overwrite(file, pages_of(file, "embedding")[3:9]),
    "cut at a tenth": lambda file: cut(file, 0.1),
    "cut at two thirds": lambda file: cut(file, 2 / 3),
    "cut at the last page": lambda file: cut(file, 0.999),
    "of zeros": lambda file: fill(file, b"\0"),
    "of something else": lambda file: fill(file, b"x"),
    "empty": lambda file: file.write_bytes(b""),
    "deleted": lambda file: file.unlink(),
}


@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=_DAMAGES)
def test_what_people_made_is_all_there_after_a_repair(
    original: Path, paths: Paths, damage: Callable[[Path], object]
) -> None:
    damage(paths.database)
    damaged = paths.database.read_bytes() if paths.database.exists() else None
    done = repair(paths)
    check_whole(original, paths)
    assert done.lost == ()
    assert not list(paths.folder.glob(".repair-*"))
    if damaged is None:
        assert done.kept is None
    else:
        assert done.kept is not None
        assert (done.kept / "trove.db").read_bytes() == damaged, "it is as it was"


@pytest.mark.slow
def test_so_it_is_after_random_damage_and_the_rest_is_nearly_all_there(original: Path, paths: Paths) -> None:
    whole = (original / "trove.db").read_bytes()
    pages = len(whole) // PAGE
    salvaged = []
    for seed in range(8):
        chance = random.Random(seed)  # noqa: S311
        paths.database.write_bytes(whole)
        overwrite(paths.database, chance.sample(range(2, pages + 1), chance.choice((1, 3, 20))))
        repair(paths)
        check_whole(original, paths)
        salvaged.append(count(paths.database, "unit"))
    # Nothing can be read where a page of the schema is lost.
    readable = [units for units in salvaged if units]
    assert len(readable) > len(salvaged) / 2
    assert sum(readable) > len(readable) * 4 * FILES * 0.8


def test_a_changed_bit_takes_nothing_away_but_may_add_what_it_made_of_a_row(
    original: Path, paths: Paths
) -> None:
    """SQLite keeps no checksums: a flip within a value is not noticed, but the backup has the right row."""
    whole, right = (original / "trove.db").read_bytes(), made(original / "trove.db")
    changed = 0
    for seed in range(6):
        chance, data = random.Random(seed), bytearray(whole)  # noqa: S311
        for page in chance.sample(pages_of(original / "trove.db", *backups.TABLES), 5):
            data[(page - 1) * PAGE + chance.randrange(PAGE)] ^= 1 << chance.randrange(8)
        paths.database.write_bytes(data)
        repair(paths)
        lost = set(right) - set(made(paths.database))
        assert len(lost) <= 5, "rows whose key is right and of which another value has changed"
        changed += len(lost)
        database = SqliteDatabase(paths.database)
        assert database.check() == []
        database.close()
    assert changed < 6


def test_the_newest_changes_are_read_from_the_damaged_file(
    original: Path, paths: Paths, tmp_path: Path
) -> None:
    """Where damage is elsewhere, also what came after the last backup: that may have failed."""
    shutil.copytree(paths.backups, tmp_path / "older")
    database = SqliteDatabase(paths.database)
    with database.write() as session:
        session.add(SavedSearchRow(name="the newest", query="a cat", created_at=utc_now(), seen=1))
    database.close()
    shutil.rmtree(paths.backups)
    shutil.copytree(tmp_path / "older", paths.backups)
    before = made(paths.database)
    assert before != made(original / "trove.db")
    overwrite(paths.database, pages_of(paths.database, "opened", "unit"))
    repair(paths)
    assert made(paths.database) == before


def test_without_a_backup_what_can_be_read_is_there_and_what_cannot_is_named(paths: Paths) -> None:
    shutil.rmtree(paths.backups)
    before = made(paths.database)
    overwrite(paths.database, pages_of(paths.database, "unit")[2:4])
    assert repair(paths).lost == ()
    assert made(paths.database) == before
    shutil.rmtree(paths.backups, ignore_errors=True)
    overwrite(paths.database, pages_of(paths.database, "hidden"))
    assert repair(paths).lost == ("hidden",)
    shutil.rmtree(paths.backups, ignore_errors=True)
    fill(paths.database, b"x")
    with pytest.raises(LibraryDamagedError, match="can be read, and there is no backup"):
        repair(paths)
    paths.database.unlink()
    with pytest.raises(LibraryError, match="neither a library nor a backup"):
        repair(paths)


def test_a_damaged_backup_gives_way_to_the_one_before(original: Path, paths: Paths) -> None:
    (good,) = backups.every(paths.backups)
    good.rename(paths.backups / "2020-01-01.json")
    good.write_text('{"format": "trove backup", "sche')
    paths.database.unlink()
    repair(paths)
    check_whole(original, paths)


@pytest.fixture
def indexed(settings: Settings, tmp_path: Path) -> Iterator[Settings]:
    folder = tmp_path / "media"
    folder.mkdir()
    for seed in range(6):
        media.photo(folder / f"{seed}.jpg", seed)
    media.video(folder / "film.mp4", scenes=(11, 12, 13))
    with Library(settings) as whole:
        assert Counter(index(whole, [folder], exclude=["*.tmp"]).units) == Counter(image=6, frame=3)
    assert trove(settings, "hide", folder / "2.jpg").returncode == 0
    yield settings


@pytest.mark.parametrize("tables", [("unit",), ("content", "asset"), ("hidden", "root"), None])
def test_the_next_run_fills_the_holes(indexed: Settings, tables: tuple[str, ...] | None) -> None:
    """None: the file is gone. Commands say what to do, and none makes a new library over it."""
    database = indexed.paths.database
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if tables is None:
        for left in indexed.paths.folder.glob("trove.db*"):
            left.unlink()
        for words in (("index",), ("search", "a dog"), ("status",)):
            check_error(trove(indexed, *words), "is gone", "trove doctor --repair")
        assert "trove doctor --repair" in trove(indexed, "doctor").stdout.replace("\n", " ")
        assert not database.exists()
    else:
        overwrite(database, [page for table in tables for page in pages_of(database, table)[-1:]])
    done = as_json(trove(indexed, "doctor", "--repair", "--json"))
    assert done["lost"] == []
    with Library(indexed) as repaired:
        index(repaired)
        assert repaired.database.check() == []
    told = as_json(trove(indexed, "status", "--json"))
    assert told["units"]["image"], told
    assert count(database, "unit") == 9
    assert "2.jpg" in trove(indexed, "hide").stdout.replace("\n", "")
    assert "*.tmp" in trove(indexed, "roots").stdout


def test_a_repair_says_what_came_from_where(indexed: Settings) -> None:
    overwrite(indexed.paths.database, pages_of(indexed.paths.database, "hidden"))
    said = trove(indexed, "doctor", "--repair")
    assert said.returncode == 0, said.stderr
    assert "What you made is all there; 1 entry came from the latest backup." in said.stdout
    assert "damaged-" in said.stdout
    with Library(indexed) as library, library.indexing():
        check_error(trove(indexed, "doctor", "--repair"), "another process is indexing")
