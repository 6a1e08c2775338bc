"""Stacks: contents that are one thing to people, such as a live photo and its film, or a RAW and its JPEG.

Which contents belong together is worked out in ``indexer.stacks``; here is what that reads, and what it
leaves. Which one stands for its stack is the users' own choice where they made one: only they take it back.
Functions take an open session.
"""

import json
import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, cast

from sqlalchemy import delete, func, insert, select, type_coerce, update
from sqlalchemy.orm import Session
from sqlalchemy.types import String

from db.catalog import facts, hidden, revision
from db.engine.batches import chunks
from db.engine.clock import utc_now
from db.engine.dialect import ME, stored_name, unindexed, upsert
from db.engine.schema import (
    LIVE,
    Asset,
    Content,
    FactRow,
    LibraryState,
    MediaKind,
    StackMember,
    Unit,
)
from db.engine.users import (
    StackChoice,
)

log = logging.getLogger(__name__)


class StackFile(NamedTuple):
    """What is known of a live file that tells what it belongs with.

    ``moment``: when it was taken or, if nobody says, when it changed. ``live`` and ``burst``: identifiers
    that its camera gave; see ``db.catalog.facts.Fact``.
    """

    content_id: int
    path: str
    media: MediaKind
    moment: datetime | None = None
    taken_at: datetime | None = None
    camera: str | None = None
    duration_s: float | None = None
    live: str | None = None
    burst: str | None = None


class Place(NamedTuple):
    """Where a content is in its stack: see ``db.engine.schema.StackMember``."""

    content_id: int
    shown_id: int
    place: int
    reason: str


def files(session: Session, within: Collection[int] | None = None) -> list[StackFile]:
    """All live pictures and films, or those with some contents, by path."""
    live, burst = _identifiers(session, "live"), _identifiers(session, "burst")
    statement = (
        select(
            Content.id,
            type_coerce(Asset.path, String),
            Content.kind,
            Asset.moment,
            Asset.taken_at,
            Asset.camera,
            Asset.duration_s,
        )
        .join(Content, Content.id == Asset.content_id)
        .where(unindexed(Asset.state).in_(LIVE), Content.kind != "audio")
    )
    batches = [[]] if within is None else chunks(sorted(within))
    rows: list[StackFile] = []
    for batch in batches:
        some = statement if within is None else statement.where(Content.id.in_(batch))
        for content_id, path, media, moment, taken_at, camera, duration_s in session.execute(some):
            name = stored_name(path)
            own = live.get(content_id), burst.get(content_id)
            rows.append(StackFile(content_id, name, media, moment, taken_at, camera, duration_s, *own))
    return sorted(rows, key=lambda file: file.path)


def _identifiers(session: Session, key: facts.Key) -> dict[int, str]:
    """The identifiers of one kind by content; a damaged one is left out, as by ``db.catalog.facts``."""
    found: dict[int, str] = {}
    claims = select(FactRow.content_id, FactRow.value).where(
        FactRow.key == key, FactRow.content_id.is_not(None)
    )
    for content_id, value in session.execute(claims):
        try:
            found[cast(int, content_id)] = str(json.loads(value))
        except ValueError as exc:
            log.warning("a damaged fact is left out: %s", exc)
    return found


def stored(session: Session) -> dict[int, Place]:
    """Where each content is in its stack, as it is stored."""
    columns = (StackMember.content_id, StackMember.shown_id, StackMember.place, StackMember.reason)
    return {row[0]: Place(*row) for row in session.execute(select(*columns))}


def put(session: Session, places: Iterable[Place], instead_of: Collection[int]) -> None:
    """Store where contents are in their stacks; ``instead_of``: contents whose places are given up."""
    for batch in chunks(list(instead_of)):
        session.execute(delete(StackMember).where(StackMember.content_id.in_(batch)))
    if rows := [place._asdict() for place in places]:
        session.execute(insert(StackMember), rows)
    revision.touch(session)


def are_stale(session: Session) -> bool:
    """Whether the library has changed since stacks were made."""
    return bool(session.scalars(select(LibraryState.stacked < LibraryState.revision)).one())


def made(session: Session) -> None:
    """Note that stacks are those of the library as it is now."""
    session.execute(update(LibraryState).values(stacked=LibraryState.revision))


def of(session: Session, content_ids: Collection[int]) -> dict[int, tuple[Place, ...]]:
    """The stack that each of these contents is in, by its id; the one that stands for it first."""
    whole: dict[int, tuple[Place, ...]] = {}
    for batch in chunks(sorted(content_ids)):
        mine = select(StackMember.shown_id).where(StackMember.content_id.in_(batch))
        statement = select(
            StackMember.content_id, StackMember.shown_id, StackMember.place, StackMember.reason
        ).where(StackMember.shown_id.in_(mine))
        by_shown: dict[int, list[Place]] = defaultdict(list)
        for row in session.execute(statement.order_by(StackMember.place)):
            by_shown[row[1]].append(Place(*row))
        for places in by_shown.values():
            whole |= dict.fromkeys((place.content_id for place in places), tuple(places))
    return whole


def count(session: Session) -> int:
    """How many stacks there are that can be found."""
    statement = select(func.count(StackMember.shown_id.distinct()))
    if of_files := hidden.shown(session):
        found = select(Asset.content_id).where(Asset.state.in_(LIVE), *of_files)
        statement = statement.where(StackMember.content_id.in_(found))
    return session.scalars(statement).one()


def content_at(session: Session, path: Path) -> int | None:
    """The content of the live file at a path, or None."""
    return session.scalar(select(Asset.content_id).where(Asset.path == path, Asset.state.in_(LIVE)))


def units_beside(session: Session, path: Path) -> list[int]:
    """The units of the files that the one at a path is in a stack with, its own too."""
    content_id = content_at(session, path)
    places = of(session, [] if content_id is None else [content_id]).get(content_id or 0, ())
    mine = {place.content_id for place in places}
    return list(session.scalars(select(Unit.id).where(Unit.content_id.in_(mine))))


def choices(session: Session) -> dict[int, datetime]:
    """The contents that users chose to stand for their stacks, and when."""
    statement = select(Content.id, StackChoice.chosen_at).join(
        StackChoice, StackChoice.sha256 == Content.sha256
    )
    return dict(session.execute(statement).all())


def choose(session: Session, content_id: int) -> None:
    """Note that a content is to stand for its stack."""
    sha256 = session.scalars(select(Content.sha256).where(Content.id == content_id)).one()
    said = {"chosen_at": utc_now(), "author": ME}
    statement = upsert(session, StackChoice).values(sha256=sha256, **said)
    session.execute(statement.on_conflict_do_update(index_elements=["owner", "sha256"], set_=said))
