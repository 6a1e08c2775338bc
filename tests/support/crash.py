"""Killing Trove at any moment, and looking at what is left.

The victim is the real command line in a process of its own, over real pictures, films and speech.
What it had committed when it was killed, seen through a second connection, is what must survive.
``bench/kill.py`` runs this for hours, ``system/test_kill.py`` for some rounds.
"""

import fcntl
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from db.catalog import live, units
from db.engine.sqlite import SqliteDatabase
from db.kinds import CLIP, modalities
from db.vectors.faiss_store import FaissStore
from indexer.analysers import registry as registry
from indexer.media.reader import read_audio
from tests.support import ROOT, SAMPLES
from tests.support.media import photo, scene, sound, video

Rows = frozenset[tuple[object, ...]]
"""A row for each unit and space: unit id, what it is, the model, the vector."""

_ROWS = """
    SELECT unit.id, hex(content.sha256), unit.kind, unit.start_s, unit.end_s, unit.at_s, unit.text,
           space.model, embedding.vector
    FROM unit JOIN content ON content.id = unit.content_id
    JOIN embedding ON embedding.unit_id = unit.id JOIN space ON space.id = embedding.space_id"""

_SAME_VECTOR = 0.9999
"""Cosine: pictures that were in other batches differ in the last bits."""


@dataclass(frozen=True)
class Place:
    """Where a victim works. ``off``: analysers that are switched off, as in ``TROVE_OFF``."""

    library: Path
    cache: Path
    media: Path
    off: str = ""

    @property
    def database(self) -> Path:
        """The database file."""
        return self.library / "trove.db"

    def command(self, *arguments: str) -> list[str]:
        """The command line on this library."""
        return [sys.executable, "-m", "ui.cli", "--library", str(self.library), *arguments]

    def environment(self) -> dict[str, str]:
        """Small batches, so that there are many moments between two of them."""
        own = {"TROVE_CACHE": str(self.cache), "TROVE_DEVICE": "cpu", "TROVE_BATCH": "2"}
        own["TROVE_OFF"] = self.off
        return os.environ | own | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}

    def run(self, *arguments: str) -> None:
        """Run a command undisturbed to its end."""
        done = subprocess.run(
            self.command(*arguments), env=self.environment(), cwd=ROOT, capture_output=True, text=True
        )
        # 3: one of the files is broken on purpose.
        assert done.returncode in (0, 3), done.stderr


def make_media(folder: Path) -> Path:
    """A small folder with every kind of media; a sentence is said in it."""
    folder.mkdir(parents=True)
    speech = read_audio(SAMPLES / "recordings" / "r001.ogg", 0.0, 4.0)
    for seed, suffix in enumerate((".jpg", ".png", ".webp", ".heic", ".gif", ".tiff", ".dng", ".jpg")):
        photo(folder / f"picture{seed}{suffix}", seed)
    shutil.copyfile(folder / "picture0.jpg", folder / "twin.jpg")
    video(folder / "film.mp4", scenes=(21, 22, 23))
    video(folder / "old.avi", scenes=(31, 32))
    sound(folder / "memo.flac", speech)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff" + scene(1).tobytes()[:500])
    return folder


# --- the kill


@dataclass(frozen=True)
class Kill:
    """What was seen of a victim. ``finished``: it had ended on its own, so that nothing was killed."""

    acknowledged: Rows
    finished: bool


def kill_after(
    place: Place,
    arguments: Sequence[str],
    seconds: float,
    *,
    family: bool = False,
    until: Callable[[], bool] = lambda: False,
) -> Kill:
    """Run a command; kill it, with its processes if ``family``, after some time or once ``until`` holds."""
    child = _start(place, arguments)
    deadline = time.monotonic() + seconds
    seen = rows(place.database)
    workers: set[psutil.Process] = set()
    while time.monotonic() < deadline and child.poll() is None and not until():
        seen = rows(place.database)
        workers |= set(_children(child.pid))
        time.sleep(0.01)
    finished = child.poll() is not None
    if not finished:
        workers |= set(_children(child.pid))
        os.killpg(child.pid, signal.SIGKILL) if family else child.kill()
    child.wait()
    _, left = psutil.wait_procs(workers, timeout=20)
    assert not left, "worker processes were left behind"
    return Kill(rows(place.database) if finished else seen, finished)


