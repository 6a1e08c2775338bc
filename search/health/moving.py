"""Moving a library with what its saved searches ask with."""

from sqlalchemy import select

from db import moving
from db.engine.transfer import OnProgress
from db.engine.users import SavedSearchRow
from db.library import Library
from db.moving import Moved
from db.settings import Settings
from search.health.backup import with_own


def move(library: Library, to: Settings, on_progress: OnProgress) -> Moved:
    """As ``db.moving.move``; the pictures of saved searches are those in the new place."""
    moved = moving.move(library, to, on_progress)
    folder = to.paths.query_pictures
    names = {path.name for path in folder.glob("*")}
    if names:
        with Library(to) as there, there.write() as session:
            for row in session.scalars(select(SavedSearchRow)):
                row.query = with_own(row.query, folder, names)
    return moved
