"""Queries on contents: what the bytes of one or more files show. Functions take an open session."""

from collections.abc import Collection, Mapping
from pathlib import Path

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine.clock import utc_now
from db.engine.schema import Asset, Content, MediaKind


def find(session: Session, sha256: bytes) -> int | None:
    """The id of the content with this hash, or None."""
    return session.scalar(select(Content.id).where(Content.sha256 == sha256))


def sha256_at(session: Session, path: Path) -> bytes | None:
    """The hash of the content of the file at a path; None for one that the library does not know."""
    statement = select(Content.sha256).join(Asset, Asset.content_id == Content.id).where(Asset.path == path)
    return session.scalar(statement)


def add(session: Session, sha256: bytes, kind: MediaKind) -> int:
    """A new content, which arrives with this transaction; returns its id."""
    ids, _ = find_or_add(session, {sha256: kind}, revision.touch(session))
    return ids[sha256]


def find_or_add(
    session: Session, kinds: Mapping[bytes, MediaKind], arrived: int
) -> tuple[dict[bytes, int], set[int]]:
    """The ids of contents by their hashes, and which of them are new; these arrive with a revision."""
    statement = select(Content.sha256, Content.id).where(Content.sha256.in_(kinds))
    ids: dict[bytes, int] = dict(session.execute(statement).all())
    new = [
        Content(sha256=sha256, kind=kind, arrived=arrived, added_at=utc_now())
        for sha256, kind in kinds.items()
        if sha256 not in ids
    ]
    session.add_all(new)
    session.flush()
    ids |= {content.sha256: content.id for content in new}
    return ids, {content.id for content in new}


def change_kinds(session: Session, kinds: Mapping[int, MediaKind]) -> list[int]:
    """Note the media of known contents; returns those that were taken for another one before."""
    statement = select(Content.id, Content.kind).where(Content.id.in_(kinds))
    changed = [found for found, before in session.execute(statement) if before != kinds[found]]
    for content_id in changed:
        session.execute(update(Content).where(Content.id == content_id).values(kind=kinds[content_id]))
    return changed


def arrive(session: Session, content_ids: Collection[int], arrived: int) -> None:
    """Let contents count as having arrived with a revision."""
    if content_ids:
        session.execute(update(Content).where(Content.id.in_(content_ids)).values(arrived=arrived))


def drop_orphans(session: Session) -> None:
    """Delete contents that no asset refers to; gone files keep theirs."""
    session.execute(delete(Content).where(~exists().where(Asset.content_id == Content.id)))
