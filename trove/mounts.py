"""``Mounts``: folders that are under another path on this machine than in a shared library."""

from __future__ import annotations

from pathlib import Path

from db import mounts
from db.catalog import assets
from db.errors import SettingsError
from db.library import Library
from db.paths import expanded


class Mounts:
    """Where this machine has the folders of a library that several share: each says it for itself."""

    def __init__(self, library: Library) -> None:
        self._library = library

    def every(self) -> dict[str, Path]:
        """All folders of the library by their names in it, each with its path here."""
        kept = mounts.load(self._library.paths.mounts)
        with self._library.read() as session:
            names = [kept.inward(str(root)) for root in assets.roots(session)]
        return {name: Path(kept.outward(name)) for name in names}

    def put(self, name: str, path: Path | str | None) -> str:
        """Say where a folder is on this machine, for whoever opens the library from then on.

        Args:
            name: the folder in the library, or the last part of its path where that is the only one.
            path: where it is here; None for the path that it has in the library.

        Returns the folder in the library.

        Raises:
            SettingsError: the library is in a folder of this machine, has no such folder or several, or the
                path is no folder.
        """
        if self._library.settings.shared is None:
            raise SettingsError(
                "only folders of a library on a server are elsewhere on other machines",
                "If a folder has been moved: trove relocate OLD NEW",
            )
        every = self.every()
        meant = [each for each in every if name in (each, Path(each).name)]
        if len(meant) != 1:
            raise SettingsError(
                f"the library has {'no folder' if not meant else f'{len(meant)} folders'} {name}",
                "See: trove mounts",
            )
        place = None if path is None else expanded(path).absolute()
        if place is not None and not place.is_dir():
            raise SettingsError(f"there is no folder {place}", "Check the spelling, and that it is mounted.")
        file = self._library.paths.mounts
        mounts.save(file, mounts.load(file).changed(meant[0], None if place is None else str(place)))
        return meant[0]
