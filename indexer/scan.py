"""Walk folders to the media files in them. Knows nothing of the library."""

import hashlib
import logging
import os
import stat as modes
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from db.catalog.assets import FileStat
from db.engine.schema import AssetState
from db.folders import is_hidden
from db.paths import outermost
from indexer.beside.companions import Companions, Named
from indexer.drives.placeholders import STUB, is_placeholder
from indexer.drives.volumes import Volumes
from indexer.leaving_out import NOWHERE, TELLING, Below, LeavingOut, Rule
from indexer.media.formats import SHARED_SUFFIXES, begins_as_mpeg, media_kind

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unreadable:
    """A file or folder that cannot be read, with the reason."""

    stat: FileStat
    reason: str
    is_folder: bool


@dataclass(frozen=True)
class Unread:
    """A media file that is there, or its place, and that is not to be opened, with the reason."""

    stat: FileStat
    state: AssetState
    reason: str


_OF_SYSTEMS = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
"""What systems put into folders, of which nobody asks why it is not read."""

IN_CLOUD = "in the cloud, not read"
LEADS_NOWHERE = "the link leads nowhere"


@dataclass
class Scan:
    """Result of a walk. ``roots``: the folders that were walked, none inside another."""

    roots: list[Path]
    leaving: LeavingOut = field(default_factory=LeavingOut)
    files: list[FileStat] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    left_out: dict[str, Rule] = field(default_factory=dict)
    """Folders that were not walked, and media files that are not listed, each by its rule."""
    mounts: dict[Path, str] = field(default_factory=dict)
    """The folders among the walked ones where a file system begins, roots first of all, with which one.

    Of a root that is a single file, that of its folder.
    """
    bare: set[Path] = field(default_factory=set)
    """Folders with nothing in them at all."""
    passed_over: dict[str, Counter[str]] = field(default_factory=dict)
    """Files of kinds that are not read, by their root, and by their endings in small letters."""
    others: dict[Path, list[FileStat]] = field(default_factory=dict)
    """By folder the files that are no media, where those were asked for."""
    _folders: dict[str, "_Folder"] = field(default_factory=dict)

    def note(self, file: FileStat, status: os.stat_result, *, download: bool) -> None:
        """List a media file; a placeholder as one that is not to be read, unless it is to be downloaded."""
        if not download and is_placeholder(status):
            self.unread.append(Unread(file, "cloud", IN_CLOUD))
        else:
            self.files.append(file)

    def pass_over(self, path: Path) -> None:
        """Count a file of a kind that is not read."""
        root = self.leaving.outermost_root(path.parent)
        if root in self.roots and path.name.casefold() not in _OF_SYSTEMS:
            self.passed_over.setdefault(str(root), Counter())[path.suffix.casefold()] += 1

    def rule(self, path: Path) -> Rule | None:
        """The rule by which a path that was not listed is left out; None where it is for another reason."""
        name = str(path) if self.left_out else ""
        while name and name not in self.left_out and name not in self.leaving.roots:
            parent = os.path.dirname(name)  # noqa: PTH120 - asked for many files
            name = "" if parent == name else parent
        return self.left_out.get(name)

    def companions(self, path: Path, endings: tuple[str, ...] = ("",)) -> tuple[FileStat, ...]:
        """The files beside a media file that belong to it, of those whose names end so, in small letters."""
        return tuple(file for _, file in self._own(*self._split(path), endings))

    def signature(self, path: Path, endings: tuple[str, ...] = ("",), *, placed: bool = True) -> str:
        """Short text that changes with a file's name and companions, and if it is ``placed`` its folder.

        Folders count below the root, which may be under another path tomorrow.
        """
        folder, name = self._split(path)
        place = folder.below if placed else ""
        beside = (f"{other}/{file.size}/{file.mtime_ns}" for other, file in self._own(folder, name, endings))
        return _digest("\n".join((place, name, *beside)))

    def _split(self, path: Path) -> tuple["_Folder", str]:
        """What is known of the folder of a file, and its name. Asked of every file: texts are faster."""
        above, _, name = str(path).rpartition(os.sep)
        if (folder := self._folders.get(above)) is None:
            root = str(self.leaving.outermost_root(path.parent) or "")
            others = self.others.get(path.parent)
            folder = _Folder(above.removeprefix(root), None if others is None else Companions(others))
            self._folders[above] = folder
        return folder, name

    def _own(self, folder: "_Folder", name: str, endings: tuple[str, ...]) -> Sequence[Named]:
        if not endings or folder.companions is None:
            return ()
        return [other for other in folder.companions.of(name) if other[0].endswith(endings)]


