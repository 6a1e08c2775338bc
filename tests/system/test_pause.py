"""Pausing: runs in processes of their own that wait, take no processor time, go on and end whole."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from db.catalog import runs
from db.library import Library
from db.settings import Settings
from tests.support import ROOT
from tests.support.command import trove
from tests.support.media import photo

_MANY = 80


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Enough of them that a run can be paused among them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(_MANY):
        photo(folder / f"{number:02}.jpg", seed=number)
    return folder


@contextmanager
def _running(settings: Settings, *arguments: str | Path) -> Iterator[psutil.Popen]:
    """``trove`` in a process of its own, in small batches; it is ended where it has not ended by itself."""
    environment = os.environ | {
        "TROVE_CACHE": str(settings.cache),
        "TROVE_WHISPER": "none",
        "TROVE_OFF": "text",
        "TROVE_DEVICE": "cpu",
        "TROVE_BATCH": "4",
    }
    command = [sys.executable, "-m", "ui.cli", "--library", settings.named, *map(str, arguments)]
    process = psutil.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()


def _until(holds: Callable[[], object], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _done(library: Library) -> int:
    with library.read() as session:
        run = runs.last_run(session)
    return 0 if run is None else run.done


def _waiting(library: Library) -> str | None:
    with library.read() as session:
        run = runs.last_run(session)
    return None if run is None else run.waiting


def _processor_s(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


@pytest.mark.sqlite
def test_a_paused_run_takes_no_processor_time_and_ends_whole(settings: Settings, photos: Path) -> None:
    with (
        _running(settings, "index", photos, "--json", "--nice", "7", "--cores", "1") as process,
        Library(settings) as library,
    ):
        _until(lambda: _done(library) > 0)
        assert (process.nice(), len(process.cpu_affinity())) == (7, 1)
        assert {child.nice() for child in process.children(recursive=True)} == {7}
        assert "paused" in trove(settings, "pause").stdout
        _until(lambda: _waiting(library) == "paused")
        time.sleep(2.0)  # what is ahead of the batch is still decoded
        before, done = _processor_s(process), _done(library)
        assert 0 < done < _MANY
        time.sleep(3.0)
        assert _processor_s(process) - before < 0.3
        assert _done(library) == done
        found = json.loads(trove(settings, "status", "--json").stdout)
        assert found["units"]["image"] >= done
        assert "paused: trove resume" in trove(settings, "status").stdout

        refused = trove(settings, "index", photos)
        assert refused.returncode == 1
        assert "is indexing into this library, and is paused. To let it go on: trove resume" in refused.stderr
        assert trove(settings, "resume").stdout == "Indexing goes on.\n"
        report, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        assert json.loads(report)["indexed"] == _MANY
        with library.read() as session:
            run = runs.last_run(session)
        assert run is not None
        assert run.told["costs"]["reading image"] > 0
    assert trove(settings, "resume").stdout == "Indexing is not paused.\n"


@pytest.mark.sqlite
def test_a_paused_run_can_be_stopped_and_the_next_one_that_is_asked_for_goes_on(
    settings: Settings, photos: Path
) -> None:
    with Library(settings) as library:
        with _running(settings, "index", photos) as process:
            _until(lambda: _done(library) > 0)
            trove(settings, "pause")
            _until(lambda: _waiting(library) == "paused")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            assert process.returncode == 1
        done = _done(library)
        assert done < _MANY
        report = json.loads(trove(settings, "index", photos, "--json").stdout)
        assert (report["found"], report["indexed"]) == (_MANY, _MANY - report["unchanged"])
        assert report["units"]["image"] == _MANY
        assert not settings.paths.pause_switch.exists()


@pytest.mark.sqlite
def test_what_watches_stands_back_and_waits_while_it_is_paused(settings: Settings, photos: Path) -> None:
    first, *others = sorted(photos.iterdir())
    for path in others:
        path.unlink()
    trove(settings, "index", photos)
    trove(settings, "pause")
    with _running(settings, "watch") as process, Library(settings) as library:
        _until(settings.paths.watch_process.exists)
        assert process.nice() == 10
        photo(photos / "new.jpg", seed=1)
        time.sleep(4.0)
        with library.read() as session:
            assert runs.last_run(session).total == 1  # type: ignore[union-attr]
            before = runs.last_run(session).id  # type: ignore[union-attr]
        trove(settings, "resume")

        def runs_on() -> bool:
            with library.read() as session:
                run = runs.last_run(session)
            return run is not None and run.id > before and run.finished_at is not None and run.total == 1

        _until(runs_on)
        trove(settings, "pause")
        photo(photos / "newer.jpg", seed=2)
        time.sleep(2.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert first.exists()
