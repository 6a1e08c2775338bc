"""Repair of a library whose database is damaged, cut short or gone: what people made is not lost by it."""

import logging
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.catalog import opened, restoring
from db.catalog.restoring import Restored
from db.engine import backups
from db.engine.salvage import Salvaged, salvage
from db.engine.sqlite import SqliteDatabase, indexing
from db.errors import LibraryDamagedError, LibraryError
from db.paths import Paths
from indexer.analysers import registry  # noqa: F401 - what corrections are about: the kinds of all analysers

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Repaired:
    """What became of a damaged library.

    ``salvaged``: what could be read of its file; None where nothing could. ``restored``: what its latest
    backup had beside that; None where there is none. ``kept``: the folder with the damaged file, if there
    was one.
    """

    salvaged: Salvaged | None
    restored: Restored | None
    kept: Path | None

    @property
    def lost(self) -> tuple[str, ...]:
        """The tables of what users made of which something could not be read and is in no backup."""
        if self.restored is not None:
            return ()
        return tuple(
            table for table in backups.TABLES if self.salvaged is None or not self.salvaged.is_whole(table)
        )


def repair(paths: Paths) -> Repaired:
    """Make the database of a library anew, of all that can be read of it and its latest backup.

    What is lost of everything else the next indexing makes again. The damaged file is moved aside, and the
    search index is made anew from the rows. No other process may have the library open.

    Raises:
        LibraryError: there is no library, or no room for another database.
        LibraryDamagedError: nothing of it can be read, and there is no backup.
        LibraryBusyError: another process is indexing into it.
    """
    backup = backups.newest(paths.backups)
    if not paths.database.exists() and backup is None:
        raise LibraryError(
            f"there is neither a library nor a backup of one in {paths.folder}",
            "Name the library with --library or TROVE_LIBRARY.",
        )
    try:
        with (
            indexing(paths.database),
            tempfile.TemporaryDirectory(
                dir=paths.folder, prefix=".repair-", ignore_cleanup_errors=True
            ) as work,
        ):
            new = Path(work) / paths.database.name
            salvaged = _salvaged(paths.database, new)
            if salvaged is None and backup is None:
                raise LibraryDamagedError(
                    f"nothing in {paths.database} can be read, and there is no backup",
                    "Put a copy of yours in its place, or move it away and index again.",
                )
            restored = None if backup is None else _restored(new, backup, salvaged)
            kept = _put_in_place(new, paths)
    except OSError as exc:
        raise LibraryError(
            f"the library in {paths.folder} cannot be repaired: {exc}", "Make room for another database."
        ) from exc
    return Repaired(salvaged, restored, kept)


def _salvaged(source: Path, new: Path) -> Salvaged | None:
    if not source.exists():
        return None
    try:
        return salvage(source, new)
    except LibraryDamagedError as exc:
        log.warning("nothing is salvaged of the damaged database: %s", exc)
        new.unlink(missing_ok=True)
        return None


def _restored(new: Path, backup: backups.Backup, salvaged: Salvaged | None) -> Restored:
    database = SqliteDatabase(new)
    try:
        with database.write() as session:
            if salvaged is None or not salvaged.rows["library"]:
                opened.turn(session, on=backup.remembers_opened)
            return restoring.restore(session, backup, own=True)
    finally:
        database.close()


def _put_in_place(new: Path, paths: Paths) -> Path | None:
    """Move the damaged database aside and the new one to its place; returns where the damaged one is."""
    old = [paths.database.with_name(paths.database.name + suffix) for suffix in ("", "-wal", "-shm")]
    kept = paths.folder / f"damaged-{datetime.now():%Y-%m-%d-%H%M%S}" if old[0].exists() else None
    for path in old:
        if kept is None:
            path.unlink(missing_ok=True)  # a journal of nothing
            continue
        kept.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            path.rename(kept / path.name)
    new.rename(paths.database)
    # Its ids may be those of others now.
    shutil.rmtree(paths.vectors, ignore_errors=True)
    return kept
