"""Folders under another path, or drives under another letter: recognised, and written over the old one."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from db.catalog import assets, contents, drives
from db.catalog.assets import FileStat, KnownFile
from db.errors import SettingsError
from db.library import Library
from db.paths import is_under
from indexer.drives.clocks import Shifted, sample, shift
from indexer.drives.volumes import is_there

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


def renamed(library: Library, files: Sequence[FileStat], fresh: Sequence[Path]) -> dict[Path, Path]:
    """Write the new path over that of each root that is no more and that a new folder is now.

    It is when the same files are in it, by their path inside, size and time, and a few have the same bytes.

    Args:
        files: those in the new folders, among others.
        fresh: folders that were walked; those that are in a root, or have one inside, are none of these.

    Returns:
        The new paths of roots by their old ones.
    """
    moved: dict[Path, Path] = {}
    with library.read() as session:
        roots = assets.roots(session)
    lost = [root for root in roots if not is_there(root)]
    apart = [path for path in fresh if not is_under(path, roots)]
    new = [path for path in apart if not any(is_under(root, [path]) for root in roots)]
    for folder in new if lost else []:
        found = {file.path: file for file in files if is_under(file.path, [folder])}
        for root in lost:
            with library.read() as session:
                known = drives.live_below(session, root)
            pairs = _pairs(known, root, folder, found)
            alike = [pair for pair in pairs if shift(pair.was.stat, pair.now) is not None]
            if known and len(alike) >= _ENOUGH * len(known) and _same(library, alike, all_of_them=True):
                _rewrite(library, root, folder)
                moved[root] = folder
                lost.remove(root)
                break
    return moved


def relocate(library: Library, old: Path, new: Path) -> int:
    """Write the path of a folder over another one, of a root or of a folder in one; nothing is read anew.

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
        pairs = _pairs(known, old, new, _on_disk(known, old, new))
        if len(pairs) < _ENOUGH * len(known) or not _same(library, pairs, all_of_them=False):
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
        drives.relocate(session, old, new)
    log.info("%s is now %s", old, new)


def _on_disk(known: Sequence[KnownFile], old: Path, new: Path) -> dict[Path, FileStat]:
    found: dict[Path, FileStat] = {}
    for file in known:
        path = new / file.stat.path.relative_to(old)
        try:
            status = path.stat()
        except OSError:
            continue
        found[path] = FileStat(path, status.st_size, status.st_mtime_ns)
    return found


def _pairs(known: Sequence[KnownFile], old: Path, new: Path, found: Mapping[Path, FileStat]) -> list[Shifted]:
    """The files of the old folder with those that are in their places in the new one, and as large."""
    pairs = [(file, found.get(new / file.stat.path.relative_to(old))) for file in known]
    return [Shifted(file, now) for file, now in pairs if now is not None and now.size == file.stat.size]


def _same(library: Library, pairs: Sequence[Shifted], *, all_of_them: bool) -> bool:
    """Whether a few of the files, or most of these few, have the same bytes."""
    same_bytes = SameContent(library)
    same = [same_bytes(pair.was, pair.now) for pair in sample(pairs)] if pairs else []
    return all(same) if all_of_them else 2 * sum(same) >= len(same)