def analyses(database: Path) -> Counter[str]:
    """How many looks each analyser has had at contents, as committed."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return Counter(row[0] for row in connection.execute("SELECT analyser FROM analysis"))
    except sqlite3.OperationalError:
        return Counter()


def kill_at_step(place: Place, arguments: Sequence[str], step: int) -> Kill:
    """Run a command that kills itself just before it touches the library's files for the nth time.

    Steps are what Python's audit hooks tell: files opened for writing, renamed, removed.
    """
    before = rows(place.database)
    child = _start(place, arguments, step=step)
    child.wait(300)
    killed = child.returncode == -signal.SIGKILL
    return Kill(before if killed else rows(place.database), not killed)


def _start(place: Place, arguments: Sequence[str], step: int | None = None) -> "subprocess.Popen[bytes]":
    command = place.command(*arguments)
    if step is not None:
        command[1:3] = ["-m", "tests.support.crash_step", str(step)]
    return subprocess.Popen(
        command,
        env=place.environment(),
        cwd=ROOT,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


# --- what is left


def rows(database: Path) -> Rows:
    """What is committed, read as any other program would."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return frozenset(connection.execute(_ROWS))
    except sqlite3.OperationalError:  # no file, no table, or a journal that is just being made
        return frozenset()


def faults(place: Place, acknowledged: Rows, scratch: Path) -> list[str]:
    """What is wrong with a library that was left behind; looked for in a copy, which heals on its own."""
    if not place.database.exists():
        return [] if not acknowledged else ["the database is gone"]
    copy = scratch / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place.library, copy)
    found = list(_database_faults(copy / "trove.db"))
    lost = acknowledged - rows(copy / "trove.db")
    if lost:
        found.append(f"{len(lost)} acknowledged units are lost")
    if not found:
        found += _index_faults(copy, acknowledged)
    piled = temporary_files(place)
    if len(piled) > len(modalities(CLIP)) + 2:
        found.append(f"temporary files pile up: {piled}")
    return found


