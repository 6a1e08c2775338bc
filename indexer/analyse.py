"""One analyser's look at a file: what it makes, how long it takes, and what became of it if it fails."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from db.catalog.assets import FileStat
from db.catalog.facts import Fact
from db.catalog.units import NewUnit, within
from db.engine.schema import AnalysisState
from db.errors import ChangedError, DecodeError, MediaError, TroveError, UnreadableError
from indexer.analysers.base import Analyser, Draft, PicturePayload
from indexer.analysers.medium import Medium
from indexer.flow import Look, Prepared
from indexer.media.thumbnails import keep
from indexer.scan import reason

log = logging.getLogger(__name__)


def look(
    analyser: Analyser,
    medium: Medium,
    prepare: Callable[[Draft], Prepared],
    thumbnails: Path,
    progress: Callable[[float], None] = lambda _share: None,
) -> Look:
    """Let an analyser look at a medium. What is wrong with the file is in the result.

    ``prepare`` makes of each draft what is to be embedded, one by one: of a long film no more is in memory.
    A thumbnail of each picture is kept while it is at hand.

    Raises:
        TroveError: an error that is about more than this file.
    """
    started = time.perf_counter()
    units: list[tuple[NewUnit, Prepared]] = []
    facts: list[Fact] = []

    def took_ms() -> int:
        return round(1000 * (time.perf_counter() - started))

    try:
        # For what is beside a file nobody opens the file itself.
        if analyser.scope == "content" and not analyser.wants(medium.header):
            return Look(analyser.name, analyser.fingerprint, "unwanted", took_ms())
        for made in analyser.analyse(medium, progress):
            if isinstance(made, Fact):
                facts.append(made)
                continue
            timed = made.unit.start_s is not None or made.unit.at_s is not None
            unit = within(made.unit, medium.header.duration_s) if timed else made.unit
            units.append((unit, prepare(made)))
            if isinstance(made.payload, PicturePayload) and made.unit.region is None:
                keep(made.payload.picture, medium.path, made.unit.at_s, cache=thumbnails)
    except Exception as exc:
        error = as_media_error(exc, medium.path)
        return failed(analyser, error, took_ms())
    return Look(analyser.name, analyser.fingerprint, "done", took_ms(), units, facts)


def failed(analyser: Analyser, error: MediaError, took_ms: int = 0) -> Look:
    """A look that came to nothing; it is worth another one where the file could only not be read now."""
    state: AnalysisState = "failed" if isinstance(error, DecodeError) else "retry"
    return Look(analyser.name, analyser.fingerprint, state, took_ms, error=error)


def require_unchanged(stat: FileStat) -> None:
    """Make sure that a file is still as it was.

    Raises:
        ChangedError: it has changed meanwhile.
        UnreadableError: it is not there.
    """
    try:
        now = stat.path.stat()
    except OSError as exc:
        raise UnreadableError(reason(exc)) from exc
    if (now.st_size, now.st_mtime_ns) != (stat.size, stat.mtime_ns):
        raise ChangedError("it changed while it was being read")


def as_media_error(exc: Exception, path: Path) -> MediaError:
    """The error to record for a file. A bug that one file brings to light must not end the run.

    Raises:
        TroveError: ``exc`` itself, where it is about more than this file.
    """
    if isinstance(exc, MediaError):
        return exc
    if isinstance(exc, TroveError):
        raise exc
    log.error("%s: an unexpected error", path, exc_info=exc)
    return DecodeError(f"the decoder failed unexpectedly: {type(exc).__name__}: {exc}")
