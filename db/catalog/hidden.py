"""What people have hidden: contents by their hash, and folders. Functions take an open session.

It is left out of all answers and counts, unless these are asked for among what is hidden. This is the user's
own data: only the user removes it. It is comfort and no protection: nothing is encrypted, and the files
stay where they are.
"""

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine.clock import utc_now
from db.engine.pathtext import is_below
from db.engine.schema import (
    LIVE,
    Asset,
    Content,
)
from db.engine.users import (
    HiddenRow,
)


@dataclass(frozen=True)
class Hidden:
    """A hidden folder, or a file whose content is hidden wherever it is. ``hidden_at``: in UTC."""

    path: Path
    is_folder: bool
    hidden_at: datetime


def put(session: Session, path: Path) -> bool:
    """Hide the content of a file, or a folder with all that is and comes into it.

    Returns whether there is such a file or folder in the library.
    """
    sha256 = _sha256(session, path)
    inside = select(Asset.id).where(is_below(Asset.path, path), Asset.path != path).limit(1)
    if sha256 is None and session.scalar(inside) is None:
        return False
    if session.scalar(select(HiddenRow.id).where(_is_row(path, sha256)).limit(1)) is None:
        session.add(HiddenRow(sha256=sha256, path=path, hidden_at=utc_now()))
        session.flush()
        revision.touch(session)
    return True


def drop(session: Session, path: Path) -> bool:
    """Let a file or folder be found again; returns whether it was hidden by itself."""
    found = session.scalars(select(HiddenRow.id).where(_is_row(path, _sha256(session, path)))).all()
    session.execute(delete(HiddenRow).where(HiddenRow.id.in_(found)))
    if found:
        revision.touch(session)
    return bool(found)


def every(session: Session) -> list[Hidden]:
    """All that is hidden, the latest first."""
    rows = session.scalars(select(HiddenRow).order_by(HiddenRow.id.desc()))
    return [Hidden(row.path, row.sha256 is None, row.hidden_at) for row in rows]


def count(session: Session) -> int:
    """How many live files are hidden."""
    live = select(func.count()).select_from(Asset).where(Asset.state.in_(LIVE), is_hidden() == 1)
    return session.scalars(live).one() if any_is(session) else 0


def covers(session: Session, path: Path) -> bool:
    """Whether the file at a path is hidden, by itself or with a folder."""
    return session.scalar(select(Asset.id).where(Asset.path == path, is_hidden() == 1)) is not None


def any_is(session: Session) -> bool:
    """Whether anything is hidden."""
    first = select(HiddenRow.id).limit(1)
    return revision.remembered(session, "any hidden", lambda: session.scalar(first) is not None)


def shown(session: Session) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Asset``: it is not hidden. None where nothing is, which costs nothing then."""
    return [is_hidden() == 0] if any_is(session) else []


def is_hidden() -> ColumnElement[int]:
    """SQL expression on ``Asset``: 1 for a hidden file, else 0."""
    contents = select(Content.id).join(HiddenRow, HiddenRow.sha256 == Content.sha256)
    # As bytes, whatever the names are; the folder ``/`` has its separator already.
    folder = func.rtrim(type_coerce(HiddenRow.path, String), os.sep).concat(os.sep)
    folder_bytes = cast(folder, LargeBinary)
    path = cast(type_coerce(Asset.path, String), LargeBinary)
    inside = func.substr(path, 1, func.length(folder_bytes)) == folder_bytes
    in_folder = exists().where(HiddenRow.sha256.is_(None), inside).correlate(Asset)
    of_content = and_(Asset.content_id.is_not(None), Asset.content_id.in_(contents.correlate(None)))
    return case((or_(of_content, in_folder), 1), else_=0)


def _sha256(session: Session, path: Path) -> bytes | None:
    of_file = select(Content.sha256).join(Asset, Asset.content_id == Content.id).where(Asset.path == path)
    return session.scalar(of_file)


def _is_row(path: Path, sha256: bytes | None) -> ColumnElement[bool]:
    if sha256 is not None:
        return HiddenRow.sha256 == sha256
    # A file that is not there any more goes by the path that it had.
    return HiddenRow.path == path
