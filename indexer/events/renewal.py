"""Keeping the events of a library up to date, once dates, places or what users say have changed."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.orm import Session

from db.catalog import events, stacks
from db.catalog.events import EventFile, Stored
from db.library import Library
from indexer.encoders.base import Encoder
from indexer.events.grouping import Group, grouped, matched
from indexer.events.naming import named
from indexer.events.telling import Teller


def renew(library: Library, encoder: Encoder | None = None) -> None:
    """Make the events anew, if anything has changed since; nothing is written of those that stay.

    ``encoder``: of the space that answers; without one, words are told as far as its vectors are cached.
    """
    with library.read() as session:
        if not events.are_stale(session):
            return
    with library.write() as session:
        renew_in(session, library.paths.concepts, encoder)


def renew_in(session: Session, folder: Path, encoder: Encoder | None = None) -> None:
    """As ``renew``, in a transaction that changes something. ``folder``: where concepts are cached."""
    said, before = events.said(session), events.stored(session)
    groups = grouped(events.files(session), said)
    were = matched(groups, before)
    teller: Teller | None = None
    changed: list[Stored] = []
    for group, was in zip(groups, were, strict=True):
        now = _event(group, was, said.names)
        if was is None or now.contents != was.contents:
            teller = teller or Teller(session, folder, encoder)
            words = teller.words(now.contents, _known(group.files))
            now = now._replace(words=", ".join(word.replace(",", " ") for word in words))
        if now != was:
            changed.append(now)
    kept = {was.id for was in were if was is not None}
    gone = [event.id for event in before if event.id not in kept]
    if changed or gone:
        stacks_stay = not stacks.are_stale(session)
        events.put(session, changed, gone)
        if stacks_stay:
            stacks.made(session)  # they are not made of events
    events.made(session)


def _event(group: Group, was: Stored | None, names: Mapping[int, str | None]) -> Stored:
    taken = [file.taken_at for file in group.files if file.taken_at]
    own = names.get(group.said_id) if group.said_id is not None else None
    return Stored(
        was.id if was is not None else 0,
        group.said_id,
        own or named(group.files),
        was.words if was is not None else "",
        min(taken),
        max(taken),
        frozenset(file.content_id for file in group.files),
    )


def _known(files: tuple[EventFile, ...]) -> list[str]:
    """What the name may say already."""
    return [name for file in files for name in (file.city, file.country) if name]
