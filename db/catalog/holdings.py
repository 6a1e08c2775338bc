"""The files that a library holds, for looking after them. Functions take an open session."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from db.catalog import assets
from db.engine.schema import LIVE, Asset, Content, Root, Unit

_AT_ONCE = 5_000


class CopyRow(NamedTuple):
    """A file; ``size`` in bytes, ``width`` and ``height`` in pixels, ``unit_id`` of the content's first."""

    content_id: int
    path: Path
    size: int
    width: int | None
    height: int | None
    unit_id: int


def asset_paths(session: Session) -> dict[int, Path]:
    """Where every remembered file is, or was: by the id of the asset."""
    return dict(session.execute(select(Asset.id, Asset.path)).all())


def forget(session: Session, root: Path, ids: Sequence[int]) -> None:
    """Forget a folder that was given, these files, and what only they showed."""
    session.execute(delete(Root).where(Root.path == root))
    for start in range(0, len(ids), _AT_ONCE):
        session.execute(delete(Asset).where(Asset.id.in_(ids[start : start + _AT_ONCE])))
    assets.drop_orphans(session)
    assets.touch(session)


def copies(session: Session) -> list[CopyRow]:
    """All files that can be found now, those with the same content together."""
    first = select(func.min(Unit.id)).where(Unit.content_id == Content.id).scalar_subquery()
    statement = (
        select(Content.id, Asset.path, Asset.size, Content.width, Content.height, first)
        .join(Content, Content.id == Asset.content_id)
        .where(Asset.state.in_(LIVE), first.is_not(None))
        .order_by(Content.id, Asset.path)
    )
    return [CopyRow(*row) for row in session.execute(statement)]


def size_of_files(session: Session) -> int:
    """Bytes of all files that can be found now."""
    return session.scalar(select(func.sum(Asset.size)).where(Asset.state.in_(LIVE))) or 0
