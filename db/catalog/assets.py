"""Queries on roots (the indexed folders) and assets (their files). Functions take an open session."""

import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import String, bindparam, delete, exists, func, select, type_coerce, update
from sqlalchemy.orm import Session

from db.catalog import analyses, contents, hidden, revision
from db.catalog.copies import rank
from db.catalog.switches import findable
from db.catalog.units import rows_changed
from db.engine.batches import chunks
from db.engine.clock import utc_now
from db.engine.dialect import mounts_of, total, upsert
from db.engine.pathtext import is_below, stored_path
from db.engine.schema import LIVE, Analysis, Asset, AssetState, Content, Mount, Root, Unit
from db.names import composed, spelled
from db.paths import is_under


# Tuples, which are made faster than frozen dataclasses: every run makes a hundred thousand of each.
class FileStat(NamedTuple):
    """A file as the file system describes it."""

    path: Path
    size: int
    mtime_ns: int


class KnownFile(NamedTuple):
    """A file as the library remembers it. ``complete``: nothing is left to be done for its content."""

    id: int
    stat: FileStat
    state: AssetState
    retry: bool
    complete: bool
    content_id: int | None = None


@dataclass(frozen=True)
class Failure:
    """A file that could not be indexed, or not whole, and why."""

    path: Path
    reason: str
    attempts: int
    analyser: str | None = None
    """Which analyser could not do it, where the others could; None where the file gave nothing."""


def add_roots(session: Session, paths: Iterable[Path]) -> None:
    """Remember folders (or single files) so that a later run can refresh them."""
    for path in paths:
        session.execute(upsert(session, Root).values(path=path).on_conflict_do_nothing())


def roots(session: Session) -> list[Path]:
    """The indexed folders and single files, in the order in which they were added."""
    return list(session.scalars(select(Root.path).order_by(Root.id)))


def patterns(session: Session) -> dict[Path, tuple[str, ...]]:
    """The roots, in the order in which they were added, each with the patterns of what in it is left out."""
    rows = session.execute(select(Root.path, Root.exclude).order_by(Root.id))
    return {path: tuple(filter(None, exclude.split("\n"))) for path, exclude in rows}


def set_patterns(session: Session, root: Path, kept: Iterable[str]) -> None:
    """Keep these patterns of what is left out with a root, instead of those it had."""
    session.execute(update(Root).where(Root.path == root).values(exclude="\n".join(kept)))


def known_files(
    session: Session,
    is_complete: Callable[[int, int, Path], bool] = lambda _asset, _content, _path: True,
    seen: Iterable[Path] = (),
) -> list[KnownFile]:
    """All remembered files.

    Args:
        is_complete: whether nothing is left to be done for an asset with a content at a path.
        seen: paths to reuse, since making new ones takes longer than reading the rows.
    """
    moved = mounts_of(session.get_bind().dialect)
    seen_paths = {moved.inward(str(path)) if moved.here else str(path): path for path in seen}
    statement = select(
        Asset.id,
        type_coerce(Asset.path, String),
        Asset.size,
        Asset.mtime_ns,
        Asset.state,
        Asset.retry,
        Asset.content_id,
    )
    known = []
    connection = session.connection()  # a session would make more of each of many rows
    rows = connection.execute(statement)
    for asset_id, name, size, mtime_ns, state, retry, content_id in rows:
        path = seen_paths.get(name) or stored_path(name, connection.dialect)
        complete = content_id is None or is_complete(asset_id, content_id, path)
        known.append(KnownFile(asset_id, FileStat(path, size, mtime_ns), state, retry, complete, content_id))
    return known


def put(
    session: Session,
    stat: FileStat,
    *,
    asset_id: int | None,
    state: AssetState,
    content_id: int | None = None,
    error: str | None = None,
    retry: bool = False,
) -> Asset:
    """Record how reading a file went, as a new asset or over the one with ``asset_id``; returns the row.

    A file worth another attempt keeps its content: when it is readable again, nothing is decoded again. A new
    row has its id only once it is flushed.
    """
    asset = session.get(Asset, asset_id) if asset_id is not None else None
    if asset is None:
        asset = Asset(attempts=0)
        session.add(asset)
    is_moved = asset.id is not None and asset.path != stat.path
    if asset.path == stat.path and state == "indexed" and content_id not in (None, asset.content_id):
        hidden.follow_edit(session, stat.path, asset.content_id, content_id)
    asset.attempts = (asset.attempts if asset.mtime_ns == stat.mtime_ns else 0) + (state == "failed")
    asset.path, asset.size, asset.mtime_ns = stat.path, stat.size, stat.mtime_ns
    asset.state, asset.error, asset.retry = state, error, retry
    if not retry and asset.id is not None and asset.content_id != content_id:
        # What was made of the file belonged to the content that it had.
        session.execute(delete(Analysis).where(Analysis.asset_id == asset.id))
    elif is_moved:
        # Its name is another one, and so may be what is beside it.
        session.execute(update(Analysis).where(Analysis.asset_id == asset.id).values(state="retry"))
    asset.content_id = asset.content_id if retry else content_id
    asset.indexed_at = utc_now()
    return asset


