"""What people have hidden: contents by their hash, and folders. Functions take an open session.

It is left out of all answers and counts, unless these are asked for among what is hidden. This is the user's
own data: only the user removes it. It is comfort and no protection: nothing is encrypted, and the files
stay where they are.
"""

import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import Session

from db.catalog import revision
from db.engine.batches import chunks
from db.engine.clock import utc_now
from db.engine.dialect import path_key
from db.engine.pathtext import is_below
from db.engine.schema import (
    LIVE,
    Asset,
    Content,
    StackMember,
)
from db.engine.users import (
    HiddenRow,
)


@dataclass(frozen=True)
class Hidden:
    """A hidden folder, or a file whose content is hidden wherever it is.

    ``hidden_at``: in UTC; ``said_by``: the user who hid it, None where that is who asks.
    """

    path: Path
    is_folder: bool
    hidden_at: datetime
    said_by: str | None = None


def put(session: Session, path: Path) -> bool:
    """Hide the content of a file with its whole stack, or a folder with all that is and comes into it.

    Returns whether there is such a file or folder in the library.
    """
    wanted: list[tuple[bytes | None, Path]] = [*with_stack(session, path).items()]
    if not wanted:
        inside = select(Asset.id).where(is_below(Asset.path, path), Asset.path != path).limit(1)
        if session.scalar(inside) is None:
            return False
        wanted = [(None, path)]
    for sha256, where in wanted:
        same = and_(HiddenRow.sha256.is_(None), HiddenRow.path == where)
        same = same if sha256 is None else HiddenRow.sha256 == sha256
        if session.scalar(select(HiddenRow.id).where(same).limit(1)) is None:
            session.add(HiddenRow(sha256=sha256, path=where, hidden_at=utc_now()))
            session.flush()
            revision.touch(session)
    return True


def drop(session: Session, path: Path) -> bool:
    """Let a file, with its whole stack, or a folder be found again; returns whether it was hidden by itself.

    A file is known by its content and by the path that it had when it was hidden.
    """
    mine = or_(HiddenRow.path == path, HiddenRow.sha256.in_(with_stack(session, path)))
    found = session.scalars(select(HiddenRow.id).where(mine)).all()
    session.execute(delete(HiddenRow).where(HiddenRow.id.in_(found)))
    if found:
        revision.touch(session)
    return bool(found)


def every(session: Session) -> list[Hidden]:
    """All that is hidden, the latest first; a file that was edited since is one."""
    rows = session.scalars(select(HiddenRow).order_by(HiddenRow.id.desc()))
    found = [Hidden(row.path, row.sha256 is None, row.hidden_at, row.said_by) for row in rows]
    return list({(item.path, item.is_folder): item for item in reversed(found)}.values())[::-1]


def count(session: Session) -> int:
    """How many live files are hidden."""
    live = select(func.count()).select_from(Asset).where(Asset.state.in_(LIVE), is_hidden().is_(True))
    return session.scalars(live).one() if any_is(session) else 0


def covers(session: Session, path: Path) -> bool:
    """Whether the file at a path is hidden, by itself or with a folder."""
    return session.scalar(select(Asset.id).where(Asset.path == path, is_hidden().is_(True))) is not None


def to_show(session: Session, path: Path) -> Hidden | None:
    """What has to be shown again for a hidden file to be found: itself, or the folder that it is hidden with.

    None where it is not hidden.
    """
    own = select(HiddenRow).where(HiddenRow.sha256.in_(with_stack(session, path)))
    folders = select(HiddenRow).where(HiddenRow.sha256.is_(None), HiddenRow.path.in_(list(path.parents)))
    row = session.scalar(own.order_by(HiddenRow.id).limit(1))
    if row is not None:
        return Hidden(path, False, row.hidden_at, row.said_by)
    row = session.scalar(folders.order_by(func.length(HiddenRow.path)).limit(1))
    return None if row is None else Hidden(row.path, True, row.hidden_at, row.said_by)


def follow_edit(session: Session, path: Path, before: int | None, now: int) -> None:
    """Keep a file hidden that has other content now: for people an edited picture is that picture.

    Not where the content that was hidden is still there in another file, nor where the new content is
    that of another file, which nobody has hidden. The old content stays hidden, should it come back.

    Args:
        before: the id of the content that the file had; None where its last version could not be read.
        now: that of the one which it has.
    """
    if not any_is(session):
        return
    old = select(Content.sha256).where(Content.id == before)
    was = HiddenRow.path == path if before is None else HiddenRow.sha256.in_(old)
    rows = session.scalars(select(HiddenRow).where(HiddenRow.sha256.is_not(None), was)).all()
    sha256 = session.scalars(select(Content.sha256).where(Content.id == now)).one()
    of_them = select(Content.id).where(Content.sha256.in_([sha256, *(row.sha256 for row in rows)]))
    others = select(Asset.id).where(Asset.content_id.in_(of_them), Asset.state.in_(LIVE), Asset.path != path)
    if not rows or session.scalar(others.limit(1)) is not None:
        return
    for row in rows:
        row.path = path
    if sha256 not in {row.sha256 for row in rows}:
        last = rows[-1]
        session.add(HiddenRow(sha256=sha256, path=path, hidden_at=last.hidden_at, author=last.author))
    session.flush()


