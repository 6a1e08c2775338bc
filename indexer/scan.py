"""Walk folders to the media files in them. Knows nothing of the library."""

import hashlib
import logging
import os
import stat as modes
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.catalog.assets import FileStat
from db.paths import outermost
from indexer.media.formats import media_kind

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unreadable:
    """A file or folder that cannot be read, with the reason."""

    stat: FileStat
    reason: str
    is_folder: bool


@dataclass
class Scan:
    """Result of a walk. ``roots``: the folders that were walked, none inside another."""

    roots: list[Path]
    files: list[FileStat] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    others: dict[Path, list[FileStat]] = field(default_factory=dict)
    """By folder the files that are no media, where those were asked for."""

    def companions(self, path: Path) -> tuple[FileStat, ...]:
        """The files beside a media file that bear its name: ``a.xmp``, ``a.jpg.json``, ``a.en.srt``."""
        start = f"{path.stem.casefold()}."
        return tuple(
            other
            for other in self.others.get(path.parent, ())
            if other.path.name.casefold().startswith(start)
        )

    def signature(self, path: Path) -> str:
        """Short text that changes with a file's path and with its companions."""
        facts = [os.fsencode(path), *(tuple(other) for other in self.companions(path))]
        return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def scan(paths: Sequence[Path], *, leave_out: Collection[Path] = (), others: bool = False) -> Scan:
    """List the media files in and under ``paths`` (folders or files), each once, sorted by path.

    Paths are made absolute and free of symbolic links; links to folders inside are followed, but
    no folder is entered twice, so that a loop ends. Hidden files and folders, and the folders in
    ``leave_out`` (the library's own), are skipped. A file that is itself in ``paths`` is listed
    whatever its extension. With ``others``, files that are no media are noted, too: they may be companions.
    """
    roots = outermost([path.resolve() for path in paths])
    result = Scan(roots)
    own = {path.resolve() for path in leave_out}
    entered: set[tuple[int, int]] = set()
    # Links wait until all real folders are walked: a file then keeps its real path as long as it has one.
    waiting = deque(roots)
    while waiting:
        folder = waiting.popleft()
        try:
            status = folder.stat()
            if not modes.S_ISDIR(status.st_mode):
                result.files.append(FileStat(folder, status.st_size, status.st_mtime_ns))
                continue
            if folder in own or (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            folders, links = _sort(folder, listed, result, others=others)
            waiting.extendleft(reversed(folders))
            waiting.extend(links)
        except OSError as exc:
            result.unreadable.append(Unreadable(FileStat(folder, 0, 0), reason(exc), is_folder=True))
    result.files.sort(key=lambda file: str(file.path))
    return result


def reason(exc: OSError) -> str:
    """Why the operating system refused, in lower case and without the path."""
    return (exc.strerror or str(exc)).lower()


def _sort(
    folder: Path, entries: Sequence["os.DirEntry[str]"], result: Scan, *, others: bool
) -> tuple[list[Path], list[Path]]:
    """Add files to ``result``; returns real folders, and links to folders."""
    folders: list[Path] = []
    links: list[Path] = []
    for entry in _visible(entries):
        path = folder / entry.name  # in half the time that ``Path(entry.path)`` takes
        try:
            if entry.is_dir():
                target = links if entry.is_symlink() else folders
                target.append(path)
            elif (is_media := media_kind(path) is not None) or others:
                status = entry.stat()
                if modes.S_ISREG(status.st_mode):
                    listed = result.files if is_media else result.others.setdefault(folder, [])
                    listed.append(FileStat(path, status.st_size, status.st_mtime_ns))
        except OSError as exc:
            result.unreadable.append(Unreadable(FileStat(path, 0, 0), reason(exc), is_folder=False))
    return folders, links


def _visible(entries: Sequence["os.DirEntry[str]"]) -> Iterator["os.DirEntry[str]"]:
    # "._photo.jpg" is what macOS leaves on foreign drives: not a picture, and hidden like other dot files.
    return (entry for entry in entries if not entry.name.startswith("."))
