"""What of the folders is left out: by default, by files that say so, and by people's own patterns.

A file is read or left out by what its own root says, and by the folders between: a root is the innermost
folder that somebody has added, so whoever adds a bin on purpose has it read. Patterns are those of a
``.gitignore``, with the same meaning: the last one that fits decides, in a folder before those of the folders
around it; patterns kept with the root come before all. They cannot bring back what is left out by default.
"""

import errno
import logging
import os
import stat as modes
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from db.files import is_folder
from db.folders import MARKED, filled, is_hidden, marked
from indexer.media.formats import media_kind
from indexer.patterns import Pattern, compared, parsed

log = logging.getLogger(__name__)

IGNORE_FILE = ".troveignore"
"""Name of files with patterns of what is left out in and below their folder."""

TELLING = frozenset({IGNORE_FILE, *(row.marker for row in MARKED)})
"""Names of files that say what of their folder is read."""


@dataclass(frozen=True)
class Rule:
    """Why files are left out: what says so, such as ``@eaDir`` or ``*.tmp``, and the reason in words."""

    what: str
    reason: str


HIDDEN = Rule(".*", "hidden, as names with a dot in front are")
_OWN = Rule("Trove", "Trove's own files")


@dataclass(frozen=True)
class _Patterns:
    """Patterns that hold in and below a folder."""

    base: str
    lines: Sequence[Pattern]
    reason: str

    def rule(self, path: str, *, is_folder: bool) -> Rule | bool:
        """The rule that leaves out a path below the folder; else whether a pattern keeps it."""
        name = path[len(self.base) :].lstrip(os.sep).replace(os.sep, "/")
        name = compared(f"{name}/" if is_folder else name)
        for line in reversed(self.lines):
            if line.fits(name):
                return Rule(line.text, self.reason) if line.include else True
        return False


@dataclass(frozen=True)
class Below:
    """What is left out in a folder. Made by ``LeavingOut.at`` for a root, and by ``enter`` for one inside."""

    every: "LeavingOut"
    folder: str
    patterns: tuple[_Patterns, ...] = ()
    """The first that says something about a file decides."""

    def rule(self, name: str, *, is_folder: bool) -> Rule | None:
        """The rule by which a file or folder in it is left out, as far as its name and place say it."""
        path = os.path.join(self.folder, name)  # noqa: PTH118 - asked for every file
        if path in self.every.roots:
            return None
        if is_folder:
            if (row := filled(_end(path))) is not None:
                return Rule(row.name, row.reason)
            if path in self.every.own:
                return _OWN
        if is_hidden(name):
            return HIDDEN
        for patterns in self.patterns:
            said = patterns.rule(path, is_folder=is_folder)
            if said:
                return said if isinstance(said, Rule) else None
        return None

    def enter(self, folder: str, listed: Container[str]) -> "Below | Rule":
        """The same for a folder in it that is not left out by its name; or the rule of a file in that one.

        ``listed``: the names of the files that are in it.

        Raises:
            OSError: its file of patterns cannot be read.
        """
        if folder in self.every.roots:
            return self.every.at(folder, listed)
        for row in MARKED:
            if row.marker in listed and marked(os.path.basename(folder), row.marker):  # noqa: PTH119
                return Rule(row.marker, row.reason)
        inside = replace(self, folder=folder)
        return inside._reading(listed)

    def _reading(self, listed: Container[str]) -> "Below":
        """With the patterns of a file in the folder, before those of the folders around."""
        if IGNORE_FILE not in listed:
            return self
        file = Path(self.folder, IGNORE_FILE)
        if not _is_file(file):
            return self
        lines = os.fsdecode(file.read_bytes().removeprefix(b"\xef\xbb\xbf")).split("\n")
        own = _Patterns(self.folder, _read(lines, file), f"by {file}")
        first = [patterns for patterns in self.patterns if patterns.reason == _BY_ROOT]
        return replace(self, patterns=(*first, own, *self.patterns[len(first) :]))


_BY_ROOT = "by a pattern of yours"