@lru_cache(maxsize=4)  # most files have no companions: to several analysers they are the same
def _digest(facts: str) -> str:
    return hashlib.blake2b(facts.encode(errors="surrogateescape"), digest_size=16).hexdigest()


class _Folder(NamedTuple):
    """A folder: its path below the root, and what is beside the media in it."""

    below: str
    companions: Companions | None


def scan(
    paths: Sequence[Path],
    leaving: LeavingOut | None = None,
    *,
    others: tuple[str, ...] = (),
    download: bool = False,
) -> Scan:
    """List the media files in and under ``paths`` (folders or files), each once, sorted by path.

    Paths are made absolute and free of symbolic links; links to folders inside are followed, but
    no folder is entered twice, so that a loop ends. What ``leaving`` leaves out is not listed, and its
    folders are not entered. A file that is itself in ``paths`` is listed whatever its extension. Files
    that are no media are noted, too, where their names end as one of ``others``: they may be companions.
    Placeholders of files in the cloud are not to be read, but with ``download``, which is what reading them
    does.
    """
    leaving = leaving or LeavingOut()
    given = [path.resolve() for path in paths]
    result = Scan(outermost(given), leaving)
    entered: set[tuple[int, int]] = set()
    devices: dict[Path, int] = {}
    volumes = Volumes()
    outer = set(result.roots)
    # One inside another is walked with it, unless that leaves it out. Links wait until all real folders are
    # walked: a file then keeps its real path as long as it has one.
    inside = [path for path in dict.fromkeys(given) if path not in outer]
    waiting: deque[tuple[Path, Below | None]] = deque((path, None) for path in (*result.roots, *inside))
    while waiting:
        folder, around = waiting.popleft()
        try:
            status = folder.stat()
            if not modes.S_ISDIR(status.st_mode):
                result.note(FileStat(folder, status.st_size, status.st_mtime_ns), status, download=download)
                if str(folder) in leaving.roots:
                    result.mounts[folder] = volumes.on(folder, status.st_dev)
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
            devices[folder] = status.st_dev
            if str(folder) in leaving.roots or _above(folder, devices) != status.st_dev:
                result.mounts[folder] = volumes.on(folder, status.st_dev)
            if not listed:
                result.bare.add(folder)
            folders, links = _sort(folder, listed, result, place, others=others, download=download)
            waiting.extendleft((path, place) for path in reversed(folders))
            waiting.extend((path, place) for path in links)
        except OSError as exc:
            result.unreadable.append(Unreadable(FileStat(folder, 0, 0), reason(exc), is_folder=True))
    if inside:
        files = {str(file.path): file for file in result.files}
        unread = {str(item.stat.path): item for item in result.unread}
        result.files = list(files.values())
        result.unread = [item for path, item in unread.items() if path not in files]
    result.files.sort(key=lambda file: str(file.path))
    return result


def look_beside(scanned: Scan, folders: Sequence[Path], others: tuple[str, ...]) -> None:
    """Note what is beside the media in folders, those of which that is not known yet, as a walk does."""
    for folder in dict.fromkeys(folders):
        if folder in scanned.others:
            continue
        scanned.others[folder] = []
        with suppress(OSError), os.scandir(folder) as entries:  # what is gone is told by reading it
            listed = sorted(entries, key=lambda entry: entry.name)
            place = _entered(folder, None, listed, scanned.leaving)
            if isinstance(place, Below):
                _sort(folder, listed, scanned, place, others=others, download=False)


