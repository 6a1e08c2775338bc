"""Survey: what is on disk, what the library remembers and what is left of it, and so what has to be done."""

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import analyses, assets, drives
from db.catalog.switches import Switches
from db.library import Library
from db.names import spelled
from db.paths import deepest, is_under
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.drives.absence import Evidence
from indexer.drives.moves import SameContent, renamed
from indexer.drives.volumes import is_there
from indexer.plan import Plan, plan
from indexer.scan import Scan, scan
from indexer.targets import targets


@dataclass(frozen=True)
class Survey:
    """What is on disk, what has to be done, and the contents (or assets) left for each analyser."""

    scanned: Scan
    plan: Plan
    left: Mapping[str, Collection[int]]
    patterns: Mapping[Path, Sequence[str]] = field(default_factory=dict)
    """Of what is left out, for the roots that are new or have others now."""
    renamed: Mapping[Path, Path] = field(default_factory=dict)
    """The new paths of roots by their old ones."""
    ended: Collection[Path] = ()
    """Folders where a file system began, and begins no more."""


@dataclass(frozen=True)
class Word:
    """What is known of missing files beside what the disk shows."""

    gone: bool = False
    """The user says that whatever is missing is gone."""
    seen: Collection[Path] = ()
    """Files and folders that a watch saw being deleted or moved away."""


NO_WORD = Word()


def survey(
    library: Library,
    paths: Sequence[Path],
    analysers: Sequence[Analyser],
    switched: Switches,
    word: Word,
    exclude: Sequence[str] = (),
    *,
    download: bool = False,
) -> Survey:
    """Scan the disk and compare it with what the library remembers; without ``paths``, all roots.

    ``exclude``: patterns of what is left out from now on in each of the ``paths``. ``download``: what is in
    the cloud is read, too.

    Raises:
        SettingsError: a path does not exist and is not in the library, or a pattern is none.
    """
    with _without_gc():
        asked = targets(library, paths, exclude)
        others = any(analyser.scope == "asset" for analyser in analysers)
        scanned = scan(asked.there, asked.leaving, others=others, download=download)
        if moved := renamed(library, scanned.files, scanned.roots):
            # Under its new name, too, a root leaves out what it did, which this walk did not know.
            asked = targets(library, [_after(path, moved) for path in paths], exclude)
            scanned = scan(asked.there, asked.leaving, others=others, download=download)
        with library.read() as session:
            left = _Left(session, analysers, switched, scanned)
            known = assets.known_files(session, left.is_complete, seen=[file.path for file in scanned.files])
            roots, mounts = assets.roots(session), drives.mounts(session)
        if left.outdated:
            with library.write() as session:
                for name, asset_ids in left.outdated.items():
                    analyses.outdate(session, name, asset_ids)
        todo = plan(
            scanned.files,
            known,
            roots=[*scanned.roots, *asked.missing],
            is_left_out=lambda path: scanned.rule(path) is not None,
            unread=scanned.unread,
            evidence=_evidence(scanned, roots, mounts, word),
            same_bytes=SameContent(library),
        )
        return Survey(
            scanned,
            todo,
            {work.analyser: ids for work, ids in left.by_work},
            asked.patterns,
            renamed=moved,
            ended=_ended(scanned, roots, mounts, todo, word),
        )


def _after(path: Path, moved: Mapping[Path, Path]) -> Path:
    """A path after its root was given another one."""
    target = spelled(path).resolve()
    old = deepest(target, moved)
    return path if old is None else moved[old] / target.relative_to(old)


def _evidence(scanned: Scan, roots: Sequence[Path], mounts: Mapping[Path, str], word: Word) -> Evidence:
    """What tells of missing files whether they are gone.

    A root, or a drive in one, that cannot be read has not failed: it is out of reach, as one that is missing.
    """
    grounds = {*roots, *mounts}
    hidden = [ground for ground in grounds if not is_there(ground)]
    hidden += [item.stat.path for item in scanned.unreadable]
    scanned.unreadable = [item for item in scanned.unreadable if item.stat.path not in grounds]
    return Evidence(
        grounds=grounds,
        hidden=hidden,
        bare=scanned.bare & grounds,
        changed={
            path
            for path, volume in mounts.items()
            if is_under(path, scanned.roots) and _volume(scanned, path) not in (volume, None)
        },
        seen=word.seen,
        believed=word.gone,
    )


def _volume(scanned: Scan, path: Path) -> str | None:
    """The file system that a walked folder is on."""
    start = deepest(path, scanned.mounts)
    return None if start is None else scanned.mounts[start]


def _ended(
    scanned: Scan, roots: Sequence[Path], mounts: Mapping[Path, str], todo: Plan, word: Word
) -> list[Path]:
    """The folders where a drive was, and is not missed."""
    return [
        path
        for path in mounts
        if path not in roots
        and path not in scanned.mounts
        and path not in todo.doubted
        and is_under(path, scanned.roots)
        and (word.gone or is_there(path))
    ]


class _Left:
    """What is left for the analysers; ``outdated``: assets whose companions have changed."""

    def __init__(
        self, session: Session, analysers: Sequence[Analyser], switched: Switches, scanned: Scan
    ) -> None:
        self.by_work = [(work, analyses.left(session, work)) for work in map(work_of, analysers)]
        self._signatures = {
            work.analyser: analyses.signatures(session, work.analyser)
            for work, _ in self.by_work
            if work.scope == "asset"
        }
        self._switched = switched
        self._scanned = scanned
        self._here = {file.path for file in scanned.files} if self._signatures else set()
        self.outdated: dict[str, set[int]] = defaultdict(set)

    def is_complete(self, asset_id: int, content_id: int, path: Path) -> bool:
        """Whether nothing is left to analyse for an asset with a content at a path."""
        complete = True
        for work, ids in self.by_work:
            subject = content_id if work.scope == "content" else asset_id
            if subject in ids or self._is_outdated(work.analyser, asset_id, path):
                complete = complete and not self._switched.is_on(work.analyser, path)
        return complete

    def _is_outdated(self, analyser: str, asset_id: int, path: Path) -> bool:
        before = self._signatures.get(analyser, {}).get(asset_id)
        if before is None or path not in self._here or before == self._scanned.signature(path):
            return False
        self.outdated[analyser].add(asset_id)
        return True


@contextmanager
def _without_gc() -> Iterator[None]:
    """Turn the garbage collector off: it takes a seventh of a survey of many files and finds nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
