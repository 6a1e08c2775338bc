"""Writes the outcome of each file to the database, and counts it."""

import logging
from collections.abc import Sequence

from sqlalchemy.orm import Session

from db.catalog import assets, revision, runs, units
from db.errors import DecodeError
from db.library import Library
from indexer.flow import Ready, Refused, Report, Task
from indexer.plan import Plan
from indexer.scan import Scan

log = logging.getLogger(__name__)


def settle(session: Session, scanned: Scan, todo: Plan) -> Report:
    """Record the files that need no reading: those that came back, are gone, or cannot be seen."""
    assets.add_roots(session, scanned.roots)
    assets.set_state(session, [file.id for file in todo.revived], "indexed")
    assets.set_state(session, [file.id for file in todo.gone], "gone")
    assets.set_state(session, [file.id for file in todo.offline], "offline")
    for item in scanned.unreadable:
        problem = "the folder cannot be read" if item.is_folder else "the file cannot be read"
        assets.put(
            session,
            item.stat,
            asset_id=assets.id_at(session, item.stat.path),
            state="failed",
            error=f"{problem}: {item.reason}",
            retry=True,
        )
    if todo.revived or todo.gone or todo.offline or scanned.unreadable:
        revision.touch(session)
    return Report(
        found=len(scanned.files) + len(scanned.unreadable),
        reused=len(todo.revived),
        unchanged=len(todo.same),
        skipped=len(todo.skipped),
        failed=len(scanned.unreadable),
        removed=sum(file.state != "failed" for file in todo.gone),
    )


class Writer:
    """Stores the outcome of each file, and counts it in ``report``."""

    def __init__(self, library: Library, space_id: int, run_id: int, report: Report) -> None:
        self.report = report
        self._library = library
        self._space_id = space_id
        self._run_id = run_id

    def store(self, batch: Sequence[Ready], done: int) -> None:
        """Store finished files and how far the run is, in one transaction: all of them or none."""
        with self._library.write() as session:
            for ready in batch:
                content_id = units.store(session, ready.content, ready.units, self._space_id)
                self._put(session, ready.task, content_id)
            runs.update_run(session, self._run_id, done)
        self.report.indexed += len(batch)

    def reuse(self, task: Task, content_id: int) -> None:
        """Record a file whose content the library already has."""
        with self._library.write() as session:
            self._put(session, task, content_id)
        self.report.reused += 1

    def refuse(self, refused: Refused) -> None:
        """Record a file that failed, or was left out on purpose."""
        failed = refused.error is not None
        with self._library.write() as session:
            assets.put(
                session,
                refused.task.stat,
                asset_id=refused.task.asset_id,
                state="failed" if failed else "skipped",
                error=refused.reason,
                retry=failed and not isinstance(refused.error, DecodeError),
            )
            revision.touch(session)
        if failed:
            self.report.failed += 1
            log.warning("%s: %s", refused.task.stat.path, refused.reason)
        else:
            self.report.skipped += 1

    def _put(self, session: Session, task: Task, content_id: int) -> None:
        assets.put(session, task.stat, asset_id=task.asset_id, state="indexed", content_id=content_id)
        revision.touch(session)