@dataclass(frozen=True)
class LeavingOut:
    """What is left out of the folders of a library.

    Attributes:
        patterns: those kept with each root.
        own: the library's own folders, which are never read.
    """

    patterns: Mapping[Path, Sequence[str]] = field(default_factory=dict)
    own: Collection[str] = frozenset()

    @classmethod
    def of(cls, patterns: Mapping[Path, Sequence[str]], own: Iterable[Path] = ()) -> "LeavingOut":
        """For roots with their patterns, and the library's own folders."""
        return cls(dict(patterns), frozenset(str(path.resolve()) for path in own))

    def __post_init__(self) -> None:
        roots = {str(root): parsed(lines) for root, lines in self.patterns.items()}
        object.__setattr__(self, "roots", roots)

    roots: Mapping[str, Sequence[Pattern]] = field(init=False, repr=False, compare=False)

    def at(self, root: str, listed: Container[str] = ()) -> Below:
        """What is left out in a root, or in a folder that is to be read as one is."""
        lines = self.roots.get(root)
        own = (_Patterns(root, lines, _BY_ROOT),) if lines else ()
        return Below(self, root, own)._reading(listed)

    def root_of(self, path: str) -> str | None:
        """The innermost root that a path is, or is in."""
        while path not in self.roots:
            parent = os.path.dirname(path)  # noqa: PTH120 - asked for many files
            if parent == path:
                return None
            path = parent
        return path

    def outermost_root(self, path: Path) -> Path | None:
        """The outermost root that a path is, or is in."""
        return next((above for above in (*reversed(path.parents), path) if str(above) in self.roots), None)

    def reads(self, path: Path) -> bool:
        """Whether a file or folder is read as a part of the root that it is in."""
        known = is_folder(path) or media_kind(path) is not None
        return known and self.root_of(str(path)) is not None and self.rule(path) is None

    def rule(self, path: Path) -> Rule | None:
        """The rule by which a path in a root is left out, as the disk says now."""
        if not is_folder(path):
            return next(self.rules([path]))
        found = self.around(path)
        return found if isinstance(found, Rule) else None

    def around(self, folder: Path) -> Below | Rule:
        """What is left out in a folder of a root, as the disk says now; or the rule that leaves it out."""
        return self._around(str(folder), {})

    def rules(self, files: Iterable[Path]) -> Iterator[Rule | None]:
        """The rule of each of these files in roots, as the folders around them are on the disk now."""
        known: dict[str, Below | Rule] = {}
        for file in files:
            folder, name = os.path.split(file)
            if str(file) in self.roots:
                yield None
                continue
            place = self._around(folder, known)
            yield place if isinstance(place, Rule) else place.rule(name, is_folder=False)

    def _around(self, folder: str, known: dict[str, Below | Rule]) -> Below | Rule:
        if folder in known:
            return known[folder]
        listed = [name for name in TELLING if os.path.lexists(os.path.join(folder, name))]  # noqa: PTH118
        above, name = os.path.split(folder)
        found: Below | Rule
        if folder in self.own:
            found = _OWN
        elif folder in self.roots or self.root_of(above) is None or above == folder:
            found = _or_without(self.at(folder), listed)
        else:
            outer = self._around(above, known)
            if isinstance(outer, Below):
                rule = outer.rule(name, is_folder=True)
                found = rule or _or_without(outer, listed, folder)
            else:
                found = outer
        known[folder] = found
        return found


def _or_without(outer: Below, listed: Sequence[str], folder: str | None = None) -> Below | Rule:
    """What is left out in a folder; without its file of patterns where that cannot be read."""
    try:
        return outer._reading(listed) if folder is None else outer.enter(folder, listed)
    except OSError as exc:
        log.warning("%s: %s", exc.filename, exc.strerror)
        others = [name for name in listed if name != IGNORE_FILE]
        return outer if folder is None else outer.enter(folder, others)


def _read(lines: Iterable[str], file: Path) -> tuple[Pattern, ...]:
    """The patterns of a file, as git reads them: without lines that are none."""
    patterns: list[Pattern] = []
    for line in lines:
        try:
            patterns += parsed([line.rstrip("\r")])
        except ValueError as exc:
            log.warning("%s: %s", file, exc)
    return tuple(patterns)


def _is_file(path: Path) -> bool:
    """Whether there is a file, and not a folder, a pipe or a link that leads nowhere.

    Raises:
        OSError: the system cannot tell.
    """
    try:
        return modes.S_ISREG(path.stat().st_mode)
    except OSError as exc:
        if exc.errno in NOWHERE:
            return False
        raise


NOWHERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)
"""What the system says of a path that leads to nothing."""


def _end(path: str) -> str:
    """The last names of a path, which tell what fills it."""
    return "/".join(path.split(os.sep)[-3:])  # noqa: PTH206 - asked for every folder
