"""Removing a folder from a library; its files stay on the disk."""

from pathlib import Path

from db.catalog import assets
from db.errors import SettingsError
from db.library import Library
from db.paths import is_under
from indexer.stacks.renewal import renew_in


def remove_root(library: Library, root: Path) -> int:
    """Remove a root and its files from the library; returns how many files there were.

    Files that are also inside another root stay. A content is deleted with its last file; to have it
    again, index the folder again.

    Raises:
        SettingsError: the folder is not a root of this library.
        LibraryBusyError: another process is indexing into this library.
    """
    with library.indexing(), library.write() as session:
        roots = assets.roots(session)
        if root not in roots:
            names = ", ".join(map(str, roots)) or "none"
            raise SettingsError(f"{root} is no folder of this library", f"Those that were given: {names}.")
        others = [other for other in roots if other != root]
        asset_ids = [
            asset_id
            for asset_id, path in assets.paths(session).items()
            if is_under(path, [root]) and not is_under(path, others)
        ]
        assets.forget(session, root, asset_ids)
        renew_in(session)
    return len(asset_ids)
