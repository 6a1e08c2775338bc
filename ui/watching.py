"""Folder watching as a background process, which the app switches on and off."""

import json
import os
import signal
import subprocess
from contextlib import suppress

import psutil

from db.paths import Paths
from db.settings import Settings
from ui import background


class WatchJob:
    """Starts ``trove watch`` as a process of its own, and ends it.

    The process writes its PID to a file of the library; a second file remembers that it is switched on, so
    that it is started again with the app.
    """

    def __init__(self, settings: Settings) -> None:
        self._library = settings.named
        self._paths = settings.paths
        self._started: subprocess.Popen[bytes] | None = None

    @property
    def wanted(self) -> bool:
        """Whether somebody has switched it on."""
        return self._paths.watch_switch.exists()

    @property
    def running(self) -> bool:
        """Whether a process watches now."""
        if self._started is not None and self._started.poll() is None:
            return True
        return watcher_pid(self._paths) is not None

    def switch(self, on: bool) -> None:
        """Begin to watch, or stop."""
        if on:
            self._paths.watch_switch.touch()
            self.ensure()
        else:
            self._paths.watch_switch.unlink(missing_ok=True)
            self._stop()

    def ensure(self) -> None:
        """Start the process if it is wanted and does not run."""
        if not self.wanted or self.running:
            return
        self._started = background.start(self._library, ["watch"], self._paths.watch_output)

    def _stop(self) -> None:
        if (pid := watcher_pid(self._paths)) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        elif self._started is not None and self._started.poll() is None:
            self._started.send_signal(signal.SIGINT)


def tell_pid(paths: Paths) -> None:
    """Write this process's PID and start time to the library, for ``watcher_pid``."""
    facts = {"pid": os.getpid(), "created": psutil.Process().create_time()}
    paths.watch_process.write_text(json.dumps(facts))


def watcher_pid(paths: Paths) -> int | None:
    """PID of the process that watches a library; None if it has ended, even if its PID was reused."""
    try:
        facts = json.loads(paths.watch_process.read_text())
        process = psutil.Process(facts["pid"])
        same = abs(process.create_time() - facts["created"]) < 1
        return facts["pid"] if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
