"""Several machines that index into one library: processes of the command line, of which one may be killed.

``bench/machines.py`` plays many rounds, ``indexer/sharing/test_machines.py`` some.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support import ROOT

_ONCE = {
    "contents": "SELECT encode(sha256, 'hex') FROM content",
    "files": "SELECT path, encode(sha256, 'hex') FROM asset JOIN content ON content.id = content_id",
    "analyses": """SELECT encode(coalesce(own.sha256, its.sha256), 'hex'), asset.path, analyser,
        analysis.state FROM analysis LEFT JOIN content AS own ON own.id = analysis.content_id
        LEFT JOIN asset ON asset.id = analysis.asset_id
        LEFT JOIN content AS its ON its.id = asset.content_id""",
    "units": """SELECT encode(sha256, 'hex'), asset.path, unit.kind, start_s, end_s, text
        FROM unit JOIN content ON content.id = unit.content_id LEFT JOIN asset ON asset.id = unit.asset_id""",
    "vectors": """SELECT encode(sha256, 'hex'), unit.kind, start_s, space_id FROM embedding
        JOIN unit ON unit.id = unit_id JOIN content ON content.id = unit.content_id""",
}
"""What must be there as often as after an undisturbed run on one machine."""

Found = dict[str, Counter[Any]]


@dataclass(frozen=True)
class Machines:
    """Machines around a library. ``address``: of its database; ``folder``: what each has for itself."""

    address: str
    cache: Path
    folder: Path
    off: str

    def start(self, name: str, *arguments: str) -> "subprocess.Popen[str]":
        """A command on one of the machines."""
        own = {
            "TROVE_CACHE": str(self.cache),
            "TROVE_DEVICE": "cpu",
            "TROVE_BATCH": "2",
            "TROVE_OFF": self.off,
        }
        own |= {"TROVE_WORKERS": "1", "XDG_DATA_HOME": str(self.folder / name), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "ui.cli", "--library", self.address, *arguments, "--json"],
            env=os.environ | own | {"HF_HUB_OFFLINE": "1"},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """Rows of the library."""
        with psycopg.connect(self.address) as connection:
            return connection.execute(statement).fetchall()

    def found(self) -> Found:
        """What is in the library, and how often."""
        return {name: Counter(self.ask(statement)) for name, statement in _ONCE.items()}


@contextmanager
def working(machines: Machines, media: Path, count: int) -> Iterator[list["subprocess.Popen[str]"]]:
    """So many machines at work on a folder, the first of which surveys it; they end with the block."""
    started = [machines.start("m0", "index", str(media))]
    try:
        _wait(lambda: bool(machines.ask("SELECT FROM worker WHERE surveys")), started[0])
        started += [machines.start(f"m{number}", "index", "--join") for number in range(1, count)]
        yield started
    finally:
        for process in started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def play(machines: Machines, media: Path, chance: random.Random, count: int = 3) -> dict[str, Any]:
    """Index a folder by several machines of which one is killed; returns the report of who surveyed last."""
    victim = chance.randrange(count)
    with working(machines, media, count) as started:
        at_least = chance.randrange(12)
        _wait(lambda: _has_begun(machines, victim, at_least), started[0])
        if started[victim].poll() is None:
            os.killpg(started[victim].pid, signal.SIGKILL)
        ended = [process.communicate(timeout=240) for process in started]
        for number, (process, (_, complaint)) in enumerate(zip(started, ended, strict=True)):
            assert number == victim or process.returncode in (0, 3), complaint
        if victim != 0:
            return dict(json.loads(ended[0][0]))
    # Who surveyed is gone: the others have done what was in the queue, and somebody surveys again.
    again = machines.start("m0", "index")
    said, complaint = again.communicate(timeout=240)
    assert again.returncode in (0, 3), complaint
    return dict(json.loads(said))


def _has_begun(machines: Machines, victim: int, at_least: int) -> bool:
    """Whether so much is done, and the victim has something in its hands; or nothing is left of it."""
    done, left = machines.ask("SELECT count(word), count(*) - count(word) FROM job")[0]
    ids = [row[0] for row in machines.ask("SELECT id FROM worker ORDER BY id")]
    if len(ids) <= victim:
        return False
    held = machines.ask(f"SELECT FROM job WHERE word IS NULL AND holder = {ids[victim]}")
    return (done >= at_least and bool(held)) or not left


def _wait(holds: Any, process: "subprocess.Popen[str]", seconds: float = 120.0) -> None:
    """Wait until something holds, or a process has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if holds():
                return
        except psycopg.errors.UndefinedTable:  # the library is not made yet
            pass
        time.sleep(0.02)


def adds_up(report: dict[str, Any]) -> bool:
    """Whether each file that was found is counted once."""
    parts = ("indexed", "reused", "unchanged", "skipped", "failed", "unfinished")
    return bool(report["found"] == sum(report[part] for part in parts))
