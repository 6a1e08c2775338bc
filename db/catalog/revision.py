"""The revision of a library: a number that grows with every change to what can be found.

Caches (vector indexes, the null model) compare it with their own to know whether they are up to date.
"""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.engine.schema import LibraryState


def current(session: Session) -> int:
    """The current revision."""
    return session.scalars(select(LibraryState.revision)).one()


def touch(session: Session) -> int:
    """Increase the revision; returns the new one. Part of the transaction that changes what can be found.

    Transactions that write come one after the other, so revisions are in the order of commits.
    """
    statement = update(LibraryState).values(revision=LibraryState.revision + 1)
    return session.scalars(statement.returning(LibraryState.revision)).one()