Inside = Mapping[Path, Mapping[Path, int]]
"""The contents of the files of hidden folders, by the folder and then the path of the file."""


def inside_folders(session: Session) -> Inside:
    """What the library has in hidden folders, gone files too, to follow the folders when they are renamed."""
    folders = session.scalars(select(HiddenRow.path).where(HiddenRow.sha256.is_(None))).all()
    files = select(Asset.path, Content.id).join(Content, Content.id == Asset.content_id)
    return {
        folder: dict(session.execute(files.where(is_below(Asset.path, folder))).all()) for folder in folders
    }


def follow_folders(session: Session, before: Inside, fresh: Collection[Path]) -> None:
    """Let hidden folders follow their files to where they were found again, as in a folder that was renamed.

    That is a folder in which most of them are at the same place as before, which has only new files; and
    nothing may be left in the old one. Else somebody has taken files out of it, to see them.

    Args:
        before: what ``inside_folders`` told before files were looked at.
        fresh: the paths of the files that were new or have changed.
    """
    for folder, files in before.items():
        if _live_below(session, folder):
            continue
        new = _renamed(folder, files, _found(session, set(files.values()), set(fresh)))
        if new is None or new in folder.parents or not _live_below(session, new) <= set(fresh):
            continue
        for row in session.scalars(select(HiddenRow).where(HiddenRow.sha256.is_(None))).all():
            if row.path == folder:
                row.path = new
        session.flush()
        revision.touch(session)


def _renamed(folder: Path, files: Mapping[Path, int], found: Mapping[Path, int]) -> Path | None:
    """The folder in which most of the files that were found again are at the place they had in another."""
    places = {(content_id, path.relative_to(folder).parts) for path, content_id in files.items()}
    depths = {len(parts) for _, parts in places}
    votes = Counter(
        path.parents[depth - 1]
        for path, content_id in found.items()
        for depth in depths
        if (content_id, path.parts[-depth:]) in places
    )
    new, most = max(votes.items(), key=lambda vote: vote[1], default=(None, 0))
    return new if 2 * most > len(found) else None


def _found(session: Session, content_ids: Collection[int], fresh: Collection[Path]) -> dict[Path, int]:
    """The fresh files with some contents."""
    found: dict[Path, int] = {}
    for batch in chunks(list(content_ids)):
        files = select(Asset.path, Content.id).join(Content, Content.id == Asset.content_id)
        rows = session.execute(files.where(Content.id.in_(batch), Asset.state == "indexed"))
        found |= {path: content_id for path, content_id in rows if path in fresh}
    return found


def _live_below(session: Session, folder: Path) -> set[Path]:
    return set(session.scalars(select(Asset.path).where(is_below(Asset.path, folder), Asset.state.in_(LIVE))))


def covers_folder(session: Session, folder: Path) -> bool:
    """Whether a folder is hidden, by itself or with one around it."""
    around = HiddenRow.path.in_([folder, *folder.parents])
    return session.scalar(select(HiddenRow.id).where(HiddenRow.sha256.is_(None), around)) is not None


def any_is(session: Session) -> bool:
    """Whether anything is hidden."""
    first = select(HiddenRow.id).limit(1)
    return revision.remembered(session, "any hidden", lambda: session.scalar(first) is not None)


def shown(session: Session) -> list[ColumnElement[bool]]:
    """SQL conditions on ``Asset``: it is not hidden. None where nothing is, which costs nothing then."""
    return [is_hidden().is_(False)] if any_is(session) else []


def is_hidden() -> ColumnElement[bool]:
    """SQL expression on ``Asset``: whether it is a hidden file."""
    contents = select(Content.id).join(HiddenRow, HiddenRow.sha256 == Content.sha256)
    # A stack is one thing, also with what came to it later.
    hidden_stacks = select(StackMember.shown_id).where(StackMember.content_id.in_(contents))
    members = select(StackMember.content_id).where(StackMember.shown_id.in_(hidden_stacks))
    # As bytes, whatever the names are; the folder ``/`` has its separator already.
    folder = path_key(func.rtrim(type_coerce(HiddenRow.path, String), os.sep).concat(os.sep))
    inside = func.substr(path_key(Asset.path), 1, func.length(folder)) == folder
    in_folder = exists().where(HiddenRow.sha256.is_(None), inside).correlate(Asset)
    hashed = contents.correlate(None).union(members.correlate(None))
    of_content = and_(Asset.content_id.is_not(None), Asset.content_id.in_(hashed))
    return case((or_(of_content, in_folder), True), else_=False)


def with_stack(session: Session, path: Path) -> dict[bytes, Path]:
    """The hashes of the content of a file and of those in its stack, each with a file; empty for a folder."""
    own = select(Asset.content_id).where(Asset.path == path, Asset.content_id.is_not(None))
    mine = select(StackMember.shown_id).where(StackMember.content_id.in_(own))
    members = select(StackMember.content_id).where(StackMember.shown_id.in_(mine))
    statement = select(Content.sha256, Asset.path).join(Asset, Asset.content_id == Content.id)
    rows = session.execute(statement.where(Content.id.in_(own.union(members))).order_by(Asset.path)).all()
    first: dict[bytes, Path] = {}
    for sha256, where in sorted(rows, key=lambda row: row[1] != path):
        first.setdefault(sha256, where)
    return first
