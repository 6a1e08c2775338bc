"""Keep a library up to date: watch its folders and index what changes there.

What has to be done is decided by the ordinary run, which compares the disk with the library: changes
may come in bursts, twice, or while a run is under way, and a missed one is caught by the next.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout
from watchfiles import Change, watch

from db.catalog import assets
from db.errors import LibraryBusyError, TroveError
from db.files import is_folder, is_there
from db.library import Library
from db.paths import is_under
from indexer import pipeline
from indexer.analysers import registry
from indexer.flow import Report
from indexer.leaving_out import TELLING, LeavingOut
from indexer.media.formats import media_kind
from indexer.pace import Pace
from indexer.survey import Word, beside
from indexer.targets import leaving_out

log = logging.getLogger(__name__)

LOOK_AGAIN_S = 2.0
"""How soon folders that were added, or whose drive came back, are watched too."""

_QUIET_MS = 1_600
"""Longest time over which changes are collected, so that copying a thousand files is one run."""

OnRun = Callable[[Report], None]


def keep_watching(
    library: Library,
    *,
    stop: threading.Event,
    on_start: Callable[[], None] = lambda: None,
    on_run: OnRun = lambda _report: None,
    on_error: Callable[[TroveError], None] = lambda _error: None,
) -> None:
    """Index what has changed, and what changes from now on, until ``stop`` is set, which ends a run, too.

    ``on_start`` is called when it is sure that no other process watches. An error ends one run, not the
    watching: the next change tries again.

    Raises:
        LibraryBusyError: another process watches this library.
    """
    lock = FileLock(library.paths.watch_lock)
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise LibraryBusyError(
            "another process watches this library", "One is enough: it watches all folders."
        ) from exc
    on_start()
    run = _Runs(library, stop, on_run, on_error, Pace(library.settings, stop))
    try:
        while not stop.is_set():
            if roots := _roots(library):
                _watch(run, roots)
            else:
                stop.wait(LOOK_AGAIN_S)
    finally:
        lock.release()


def _roots(library: Library) -> dict[Path, tuple[str, ...]]:
    """The folders that can be watched now, with the patterns of what is left out of them."""
    with library.read() as session:
        return {root: kept for root, kept in assets.patterns(session).items() if is_there(root)}


def _watch(run: "_Runs", patterns: dict[Path, tuple[str, ...]]) -> None:
    """Watch these folders until they, or what is left out of them, are no longer the right ones."""
    roots = list(patterns)
    leaving = leaving_out(run.library, patterns)
    endings = beside(registry.every().values())
    changes = watch(
        *roots,
        watch_filter=lambda change, name: matters(change, Path(name), leaving, endings),
        debounce=_QUIET_MS,
        rust_timeout=round(LOOK_AGAIN_S * 1000),
        yield_on_timeout=True,
        stop_event=run.stop,
        raise_interrupt=False,
        ignore_permission_denied=True,
    )
    for number, changed in enumerate(changes):
        touched = [root for root in roots if any(is_under(Path(name), [root]) for _, name in changed)]
        run.deleted.update(Path(name) for change, name in changed if change is Change.deleted)
        # What changed while nobody watched, and what is away; not before watching has begun, or there would
        # be a gap.
        if number == 0:
            touched = run.library_roots()
        if touched and not run.stop.is_set():
            run.over(touched)
        if _roots(run.library) != patterns:
            return


def matters(change: Change, path: Path, leaving: LeavingOut, endings: tuple[str, ...]) -> bool:
    """Whether a change may concern a media file, or a file beside one whose name ends so.

    A deleted folder looks like any deleted file.
    """
    if path.name in TELLING:
        return True
    is_read = media_kind(path) is not None or path.name.casefold().endswith(endings)
    if not is_read and change is not Change.deleted and not is_folder(path):
        return False
    return leaving.rule(path) is None


@dataclass(frozen=True)
class _Runs:
    library: Library
    stop: threading.Event
    on_run: OnRun
    on_error: Callable[[TroveError], None]
    pace: Pace
    deleted: set[Path] = field(default_factory=set)
    """What was seen going since the last run."""

    def library_roots(self) -> list[Path]:
        """All roots, also those that are not there."""
        with self.library.read() as session:
            return assets.roots(session)

    def over(self, roots: list[Path]) -> None:
        """Index these folders, after a run that is in progress."""
        while not self.stop.is_set():
            try:
                self.pace.wait()
                self.on_run(pipeline.index(self.library, roots, word=Word(seen=self.deleted), pace=self.pace))
                self.deleted.clear()
                return
            except KeyboardInterrupt:
                if not self.stop.is_set():
                    raise
            except LibraryBusyError:
                # That run may have passed these folders before they changed.
                self.stop.wait(2.0)
            except TroveError as exc:
                log.warning("the run failed: %s", exc)
                self.on_error(exc)
                return