def put_off(session: Session, stat: FileStat, reason: str) -> None:
    """Note that a file is still being written; one with something that can be found stays as it is."""
    asset_id = id_at(session, stat.path)
    shown = exists().where(Asset.id == asset_id, Unit.content_id == Asset.content_id, Asset.state.in_(LIVE))
    if asset_id is None or not session.scalar(select(shown)):
        put(session, stat, asset_id=asset_id, state="unfinished", error=reason, retry=True)


def retime(session: Session, stats: Sequence[FileStat]) -> None:
    """Record other times of files that have not changed."""
    if stats:
        values = [{"at": stat.path, "time": stat.mtime_ns} for stat in stats]
        change = update(Asset).where(Asset.path == bindparam("at")).values(mtime_ns=bindparam("time"))
        session.connection().execute(change, values)


def revive(session: Session, ids: Iterable[int | None]) -> None:
    """Note that files which were gone, offline or left out are back, unchanged."""
    for batch in chunks([found for found in ids if found is not None]):
        back = update(Asset).where(Asset.id.in_(batch), Asset.state.in_(("gone", "offline", "left_out")))
        session.execute(back.values(state="indexed"))


def set_state(session: Session, ids: Sequence[int], state: AssetState) -> None:
    """Set the state of assets. Files that were never indexed are forgotten when they are gone or left out."""
    for batch in chunks(ids):
        if state in ("gone", "left_out"):
            session.execute(delete(Asset).where(Asset.id.in_(batch), Asset.content_id.is_(None)))
        session.execute(update(Asset).where(Asset.id.in_(batch)).values(state=state))


def content_ids(session: Session, folder: Path) -> set[int]:
    """The contents of the files in and below a folder, ``Path()`` for all; gone ones included."""
    below = select(Asset.content_id)
    if folder != Path():
        below = below.where(is_below(Asset.path, folder))
    return {found for found in session.scalars(below) if found is not None}


def at(
    session: Session, content_ids: Collection[int], *, readable: bool = False
) -> dict[int, tuple[Path, int]]:
    """The path and the content of the live files with these contents, by the ids of the assets.

    With ``readable``, only of those whose drive is there.
    """
    found: dict[int, tuple[Path, int]] = {}
    for batch in chunks(list(content_ids)):
        statement = select(Asset.id, Asset.path, Asset.content_id).where(
            Asset.content_id.in_(batch), Asset.state.in_(("indexed",) if readable else LIVE)
        )
        for asset_id, path, content_id in session.execute(statement):
            if content_id is not None:
                found[asset_id] = (path, content_id)
    return found


def readable(session: Session, content_id: int) -> dict[int, FileStat]:
    """The readable files with a content as they were when last read, by the ids of the assets."""
    statement = select(Asset.id, Asset.path, Asset.size, Asset.mtime_ns)
    rows = session.execute(statement.where(Asset.content_id == content_id, Asset.state == "indexed"))
    return {asset_id: FileStat(path, size, mtime_ns) for asset_id, path, size, mtime_ns in rows}


def id_at(session: Session, path: Path) -> int | None:
    """The id of the asset at this path, or None."""
    return session.scalar(select(Asset.id).where(Asset.path == path))


def meant(session: Session, typed: Path | str, *, follow: bool = True) -> Path:
    """The path that the library has, or would have, for a file or folder, whatever the way it is typed.

    ``~`` is expanded, with ``follow`` links are followed, and names are those of the disk or, of what
    is away, those of the library; see ``db.names.spelled``.
    """
    path = spelled(typed)
    target = Path(os.path.abspath(path))  # noqa: PTH100 - without following links
    if target in roots(session):
        return target  # as it was indexed, also where it has become a link since
    if follow:
        target = path.resolve()
    return target if os.path.lexists(target) else known_as(session, target) or target


