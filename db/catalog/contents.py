"""Queries on contents: what the bytes of one or more files show. Functions take an open session."""

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine.schema import Asset, Content, MediaKind


def find(session: Session, sha256: bytes) -> int | None:
    """The id of the content with this hash, or None."""
    return session.scalar(select(Content.id).where(Content.sha256 == sha256))


def add(session: Session, sha256: bytes, kind: MediaKind) -> int:
    """A new content, which arrives with this transaction; returns its id."""
    content = Content(sha256=sha256, kind=kind, arrived=revision.touch(session))
    session.add(content)
    session.flush()
    return content.id


def arrive(session: Session, content_id: int) -> None:
    """Let a content count as having arrived with this transaction."""
    arrived = revision.touch(session)
    session.execute(update(Content).where(Content.id == content_id).values(arrived=arrived))


def drop_orphans(session: Session) -> None:
    """Delete contents that no asset refers to; gone files keep theirs."""
    session.execute(delete(Content).where(~exists().where(Asset.content_id == Content.id)))
