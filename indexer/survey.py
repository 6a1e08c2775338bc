"""Survey: what is on disk, what the library remembers and what is left of it, and so what has to be done."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import analyses, assets, drives
from db.catalog.assets import FileStat, KnownFile
from db.catalog.switches import Switches
from db.files import is_there
from db.library import Library
from db.names import spelled
from db.paths import PathSet, deepest
from indexer.analysers.base import Analyser
from indexer.analysers.registry import work_of
from indexer.drives.absence import Evidence
from indexer.drives.moves import Moves, SameContent, rename
from indexer.drives.volumes import Volumes
from indexer.plan import Plan, plan
from indexer.scan import Scan, scan
from indexer.targets import Targets, targets


@dataclass(frozen=True)
class Survey:
    """What is on disk, what has to be done, and the contents (or assets) left for each analyser."""

    scanned: Scan
    plan: Plan
    left: Mapping[str, Collection[int]]
    patterns: Mapping[Path, Sequence[str]] = field(default_factory=dict)
    """Of what is left out, for the roots that are new or have others now."""
    moves: Moves = field(default_factory=Moves)
    """Roots that are under another path now, or seem to be."""
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
    asked = targets(library, paths, exclude)
    others = beside(analysers)
    scanned = scan(asked.there, asked.leaving, others=others, download=download)
    moves = rename(library, scanned.files, _in_cloud(scanned), scanned.roots)
    if moves.renamed:
        # Under its new name, too, a root leaves out what it did, which this walk did not know.
        asked = targets(library, [_after(path, moves.renamed) for path in paths], exclude)
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
        evidence=_evidence(scanned, asked, known, roots, mounts, word),
        same_bytes=SameContent(library),
    )
    return Survey(
        scanned,
        todo,
        {work.analyser: ids for work, ids in left.by_work},
        asked.patterns,
        moves=moves,
        ended=_ended(scanned, roots, mounts, todo, word),
    )


def beside(analysers: Iterable[Analyser | type[Analyser]]) -> tuple[str, ...]:
    """How the names of the companions end that these analysers read, in small letters."""
    return tuple(
        {ending for analyser in analysers if analyser.scope == "asset" for ending in analyser.beside}
    )


def _after(path: Path, moved: Mapping[Path, Path]) -> Path:
    """A path after its root was given another one."""
    target = spelled(path).resolve()
    old = deepest(target, moved)
    return path if old is None else moved[old] / target.relative_to(old)


def _in_cloud(scanned: Scan) -> list[FileStat]:
    return [item.stat for item in scanned.unread if item.state == "cloud"]


def _evidence(
    scanned: Scan,
    asked: Targets,
    known: Sequence[KnownFile],
    roots: Sequence[Path],
    mounts: Mapping[Path, str],
    word: Word,
) -> Evidence:
    """What tells of missing files whether they are gone.

    A root, or a drive in one, that cannot be read has not failed: it is out of reach, as one that is missing.
    """
    grounds, volumes = {*roots, *mounts}, Volumes()
    around = _around([*scanned.roots, *asked.missing], grounds)
    deleted = _deleted(known, roots, mounts, volumes)
    bare = scanned.bare & grounds
    hidden = {ground for ground in grounds - deleted if not is_there(ground)}
    hidden |= {item.stat.path for item in scanned.unreadable}
    for ground in around - hidden:
        try:
            if not any(ground.iterdir()):
                bare.add(ground)
        except OSError:
            hidden.add(ground)
    scanned.unreadable = [item for item in scanned.unreadable if item.stat.path not in grounds]
    walked = PathSet(scanned.roots)
    return Evidence(
        grounds=grounds,
        hidden=hidden,
        bare=bare,
        changed={
            path
            for path, volume in mounts.items()
            if (path in around or walked.holds(path)) and volumes.of(path) not in (volume, None)
        },
        seen={*word.seen, *deleted},
        believed=word.gone,
    )


def _around(paths: Sequence[Path], grounds: Collection[Path]) -> set[Path]:
    """The grounds of which only a part is looked at: what they are now tells of the files in it, too."""
    holding = PathSet(grounds)
    found = {holding.deepest(path) for path in paths}
    return {ground for ground in found if ground is not None} - set(paths)


def _deleted(
    known: Sequence[KnownFile], roots: Sequence[Path], mounts: Mapping[Path, str], volumes: Volumes
) -> set[Path]:
    """The roots that were single files and are no more, while their file system is where it was."""
    lost = {root for root in roots if root in mounts and _is_no_more(root)}
    files = {file.stat.path for file in known if file.stat.path in lost} if lost else set()
    return {file for file in files if volumes.of(file.parent) == mounts[file]}


def _is_no_more(path: Path) -> bool:
    """Whether the system says that there is no such file, and not only that it cannot tell."""
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        pass
    return False


def _ended(
    scanned: Scan, roots: Sequence[Path], mounts: Mapping[Path, str], todo: Plan, word: Word
) -> list[Path]:
    """The folders where a drive was, and is not missed."""
    own, walked = set(roots), PathSet(scanned.roots)
    return [
        path
        for path in mounts
        if path not in own
        and path not in scanned.mounts
        and path not in todo.doubted
        and walked.holds(path)
        and (word.gone or is_there(path))
    ]


class _Left:
    """What is left for the analysers; ``outdated``: assets whose companions have changed."""

    def __init__(
        self, session: Session, analysers: Sequence[Analyser], switched: Switches, scanned: Scan
    ) -> None:
        self.by_work = [(work, analyses.left(session, work)) for work in map(work_of, analysers)]
        self._unfinished = [(work, ids) for work, ids in self.by_work if ids]
        self._signed = [
            (analyser, analyses.signatures(session, analyser.name))
            for analyser in analysers
            if analyser.scope == "asset"
        ]
        self._switched = switched
        self._scanned = scanned
        # Texts, whose hashes are kept: a hundred thousand paths are looked up.
        self._here = {str(file.path) for file in scanned.files} if self._signed else set()
        self.outdated: dict[str, set[int]] = defaultdict(set)

    def is_complete(self, asset_id: int, content_id: int, path: Path) -> bool:
        """Whether nothing is left to analyse for an asset with a content at a path."""
        left = [
            work.analyser
            for work, ids in self._unfinished
            if (content_id if work.scope == "content" else asset_id) in ids
        ]
        if str(path) in self._here:
            left += list(self._outdated(asset_id, path, left))
        return not any(self._switched.is_on(analyser, path) for analyser in left)

    def _outdated(self, asset_id: int, path: Path, left: Collection[str]) -> Iterator[str]:
        """The analysers, of those that are done, that have looked at other companions or another name."""
        for analyser, signatures in self._signed:
            before = signatures.get(asset_id)
            if before is None or analyser.name in left:
                continue
            if before != self._scanned.signature(path, analyser.beside, placed=analyser.placed):
                self.outdated[analyser.name].add(asset_id)
                yield analyser.name
