"""What people say of events: names, which ones are one, where one ends, and which pictures are of none.

It is kept by the content of the pictures, and goes before what a machine finds (``indexer.events.grouping``).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import events, hidden, stacks
from db.catalog.events import Said
from db.errors import SettingsError, not_indexed
from db.library import Library
from db.printable import is_printable
from indexer.events.renewal import renew_in

LONGEST_NAME = 100


@dataclass(frozen=True)
class EarlierEvents:
    """What was said of some contents before something else was, to be put back."""

    said: Said
    hashes: tuple[bytes, ...]


def rename(library: Library, event_id: int, name: str) -> EarlierEvents:
    """Give an event a name; an empty one gives it that of its place and days again. It stays as it is.

    Raises:
        SettingsError: there is no such event, or the name is too long or cannot be shown.
    """
    own = " ".join(name.split())
    if len(own) > LONGEST_NAME or not is_printable(own):
        raise SettingsError("that is no name", f"Give one of at most {LONGEST_NAME} letters.")
    if own.casefold() == events.NONE:
        raise SettingsError(f"{own} is what event: calls what is of no event", "Give another name.")

    def say(session: Session) -> Collection[bytes]:
        members = _members(session, event_id)
        events.keep(session, members, own or None)
        return members

    return _said(library, say)


def merge(library: Library, event_ids: Sequence[int]) -> EarlierEvents:
    """Make one event of several; it has the first name that was given to one of them.

    Raises:
        SettingsError: there is no such event, or there are fewer than two.
    """
    if len(set(event_ids)) < 2:
        raise SettingsError("one event alone cannot be merged", "Name two or more.")

    def say(session: Session) -> Collection[bytes]:
        members = {sha256 for event_id in event_ids for sha256 in _members(session, event_id)}
        names = [events.own_name(session, event_id) for event_id in event_ids]
        events.keep(session, sorted(members), next(filter(None, names), None))
        return members

    return _said(library, say)


def split(library: Library, path: Path) -> EarlierEvents:
    """End the event of a picture before it: this one and the later ones become another event.

    Raises:
        SettingsError: the file is not in the library, of no event, without a date, or the first one.
    """

    def say(session: Session) -> Collection[bytes]:
        content_id = stacks.content_at(session, path)
        if content_id is None:
            raise not_indexed(path)
        event_id = events.of_content(session, content_id)
        if event_id is None:
            raise SettingsError(f"{path.name} is of no event", "See them: trove events")
        taken = events.taken(session, event_id)
        border = taken[content_id]
        members = _members(session, event_id)
        later = {sha for sha, one in members.items() if border and (when := taken[one]) and when >= border}
        if border is None or len(later) == len(members):
            raise SettingsError(f"nothing of the event is from before {path.name}", "Name a later picture.")
        name = events.own_name(session, event_id)
        events.keep(session, [sha for sha in members if sha not in later], name)
        events.keep(session, sorted(later), None)
        return members

    return _said(library, say)


def take_out(library: Library, paths: Iterable[Path]) -> EarlierEvents:
    """Say that files, each with what belongs together, are of no event.

    Raises:
        SettingsError: a file is not in the library; nothing is said then.
    """

    def say(session: Session) -> Collection[bytes]:
        hashes: set[bytes] = set()
        for path in paths:
            together = hidden.with_stack(session, path)
            if not together:
                raise not_indexed(path)
            hashes |= together.keys()
        events.take_out(session, sorted(hashes))
        return hashes

    return _said(library, say)


def take_back(library: Library, event_id: int) -> EarlierEvents:
    """Let what Trove finds count again for the pictures of an event, and those that were taken out of it.

    Raises:
        SettingsError: there is no such event.
    """

    def say(session: Session) -> Collection[bytes]:
        hashes = {*_members(session, event_id), *events.taken_out_of(session, event_id)}
        events.forget(session, sorted(hashes))
        return hashes

    return _said(library, say)


def put_back(library: Library, earlier: EarlierEvents) -> None:
    """Undo one of these by what it returned."""
    with library.write() as session:
        events.restore(session, earlier.said, earlier.hashes)
        renew_in(session, library.paths.concepts)


def _said(library: Library, say: Callable[[Session], Collection[bytes]]) -> EarlierEvents:
    with library.write() as session:
        before = events.said(session)
        hashes = say(session)
        renew_in(session, library.paths.concepts)
    of = {sha256: before.of[sha256] for sha256 in hashes if sha256 in before.of}
    names = {said_id: before.names.get(said_id) for said_id in of.values() if said_id is not None}
    return EarlierEvents(Said(names, of), tuple(hashes))


def _members(session: Session, event_id: int) -> dict[bytes, int]:
    members = events.contents(session, event_id)
    if not members:
        raise SettingsError(f"there is no event {event_id}", "See them: trove events")
    return members