def known_as(session: Session, path: Path) -> Path | None:
    """A path as the library spells it: of a root, a file, or a folder with files; None where it has none.

    The Unicode form of its letters does not matter, unless the library tells two apart by it.
    """
    stored = [
        *roots(session),
        *session.scalars(select(Asset.path).where(is_below(Asset.path, path)).limit(1)),
    ]
    if any(path == one or path in one.parents for one in stored):
        return path
    if str(path).isascii():
        return None
    wanted = composed(str(path))
    for one in (*roots(session), *session.scalars(select(Asset.path))):
        name = composed(str(one))
        if name == wanted or name.startswith(os.path.join(wanted, "")):  # noqa: PTH118 - asked for every file
            return Path(*one.parts[: len(path.parts)])
    return None


def stat_at(session: Session, path: Path) -> FileStat | None:
    """The file at this path as it was when last read, or None."""
    row = session.execute(select(Asset.size, Asset.mtime_ns).where(Asset.path == path)).one_or_none()
    return None if row is None else FileStat(path, *row)


def failures(session: Session, *, partial: bool = False) -> list[Failure]:
    """Files that failed, by path; with ``partial``, then those that failed in one analyser only."""
    statement = select(Asset.path, Asset.error, Asset.attempts).where(Asset.state == "failed")
    whole = [
        Failure(path, error or "", attempts)
        for path, error, attempts in session.execute(statement.order_by(Asset.path))
    ]
    if not partial:
        return whole
    return whole + [Failure(path, error, 1, analyser) for path, analyser, error in analyses.errors(session)]


def retry_failures(session: Session) -> int:
    """Let the next run try all failed files again, and what failed of others; returns how many of both."""
    failed = update(Asset).where(Asset.state == "failed")
    return rows_changed(session.execute(failed.values(retry=True))) + analyses.retry_failures(session)


def states(session: Session) -> dict[AssetState, int]:
    """How many files are in each state."""
    return dict(session.execute(select(Asset.state, func.count()).group_by(Asset.state)).all())


def picture_paths(session: Session) -> list[Path]:
    """One path for each picture that can be read now, the one that answers for it; sorted."""
    statement = (
        select(Asset.content_id, Asset.path)
        .join(Asset.content)
        .where(Content.kind == "image", Asset.state == "indexed")
    )
    best: dict[int | None, Path] = {}
    for content_id, path in session.execute(statement):
        best[content_id] = min(best.get(content_id, path), path, key=lambda one: rank(one, offline=False))
    return sorted(best.values())


def paths(session: Session) -> dict[int, Path]:
    """The paths of all remembered files, gone ones included, by the id of the asset."""
    return dict(session.execute(select(Asset.id, Asset.path)).all())


def below(session: Session, folder: Path) -> dict[int, tuple[Path, AssetState]]:
    """The path and state of all files in and below a folder, gone ones too, by the id of the asset."""
    rows = session.execute(select(Asset.id, Asset.path, Asset.state).where(is_below(Asset.path, folder)))
    return {asset_id: (path, state) for asset_id, path, state in rows}


def drop_root(session: Session, root: Path) -> None:
    """Delete a root, but none of its files, nor what is known of drives in other roots."""
    session.execute(delete(Root).where(Root.path == root))
    others = roots(session)
    within = session.scalars(select(Mount).where(is_below(Mount.path, root))).all()
    for mount in within:
        if not is_under(mount.path, others):
            session.delete(mount)


def forget(session: Session, ids: Sequence[int]) -> None:
    """Delete these assets, and the contents that no other asset has."""
    for batch in chunks(ids):
        session.execute(delete(Asset).where(Asset.id.in_(batch)))
    contents.drop_orphans(session)
    revision.touch(session)


def each_shown(session: Session) -> dict[int, int]:
    """The first unit of each content that can be found, by the content's id: what it is shown by."""
    statement = select(Unit.content_id, func.min(Unit.id)).where(findable(session))
    return dict(session.execute(statement.group_by(Unit.content_id)).all())


def total_size(session: Session) -> int:
    """Total size of all live files in bytes."""
    return session.scalar(select(total(Asset.size)).where(Asset.state.in_(LIVE))) or 0
