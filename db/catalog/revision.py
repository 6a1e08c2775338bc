"""The revision of a library: a number that grows with every change to what can be found.

Caches (vector indexes, the null model) compare it with their own to know whether they are up to date, and
rows that carry it tell what has changed since. It grows in the order of commits; ids do not: where several
write at once, a row with a lower id may be committed after one with a higher id was seen.
"""

from collections.abc import Callable, Hashable
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.orm import Session, SessionTransaction

from db.engine.schema import LibraryState

T = TypeVar("T")

_TOUCHED = "revision"
_CURRENT = "current revision"
_REMEMBERED = "remembered"

_Place = tuple[SessionTransaction | None, SessionTransaction | None]
"""The transaction of a session, and the savepoint within it."""


def current(session: Session) -> int:
    """The current revision."""
    return remembered(session, _CURRENT, lambda: session.scalars(select(LibraryState.revision)).one())


def remembered(session: Session, key: Hashable, ask: Callable[[], T]) -> T:
    """What a reading session was told before: its snapshot never changes. One that writes asks again."""
    if session.connection().get_execution_options().get("trove_write", False):
        return ask()
    known: dict[Hashable, T] = session.info.setdefault(_REMEMBERED, {})
    if key not in known:
        known[key] = ask()
    return known[key]


def touch(session: Session) -> int:
    """The revision of the session's transaction, which changes what can be found: one for all its changes.

    The first call increases the library's revision, and with that holds the row until the commit, also in
    a database where several write at once. So whoever comes later gets a higher revision and commits later:
    revisions grow in the order of commits. What is written with the revision is written after this call.
    """
    place, number = session.info.get(_TOUCHED, (None, 0))
    # A transaction, or savepoint, that was rolled back has taken its revision along.
    if place is None or place != _place(session):
        statement = update(LibraryState).values(revision=LibraryState.revision + 1)
        number = session.scalars(statement.returning(LibraryState.revision)).one()
        session.info[_TOUCHED] = (_place(session), number)
    return int(number)


def is_touched(session: Session) -> bool:
    """Whether the session's transaction is about to give the library a new revision."""
    place, _ = session.info.get(_TOUCHED, (None, 0))
    return place is not None and place == _place(session)


def _place(session: Session) -> _Place:
    return session.get_transaction(), session.get_nested_transaction()
