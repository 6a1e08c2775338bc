"""Events: pictures and films near in time and place, what they are called, and what users said of them.

Which contents make an event is worked out in ``indexer.events``; here is what that reads, and what it leaves.
What users said (a name, what belongs together and what does not) is theirs: only they take it back. Functions
take an open session.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Row,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from db import kinds
from db.catalog import facts, hidden, revision
from db.catalog.facts import Fact
from db.engine.batches import chunks
from db.engine.clock import utc_now
from db.engine.schema import LIVE, Asset, Content, EventMember, EventRow, LibraryState, Unit
from db.engine.users import EventPicture, EventSaid
from db.words.forms import fold

NONE = "none"
"""What is typed for what is of no event."""


@dataclass(frozen=True)
class Event:
    """An event. ``words``: what it shows more than the rest of the library does, a machine's guess.

    ``first`` and ``last``: local times of its pictures; ``files``: how many pictures and films can be found;
    ``cover``: the unit whose picture stands for it; ``said``: whether users named it or put it together;
    ``said_by``: which one did, None where that is who asks.
    """

    id: int
    name: str
    words: tuple[str, ...]
    first: datetime
    last: datetime
    files: int
    cover: int | None
    said: bool
    said_by: str | None = None


class EventFile(NamedTuple):
    """What is known of a live picture or film that tells which event it is of."""

    content_id: int
    sha256: bytes
    taken_at: datetime | None
    latitude: float | None
    longitude: float | None
    city: str | None
    country: str | None


class Stored(NamedTuple):
    """An event as it is stored, with its contents."""

    id: int
    said_id: int | None
    name: str
    words: str
    first: datetime
    last: datetime
    contents: frozenset[int]


@dataclass(frozen=True)
class Said:
    """What users said of events.

    ``names``: of those that they made, None where they gave it none; ``of``: the event of a content by its
    hash, None for what they took out.
    """

    names: Mapping[int, str | None]
    of: Mapping[bytes, int | None]


# --- what events are made of, and what is made


def files(session: Session) -> list[EventFile]:
    """All live pictures and films but those of the screen, each content once, by its first date."""
    columns = (Content.id, Content.sha256, Asset.taken_at, Asset.latitude, Asset.longitude, Asset.city)
    statement = (
        select(*columns, Asset.country)
        .join(Content, Content.id == Asset.content_id)
        .where(Asset.state.in_(LIVE), Content.kind != "audio", Asset.screenshot.is_not(True))
        .order_by(Asset.taken_at.is_(None), Asset.taken_at, Asset.id)
    )
    once: dict[int, EventFile] = {}
    # By the connection: a session would make more of each of many rows.
    for row in session.connection().execute(statement).all():
        once.setdefault(row[0], EventFile(*row))
    return list(once.values())


def stored(session: Session) -> list[Stored]:
    """The events as they are stored."""
    of: dict[int, set[int]] = {}
    members = select(EventMember.event_id, EventMember.content_id)
    for event_id, content_id in session.connection().execute(members).all():
        of.setdefault(event_id, set()).add(content_id)
    columns = (EventRow.id, EventRow.said_id, EventRow.name, EventRow.words, EventRow.first, EventRow.last)
    return [Stored(*row, frozenset(of.get(row[0], ()))) for row in session.execute(select(*columns))]


def put(session: Session, events: Sequence[Stored], gone: Collection[int]) -> None:
    """Store events, those with the id 0 as new ones, and delete others."""
    ids = [*gone, *(event.id for event in events if event.id)]
    for batch in chunks(ids):
        session.execute(delete(EventMember).where(EventMember.event_id.in_(batch)))
    for batch in chunks(list(gone)):
        session.execute(delete(EventRow).where(EventRow.id.in_(batch)))
    for event in events:
        values = {name: getattr(event, name) for name in ("said_id", "name", "words", "first", "last")}
        event_id = event.id
        if event_id:
            session.execute(update(EventRow).where(EventRow.id == event_id).values(**values))
        else:
            event_id = session.scalars(insert(EventRow).values(**values).returning(EventRow.id)).one()
        rows = [{"content_id": content_id, "event_id": event_id} for content_id in sorted(event.contents)]
        session.execute(insert(EventMember), rows)
    revision.touch(session)


def are_stale(session: Session) -> bool:
    """Whether the library has changed since events were made."""
    return bool(session.scalars(select(LibraryState.eventful < LibraryState.revision)).one())


def made(session: Session) -> None:
    """Note that events are those of the library as it is now."""
    session.execute(update(LibraryState).values(eventful=LibraryState.revision))


# --- asking


def every(session: Session) -> list[Event]:
    """All events of which anything can be found, the latest first."""
    covers = _covers(session)
    return [
        Event(
            row.id,
            row.name,
            tuple(filter(None, row.words.split(", "))),
            row.first,
            row.last,
            number,
            covers.get(row.id),
            row.said_id is not None,
            said_by,
        )
        for row, said_by, number in _counted(session)
    ]


def _counted(session: Session) -> Sequence[Row[EventRow, str | None, int]]:
    """Events of which anything can be found, the latest first: who said it, how many pictures and films."""
    statement = (
        select(EventRow, EventSaid.said_by, func.count(Asset.content_id.distinct()))
        .outerjoin(EventSaid, EventSaid.id == EventRow.said_id)
        .join(EventMember, EventMember.event_id == EventRow.id)
        .join(Asset, Asset.content_id == EventMember.content_id)
        .where(Asset.state.in_(LIVE), *hidden.shown(session))
        .group_by(EventRow.id, EventSaid.id)
        .order_by(EventRow.first.desc(), EventRow.id)
    )
    return session.execute(statement).all()


def _covers(session: Session) -> dict[int, int]:
    """A picture of each event, by the event: what users like best, else the one in its middle."""
    best = case((Asset.favourite.is_(True), 6), else_=func.coalesce(Asset.rating, 0))
    statement = (
        select(EventMember.event_id, Asset.content_id, best)
        .join(Asset, Asset.content_id == EventMember.content_id)
        .join(Content, Content.id == Asset.content_id)
        .where(Asset.state.in_(LIVE), *hidden.shown(session))
        .order_by(Content.kind != "image", Asset.taken_at, Asset.id)
    )
    of: dict[int, list[tuple[int, int]]] = {}
    for event_id, content_id, liked in session.connection().execute(statement):
        of.setdefault(event_id, []).append((content_id, liked))
    chosen = {
        event_id: max(
            (liked, -abs(at - len(rows) // 2), content_id) for at, (content_id, liked) in enumerate(rows)
        )[2]
        for event_id, rows in of.items()
    }
    unit_of: dict[int, int] = {}
    for batch in chunks(list(chosen.values())):
        seen = Unit.kind.in_(kinds.of_modality(kinds.CLIP, kinds.PICTURE)), Unit.content_id.in_(batch)
        first = select(Unit.content_id, func.min(Unit.id)).where(*seen).group_by(Unit.content_id)
        unit_of |= dict(session.execute(first).all())
    return {event_id: unit_of[one] for event_id, one in chosen.items() if one in unit_of}


def contents(session: Session, event_id: int) -> dict[bytes, int]:
    """The contents of an event by their hashes, in the order of time."""
    statement = (
        select(Content.sha256, Content.id)
        .join(EventMember, EventMember.content_id == Content.id)
        .join(Asset, Asset.content_id == Content.id)
        .where(EventMember.event_id == event_id)
        .order_by(Asset.taken_at.is_not(None), Asset.taken_at, Asset.path)
    )
    return dict(session.execute(statement).all())


def of_content(session: Session, content_id: int) -> int | None:
    """The event of a content."""
    return session.scalar(select(EventMember.event_id).where(EventMember.content_id == content_id))


def taken(session: Session, event_id: int) -> dict[int, datetime | None]:
    """When each content of an event was taken, by its first date."""
    statement = (
        select(Asset.content_id, func.min(Asset.taken_at))
        .join(EventMember, EventMember.content_id == Asset.content_id)
        .where(EventMember.event_id == event_id, Asset.state.in_(LIVE))
        .group_by(Asset.content_id)
    )
    return {content_id: when for content_id, when in session.execute(statement) if content_id is not None}


def own_name(session: Session, event_id: int) -> str | None:
    """The name that users gave an event."""
    statement = select(EventSaid.name).join(EventRow, EventRow.said_id == EventSaid.id)
    return session.scalar(statement.where(EventRow.id == event_id))


def taken_out_of(session: Session, event_id: int) -> list[bytes]:
    """The contents that users took out of events, taken while this one lasted."""
    event = session.get_one(EventRow, event_id)
    statement = (
        select(EventPicture.sha256)
        .join(Content, Content.sha256 == EventPicture.sha256)
        .join(Asset, Asset.content_id == Content.id)
        .where(EventPicture.event_id.is_(None), Asset.taken_at.between(*_days_of(event)))
    )
    return list(session.scalars(statement.distinct()))


def _days_of(event: EventRow) -> tuple[datetime, datetime]:
    """From the beginning of its first day to the end of its last one."""
    return datetime.combine(event.first, time.min), datetime.combine(event.last, time.max)


def told(session: Session, path: Path) -> list[Fact]:
    """All that is known of the file at a path, as ``facts.told``, with the event that it is of."""
    event = at(session, path)
    return [*facts.told(session, path), *([event] if event else [])]


def at(session: Session, path: Path) -> Fact | None:
    """The event that the file at a path is of, as a fact: its name, and whether users say it."""
    statement = (
        select(EventRow.name, EventSaid.name, EventSaid.said_by)
        .join(EventMember, EventMember.event_id == EventRow.id)
        .join(Asset, Asset.content_id == EventMember.content_id)
        .outerjoin(EventSaid, EventSaid.id == EventRow.said_id)
        .where(Asset.path == path)
    )
    for name, own, said_by in session.execute(statement):
        return Fact("event", name, "events") if own is None else Fact("event", name, "user", said_by)
    return None


def counts(session: Session) -> dict[str, int]:
    """How many pictures and films events of each name have, the latest first."""
    found: dict[str, int] = {}
    for event, _, number in _counted(session):
        found[event.name] = found.get(event.name, 0) + number
    return found


def is_of(content_id: ColumnElement[int], value: str) -> ColumnElement[bool]:
    """SQL condition on files: they are of an event of this name, or else of one with it in its name.

    Case, accents and the kind of a dash do not matter. ``none``: they are of no event.
    """
    if fold(value) == NONE:
        return ~exists().where(EventMember.content_id == content_id)
    wanted = fold(value.replace("–", "-"))
    name = func.trove_fold(func.replace(type_coerce(EventRow.name, String), "–", "-"))
    is_called = exists(select(EventRow.id).where(name == wanted))
    holds = or_(name == wanted, and_(~is_called, func.instr(name, wanted) > 0))
    # A subquery of its own, so that it is asked once, not for each file.
    of_it = select(EventMember.content_id).join(EventRow, EventRow.id == EventMember.event_id).where(holds)
    return content_id.in_(of_it)


# --- what users say


def said(session: Session) -> Said:
    """All that users said of events."""
    names = dict(session.execute(select(EventSaid.id, EventSaid.name)).all())
    of = dict(session.execute(select(EventPicture.sha256, EventPicture.event_id)).all())
    return Said(names, of)


def keep(session: Session, hashes: Iterable[bytes], name: str | None) -> int:
    """Let contents be an event of their own, whatever they were of; returns the id of what is said."""
    row = EventSaid(name=name, said_at=utc_now())
    session.add(row)
    session.flush()
    _say(session, dict.fromkeys(hashes, row.id))
    return row.id


def take_out(session: Session, hashes: Iterable[bytes]) -> None:
    """Let contents be of no event."""
    _say(session, dict.fromkeys(hashes))


def forget(session: Session, hashes: Iterable[bytes]) -> None:
    """Take back what was said of contents."""
    _unsay(session, list(hashes))
    drop_empty(session)


def restore(session: Session, said: Said, hashes: Iterable[bytes]) -> None:
    """Let hold of contents what was said of them before, by what ``said`` returned then."""
    hashes = list(hashes)
    of = {sha256: said.of[sha256] for sha256 in hashes if sha256 in said.of}
    there = set(session.scalars(select(EventSaid.id)))
    _unsay(session, hashes)
    for said_id in set(of.values()):
        if said_id is not None and said_id not in there:
            session.add(EventSaid(id=said_id, name=said.names.get(said_id), said_at=utc_now()))
    session.flush()
    _say(session, of)


def drop_empty(session: Session) -> None:
    """Delete what was said of events that have no content any more."""
    held = select(EventPicture.event_id).where(EventPicture.event_id.is_not(None))
    session.execute(delete(EventSaid).where(EventSaid.id.not_in(held)))


def _say(session: Session, of: Mapping[bytes, int | None]) -> None:
    _unsay(session, list(of))
    if of:
        session.execute(insert(EventPicture), [{"sha256": sha, "event_id": said} for sha, said in of.items()])
    drop_empty(session)


def _unsay(session: Session, hashes: Sequence[bytes]) -> None:
    for batch in chunks(list(hashes)):
        session.execute(delete(EventPicture).where(EventPicture.sha256.in_(batch)))
    revision.touch(session)
