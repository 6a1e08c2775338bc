"""``Analysers``: what looks at the files of a library, for the Python API, the command line and the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from db.catalog import assets
from db.library import Library

if TYPE_CHECKING:
    from indexer.control import AnalyserState


class Analysers:
    """The analysers of one library: each makes one kind of thing, and can be switched off."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def every(self) -> list[AnalyserState]:
        """All analysers: whether each is on, how far it is, what is left and how long that takes."""
        from indexer.control import states

        return states(self._library)

    def on(self, name: str, folder: Path | str | None = None) -> None:
        """Switch an analyser on, for all files or those in a folder; the next ``index`` makes what is left.

        Raises:
            SettingsError: there is no such analyser, or the folder is not in the library.
        """
        from indexer.control import turn

        turn(self._library, name, on=True, folder=self._meant(folder))

    def to_download(self, name: str) -> str:
        """What has to be downloaded before an analyser can work, with size and licence; mostly nothing.

        Raises:
            SettingsError: there is no such analyser.
            ModelError: the settings name no model for it that there is.
        """
        from indexer.control import to_download

        return to_download(self._library, name)

    def download(self, name: str) -> None:
        """Fetch that: indexing itself downloads nothing; errors as ``to_download``, and where it fails."""
        from indexer.control import download

        download(self._library, name)

    def off(self, name: str, folder: Path | str | None = None, *, delete: bool = False) -> int:
        """Switch an analyser off: it makes nothing more, and what it made is found no more.

        With ``delete``, that is deleted, too; returns how many units were.

        Raises:
            SettingsError: there is no such analyser, or the folder is not in the library.
            LibraryBusyError: with ``delete``, another process is indexing into this library.
        """
        from indexer.control import delete_made, turn

        turn(self._library, name, on=False, folder=self._meant(folder))
        return delete_made(self._library, name, self._meant(folder)) if delete else 0

    def redo(self, name: str, folder: Path | str | None = None) -> int:
        """Have the next ``index`` look at files again, at all or at those in a folder; returns at how many.

        Raises:
            SettingsError: there is no such analyser, or the folder is not in the library.
        """
        from indexer.control import redo

        return redo(self._library, name, self._meant(folder))

    def _meant(self, folder: Path | str | None) -> Path | None:
        if folder is None:
            return None
        with self._library.read() as session:
            return assets.meant(session, folder)
