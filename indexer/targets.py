"""Targets: which files and folders a run looks at, and what is left out of them."""

import stat as modes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from db.catalog import assets
from db.errors import SettingsError
from db.files import is_there
from db.library import Library
from db.names import spelled
from db.paths import PathSet, outermost
from indexer.leaving_out import LeavingOut
from indexer.patterns import checked


@dataclass(frozen=True)
class Targets:
    """The files and folders that are looked at.

    ``there``: those that can be walked; ``missing``: those that only the library knows. ``patterns``: of what
    is left out, for the roots that are new or have others now; ``leaving``: what is left out of all roots.
    """

    there: Sequence[Path]
    missing: Sequence[Path]
    patterns: Mapping[Path, Sequence[str]]
    leaving: LeavingOut


def targets(library: Library, paths: Sequence[Path], exclude: Sequence[str] = ()) -> Targets:
    """What is meant by paths; without any, all roots.

    ``exclude``: patterns of what is left out from now on in each of the ``paths``.

    Raises:
        SettingsError: a path does not exist and is not in the library, or a pattern is none.
    """
    with library.read() as session:
        kept = assets.patterns(session)
    roots = list(kept)
    meaning = _Meaning(library, roots)
    meant = [meaning.of(path) for path in paths] or list(roots)
    changed = _changed(library, meant, kept, exclude)
    # A folder of its own inside another is looked at with that one, whatever that leaves out.
    named, whole = set(meant), PathSet(meant)
    meant += [root for root in roots if root not in named and whole.holds(root)]
    there = {path for path in meant if is_there(path)}
    return Targets(
        there=[path for path in meant if path in there],
        missing=[path for path in meant if path not in there],
        patterns=changed,
        leaving=leaving_out(library, kept | changed),
    )


class _Meaning:
    """What paths mean in a library with these roots."""

    def __init__(self, library: Library, roots: Iterable[Path]) -> None:
        self._library = library
        self._roots = dict.fromkeys(roots)

    def of(self, path: Path) -> Path:
        """The file or folder that is meant, as the disk or, where it is gone, the library spells it.

        A folder that a root is under another name, such as a bind mount, or on a file system without case, is
        that root: a file has one path.

        Raises:
            SettingsError: neither the disk nor the library has it.
        """
        target = spelled(path).resolve()
        if target in self._roots:
            return target
        if not is_there(target):
            with self._library.read() as session:
                known = assets.known_as(session, target)
            if known is None:
                raise SettingsError(f"there is no file or folder {target}", "Check the spelling.")
            return known
        for above in (target, *target.parents):
            if above in self._roots:
                break
            place = _place(above)
            if place is not None and (root := self._places.get(place)) is not None:
                return root / target.relative_to(above)
        return target

    @cached_property
    def _places(self) -> dict[tuple[int, int], Path]:
        """The folders among the roots that are there, by what tells them from all others on this machine."""
        return {place: root for root in self._roots if (place := _place(root)) is not None}


def _place(path: Path) -> tuple[int, int] | None:
    """What tells a folder from all others; None for a file, of which a hard link is one of its own."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not modes.S_ISDIR(status.st_mode):
        return None
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
    there = [path for path in outermost(targets) if path not in kept and is_there(path)]
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