def _above(folder: Path, devices: Mapping[Path, int]) -> int | None:
    """``st_dev`` of the folder around one, walked or not; None where it cannot be told."""
    if folder.parent in devices:
        return devices[folder.parent]
    try:
        return folder.parent.stat().st_dev
    except OSError:
        return None


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
    folder: Path,
    entries: Sequence["os.DirEntry[str]"],
    result: Scan,
    place: Below,
    *,
    others: tuple[str, ...],
    download: bool,
) -> tuple[list[Path], list[Path]]:
    """Add files to ``result``; returns real folders, and links to folders."""
    folders: list[Path] = []
    links: list[Path] = []
    names = {entry.name for entry in entries}
    for entry in entries:
        name = entry.name
        if name.startswith("._"):  # what macOS leaves on foreign drives: no picture, whatever it is called
            continue
        path = folder / name  # in half the time that ``Path(entry.path)`` takes
        if (real := _downloaded(path)) is not None and real.name in names:
            continue  # what is left of the time when the file was not here
        is_media = media_kind(path) is not None
        try:
            if entry.is_dir():
                if (rule := place.rule(name, is_folder=True)) is not None:
                    result.left_out[str(path)] = rule
                else:
                    (links if entry.is_symlink() else folders).append(path)
            elif not _is_left_out(path, place, result, is_media=is_media):
                is_wanted = is_media or name.casefold().endswith((*others, STUB))
                _note(entry, path, result, is_media=is_media, download=download, is_wanted=is_wanted)
        except OSError as exc:
            if entry.is_symlink() and exc.errno in NOWHERE:
                status = path.lstat()
                if is_media:
                    file = FileStat(path, status.st_size, status.st_mtime_ns)
                    result.unread.append(Unread(file, "skipped", LEADS_NOWHERE))
            else:
                result.unreadable.append(Unreadable(FileStat(path, 0, 0), reason(exc), is_folder=False))
    return folders, links


def _is_left_out(path: Path, place: Below, result: Scan, *, is_media: bool) -> bool:
    """Whether a file is left out, which is noted of media."""
    if not place.patterns and not is_hidden(path.name):
        return False
    if (real := _downloaded(path)) is not None:  # hidden, but only in the cloud
        path, is_media = real, True
    rule = place.rule(path.name, is_folder=False)
    if rule is not None and is_media:
        result.left_out[str(path)] = rule
    return rule is not None


def _note(
    entry: "os.DirEntry[str]", path: Path, result: Scan, *, is_media: bool, download: bool, is_wanted: bool
) -> None:
    """Add a file to ``result``, if it is one; those that are not wanted are only counted."""
    if not is_wanted:
        result.pass_over(path)
        return
    status = entry.stat()
    if not modes.S_ISREG(status.st_mode):
        return
    file = FileStat(path, status.st_size, status.st_mtime_ns)
    if (real := _downloaded(path)) is not None:
        # Only the system can download it, whatever is asked for here.
        result.unread.append(Unread(file._replace(path=real), "cloud", IN_CLOUD))
    elif is_media and _is_as_named(path, status, download=download):
        result.note(file, status, download=download)
    elif path.suffix.lower() in SHARED_SUFFIXES:
        result.pass_over(path)
    elif download or not is_placeholder(status):
        result.others.setdefault(path.parent, []).append(file)


def _is_as_named(path: Path, status: os.stat_result, *, download: bool) -> bool:
    """Whether a file is media, as its suffix says: others have some of these, too.

    Of one in the cloud nobody can tell, which would have to be downloaded.
    """
    if path.suffix.lower() not in SHARED_SUFFIXES:
        return True
    return (download or not is_placeholder(status)) and begins_as_mpeg(path)


def _downloaded(path: Path) -> Path | None:
    """Where the media file will be of which there is only a ``.name.icloud``; None for any other file."""
    if not (path.name.startswith(".") and path.name.endswith(STUB)):
        return None
    real = path.with_name(path.name.removeprefix(".").removesuffix(STUB))
    return real if media_kind(real) is not None else None
