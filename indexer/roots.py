"""The folders of a library: what is left out of them, and taking them out. Files on the disk stay."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import assets, revision
from db.engine.schema import LIVE
from db.errors import SettingsError
from db.files import is_there
from db.library import Library
from db.paths import is_under
from indexer.leaving_out import LeavingOut, Rule
from indexer.media.formats import media_kind
from indexer.patterns import as_typed, checked, compared, pattern_of
from indexer.scan import scan
from indexer.stacks.renewal import renew_in
from indexer.targets import leaving_out


@dataclass(frozen=True)
class LeftOut:
    """How many media files of a folder a rule leaves out, and where the first of them are."""

    rule: Rule
    files: int
    where: Path


def forget(library: Library, path: Path) -> int:
    """Remove a root, or a file or folder in one, from the library; returns how many files that were.

    What is in a root is left out of it from then on. Files that are also inside another root stay. A content
    is deleted with its last file.

    Raises:
        SettingsError: it is neither a root nor in one.
        LibraryBusyError: another process is indexing into this library.
    """
    with library.indexing(), library.write() as session:
        kept = assets.patterns(session)
        path = assets.meant(session, path)
        root = LeavingOut.of(kept).root_of(str(path))
        if path in kept:
            others = {other: patterns for other, patterns in kept.items() if other != path}
            assets.drop_root(session, path)
        elif root is not None and (os.path.lexists(path) or assets.below(session, path)):
            patterns = checked([*kept[Path(root)], pattern_of(path, Path(root))])
            assets.set_patterns(session, Path(root), patterns)
            others = kept | {Path(root): patterns}
        else:
            names = ", ".join(map(str, kept)) or "none"
            raise SettingsError(
                f"{path} is no folder of this library, nor in one", f"Those that were given: {names}."
            )
        files = assets.below(session, path)
        leaving = leaving_out(library, others)
        gone = [
            asset_id
            for (asset_id, (file, _)), rule in _ruled(leaving, files)
            if rule is not None or not is_under(file, list(others))
        ]
        assets.forget(session, gone)
        renew_in(session)
    return len(gone)


def set_patterns(library: Library, root: Path, patterns: Iterable[str]) -> int:
    """Keep these patterns with a root, instead of those it had; returns how many files that leaves out.

    They are not found any more at once, without a look at the disk; those that no rule leaves out any
    longer are found again, as they were, if they are there: what files on a drive that is away say of it is
    not known before it is back.

    Raises:
        SettingsError: it is no root, or one of them is no pattern.
        LibraryBusyError: another process is indexing into this library.
    """
    kept = checked(patterns)
    with library.indexing(), library.write() as session:
        every = assets.patterns(session)
        if root not in every:
            names = ", ".join(map(str, every)) or "none"
            raise SettingsError(f"{root} is no folder of this library", f"Those that were given: {names}.")
        assets.set_patterns(session, root, kept)
        found = _apply(session, leaving_out(library, every | {root: kept}), root)
        renew_in(session)
        return found


def _apply(session: Session, leaving: LeavingOut, root: Path) -> int:
    """Leave out what is left out of a root now, and no more; returns how many files that newly leaves out."""
    files = assets.below(session, root)
    out: list[int] = []
    back: list[int] = []
    for (asset_id, (path, state)), rule in _ruled(leaving, files):
        if rule is not None and state not in ("gone", "left_out"):
            out.append(asset_id)
        elif rule is None and state == "left_out" and is_there(path):
            back.append(asset_id)
    assets.set_state(session, back, "indexed")
    found = sum(files[asset_id][1] in LIVE for asset_id in out)
    assets.set_state(session, out, "left_out")
    revision.touch(session)
    return found


_File = tuple[int, tuple[Path, str]]


def _ruled(leaving: LeavingOut, files: Mapping[int, tuple[Path, str]]) -> Iterator[tuple[_File, Rule | None]]:
    return zip(files.items(), leaving.rules(path for path, _ in files.values()), strict=True)


def left_out(library: Library) -> dict[Path, list[LeftOut]]:
    """By root what is left out of it now, most files first: a walk over the disk."""
    with library.read() as session:
        patterns = assets.patterns(session)
    leaving = leaving_out(library, patterns)
    found = scan([root for root in patterns if is_there(root)], leaving)
    counts: dict[Path, Counter[Rule]] = {root: Counter() for root in patterns}
    first: dict[tuple[Path, Rule], Path] = {}
    for name, rule in found.left_out.items():
        root = Path(leaving.root_of(name) or name)
        files = sum(1 for _ in _media(name, leaving.roots))
        if files:
            counts[root][rule] += files
            first.setdefault((root, rule), Path(name))
    return {
        root: [LeftOut(rule, files, first[root, rule]) for rule, files in counter.most_common()]
        for root, counter in counts.items()
    }


def _media(name: str, roots: Mapping[str, object]) -> Iterator[str]:
    """The media files that a path is, or that are in and below it, but not in a root of its own."""
    if not os.path.isdir(name):  # noqa: PTH112
        yield name
        return
    for folder, folders, files in os.walk(name):
        folders[:] = [one for one in folders if os.path.join(folder, one) not in roots]  # noqa: PTH118
        # "._photo.jpg" is no picture, whatever it is called.
        yield from (file for file in files if media_kind(Path(file)) and not file.startswith("._"))


def patterns_with(
    before: Sequence[str], exclude: Iterable[str] = (), include: Iterable[str] = ()
) -> tuple[str, ...]:
    """Patterns with some more, and without others.

    Raises:
        SettingsError: one that is to be removed is not there.
    """
    removed = {compared(pattern): pattern for pattern in include}
    if missing := removed.keys() - set(map(compared, before)):
        raise SettingsError(
            f"{removed[min(missing)]!r} is none of the patterns",
            f"They are: {', '.join(map(as_typed, before))}." if before else "There are none.",
        )
    return (*(pattern for pattern in before if compared(pattern) not in removed), *exclude)
