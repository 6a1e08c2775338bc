"""Deleting what is known of faces, wherever it is kept, once people do not want it any more."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import delete

from db.catalog import analyses, assets, face_groups, persons, revision, spaces, switches
from db.catalog.corrections import forget
from db.catalog.switches import EVERYWHERE
from db.engine import backups
from db.engine.dialect import overwrite_deleted
from db.engine.schema import Analysis
from db.errors import LibraryError
from db.kinds import FACE, FACES, naming_people, of_modality
from db.library import Library


def delete_all(library: Library, analyser: str, *, keep_names: bool = False) -> int:
    """Delete all faces, groups and vectors, and switch their analyser off; returns how many faces there were.

    With ``keep_names``, what people said of faces stays (names, and places in pictures), for when they are
    found again. Else it is deleted, too, in all backups as well.

    Raises:
        LibraryBusyError: another process is indexing into this library, or uses it, so that deleted data
            stay in its journal.
        LibraryError: a backup cannot be rewritten.
    """
    kinds = *naming_people(), *of_modality(FACE, FACES)
    with library.indexing():
        with library.write() as session:
            overwrite_deleted(session)
            found = len(face_groups.faces(session)[0])
            analyses.delete_made(session, analyser, assets.content_ids(session, EVERYWHERE))
            session.execute(delete(Analysis).where(Analysis.analyser == analyser))
            face_groups.drop(session, [group.id for group in face_groups.every(session)])
            held = [space for space in spaces.every(session) if space.role == FACE]
            for space in held:
                spaces.drop(session, space.id)
            if not keep_names:
                persons.forget_all(session)
                forget(session, kinds)
            switches.turn(session, analyser, on=False)
            revision.touch(session)
        for space in held:
            library.vectors(space).delete()
        if not keep_names:
            gone = {
                "person_face": lambda _row: True,
                "person": lambda _row: True,
                "correction": lambda row: row["subject"] in kinds,
            }
            forget_in_backups(library, gone)
        library.database.scrub()
    return found


def forget_in_backups(library: Library, gone: Mapping[str, Callable[[Mapping[str, Any]], bool]]) -> None:
    """Take rows out of all backups, by the table and what tells which.

    Raises:
        LibraryError: a backup cannot be rewritten.
    """
    folder = library.paths.backups
    try:
        for table, is_gone in gone.items():
            backups.forget(folder, table, is_gone)
    except OSError as exc:
        raise LibraryError(
            f"names still stand in a backup: {exc}", f"Delete the files in {folder} yourself."
        ) from exc
