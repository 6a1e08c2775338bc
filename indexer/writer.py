"""Writes the outcome of each file to the database, and counts it."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from sqlalchemy.orm import Session

from db.arrays import Vectors
from db.catalog import analyses, assets, contents, corrections, drives, facts, revision, runs, units
from db.engine.batches import chunks
from db.engine.schema import Asset, MediaKind
from db.errors import DecodeError, MediaError
from db.library import Library
from indexer.flow import Look, Pending, Refused, Report, Task
from indexer.plan import Plan
from indexer.survey import Survey

log = logging.getLogger(__name__)


def settle(session: Session, found: Survey) -> Report:
    """Record the files that need no reading: those that came back, are gone, left out, or not seen."""
    scanned, todo = found.scanned, found.plan
    _keep_folders(session, found)
    _retime(session, todo)
    assets.set_state(session, [file.id for file in todo.revived], "indexed")
    assets.set_state(session, [file.id for file in todo.gone], "gone")
    assets.set_state(session, [file.id for file in todo.offline], "offline")
    assets.set_state(session, [file.id for file in todo.left_out], "left_out")
    for file in todo.moved:
        assets.put(session, file.stat, asset_id=file.id, state="indexed", content_id=file.content_id)
    facts.refresh(session, [file.content_id for file in todo.moved if file.content_id is not None])
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
    for unread, asset_id in todo.unread:
        assets.put(session, unread.stat, asset_id=asset_id, state=unread.state, error=unread.reason)
    changed = (todo.revived, todo.moved, todo.gone, todo.offline, todo.left_out, todo.retimed)
    if any(changed) or scanned.unreadable:
        revision.touch(session)
    states = [file.state for file in todo.skipped] + [unread.state for unread, _ in todo.unread]
    placed = [*todo.revived, *todo.moved, *todo.same, *todo.skipped]
    return Report(
        found=len(todo.tasks) + len(placed) + len(todo.unread) + len(scanned.unreadable),
        reused=len(todo.revived) + len(todo.moved),
        unchanged=len(todo.same),
        skipped=len(todo.skipped) + len(todo.unread),
        cloud=states.count("cloud"),
        failed=len(scanned.unreadable),
        removed=sum(file.state not in ("failed", "unfinished") for file in todo.gone),
        left_out=len(todo.left_out),
        renamed={str(old): str(new) for old, new in found.moves.renamed.items()},
        passed_over={
            str(root): dict(scanned.passed_over.get(str(root), {}))
            for root in scanned.roots
            if str(root) in scanned.leaving.roots
        },
        alike={str(old): str(new) for old, new in found.moves.alike.items()},
    )


def _keep_folders(session: Session, found: Survey) -> None:
    """Record the roots that are new, what is left out of them, and the file systems that they are on."""
    assets.add_roots(session, found.patterns)
    for root, patterns in found.patterns.items():
        assets.set_patterns(session, root, patterns)
    doubted = found.plan.doubted
    seen = {path: volume for path, volume in found.scanned.mounts.items() if path not in doubted}
    drives.keep_mounts(session, seen, dropped=found.ended)


def _retime(session: Session, todo: Plan) -> None:
    assets.retime(session, [file.stat for file in todo.retimed])
    for batch in chunks([file.content_id for file in todo.retimed if file.content_id is not None]):
        facts.refresh(session, batch)


def believe(session: Session, todo: Plan) -> int:
    """Take those files for gone, of the ones out of reach, whose content this run has found in a new file.

    Returns how many there are. Not those on a drive that is not there at all: the new ones are copies.
    """
    fresh = {task.stat.path for task in todo.tasks if task.asset_id is None}
    gone = drives.turned_up(session, [file.id for file in todo.doubtful], fresh)
    if gone:
        assets.set_state(session, gone, "gone")
        revision.touch(session)
    return len(gone)


@dataclass(frozen=True, eq=False)
class Finished:
    """A file whose looks only have to be stored, with the vectors that are being made, unit by unit.

    ``sha256`` of new content; ``kind`` where it was opened; ``content_id`` and ``asset_id`` where they are
    known; ``is_copy``: a new file, or one that was moved, with a known content.
    """

    task: Task
    looks: Sequence[tuple[Look, Sequence[Pending]]]
    content_id: int | None = None
    sha256: bytes | None = None
    kind: MediaKind | None = None
    asset_id: int | None = None
    is_copy: bool = False


_Made = tuple[int, int | None, Look, Sequence[Mapping[int, Vectors]]]
"""The ids of a content and, where the file was looked at, of that; what an analyser made, and the vectors."""

Word = Literal["indexed", "reused", "unchanged", "skipped", "failed", "unfinished"]

Made = Sequence[Sequence[Sequence[Mapping[int, Vectors]]]]
"""Of files, looks and units the vectors by the id of the space."""
Admitted = tuple[Sequence[Finished], Made]


class Writer:
    """Stores the outcome of each file, and counts how each went: ``counts``.

    A file of which nothing was made in the end is unchanged.
    """

    def __init__(self, library: Library, run_id: int, paths: Iterable[Path]) -> None:
        self._library = library
        self._run_id = run_id
        self._words: dict[Path, Word] = dict.fromkeys(paths, "unchanged")
        self._arrived: set[int] = set()

    def note(self, path: Path, word: str) -> None:
        """Note what somebody else has made of a file, in the order in which things were done."""
        if word == "unfinished" or self._words.get(path) == "unchanged":
            self._words[path] = cast(Word, word)

    def counts(self) -> Counter[str]:
        """How many files of the run were indexed, reused, unchanged, skipped, failed, unfinished."""
        return Counter(self._words.values())

    def store(self, batch: Sequence[Finished], done: int) -> list[int]:
        """Store finished files and how far the run is, in one transaction: all of them or none.

        Returns the ids of their contents.
        """
        # Vectors first: nobody else can write while they are waited for.
        vectors: Made = [[_vectors(pending) for _, pending in finished.looks] for finished in batch]
        with self._library.write() as session:
            self._begin(session, [finished.task for finished in batch])
            batch, vectors = self._admit(session, batch, vectors)
            arrived = revision.touch(session) if batch else 0
            placed = self._place(session, batch, arrived)
            stored = [content_id for content_id, _ in placed]
            looks = [
                (content_id, None if look.signature is None else asset_id, look, made)
                for (content_id, asset_id), finished, own in zip(placed, batch, vectors, strict=True)
                for (look, _), made in zip(finished.looks, own, strict=True)
            ]
            self._record(session, looks, arrived)
            for content_id in corrections.corrected(session, stored):
                corrections.apply(session, content_id)
            # What was found out about a file says nothing of its copies.
            files = [
                asset_id
                for (_, asset_id), finished in zip(placed, batch, strict=True)
                if asset_id is not None and (finished.is_copy or finished.asset_id is not None)
            ]
            facts.refresh(session, _newly_known(stored, batch), files)
            self._tell(session, {finished: _word_for(finished) for finished in batch}, done)
        for finished in batch:
            path, word = finished.task.stat.path, _word_for(finished)
            is_new = finished.content_id is None or finished.is_copy
            if is_new or (word == "indexed" and self._words.get(path) == "unchanged"):
                self._words[path] = word
        return stored

    def _begin(self, session: Session, tasks: Sequence[Task]) -> None:
        """Whatever a transaction that stores what was made of files begins with."""

    def _admit(self, session: Session, batch: Sequence[Finished], made: Made) -> Admitted:  # noqa: ARG002
        """What of a batch is stored, with the vectors of its units, in the transaction that does."""
        return batch, made

    def _tell(self, session: Session, words: Mapping[Finished, Word], done: int) -> None:  # noqa: ARG002
        """Note how far the run is, in the transaction that stores what was made; ``done``: how many files."""
        runs.update_run(session, self._run_id, done)

    def _settle(self, session: Session, task: Task, word: Word) -> None:
        """Note in the same way what became of a file that comes to nothing."""

    def _place(
        self, session: Session, batch: Sequence[Finished], arrived: int
    ) -> list[tuple[int, int | None]]:
        """The ids of the contents and of the files; new contents and their files are stored."""
        kinds = {
            finished.sha256: finished.kind
            for finished in batch
            if finished.sha256 is not None and finished.kind is not None
        }
        ids, new = contents.find_or_add(session, kinds, arrived)
        self._arrived |= new
        known = {
            finished.content_id: finished.kind
            for finished in batch
            if finished.content_id is not None and finished.kind is not None
        }
        changed = contents.change_kinds(session, known)
        analyses.forget(session, changed)
        assets.revive(session, [finished.task.asset_id for finished in batch if not _is_new(finished)])
        placed: list[tuple[int, int | Asset | None]] = []
        for finished in batch:
            content_id = finished.content_id
            if content_id is None:
                assert finished.sha256 is not None  # noqa: S101 - one of both is given
                content_id = ids[finished.sha256]
            file = self._put(session, finished.task, content_id) if _is_new(finished) else finished.asset_id
            placed.append((content_id, file))
        session.flush()
        return [(content_id, file.id if isinstance(file, Asset) else file) for content_id, file in placed]

    def _record(self, session: Session, looks: Sequence[_Made], arrived: int) -> None:
        """Store what analysers have made, and that they have looked."""
        results = [
            analyses.Result(
                look.analyser,
                look.fingerprint,
                look.state,
                content_id,
                asset_id,
                look.signature,
                None if look.error is None else str(look.error),
                look.took_ms,
            )
            for content_id, asset_id, look, _ in looks
        ]
        ids = analyses.record_all(session, results)
        rows = [
            (replace(unit, vectors=own), content_id, analysis_id, asset_id)
            for analysis_id, (content_id, asset_id, look, made) in zip(ids, looks, strict=True)
            for (unit, _), own in zip(look.units, made, strict=True)
        ]
        units.add(session, rows)
        # It is only now that something of them can be found.
        contents.arrive(session, {content_id for _, content_id, *_ in rows} & self._arrived, arrived)
        # What an older schema knew gives way to what the file itself says.
        told = [
            content_id
            for content_id, asset_id, look, _ in looks
            if asset_id is None and any(fact.key != "colours" for fact in look.facts)
        ]
        facts.unclaim(session, told, "first edition")
        facts.claim_all(
            session,
            (
                facts.Claims(
                    look.facts,
                    content_id if asset_id is None else None,
                    asset_id,
                    analysis_id,
                )
                for analysis_id, (content_id, asset_id, look, _) in zip(ids, looks, strict=True)
            ),
        )

    def refuse(self, refused: Refused) -> None:
        """Record a file that failed, or was left out on purpose."""
        failed = refused.error is not None
        with self._library.write() as session:
            self._begin(session, [refused.task])
            assets.put(
                session,
                refused.task.stat,
                asset_id=refused.task.asset_id,
                state="failed" if failed else "skipped",
                error=refused.reason,
                retry=_worth_retrying(refused.error),
            )
            revision.touch(session)
            self._settle(session, refused.task, "failed" if failed else "skipped")
        self._words[refused.task.stat.path] = "failed" if failed else "skipped"
        if failed:
            log.warning("%s: %s", refused.task.stat.path, refused.reason)

    def put_off(self, task: Task, reason: str) -> None:
        """Record a file that is still being written: it has not failed, and the next run reads it.

        What an earlier version of it shows is found until then.
        """
        with self._library.write() as session:
            self._begin(session, [task])
            assets.put_off(session, task.stat, reason)
            revision.touch(session)
            self._settle(session, task, "unfinished")
        self._words[task.stat.path] = "unfinished"
        log.info("%s: %s", task.stat.path, reason)

    def give_up(self, content_id: int, reason: str, *, retry: bool) -> None:
        """Record that nothing at all could be made of a content: its files have failed."""
        with self._library.write() as session:
            for asset_id, stat in assets.readable(session, content_id).items():
                assets.put(session, stat, asset_id=asset_id, state="failed", error=reason, retry=retry)
                if stat.path in self._words:
                    self._words[stat.path] = "failed"
                log.warning("%s: %s", stat.path, reason)
            revision.touch(session)

    def _put(self, session: Session, task: Task, content_id: int) -> Asset:
        return assets.put(session, task.stat, asset_id=task.asset_id, state="indexed", content_id=content_id)


def _newly_known(stored: Sequence[int], batch: Sequence[Finished]) -> list[int]:
    """The contents of which something was found out, or that have a new file."""
    return [
        content_id
        for content_id, finished in zip(stored, batch, strict=True)
        if finished.asset_id is None and not finished.is_copy and (finished.looks or _is_new(finished))
    ]


def _is_new(finished: Finished) -> bool:
    """Whether the file at this path is not in the library yet with this content."""
    return finished.is_copy or finished.content_id is None


def _word_for(finished: Finished) -> Word:
    """What becomes of a file by what is stored of it."""
    if finished.is_copy:
        return "reused"
    is_done = not all(look.error for look, _ in finished.looks)
    return "indexed" if finished.content_id is None or is_done else "unchanged"


def _vectors(pending: Sequence[Pending]) -> list[Mapping[int, Vectors]]:
    """The vectors of units, once they are made; errors of the model are raised here."""
    return [{space_id: future.result() for space_id, future in own.items()} for own in pending]


def _worth_retrying(error: MediaError | None) -> bool:
    return error is not None and not isinstance(error, DecodeError)
