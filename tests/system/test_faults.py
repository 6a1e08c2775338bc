"""Faults from outside: full disks, lost rights, locks, dying decoders, files that change or go away."""

import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from db.catalog import assets, runs, spaces, units
from db.engine.clock import utc_now
from db.engine.database import Database
from db.engine.sqlite import SqliteDatabase
from db.errors import LibraryBusyError, LibraryError
from db.files import sweep, write_atomically
from db.library import Library
from db.settings import Settings
from db.vectors.faiss_store import FaissStore
from indexer import prepare
from indexer.flow import Outcome, Progress, Task
from indexer.media.pool import DecodePool
from indexer.media.reader import read_whole
from indexer.pipeline import index
from tests.support import ROOT, broken_decoders, command, media

MEMORY_MB = 1024
needs_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can mount; RLIMIT_FSIZE stands for it above"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four different pictures."""
    (tmp_path / "media").mkdir()
    for seed in range(4):
        media.photo(tmp_path / "media" / f"{seed}.jpg", seed)
    return tmp_path / "media"


def trove(settings: Settings, *arguments: str, within: Callable[[], None] | None = None) -> command.Result:
    """The command line; in a process of its own where that is first put ``within`` some limits."""
    if within is None:
        return command.trove(settings, *arguments)
    words = [sys.executable, "-m", "ui.cli", "--library", str(settings.paths.folder), *arguments]
    own = {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_DEVICE": "cpu",
    }
    return subprocess.run(
        words,
        cwd=ROOT,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=300,
        preexec_fn=within,
    )


def is_error(done: command.Result, *words: str) -> None:
    """One line that names the fault, no traceback, exit code 1."""
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert any(word in done.stderr for word in words), done.stderr


def whole(settings: Settings, expected: int) -> None:
    """The library is sound, and its index holds what can be found."""
    database = SqliteDatabase(settings.paths.database)
    assert database.check() == []
    with database.read() as session:
        space = spaces.active(session)
        assert units.counts(session)["image"] == expected
    assert space is not None
    store = FaissStore(database, settings.paths.vectors, space.id, space.dim, "cpu")
    with database.read() as session:
        assert store.at(session).count("picture") == expected
    database.close()


# --- disks


@contextmanager
def limited(limit: int) -> Iterator[Callable[[], None]]:
    """What lets a child write no more than ``limit`` bytes into one file: a full disk, for any user."""
    import resource

    def limit_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    yield limit_files


@pytest.mark.parametrize("limit", [0, 40_000])
def test_a_disk_that_is_full_is_named_and_nothing_is_lost(
    library: Library, settings: Settings, folder: Path, limit: int
) -> None:
    database = SqliteDatabase(settings.paths.database)
    index(library, [folder / "0.jpg"])
    database.close()
    with limited(limit) as full:
        done = trove(settings, "index", str(folder), within=full)
    is_error(done, "full", "space", "too large", "disk I/O", "cannot use the library folder")
    whole(settings, 1)
    done = trove(settings, "index", str(folder))
    assert done.returncode == 0, done.stderr
    whole(settings, 4)
    assert not list(settings.paths.folder.rglob("*.tmp"))


