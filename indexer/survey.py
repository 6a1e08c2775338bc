"""Survey: what is on disk, what the library remembers and what is left of it, and so what has to be done."""

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import analyses, assets
from db.catalog.switches import Switches
from db.errors import SettingsError
from db.library import Library
from db.names import spelled
from db.paths import is_under, outermost
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.leaving_out import LeavingOut, checked
from indexer.plan import Plan, plan
from indexer.scan import Scan, scan


@dataclass(frozen=True)
class Survey:
    """What is on disk, what has to be done, and the contents (or assets) left for each analyser.

    ``patterns``: of what is left out, for the roots that are new or have others now.
    """

    scanned: Scan
    plan: Plan
    left: Mapping[str, Collection[int]]
    patterns: Mapping[Path, Sequence[str]] = field(default_factory=dict)


def survey(
    library: Library,
    paths: Sequence[Path],
    analysers: Sequence[Analyser],
    switched: Switches,
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
        with library.read() as session:
            kept = assets.patterns(session)
        roots = list(kept)
        targets = [_meant(library, path, roots) for path in paths] or list(roots)
        changed = _changed(library, targets, kept, exclude)
        # A folder of its own inside another is looked at with that one, whatever that leaves out.
        targets += [root for root in roots if root not in targets and is_under(root, targets)]
        missing = [path for path in targets if not path.exists()]
        # A whole root that is missing is the folder of an unplugged drive, and keeps its pictures.
        away = [root for root in roots if not root.exists()]
        unplugged = [path for path in missing if is_under(path, away)]
        scanned = scan(
            [path for path in targets if path not in missing],
            leaving_out(library, kept | changed),
            others=any(analyser.scope == "asset" for analyser in analysers),
            download=download,
        )
        with library.read() as session:
            left = _Left(session, analysers, switched, scanned)
            known = assets.known_files(session, left.is_complete, seen=[file.path for file in scanned.files])
        if left.outdated:
            with library.write() as session:
                for name, asset_ids in left.outdated.items():
                    analyses.outdate(session, name, asset_ids)
        hidden = unplugged + [item.stat.path for item in scanned.unreadable]
        todo = plan(
            scanned.files,
            known,
            roots=scanned.roots + missing,
            hidden=hidden,
            is_left_out=lambda path: scanned.rule(path) is not None,
            unread=scanned.unread,
        )
        return Survey(scanned, todo, {work.analyser: ids for work, ids in left.by_work}, changed)


def _meant(library: Library, path: Path, roots: Sequence[Path]) -> Path:
    """The file or folder that is meant by a path, as the disk or, where it is gone, the library spells it.

    A folder that a root is under another name, such as a bind mount, or on a file system without case, is
    that root: a file has one path.

    Raises:
        SettingsError: neither the disk nor the library has it.
    """
    target = spelled(path).resolve()
    if not target.exists():
        with library.read() as session:
            known = assets.known_as(session, target)
        if known is None:
            raise SettingsError(f"there is no file or folder {target}", "Check the spelling.")
        return known
    places = {_place(root): root for root in roots if root.exists()}
    for above in (target, *target.parents):
        if above in roots:
            break
        if (root := places.get(_place(above))) is not None:
            return root / target.relative_to(above)
    return target


def _place(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def leaving_out(library: Library, patterns: Mapping[Path, Sequence[str]]) -> LeavingOut:
    """What is left out of roots with these patterns."""
    return LeavingOut.of(patterns, own=[library.paths.folder, library.paths.cache])


def _changed(
    library: Library,
    targets: Sequence[Path],
    kept: Mapping[Path, Sequence[str]],
    exclude: Sequence[str],
) -> dict[Path, tuple[str, ...]]:
    """The roots that are new, or have other patterns now.

    What is in a root is looked at again as a part of it, and is no root; unless that would leave it out: then
    it is wanted all the same.
    """
    leaving = leaving_out(library, kept)
    there = [path for path in outermost(targets) if path not in kept and path.exists()]
    new = [path for path in there if not leaving.reads(path)]
    changed: dict[Path, tuple[str, ...]] = dict.fromkeys(new, ())
    for path in targets if exclude else ():
        if path not in changed and path not in kept:
            root = leaving.root_of(str(path))
            raise SettingsError(
                f"patterns are kept with a whole folder of the library, and {path} is in {root}",
                f"See: trove roots {root} --exclude PATTERN",
            )
        changed[path] = checked([*kept.get(path, ()), *exclude])
    return changed


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
