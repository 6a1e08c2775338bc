"""``Folders``: what is left out of a library's folders, for the Python API, the command line and the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db.catalog import assets
from db.library import Library

if TYPE_CHECKING:
    from collections.abc import Iterable

    from indexer.roots import LeftOut


class Folders:
    """The folders that were added to one library, each with patterns of what in it is left out."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def patterns(self) -> dict[Path, tuple[str, ...]]:
        """The folders in the order in which they were added, each with its patterns."""
        with self._library.read() as session:
            return assets.patterns(session)

    def keep(self, folder: Path | str, patterns: Iterable[str]) -> int:
        """Have patterns leave out what fits them, as those of a ``.gitignore``, in place of those before.

        What is left out is not found any more at once, and is found again, without work, when nothing leaves
        it out any longer. Returns how many files are newly left out.

        Raises:
            SettingsError: the folder is none of the ``roots``, or one of them is no pattern.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.roots import set_patterns

        return set_patterns(self._library, self._root(folder), patterns)

    def change(self, folder: Path | str, *, exclude: Iterable[str] = (), include: Iterable[str] = ()) -> int:
        """Add the patterns of ``exclude``, and remove those of ``include``; else as ``keep``.

        Raises:
            SettingsError: as ``keep``, or one to be removed is not there.
            LibraryBusyError: another process is indexing into this library.
        """
        from indexer.roots import patterns_with

        before = self.patterns().get(self._root(folder), ())
        return self.keep(folder, patterns_with(before, exclude, include))

    def left_out(self) -> dict[Path, list[LeftOut]]:
        """By folder which rules leave out how many files of it now: a walk over the disk."""
        from indexer.roots import left_out

        return left_out(self._library)

    def _root(self, folder: Path | str) -> Path:
        with self._library.read() as session:
            return assets.meant(session, folder)