@pytest.mark.slow
@needs_root
def test_a_small_file_system_that_fills_up_while_indexing(
    settings: Settings, folder: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    try:
        small = settings.model_copy(update={"library": disk / "library"})
        assert command.trove(small, "index", folder / "0.jpg", process=True).returncode == 0
        with (disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError, match="No space"):
            while True:
                ballast.write(bytes(4096))
        is_error(
            command.trove(small, "index", folder, process=True), "full", "No space", "disk I/O", "readonly"
        )
        assert command.trove(small, "search", "a colour", process=True).returncode == 0, (
            "what is there can be searched"
        )
        (disk / "ballast").unlink()
        assert command.trove(small, "index", folder, process=True).returncode == 0
        whole(small, 4)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


# --- rights


def bound_by_rights() -> None:
    """Makes root's children heed permissions, as everybody else's do anyway."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None)
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            assert libc.prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP


@pytest.fixture
def one_indexed(settings: Settings, folder: Path) -> Iterator[Settings]:
    """A library with one picture; whatever becomes of its rights, they come back."""
    index(Library(settings), [folder / "0.jpg"])
    yield settings
    for path in (folder, settings.paths.folder, *settings.paths.folder.rglob("*")):
        path.chmod(0o755)


def test_a_library_that_cannot_be_written_can_be_searched_but_not_indexed(
    one_indexed: Settings, folder: Path
) -> None:
    for path in (*one_indexed.paths.folder.rglob("*"), one_indexed.paths.folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = trove(one_indexed, "search", "a colour", "--json", within=bound_by_rights)
    assert done.returncode == 0, done.stderr
    assert "0.jpg" in done.stdout
    done = trove(one_indexed, "index", str(folder), within=bound_by_rights)
    is_error(done, "ermission denied", "readonly", "read-only")


def test_a_library_on_a_medium_without_room_or_rights_can_be_searched(
    one_indexed: Settings, folder: Path
) -> None:
    """Closed in good order, it has no journal, and SQLite cannot make the files that go with one."""
    with closing(sqlite3.connect(one_indexed.paths.database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for journal in one_indexed.paths.folder.glob("trove.db-*"):
        journal.unlink()
    for path in (*one_indexed.paths.folder.rglob("*"), one_indexed.paths.folder):
        path.chmod(0o555 if path.is_dir() else 0o444)
    done = trove(one_indexed, "search", "a colour", "--json", within=bound_by_rights)
    assert done.returncode == 0, done.stderr
    assert "0.jpg" in done.stdout
    done = trove(one_indexed, "index", str(folder), within=bound_by_rights)
    is_error(done, "ermission denied", "readonly", "read-only")


@pytest.mark.slow
def test_media_that_may_not_be_read_are_named_and_read_later(one_indexed: Settings, folder: Path) -> None:
    (folder / "1.jpg").chmod(0)
    done = trove(one_indexed, "index", str(folder), within=bound_by_rights)
    assert done.returncode == 3, done.stderr
    assert "1.jpg" in trove(one_indexed, "failures").stdout
    (folder / "1.jpg").chmod(0o644)
    assert trove(one_indexed, "index", within=bound_by_rights).returncode == 0
    whole(one_indexed, 4)


def test_rights_lost_in_the_middle_of_a_run(
    library: Library, database: Database, settings: Settings, folder: Path
) -> None:
    """The index cannot be saved any more: the run says so, the rows stay, the next one goes on."""
    vectors = settings.paths.vectors

    def take_away(_progress: Progress) -> None:
        if not vectors.exists():
            vectors.write_text("in the way")

    with pytest.raises((LibraryError, OSError)):
        index(library, [folder], on_progress=take_away)
    with database.read() as session:
        assert units.counts(session)["image"] == 4
    vectors.unlink()
    index(library, [folder])
    database.close()
    whole(settings, 4)


# --- locks and clocks


@pytest.mark.slow
def test_a_database_that_another_program_locks_is_named(settings: Settings) -> None:
    database = SqliteDatabase(settings.paths.database)
    with database.read():
        pass
    with closing(sqlite3.connect(settings.paths.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked = pytest.raises(LibraryBusyError, match="locked by another program")
        with locked, database.write(patience_ms=200):
            pass
        other.execute("ROLLBACK")
    with database.write() as session:
        assets.add_roots(session, [Path("/free again")])


def test_two_runs_on_one_library_do_not_meet(settings: Settings, folder: Path) -> None:
    words = [sys.executable, "-m", "ui.cli", "--library", str(settings.paths.folder), "index", str(folder)]
    own = {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_DEVICE": "cpu",
    }
    both = [
        subprocess.Popen(words, cwd=ROOT, env=os.environ | own, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in both]
    codes = sorted(code for _, code in ends)
    assert codes in ([0, 0], [0, 1])
    for said, code in ends:
        assert code == 0 or "another process is indexing into this library" in said
    whole(settings, 4)


def test_a_clock_that_goes_back_changes_nothing(
    library: Library, database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(library, [folder])
    backwards = iter(range(1000))
    real = utc_now

    def earlier() -> datetime:
        return real() - timedelta(days=3650 + next(backwards))

    for module in (assets, runs, spaces):
        monkeypatch.setattr(module, "utc_now", earlier)
    monkeypatch.setattr(time, "time", lambda: 1.0)
    media.photo(folder / "new.jpg", 9)
    report = index(library, [folder])
    assert (report.indexed, report.unchanged) == (1, 4)
    os.utime(folder / "0.jpg", ns=(1, 1))  # a file from 1970 is a changed file, nothing else
    report = index(library, [folder])
    assert (report.reused, report.unchanged, report.failed) == (1, 4, 0)
    with database.read() as session:
        run = runs.last_run(session)
    assert run is not None and run.finished_at is not None
    database.close()
    whole(settings, 5)


# --- decoders


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (broken_decoders.crash, "crashed"),
        pytest.param(broken_decoders.hang, "longer than", marks=pytest.mark.slow),
        (broken_decoders.devour, "more memory"),
    ],
)
def test_a_decoder_that_fails_costs_its_file_alone(
    library: Library,
    database: Database,
    settings: Settings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: Callable[..., object],
    words: str,
) -> None:
    submit = DecodePool.submit

    def some(self: DecodePool, function: Callable[..., object], path: Path, *rest: object, **more: object):
        chosen = fault if path.name == "1.jpg" else function
        return submit(self, chosen, path, *rest, **more)

    monkeypatch.setattr(DecodePool, "submit", some)
    limits = settings.model_copy(update={"decode_timeout_s": 5.0, "decode_memory_mb": MEMORY_MB})
    with Library(limits) as limited:
        report = index(limited, [folder])
    assert (report.indexed, report.failed) == (3, 1)
    with database.read() as session:
        (failure,) = assets.failures(session)
    assert failure.path.name == "1.jpg"
    assert words in failure.reason
    monkeypatch.undo()
    with database.write() as session:
        assets.retry_failures(session)
    assert index(library, [folder]).failed == 0
    database.close()
    whole(settings, 4)


@pytest.mark.slow
def test_a_worker_that_hangs_in_c_does_not_outlive_a_killed_run_for_long(tmp_path: Path) -> None:
    script = tmp_path / "main.py"
    script.write_text(
        "import os, signal, time\n"
        "from pathlib import Path\n"
        "from indexer.media import pool as pools\n"
        "from tests.support.broken_decoders import hang\n"
        "pools._GRACE_S = 0.0\n"
        "pool = pools.DecodePool(1, 3.0, 1024)\n"
        "print(pool.submit(os.getpid).result(), flush=True)\n"
        "pool.submit(hang, Path())\n"
        "time.sleep(1)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    worker = int(done.stdout)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    pytest.fail("the worker was left behind")


def test_a_worker_writes_no_files(tmp_path: Path) -> None:
    with DecodePool(1, 30.0, MEMORY_MB) as pool, pytest.raises(OSError, match="too large"):
        pool.run(broken_decoders.write, tmp_path / "loot")
    assert (tmp_path / "loot").stat().st_size == 0


# --- files that do not stay as they are


def test_a_file_that_changes_whenever_it_is_read_waits_for_the_next_run(
    library: Library, database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = DecodePool.run

    def meanwhile(self: DecodePool, function: Callable[..., Any], path: Path, **options: Any) -> Any:
        result = run(self, function, path, **options)
        if function is read_whole and path.name == "1.jpg":
            media.photo(path, 99, size=(200, 150))
        return result

    monkeypatch.setattr(DecodePool, "run", meanwhile)
    report = index(library, [folder])
    assert (report.indexed, report.unfinished, report.failed) == (3, 1, 0)
    monkeypatch.undo()
    assert index(library, [folder]).indexed == 1
    database.close()
    whole(settings, 4)


def test_a_file_that_vanishes_before_it_is_read_is_named_and_forgotten(
    library: Library, database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = prepare.Preparer.__call__

    def vanish(self: prepare.Preparer, task: Task) -> Outcome:
        if task.stat.path.name == "2.jpg":
            task.stat.path.unlink()
        return call(self, task)

    monkeypatch.setattr(prepare.Preparer, "__call__", vanish)
    report = index(library, [folder])
    assert (report.indexed, report.failed) == (3, 1)
    monkeypatch.undo()
    report = index(library, [folder])
    assert (report.unchanged, report.failed) == (3, 0)
    with database.read() as session:
        assert assets.failures(session) == []


def test_a_drive_that_is_unplugged_while_it_is_read_keeps_what_was_indexed(
    library: Library, database: Database, settings: Settings, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only between runs: the whole root goes away in the middle of one."""
    index(library, [folder])
    for seed in range(4):
        media.photo(folder / f"{seed}.jpg", 50 + seed)  # all have changed, so that all are read
    away = folder.with_name("unplugged")
    call = prepare.Preparer.__call__

    def unplug(self: prepare.Preparer, task: Task) -> Outcome:
        with suppress(FileNotFoundError):  # another thread was sooner
            folder.rename(away)
        return call(self, task)

    monkeypatch.setattr(prepare.Preparer, "__call__", unplug)
    report = index(library, [folder])
    assert report.failed == 4
    monkeypatch.undo()
    index(library)
    away.rename(folder)
    report = index(library)
    assert (report.found, report.failed) == (4, 0)
    database.close()
    whole(settings, 4)


# --- temporary files


def test_what_a_killed_writer_left_is_removed_and_a_living_one_is_left_alone(tmp_path: Path) -> None:
    left = tmp_path / ".index.faiss.0123456789ab.tmp"
    left.write_bytes(b"half of it")
    program = (
        "import sys, time; from pathlib import Path; from db import files\n"
        "path, file = files._new_temporary(Path(sys.argv[1]) / 'other.faiss')\n"
        "print(path, flush=True); time.sleep(60)"
    )
    living = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert living.stdout is not None
    theirs = Path(living.stdout.readline().strip())
    write_atomically(tmp_path / "index.faiss", b"whole")
    assert not left.exists()
    assert theirs.exists()
    living.kill()
    living.communicate()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["index.faiss"]
