"""Walk folders to the media files in them. Knows nothing of the library."""

import hashlib
import logging
import os
import stat as modes
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.catalog.assets import FileStat
from db.folders import is_hidden
from db.paths import outermost
from indexer.leaving_out import TELLING, Below, LeavingOut, Rule
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
    leaving: LeavingOut = field(default_factory=LeavingOut)
    files: list[FileStat] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    left_out: dict[str, Rule] = field(default_factory=dict)
    """Folders that were not walked, and media files that are not listed, each by its rule."""
    others: dict[Path, list[FileStat]] = field(default_factory=dict)
    """By folder the files that are no media, where those were asked for."""

    def rule(self, path: Path) -> Rule | None:
        """The rule by which a path that was not listed is left out; None where it is for another reason."""
        name = str(path) if self.left_out else ""
        while name and name not in self.left_out and name not in self.leaving.roots:
            parent = os.path.dirname(name)  # noqa: PTH120 - asked for many files
            name = "" if parent == name else parent
        return self.left_out.get(name)

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


def scan(paths: Sequence[Path], leaving: LeavingOut | None = None, *, others: bool = False) -> Scan:
    """List the media files in and under ``paths`` (folders or files), each once, sorted by path.

    Paths are made absolute and free of symbolic links; links to folders inside are followed, but
    no folder is entered twice, so that a loop ends. What ``leaving`` leaves out is not listed, and its
    folders are not entered. A file that is itself in ``paths`` is listed whatever its extension. With
    ``others``, files that are no media are noted, too: they may be companions.
    """
    leaving = leaving or LeavingOut()
    given = [path.resolve() for path in paths]
    result = Scan(outermost(given), leaving)
    entered: set[tuple[int, int]] = set()
    # One inside another is walked with it, unless that leaves it out. Links wait until all real folders are
    # walked: a file then keeps its real path as long as it has one.
    inside = [path for path in dict.fromkeys(given) if path not in result.roots]
    waiting: deque[tuple[Path, Below | None]] = deque((path, None) for path in (*result.roots, *inside))
    while waiting:
        folder, around = waiting.popleft()
        try:
            status = folder.stat()
            if not modes.S_ISDIR(status.st_mode):
                result.files.append(FileStat(folder, status.st_size, status.st_mtime_ns))
                continue
            if str(folder) in leaving.own or (status.st_dev, status.st_ino) in entered:
                continue
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
            place = _entered(folder, around, listed, leaving)
            if isinstance(place, Rule):
                result.left_out[str(folder)] = place
                continue
            folders, links = _sort(folder, listed, result, place, others=others)
            waiting.extendleft((path, place) for path in reversed(folders))
            waiting.extend((path, place) for path in links)
        except OSError as exc:
            result.unreadable.append(Unreadable(FileStat(folder, 0, 0), reason(exc), is_folder=True))
    if inside:
        result.files = list({str(file.path): file for file in result.files}.values())
    result.files.sort(key=lambda file: str(file.path))
    return result


def _entered(
    folder: Path, around: Below | None, listed: Sequence["os.DirEntry[str]"], leaving: LeavingOut
) -> Below | Rule:
    """What is left out in a folder, by that around it; or the rule of a file in it that leaves it out."""
    if around is not None:
        return around.enter(str(folder), TELLING & {entry.name for entry in listed})
    place = leaving.around(folder)
    return place if isinstance(place, Below) else leaving.at(str(folder))


def reason(exc: OSError) -> str:
    """Why the operating system refused, in lower case and without the path."""
    return (exc.strerror or str(exc)).lower()


def _sort(
    folder: Path, entries: Sequence["os.DirEntry[str]"], result: Scan, place: Below, *, others: bool
) -> tuple[list[Path], list[Path]]:
    """Add files to ``result``; returns real folders, and links to folders."""
    folders: list[Path] = []
    links: list[Path] = []
    for entry in entries:
        if entry.name.startswith(
            "._"
        ):  # what macOS leaves on foreign drives: no picture, whatever it is called
            continue
        path = folder / entry.name  # in half the time that ``Path(entry.path)`` takes
        try:
            if entry.is_dir():
                if (rule := place.rule(entry.name, is_folder=True)) is not None:
                    result.left_out[str(path)] = rule
                    continue
                target = links if entry.is_symlink() else folders
                target.append(path)
            elif (is_media := media_kind(path) is not None) or others:
                if (place.patterns or is_hidden(entry.name)) and (
                    rule := place.rule(entry.name, is_folder=False)
                ):
                    if is_media:
                        result.left_out[str(path)] = rule
                    continue
                status = entry.stat()
                if modes.S_ISREG(status.st_mode):
                    listed = result.files if is_media else result.others.setdefault(folder, [])
                    listed.append(FileStat(path, status.st_size, status.st_mtime_ns))
        except OSError as exc:
            result.unreadable.append(Unreadable(FileStat(path, 0, 0), reason(exc), is_folder=False))
    return folders, links
