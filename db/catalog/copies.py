"""Which file of a content is meant: its live files in the order in which they answer for it.

A file is named, dated and opened by what it is itself, so everything that shows a content asks here which
of its files that is. Functions take an open session.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, select, true
from sqlalchemy.orm import Session

from db.catalog import hidden
from db.engine.batches import chunks
from db.engine.dialect import unindexed
from db.engine.schema import LIVE, Asset
from db.files import is_file
from db.folders import filled_by_program


class FileRow(NamedTuple):
    """A live file with the facts that are its own. ``offline``: its drive is not connected.

    ``size`` in bytes, ``width`` and ``height`` in pixels of the upright picture, ``taken_at`` in local time.
    """

    asset_id: int
    path: Path
    offline: bool = False
    size: int = 0
    taken_at: datetime | None = None
    moment: datetime | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None


def rank(path: Path, *, offline: bool, fulfils: bool = True) -> tuple[bool, bool, bool, Path]:
    """The place of a file among those of its content, for sorting: the lowest answers for it.

    First come files that fulfil the conditions, then those whose drive is connected, then originals
    before what lies in a folder that programs fill, then by path.
    """
    return not fulfils, offline, filled_by_program(path), path


def of_contents(
    session: Session,
    content_ids: Collection[int],
    of_file: Sequence[ColumnElement[bool]] = (),
    *,
    among_hidden: bool = False,
) -> dict[int, tuple[FileRow, ...]]:
    """The live files of contents, by the content's id, the one that answers for it first.

    ``of_file``: conditions on ``Asset``, as of ``db.catalog.filters``; ``among_hidden``: hidden files, too.
    """
    shown = [] if among_hidden else hidden.shown(session)
    found: dict[int, list[tuple[FileRow, bool]]] = defaultdict(list)
    for batch in chunks(list(content_ids)):
        statement = _files(of_file).where(Asset.content_id.in_(batch), *shown)
        for content_id, fulfils, state, *own in session.execute(statement):
            asset_id, path, *facts = own
            found[content_id].append((FileRow(asset_id, path, state == "offline", *facts), bool(fulfils)))
    return {content_id: in_order(files) for content_id, files in found.items()}


def _files(of_file: Sequence[ColumnElement[bool]]) -> Select[*tuple[Any, ...]]:
    return select(
        Asset.content_id,
        and_(true(), *of_file),
        Asset.state,
        Asset.id,
        Asset.path,
        Asset.size,
        Asset.taken_at,
        Asset.moment,
        Asset.width,
        Asset.height,
        Asset.duration_s,
    ).where(unindexed(Asset.state).in_(LIVE))


def in_order(files: Iterable[tuple[FileRow, bool]]) -> tuple[FileRow, ...]:
    """Files of one content, each with whether it fulfils the conditions, in the order of ``rank``."""
    several = list(files)
    if len(several) > 1:
        several.sort(key=lambda item: rank(item[0].path, offline=item[0].offline, fulfils=item[1]))
    return tuple(file for file, _ in several)


def beside(session: Session, path: Path, *, among_hidden: bool) -> tuple[FileRow, ...]:
    """The live files with the content of the file at a path, itself first; empty where it is not known.

    ``among_hidden``: hidden files, too.
    """
    content_id = session.scalar(select(Asset.content_id).where(Asset.path == path))
    mine = [] if content_id is None else [content_id]
    files = of_contents(session, mine, among_hidden=among_hidden).get(content_id or 0, ())
    return tuple(sorted(files, key=lambda file: file.path != path))


def others(session: Session, path: Path) -> tuple[Path, ...]:
    """The other files with the content of the one at a path, as they are told.

    Hidden ones are told only of a hidden one: who names that means it.
    """
    files = beside(session, path, among_hidden=hidden.covers(session, path))
    return tuple(file.path for file in files if file.path != path)


def readable(session: Session, path: Path) -> Path:
    """The file at a path or, where it is not there, a copy of it that is; the path itself where none is."""
    if is_file(path):
        return path
    files = beside(session, path, among_hidden=True)
    return next((file.path for file in files if is_file(file.path)), path)


def fulfils(session: Session, path: Path, of_file: Sequence[ColumnElement[bool]]) -> bool:
    """Whether the file at a path fulfils conditions on ``Asset``."""
    return session.scalar(select(Asset.id).where(Asset.path == path, *of_file)) is not None
