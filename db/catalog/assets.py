"""Queries on roots (the indexed folders) and assets (their files). Functions take an open session."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    String,
    and_,
    delete,
    exists,
    func,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from db.catalog import revision
from db.catalog.units import chunks, is_bare
from db.engine.clock import utc_now
from db.engine.schema import LIVE, Asset, AssetState, Content, Root, Unit, stored_path


# Tuples, which are made faster than frozen dataclasses: every run makes a hundred thousand of each.
class FileStat(NamedTuple):
    """A file as the file system describes it."""

    path: Path
    size: int
    mtime_ns: int


class KnownFile(NamedTuple):
    """A file as the library remembers it. ``complete``: its content is fully indexed."""

    id: int
    stat: FileStat
    state: AssetState
    retry: bool
    complete: bool


@dataclass(frozen=True)
class Failure:
    """A file that could not be indexed, and why."""

    path: Path
    reason: str
    attempts: int


class CopyRow(NamedTuple):
    """A live file; ``size`` in bytes, ``width`` and ``height`` in pixels, ``unit_id`` of its first unit."""

    content_id: int
    path: Path
    size: int
    width: int | None
    height: int | None
    unit_id: int


def add_roots(session: Session, paths: Iterable[Path]) -> None:
    """Remember folders (or single files) so that a later run can refresh them."""
    for path in paths:
        session.execute(insert(Root).values(path=path).on_conflict_do_nothing())


def roots(session: Session) -> list[Path]:
    """The indexed folders and single files, in the order in which they were added."""
    return list(session.scalars(select(Root.path).order_by(Root.id)))


def known_files(
    session: Session, space_id: int | None, *, transcribing: bool, seen: Iterable[Path] = ()
) -> list[KnownFile]:
    """All remembered files. A file is incomplete while a unit of it has no vector in the space, and,
    with ``transcribing``, while its sound is not transcribed.

    ``seen``: paths to reuse, since making new ones takes longer than reading the rows.
    """
    seen_paths = {str(path): path for path in seen}
    bare = Content.id.in_(select(Unit.content_id).where(is_bare(space_id)))
    incomplete_if: list[ColumnElement[bool]] = [bare]
    if transcribing:
        incomplete_if.append(and_(Content.has_audio, Content.transcriber.is_(None)))
    statement = select(
        Asset.id,
        type_coerce(Asset.path, String),
        Asset.size,
        Asset.mtime_ns,
        Asset.state,
        Asset.retry,
        or_(*incomplete_if),
    ).outerjoin(Asset.content)
    return [
        KnownFile(
            asset_id,
            FileStat(seen_paths.get(path) or stored_path(path), size, mtime_ns),
            state,
            retry,
            not incomplete,
        )
        for asset_id, path, size, mtime_ns, state, retry, incomplete in session.execute(statement)
    ]


def put(
    session: Session,
    stat: FileStat,
    *,
    asset_id: int | None,
    state: AssetState,
    content_id: int | None = None,
    error: str | None = None,
    retry: bool = False,
) -> None:
    """Record how reading a file went, as a new asset or over the one with ``asset_id``.

    A file worth another attempt keeps its content: when it is readable again, nothing is decoded again.
    """
    asset = session.get(Asset, asset_id) if asset_id is not None else None
    if asset is None:
        asset = Asset(attempts=0)
        session.add(asset)
    asset.attempts = (asset.attempts if asset.mtime_ns == stat.mtime_ns else 0) + (state == "failed")
    asset.path, asset.size, asset.mtime_ns = stat.path, stat.size, stat.mtime_ns
    asset.state, asset.error, asset.retry = state, error, retry
    asset.content_id = asset.content_id if retry else content_id
    asset.indexed_at = utc_now()
    session.flush()


def set_state(session: Session, ids: Sequence[int], state: AssetState) -> None:
    """Set the state of assets. Files that were never indexed are forgotten when they are gone."""
    for batch in chunks(ids):
        if state == "gone":
            session.execute(delete(Asset).where(Asset.id.in_(batch), Asset.content_id.is_(None)))
        session.execute(update(Asset).where(Asset.id.in_(batch)).values(state=state))


def id_at(session: Session, path: Path) -> int | None:
    """The id of the asset at this path, or None."""
    return session.scalar(select(Asset.id).where(Asset.path == path))


def stat_at(session: Session, path: Path) -> FileStat | None:
    """The file at this path as it was when last read, or None."""
    row = session.execute(select(Asset.size, Asset.mtime_ns).where(Asset.path == path)).one_or_none()
    return None if row is None else FileStat(path, *row)


def failures(session: Session) -> list[Failure]:
    """Files that failed, by path."""
    statement = select(Asset.path, Asset.error, Asset.attempts).where(Asset.state == "failed")
    return [
        Failure(path, error or "", attempts)
        for path, error, attempts in session.execute(statement.order_by(Asset.path))
    ]


def retry_failures(session: Session) -> int:
    """Let the next run try all failed files again; returns how many."""
    result = session.execute(update(Asset).where(Asset.state == "failed").values(retry=True))
    return result.rowcount if isinstance(result, CursorResult) else 0


def states(session: Session) -> dict[AssetState, int]:
    """How many files are in each state."""
    return dict(session.execute(select(Asset.state, func.count()).group_by(Asset.state)).all())


def picture_paths(session: Session) -> list[Path]:
    """One path for each picture that can be read now, sorted."""
    statement = (
        select(func.min(Asset.path))
        .join(Asset.content)
        .where(Content.kind == "image", Asset.state == "indexed")
        .group_by(Content.id)
    )
    return sorted(session.scalars(statement))


def drop_orphans(session: Session) -> None:
    """Delete contents that no asset refers to; gone files keep theirs."""
    session.execute(delete(Content).where(~exists().where(Asset.content_id == Content.id)))


def paths(session: Session) -> dict[int, Path]:
    """The paths of all remembered files, gone ones included, by the id of the asset."""
    return dict(session.execute(select(Asset.id, Asset.path)).all())


def forget(session: Session, root: Path, ids: Sequence[int]) -> None:
    """Delete a root, these assets, and the contents that no other asset has."""
    session.execute(delete(Root).where(Root.path == root))
    for batch in chunks(ids):
        session.execute(delete(Asset).where(Asset.id.in_(batch)))
    drop_orphans(session)
    revision.touch(session)


def copies(session: Session) -> list[CopyRow]:
    """All live files, grouped by content."""
    first = select(func.min(Unit.id)).where(Unit.content_id == Content.id).scalar_subquery()
    statement = (
        select(Content.id, Asset.path, Asset.size, Content.width, Content.height, first)
        .join(Content, Content.id == Asset.content_id)
        .where(Asset.state.in_(LIVE), first.is_not(None))
        .order_by(Content.id, Asset.path)
    )
    return [CopyRow(*row) for row in session.execute(statement)]


def total_size(session: Session) -> int:
    """Total size of all live files in bytes."""
    return session.scalar(select(func.sum(Asset.size)).where(Asset.state.in_(LIVE))) or 0
