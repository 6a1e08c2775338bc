"""Survey: what is on disk, what the library remembers and what is left of it, and so what has to be done."""

import gc
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import analyses, assets
from db.catalog.switches import Switches
from db.errors import SettingsError
from db.library import Library
from db.paths import expanded, is_under
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.plan import Plan, plan
from indexer.scan import Scan, scan


@dataclass(frozen=True)
class Survey:
    """What is on disk, what has to be done, and the contents (or assets) left for each analyser."""

    scanned: Scan
    plan: Plan
    left: Mapping[str, Collection[int]]


def survey(
    library: Library, paths: Sequence[Path], analysers: Sequence[Analyser], switched: Switches
) -> Survey:
    """Scan the disk and compare it with what the library remembers; without ``paths``, all roots.

    Raises:
        SettingsError: a path does not exist and is not in the library.
    """
    with _without_gc():
        with library.read() as session:
            roots = assets.roots(session)
        targets = [expanded(path).resolve() for path in paths] or roots
        missing = [path for path in targets if not path.exists()]
        for path in missing:
            if not is_under(path, roots):
                raise SettingsError(f"there is no file or folder {path}", "Check the spelling.")
        # A whole root that is missing is the folder of an unplugged drive, and keeps its pictures.
        away = [root for root in roots if not root.exists()]
        unplugged = [path for path in missing if is_under(path, away)]
        scanned = scan(
            [path for path in targets if path not in missing],
            leave_out=[library.paths.folder, library.paths.cache],
            others=any(analyser.scope == "asset" for analyser in analysers),
        )
        with library.read() as session:
            left = _Left(session, analysers, switched, scanned)
            known = assets.known_files(session, left.is_complete, seen=[file.path for file in scanned.files])
        if left.outdated:
            with library.write() as session:
                for name, asset_ids in left.outdated.items():
                    analyses.outdate(session, name, asset_ids)
        hidden = unplugged + [item.stat.path for item in scanned.unreadable]
        todo = plan(scanned.files, known, roots=scanned.roots + missing, hidden=hidden)
        return Survey(scanned, todo, {work.analyser: ids for work, ids in left.by_work})


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
