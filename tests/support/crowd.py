"""Many searches at once, while another process indexes and others search on the command line.

Every answer is checked: its hits are files that exist, none twice, in the order of their scores.
``bench/crowd.py`` measures with it, ``system/test_crowd.py`` runs it for some seconds.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np

from db.library import Library
from db.settings import load_settings
from indexer.pipeline import index
from search.query.query import Query
from search.service import SearchService
from tests.support import ROOT
from tests.support.searching import searching

WORDS = (
    "a dog on the beach",
    "children playing",
    "an old bridge over a river",
    "a red car",
    "people at a party",
    "a mountain in the morning",
    "something to eat on a table",
    "a black and white bird",
)


class Load:
    """Threads that search until told to stop, and what they saw."""

    def __init__(self, service: SearchService, folder: Path) -> None:
        self.service = service
        self.folder = folder
        self.stop = threading.Event()
        self.took_ms: list[float] = []
        self.wrong: list[str] = []
        self._lock = threading.Lock()

    def search(self, number: int) -> None:
        """Ask again and again."""
        turn = number
        while not self.stop.is_set():
            query = Query(WORDS[turn % len(WORDS)], k=20, apart=True)
            turn += 1
            started = time.perf_counter()
            try:
                hits = self.service.search(query).hits
            except Exception as exc:
                self._note(f"{type(exc).__name__}: {exc}")
                return
            took = 1000 * (time.perf_counter() - started)
            scores = [hit.score for hit in hits]
            if not hits or scores != sorted(scores, reverse=True):
                self._note(f"no hits, or out of order: {scores}")
            if len({hit.unit_id for hit in hits}) != len(hits):
                self._note("a hit is there twice")
            if not all(hit.path.is_relative_to(self.folder) and hit.path.exists() for hit in hits):
                self._note("a hit is not in the folder")
            with self._lock:
                self.took_ms.append(took)

    def _note(self, fault: str) -> None:
        with self._lock:
            self.wrong.append(fault)


def run(folder: Path, threads: int, seconds: float, scratch: Path) -> dict[str, object]:
    """Index, search, and sum up."""
    media = scratch / "media"
    media.mkdir()
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png"))
    for path in files[::2]:
        shutil.copyfile(path, media / path.name)
    settings = load_settings(library=scratch / "library", whisper="none", off=("text",), device="cpu")
    index(Library(settings), [media])
    for path in files[1::2]:
        shutil.copyfile(path, media / path.name)
    command = [sys.executable, "-m", "ui.cli", "--library", settings.named]
    environment = os.environ | {"TROVE_WHISPER": "none", "TROVE_OFF": "text", "TROVE_DEVICE": "cpu"}
    with searching(settings) as service:
        service.warm()
        load = Load(service, media)
        running = [threading.Thread(target=load.search, args=(number,)) for number in range(threads)]
        started = time.monotonic()
        for thread in running:
            thread.start()
        indexing = subprocess.Popen(
            [*command, "index", str(media), "--json"], env=environment, cwd=ROOT, stdout=subprocess.PIPE
        )
        other = 0
        while time.monotonic() - started < seconds:
            done = subprocess.run(
                [*command, "search", WORDS[0], "--json"],
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            other += 1
            if done.returncode or not json.loads(done.stdout)["hits"]:
                load.wrong.append(f"the command line: {done.stderr}")
        load.stop.set()
        for thread in running:
            thread.join()
        took = time.monotonic() - started
        report = json.loads(indexing.communicate()[0])
        found = {hit.path for hit in service.search(Query(WORDS[0], k=10 * len(files), apart=True)).hits}
    if report["failed"] or len(found) != len(files):
        load.wrong.append(f"{len(found)} of {len(files)} files are found in the end")
    took_ms = np.array(load.took_ms)
    return {
        "files": len(files),
        "threads": threads,
        "seconds": round(took, 1),
        "searches": len(took_ms),
        "by_command_line": other,
        "per_second": round(len(took_ms) / took, 1),
        "p50_ms": round(float(np.percentile(took_ms, 50)), 1),
        "p99_ms": round(float(np.percentile(took_ms, 99)), 1),
        "largest_ms": round(float(took_ms.max()), 1),
        "wrong": load.wrong[:10],
    }
