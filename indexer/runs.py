"""Records of runs in the database, so that any process can show how far one is and how it ended."""

import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from db.catalog import runs
from db.errors import TroveError
from db.library import Library


def computer() -> str:
    """A short description of this computer: rates of another one say nothing about it."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"


@dataclass
class RunRecord:
    """A run in progress; its ``report`` is stored when it ends."""

    id: int
    report: Mapping[str, Any] = field(default_factory=dict)


@contextmanager
def recorded(library: Library, total: int) -> Iterator[RunRecord]:
    """Record that a run over ``total`` files or units starts, and how it ends."""
    with library.write() as session:
        record = RunRecord(runs.start_run(session, os.getpid(), total))
    try:
        yield record
    except BaseException as exc:
        record.report = {"error": str(exc) if isinstance(exc, TroveError) else type(exc).__name__}
        raise
    finally:
        with library.write() as session:
            runs.end_run(session, record.id, json.dumps(record.report))
