"""Folders under another path, or drives under another letter: recognised, and written over the old one."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import assets, contents, drives, hidden, switches
from db.catalog.assets import FileStat, KnownFile
from db.errors import SettingsError
from db.files import is_there
from db.library import Library
from db.paths import PathSet, deepest, is_under
from indexer.drives.clocks import Shifted, sample, shift
from indexer.drives.placeholders import is_placeholder, stub_of
from indexer.drives.volumes import Volumes
from indexer.patterns import carried, holds_anywhere

log = logging.getLogger(__name__)

_ENOUGH = 0.5
"""The share of a folder's files that another one must have to be the same folder."""


class SameContent:
    """Compares files by their bytes with what the library remembers: ``SameBytes``."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def __call__(self, was: KnownFile, now: FileStat) -> bool:
        """Whether a file has the content that is remembered; False where it cannot be read."""
        if was.content_id is None:
            return False
        with self._library.read() as session:
            expected = drives.hashes(session, [was.content_id]).get(was.content_id)
        try:
            with now.path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").digest() == expected
        except OSError:
            return False


@dataclass(frozen=True)
class Moves:
    """New folders by the roots, which are no more, whose files they have.

    ``renamed``: those that are these roots under other paths; ``alike``: those that may be copies.
    """

    renamed: Mapping[Path, Path] = field(default_factory=dict)
    alike: Mapping[Path, Path] = field(default_factory=dict)


def rename(
    library: Library, files: Iterable[FileStat], in_cloud: Sequence[FileStat], fresh: Sequence[Path]
) -> Moves:
    """Write the new path over that of each root that is no more and that a new folder is now.

    It is when the same files are in it, by their path inside, size and time, a few have the same bytes, and
    it is where that root can be. A backup of a drive that is not connected has the same files elsewhere.

    Args:
        files: those in the new folders, among others.
        in_cloud: the same of placeholders, which are not read. Of a folder with nothing else the paths,
            sizes and times decide.
        fresh: folders that were walked; those that are in a root, or have one inside, are none of these.
    """
    with library.read() as session:
        roots, mounts = assets.roots(session), drives.mounts(session)
    lost = [root for root in roots if not is_there(root)]
    held, above = PathSet(roots), {parent for root in roots for parent in root.parents}
    new = [path for path in fresh if not held.holds(path) and path not in above] if lost else []
    if not new:
        return Moves()
    unread = {file.path for file in in_cloud}
    places = _by_place(new, [*files, *in_cloud])
    volumes = Volumes()
    renamed: dict[Path, Path] = {}
    alike: dict[Path, Path] = {}
    taken: set[Path] = set()
    for root in lost:
        with library.read() as session:
            known = drives.live_below(session, root)
        folder = _same_files(library, known, root, places, unread)
        if folder is None or folder in taken:
            continue
        if _can_be(folder, root, mounts.get(root), volumes):
            _rewrite(library, root, folder)
            renamed[root] = folder
            taken.add(folder)
        else:
            alike[root] = folder
    return Moves(renamed, alike)


_Places = Mapping[tuple[Path, int], Sequence[tuple[Path, FileStat]]]
"""By their path in a folder and their size: files, each with that folder."""


def _by_place(folders: Iterable[Path], files: Iterable[FileStat]) -> _Places:
    places: dict[tuple[Path, int], list[tuple[Path, FileStat]]] = defaultdict(list)
    holding = PathSet(folders)
    for file in files:
        folder = holding.deepest(file.path)
        if folder is not None:
            places[file.path.relative_to(folder), file.size].append((folder, file))
    return places


def _same_files(
    library: Library, known: Sequence[KnownFile], root: Path, places: _Places, unread: Collection[Path]
) -> Path | None:
    """The folder with the files of a root, or the most of them; None where none has enough."""
    pairs: dict[Path, list[Shifted]] = defaultdict(list)
    for file in known:
        for folder, now in places.get((file.stat.path.relative_to(root), file.stat.size), ()):
            if shift(file.stat, now) is not None:
                pairs[folder].append(Shifted(file, now))
    for folder, own in sorted(pairs.items(), key=lambda item: len(item[1]), reverse=True):
        if len(own) < _ENOUGH * len(known):
            break
        readable = any(pair.now.path not in unread for pair in own)
        certain = readable or all(pair.was.stat.mtime_ns == pair.now.mtime_ns for pair in own)
        if certain and _same(library, own, unread, all_of_them=True):
            return folder
    return None


def _can_be(folder: Path, root: Path, volume: str | None, volumes: Volumes) -> bool:
    """Whether a folder can be what a root was: on the same file system, and there in its place, or renamed.

    ``volume``: the file system that the root was on.
    """
    if volume is None or volumes.of(folder) != volume:
        return False
    if volumes.of(root.parent) == volume:
        return True
    start = folder
    while start != start.parent and volumes.of(start.parent) == volume:
        start = start.parent
    inside = folder.relative_to(start).parts
    return root.parts[len(root.parts) - len(inside) :] == inside


def relocate(library: Library, old: Path, new: Path) -> int:
    """Write the path of a folder over another one, of a root or of a folder in one; nothing is read anew.

    What is only in the cloud is not opened, which would download it: its name, and its size, have to do.
    Returns how many of its files are there.

    Raises:
        SettingsError: the library has nothing in the old folder, or the new one does not hold its files.
        LibraryBusyError: another process is indexing into this library.
    """
    with library.indexing():
        with library.read() as session:
            known = drives.live_below(session, old)
            roots = assets.roots(session)
        if not known and old not in roots:
            raise SettingsError(
                f"the library has nothing in {old}", f"Its folders: {', '.join(map(str, roots)) or 'none'}."
            )
        if is_under(new, [old]) or is_under(old, [new]):
            raise SettingsError(f"one of {old} and {new} is inside the other", "Run: trove index")
        if not is_there(new):
            raise SettingsError(f"there is no file or folder {new}", "Check the spelling.")
        pairs, unread = _on_disk(known, old, new)
        if len(pairs) < _ENOUGH * len(known) or not _same(library, pairs, unread, all_of_them=False):
            raise SettingsError(
                f"{new} holds {len(pairs)} of the {len(known)} files of {old}",
                f"To add it as another folder: trove index {new}",
            )
        _rewrite(library, old, new)
        with library.write() as session:
            assets.set_state(session, [pair.was.id for pair in pairs], "indexed")
            contents.drop_orphans(session)
    return len(pairs)


def _rewrite(library: Library, old: Path, new: Path) -> None:
    with library.write() as session:
        before, switched = assets.patterns(session), switches.every(session)
        was_hidden = hidden.covers_folder(session, old)
        drives.relocate(session, old, new)
        outer = deepest(old, before)
        if outer is not None and outer != old:
            _take_along(session, before[outer], outer, old, new)
        if was_hidden and not hidden.covers_folder(session, new):
            hidden.put(session, new)
        for analyser in switched.by_analyser:
            was_on = switched.own(analyser, old)
            if switches.every(session).own(analyser, new) != was_on:
                switches.turn(session, analyser, on=was_on, folder=new)
    log.info("%s is now %s", old, new)


def _take_along(session: Session, patterns: Sequence[str], outer: Path, old: Path, new: Path) -> None:
    """Have the patterns of the root that a folder was in leave out the same of it where it is now."""
    kept = assets.patterns(session)
    if (root := deepest(new, kept)) is None:
        return
    lost = [one for one in patterns if root != outer or not holds_anywhere(one)]
    more = carried(lost, old.relative_to(outer), new.relative_to(root))
    assets.set_patterns(session, root, dict.fromkeys([*kept[root], *more]))


def _on_disk(known: Sequence[KnownFile], old: Path, new: Path) -> tuple[list[Shifted], set[Path]]:
    """The files of the old folder with those that are in their places in the new one, and as large.

    With the paths of those that are only in the cloud. Of a stub it is believed that it stands for the file.
    """
    pairs: list[Shifted] = []
    unread: set[Path] = set()
    for file in known:
        path = new / file.stat.path.relative_to(old)
        try:
            status = path.stat()
        except OSError:
            if not is_there(stub_of(path)):
                continue
            now, is_unread = file.stat._replace(path=path), True
        else:
            now, is_unread = FileStat(path, status.st_size, status.st_mtime_ns), is_placeholder(status)
        if now.size == file.stat.size:
            pairs.append(Shifted(file, now))
            unread |= {path} if is_unread else set()
    return pairs, unread


def _same(library: Library, pairs: Sequence[Shifted], unread: Collection[Path], *, all_of_them: bool) -> bool:
    """Whether a few of the files that can be read, or most of these few, have the same bytes."""
    same_bytes = SameContent(library)
    readable = [pair for pair in pairs if pair.now.path not in unread]
    same = [same_bytes(pair.was, pair.now) for pair in sample(readable)] if readable else []
    return all(same) if all_of_them else 2 * sum(same) >= len(same)
