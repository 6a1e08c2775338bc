"""Where files are: the file systems that hold them, files out of reach, and folders under another path.

Functions take an open session.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Table, and_, bindparam, delete, exists, select, update
from sqlalchemy.orm import Session, aliased

from db.catalog import assets, hidden, revision
from db.catalog.assets import FileStat, KnownFile
from db.engine.batches import chunks
from db.engine.dialect import upsert
from db.engine.pathtext import PathText, is_below
from db.engine.schema import LIVE, Asset, Content, Mount
from db.engine.users import METADATA
from db.paths import PathSet, deepest


def mounts(session: Session) -> dict[Path, str]:
    """The folders where file systems begin, and which ones were there when files were last seen in them."""
    return dict(session.execute(select(Mount.path, Mount.volume)).all())


def keep_mounts(session: Session, found: Mapping[Path, str], dropped: Collection[Path] = ()) -> None:
    """Remember the file systems of folders, and forget those of others."""
    known = mounts(session)
    for path in known.keys() & set(dropped):
        session.execute(delete(Mount).where(Mount.path == path))
    for path, volume in found.items():
        if known.get(path) != volume:
            values = upsert(session, Mount).values(path=path, volume=volume)
            session.execute(
                values.on_conflict_do_update(index_elements=["path"], set_={"volume": volume}),
            )


def offline(session: Session) -> dict[Path, int]:
    """How many files cannot be reached now, by the root, or the folder of a drive in it, that they are in.

    Without hidden ones, which no count has.
    """
    folders = PathSet([*assets.roots(session), *mounts(session)])
    counts: Counter[Path] = Counter()
    away = [Asset.state == "offline", *hidden.shown(session)]
    for path in session.scalars(select(Asset.path).where(*away)):
        counts[folders.deepest(path) or path.parent] += 1
    return dict(sorted(counts.items()))


def hashes(session: Session, content_ids: Sequence[int]) -> dict[int, bytes]:
    """The SHA-256 of contents, by their ids."""
    found: dict[int, bytes] = {}
    for batch in chunks(content_ids):
        found |= dict(session.execute(select(Content.id, Content.sha256).where(Content.id.in_(batch))).all())
    return found


def live_below(session: Session, folder: Path) -> list[KnownFile]:
    """The live files in and below a folder as they were when last read."""
    statement = select(
        Asset.id, Asset.path, Asset.size, Asset.mtime_ns, Asset.state, Asset.retry, Asset.content_id
    ).where(is_below(Asset.path, folder), Asset.state.in_(LIVE))
    return [
        KnownFile(asset_id, FileStat(path, size, mtime_ns), state, retry, True, content_id)
        for asset_id, path, size, mtime_ns, state, retry, content_id in session.execute(statement)
    ]


def turned_up(session: Session, asset_ids: Sequence[int], fresh: Collection[Path]) -> list[int]:
    """Those of these assets whose content has also been found in a file that is new."""
    other = aliased(Asset)
    found: list[int] = []
    for batch in chunks(asset_ids):
        statement = select(Asset.id, other.path).join(
            other, and_(other.content_id == Asset.content_id, other.state == "indexed")
        )
        rows = session.execute(statement.where(Asset.id.in_(batch), Asset.content_id.is_not(None)))
        found += dict.fromkeys(asset_id for asset_id, path in rows if path in fresh)
    return found


def relocate(session: Session, old: Path, new: Path) -> None:
    """Write another path over a folder's, wherever the library has it or a path inside it.

    Every column of paths counts, so that no table is left behind. Where the library knows the same path under
    the new folder already, that row stays: it was read there, unless it is of a file that is no more.
    """
    outer = deepest(old, assets.roots(session))
    for table in METADATA.sorted_tables:
        for column in table.columns:
            if isinstance(column.type, PathText):
                _rewrite(session, table, column, old, new)
    if outer is not None and deepest(new, assets.roots(session)) is None:
        assets.add_roots(session, [new])
    revision.touch(session)


def _rewrite(session: Session, table: Table, column: Column[Any], old: Path, new: Path) -> None:
    held = session.scalars(select(column).where(is_below(column, old)).distinct())  # type: ignore[arg-type]
    moved = [{"before": path, "after": _moved(path, old, new)} for path in held]
    if not moved:
        return
    connection = session.connection()
    if table is Asset.__table__:
        lost = and_(*(Asset.state != state for state in LIVE))
        connection.execute(delete(table).where(column == bindparam("after"), lost), moved)
    if column.unique or column.primary_key:
        same = [each for each in table.primary_key.columns if each is not column and column.primary_key]
        there = table.alias()
        taken = exists().where(
            there.c[column.name] == bindparam("after", type_=column.type),
            *(there.c[each.name] == each for each in same),
        )
        connection.execute(delete(table).where(column == bindparam("before"), taken), moved)
    change = update(table).where(column == bindparam("before")).values({column: bindparam("after")})
    connection.execute(change, moved)


def _moved(path: Path, old: Path, new: Path) -> Path:
    return new / path.relative_to(old)
