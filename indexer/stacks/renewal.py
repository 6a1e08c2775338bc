"""Keeping the stacks of a library up to date, and letting users choose what stands for one."""

from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import stacks
from db.errors import SettingsError, not_indexed
from db.library import Library
from indexer.stacks.grouping import places_of


def renew(library: Library) -> None:
    """Make the stacks anew, if anything has changed since; nothing is written of those that stay."""
    with library.read() as session:
        if not stacks.are_stale(session):
            return
    with library.write() as session:
        renew_in(session)


def renew_in(session: Session) -> None:
    """As ``renew``, in a transaction that changes something."""
    _store(session, places_of(stacks.files(session), stacks.choices(session)), stacks.stored(session))
    stacks.made(session)


def choose(library: Library, path: Path) -> None:
    """Have a file stand for its stack from now on; choosing another one takes it back.

    Raises:
        SettingsError: the file is not in the library, or belongs with no other.
    """
    with library.write() as session:
        content_id = stacks.content_at(session, path)
        if content_id is None:
            raise not_indexed(path)
        members = stacks.of(session, [content_id]).get(content_id, ())
        if not members:
            raise SettingsError(
                f"{path.name} is not in a stack", "Only what belongs with other files is: see trove stack."
            )
        stacks.choose(session, content_id)
        before = {member.content_id: member for member in members}
        _store(session, places_of(stacks.files(session, before), stacks.choices(session)), before)


def _store(session: Session, now: dict[int, stacks.Place], before: dict[int, stacks.Place]) -> None:
    ids = before.keys() | now.keys()
    changed = [content_id for content_id in ids if before.get(content_id) != now.get(content_id)]
    if changed:
        stacks.put(session, (now[content_id] for content_id in changed if content_id in now), changed)
