"""Taking a folder out of a library: what is in it is forgotten, the files stay where they are."""

from pathlib import Path

from db.catalog import assets
from db.errors import SettingsError
from db.library import Library
from db.paths import is_under


def remove_root(library: Library, root: Path) -> int:
    """Forget a folder that was given to be indexed, and its files; returns how many there were.

    Files that are also inside another given folder stay known. What a file showed is forgotten with
    the last file that showed it; giving the folder again makes it anew.

    Raises:
        SettingsError: the folder was never given.
        LibraryBusyError: another process is indexing into this library.
    """
    with library.indexing(), library.write() as session:
        roots = assets.roots(session)
        if root not in roots:
            known = ", ".join(map(str, roots)) or "none"
            raise SettingsError(f"{root} is no folder of this library", f"Those that were given: {known}.")
        others = [other for other in roots if other != root]
        gone = [
            asset_id
            for asset_id, path in assets.paths(session).items()
            if is_under(path, [root]) and not is_under(path, others)
        ]
        assets.forget(session, root, gone)
    return len(gone)
