"""Writes the outcome of each file to the database, and counts it."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from sqlalchemy.orm import Session

from db.catalog import analyses, assets, contents, corrections, facts, revision, runs, units
from db.catalog.units import Vectors
from db.engine.schema import MediaKind
from db.errors import DecodeError, MediaError
from db.library import Library
from indexer.flow import Look, Pending, Refused, Report, Task
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


@dataclass(frozen=True)
class Finished:
    """A file whose looks only have to be stored, with the vectors that are being made, unit by unit.

    ``sha256`` and ``kind`` of new content; ``content_id`` where it is known; ``asset_id`` and its
    ``signature`` where not the content but the file was looked at.
    """

    task: Task
    looks: Sequence[tuple[Look, Sequence[Pending]]]
    content_id: int | None = None
    sha256: bytes | None = None
    kind: MediaKind | None = None
    asset_id: int | None = None
    signature: str | None = None


_Word = Literal["indexed", "reused", "unchanged", "skipped", "failed"]


class Writer:
    """Stores the outcome of each file, and counts how each went: ``counts``.

    A file of which nothing was made in the end is unchanged.
    """

    def __init__(self, library: Library, run_id: int, paths: Iterable[Path]) -> None:
        self._library = library
        self._run_id = run_id
        self._words: dict[Path, _Word] = dict.fromkeys(paths, "unchanged")
        self._arrived: set[int] = set()

    def counts(self) -> Counter[str]:
        """How many files of the run were indexed, reused, unchanged, skipped, failed."""
        return Counter(self._words.values())

    def store(self, batch: Sequence[Finished], done: int) -> list[int]:
        """Store finished files and how far the run is, in one transaction: all of them or none.

        Returns the ids of their contents.
        """
        # Vectors first: nobody else can write while they are waited for.
        vectors = [[_vectors(pending) for _, pending in finished.looks] for finished in batch]
        with self._library.write() as session:
            stored = [
                self._store(session, finished, made) for finished, made in zip(batch, vectors, strict=True)
            ]
            facts.refresh(session, stored)
            runs.update_run(session, self._run_id, done)
            if batch:
                revision.touch(session)
        return stored

    def _store(
        self, session: Session, finished: Finished, made: Sequence[Sequence[Mapping[int, Vectors]]]
    ) -> int:
        task, content_id = finished.task, finished.content_id
        if content_id is not None:
            assets.revive(session, task.asset_id)
        elif finished.sha256 is not None and finished.kind is not None:
            content_id = contents.find(session, finished.sha256)
            if content_id is None:
                content_id = contents.add(session, finished.sha256, finished.kind)
                self._arrived.add(content_id)
            self._put(session, task, content_id)
            self._words[task.stat.path] = "indexed"
        assert content_id is not None  # noqa: S101 - one of both is given
        for (look, _), vectors in zip(finished.looks, made, strict=True):
            self._record(session, content_id, finished, look, vectors)
        if any(look.error is None for look, _ in finished.looks):
            corrections.apply(session, content_id)
            if self._words.get(task.stat.path) == "unchanged":
                self._words[task.stat.path] = "indexed"
        return content_id

    def _record(
        self,
        session: Session,
        content_id: int,
        finished: Finished,
        look: Look,
        vectors: Sequence[Mapping[int, Vectors]],
    ) -> None:
        of_file = finished.asset_id
        analysis_id = analyses.record(
            session,
            look.analyser,
            look.fingerprint,
            look.state,
            content_id=content_id,
            asset_id=of_file,
            signature=finished.signature,
            error=None if look.error is None else str(look.error),
            took_ms=look.took_ms,
        )
        made = [replace(unit, vectors=own) for (unit, _), own in zip(look.units, vectors, strict=True)]
        units.add(session, content_id, analysis_id, made, asset_id=of_file)
        if made and content_id in self._arrived:
            contents.arrive(session, content_id)  # it is only now that something of it can be found
        if look.facts and of_file is None:
            # What an older schema knew gives way to what the file itself says.
            facts.unclaim(session, content_id, "first edition")
        subject = {"content_id": content_id} if of_file is None else {"asset_id": of_file}
        facts.claim(session, look.facts, **subject, analysis_id=analysis_id)

    def reuse(self, task: Task, content_id: int) -> None:
        """Record a file whose content the library already has."""
        with self._library.write() as session:
            self._put(session, task, content_id)
            facts.refresh(session, [content_id])
            revision.touch(session)
        self._words[task.stat.path] = "reused"

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
                retry=_worth_retrying(refused.error),
            )
            revision.touch(session)
        self._words[refused.task.stat.path] = "failed" if failed else "skipped"
        if failed:
            log.warning("%s: %s", refused.task.stat.path, refused.reason)

    def give_up(self, content_id: int, reason: str, *, retry: bool) -> None:
        """Record that nothing at all could be made of a content: its files have failed."""
        with self._library.write() as session:
            for asset_id, stat in assets.of_content(session, content_id).items():
                assets.put(session, stat, asset_id=asset_id, state="failed", error=reason, retry=retry)
                if stat.path in self._words:
                    self._words[stat.path] = "failed"
                log.warning("%s: %s", stat.path, reason)
            revision.touch(session)

    def _put(self, session: Session, task: Task, content_id: int) -> None:
        assets.put(session, task.stat, asset_id=task.asset_id, state="indexed", content_id=content_id)


def _vectors(pending: Sequence[Pending]) -> list[Mapping[int, Vectors]]:
    """The vectors of units, once they are made; errors of the model are raised here."""
    return [{space_id: future.result() for space_id, future in own.items()} for own in pending]


def _worth_retrying(error: MediaError | None) -> bool:
    return error is not None and not isinstance(error, DecodeError)
