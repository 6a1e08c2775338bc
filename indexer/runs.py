"""Records of runs in the database, so that any process can show how far one is and how it ended."""

import json
import os
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from db.catalog import runs
from db.errors import TroveError
from db.library import Library
from indexer.flow import Progress, Reason

_TELL_EVERY_S = 2.0


def computer() -> str:
    """A short description of this computer: rates of another one say nothing about it."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


@dataclass
class RunRecord:
    """A run in progress; its ``report`` is stored when it ends.

    ``costs``: of steps, see ``indexer.forecast``: first those of the last run on this computer, then its own.
    """

    library: Library
    id: int
    costs: Mapping[str, float]
    report: Mapping[str, Any] = field(default_factory=dict)
    _told_at: float = 0.0
    _waiting: Reason | None = None

    def tell(self, step: Progress) -> None:
        """Record what is left of it, every few seconds, and at once that it waits or goes on."""
        now = time.monotonic()
        if step.waiting == self._waiting and (now - self._told_at < _TELL_EVERY_S or step.waiting):
            return
        self._told_at, self._waiting = now, step.waiting
        left = {name: round(seconds, 1) for name, seconds in step.left.items()}
        with self.library.write() as session:
            runs.tell(session, self.id, left, step.waiting)


@contextmanager
def recorded(library: Library, total: int) -> Iterator[RunRecord]:
    """Record that a run over ``total`` files or units starts, and how it ends."""
    with library.write() as session:
        costs = runs.costs(session, computer())
        record = RunRecord(library, runs.start_run(session, os.getpid(), total), costs)
    try:
        yield record
    except BaseException as exc:
        record.report = {"error": str(exc) if isinstance(exc, TroveError) else type(exc).__name__}
        raise
    finally:
        report = dict(record.report)
        if record.costs != costs:
            report |= {"costs": record.costs, "computer": computer()}
        with library.write() as session:
            runs.end_run(session, record.id, json.dumps(report))