def _database_faults(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        yield from (row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok")
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
        yield from (f"a reference leads nowhere: {row}" for row in broken)
        if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'passage'").fetchone():
            connection.execute("INSERT INTO passage (passage) VALUES ('integrity-check')")
            said = connection.execute("SELECT id FROM unit WHERE text IS NOT NULL ORDER BY id").fetchall()
            if said != connection.execute("SELECT id FROM passage_docsize ORDER BY id").fetchall():
                yield "the full text does not have the passages"


def _index_faults(library: Path, acknowledged: Rows) -> Iterator[str]:
    """The index must hold the rows of every model, and find each acknowledged unit by its own vector."""
    database = SqliteDatabase(library / "trove.db")
    with database.read() as session:
        spaces = session.connection().exec_driver_sql("SELECT id, model, dim FROM space").all()
    for space_id, model, dim in spaces:
        known = {row[0] for row in acknowledged if row[7] == model}
        store = FaissStore(database, library / "vectors", space_id, dim, "cpu")
        for modality, kinds in modalities(CLIP).items():
            with database.read() as session:
                ids = live.ids(session, kinds, space_id=space_id)
                vectors = units.vectors(session, space_id, ids)
                view = store.at(session)
                held = view.ids(modality)
                same = np.array_equal(held, ids) and np.array_equal(view.vectors(modality, ids), vectors)
                found = view.search(modality, vectors, len(ids)) if len(ids) else []
            if not np.array_equal(held, ids):
                yield f"{model}: {len(held)} {modality} vectors in the index, {len(ids)} rows"
            elif len(ids):
                if not same:
                    yield f"{model}: the {modality} index holds other vectors than the rows"
                near = [{hit for hit, score in hits if score > 0.999} for hits in found]
                missed = [unit for unit, hits in zip(ids.tolist(), near, strict=True) if unit in known - hits]
                if missed:
                    yield f"{model}: units {missed} are not found"
    database.close()


def temporary_files(place: Place) -> list[Path]:
    """Files that were being written, in the library and in the cache, which other tests share and fill."""
    every = (path for folder in (place.library, place.cache) for path in folder.rglob("*.tmp"))
    return sorted(path for path in every if not _is_being_written(path))


def _is_being_written(path: Path) -> bool:
    """Whether somebody holds the lock that a file has while it is written, or has just finished it."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def result(database: Path) -> "Counter[tuple[object, ...]]":
    """What a library holds, whatever the ids: its files and how they went, and its units."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        files = connection.execute(
            "SELECT asset.path, asset.state, asset.error, hex(content.sha256) FROM asset "
            "LEFT JOIN content ON content.id = asset.content_id"
        )
        return Counter([*files, *(row[1:-1] for row in rows(database))])


def differences(database: Path, reference: Path) -> list[str]:
    """In what a library differs from one that was made undisturbed."""
    found = [f"not as undisturbed: {row}" for row in (result(database) - result(reference))]
    found += [f"missing: {row}" for row in (result(reference) - result(database))]
    if not found:
        for ours, theirs in zip(_by_content(database), _by_content(reference), strict=True):
            if float(ours @ theirs) < _SAME_VECTOR:
                found.append("a vector is not as undisturbed")
    return found


def _by_content(database: Path) -> list["np.ndarray[tuple[int], np.dtype[np.float32]]"]:
    found = sorted(rows(database), key=lambda row: tuple(map(str, row[1:-1])))
    return [np.frombuffer(row[-1], dtype="<f2").astype(np.float32) for row in found]  # type: ignore[call-overload]


# --- rounds

SCENARIOS = {
    "index": "a first indexing, at any moment",
    "model": "a change of the model, at any moment",
    "rebuild": "a rebuild of the search index, at any moment",
    "save": "the saving of the search index, before each step in its files",
    "phases": "a first indexing, in the phase of the pictures, of the frames, of the speech",
    "cache": "a first indexing that also makes the models' exports, at any moment",
}


_MODEL = ("model", "use", "builtin-conse")
_COMMANDS = {"model": _MODEL, "rebuild": ("rebuild",), "save": ("rebuild",)}


@dataclass
class Arena:
    """Undisturbed libraries to compare with, made once, and a place for victims."""

    folder: Path
    cache: Path
    off: str = ""
    kills: int = 0
    """How many victims of the last round were killed, and not done before."""

    def __post_init__(self) -> None:
        self.media = self.folder / "media"
        if not self.media.exists():
            make_media(self.media)
        if not self.cache.exists():
            self._reference("exports", ())  # made once, which takes longer than all the rest
        self.indexed, self.index_s = self._reference("indexed", ())
        self.changed, self.model_s = self._reference("changed", _MODEL)

    def _reference(self, name: str, then: Sequence[str]) -> tuple[Place, float]:
        """An undisturbed library, and how long the last command took."""
        place = Place(self.folder / name, self.cache, self.media, self.off)
        took = place.library / "took"
        if not took.exists():
            shutil.rmtree(place.library, ignore_errors=True)
            if then:
                shutil.copytree(self.indexed.library, place.library)
            started = time.monotonic()
            place.run(*(then or ("index", str(self.media))))
            took.write_text(str(time.monotonic() - started))
        return place, float(took.read_text())

    def _victim(self, scenario: str) -> Place:
        """A library to be destroyed, and a cache of its own where that is what is attacked."""
        library, cache = self.folder / "victim", self.cache
        shutil.rmtree(library, ignore_errors=True)
        if scenario == "cache":
            cache = self.folder / "victim-cache"
            shutil.rmtree(cache, ignore_errors=True)
        if scenario in ("model", "rebuild", "save"):
            shutil.copytree(self.indexed.library, library)
        return Place(library, cache, self.media, self.off)

    def _kill_in_phase(self, place: Place, arguments: Sequence[str], chance: random.Random) -> Kill:
        """Kill an indexing as soon as an analyser has looked at so many files."""
        analyser, most = chance.choice((("pictures", 7), ("frames", 2), ("speech", 3)))
        count = chance.randint(1, most)
        return kill_after(
            place,
            arguments,
            60.0,
            family=chance.random() < 0.5,
            until=lambda: analyses(place.database)[analyser] >= count,
        )

    def play(self, scenario: str, chance: random.Random, step: int = 1, most: int = 1) -> list[str]:
        """One round: up to ``most`` kills in a row, a look after each, an undisturbed run, a last look."""
        place = self._victim(scenario)
        arguments = _COMMANDS.get(scenario, ("index", str(self.media)))
        longest = {"rebuild": 1.5, "model": self.model_s, "cache": 3 * self.index_s}.get(
            scenario, self.index_s
        )
        found: list[str] = []
        self.kills = 0
        for number in range(most):
            if scenario == "save":
                kill = kill_at_step(place, arguments, step + number)
            elif scenario == "phases":
                kill = self._kill_in_phase(place, arguments, chance)
            else:
                seconds, family = chance.uniform(0.0, 0.8 * longest), chance.random() < 0.5
                kill = kill_after(place, arguments, seconds, family=family)
            self.kills += not kill.finished
            found += faults(place, kill.acknowledged, self.folder)
            if kill.finished:
                break
        place.run(*arguments)
        found += faults(place, rows(place.database), self.folder)
        found += differences(place.database, (self.changed if scenario == "model" else self.indexed).database)
        found += [f"left behind at the end: {path}" for path in temporary_files(place)]
        return found
