"""Queries on units, the searchable items, and on their vectors. Functions take an open session."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select
from sqlalchemy.orm import Session, selectinload

from db.catalog.filters import Rule, matching, moment_of_file
from db.engine.schema import LIVE, Asset, Content, Embedding, MediaKind, Space, Unit, UnitKind
from db.errors import LibraryDamagedError, LibraryError

Ids = npt.NDArray[np.int64]
Vectors = npt.NDArray[np.float32]

_SQL_VARIABLES = 5_000
"""Values bound to one statement; SQLite's own limit is 32,766."""


@dataclass(frozen=True)
class UnitDraft:
    """A unit before it has an id. ``vector``: (dim,) float32 of unit length."""

    kind: UnitKind
    vector: Vectors
    start_s: float | None = None
    end_s: float | None = None
    at_s: float | None = None
    text: str | None = None


@dataclass(frozen=True)
class UnitRow:
    """A unit joined with its content and files. ``paths``: the live files with its content, sorted."""

    id: int
    content_id: int
    kind: UnitKind
    start_s: float | None
    end_s: float | None
    at_s: float | None
    text: str | None
    media: MediaKind
    paths: tuple[Path, ...]
    taken_at: datetime | None
    width: int | None = None
    """Pixels of the upright picture, as the height."""
    height: int | None = None
    duration_s: float | None = None


def content_id(session: Session, sha256: bytes, space_id: int, *, transcribing: bool) -> int | None:
    """Id of the content with this hash if it is fully indexed in this space, else None.

    With ``transcribing``, sound that was not transcribed yet makes it incomplete.
    """
    bare = exists().where(Unit.content_id == Content.id, is_bare(space_id))
    statement = select(Content.id).where(Content.sha256 == sha256, ~bare)
    if transcribing:
        statement = statement.where(or_(~Content.has_audio, Content.transcriber.is_not(None)))
    return session.scalar(statement)


def store(session: Session, content: Content, units: Iterable[UnitDraft], space_id: int) -> int:
    """Store a content with its units and vectors, in place of one with the same hash; returns its id."""
    if (old := session.scalar(select(Content).where(Content.sha256 == content.sha256))) is not None:
        session.execute(delete(Unit).where(Unit.content_id == old.id))
        content.id = old.id
        content = session.merge(content)
    else:
        session.add(content)
    session.flush()
    for draft in units:
        unit = Unit(
            content_id=content.id,
            kind=draft.kind,
            start_s=draft.start_s,
            end_s=draft.end_s,
            at_s=draft.at_s,
            text=draft.text,
        )
        session.add(unit)
        session.flush()
        session.add(Embedding(space_id=space_id, unit_id=unit.id, vector=pack(draft.vector)))
    return content.id


def pack(vector: Vectors) -> bytes:
    """Serialise a float32 vector as little-endian float16: half the size, cosine to the original > 0.9999."""
    return vector.astype("<f2").tobytes()


def rows(session: Session, ids: Iterable[int]) -> dict[int, UnitRow]:
    """The live ones among these units, by id."""
    live: dict[int, UnitRow] = {}
    for batch in chunks(list(ids)):
        statement = (
            select(Unit, Content)
            .join(Content, Content.id == Unit.content_id)
            .where(Unit.id.in_(batch))
            .options(selectinload(Content.assets))
        )
        for unit, content in session.execute(statement):
            if paths := tuple(sorted(asset.path for asset in content.assets if asset.state in LIVE)):
                live[unit.id] = UnitRow(
                    unit.id,
                    content.id,
                    unit.kind,
                    unit.start_s,
                    unit.end_s,
                    unit.at_s,
                    unit.text,
                    content.kind,
                    paths,
                    content.taken_at,
                    content.width,
                    content.height,
                    content.duration_s,
                )
    return live


def ids_at(session: Session, path: Path) -> list[int]:
    """The ids of the units of a file, ascending; empty where it is not in the library."""
    statement = (
        select(Unit.id)
        .join(Asset, Asset.content_id == Unit.content_id)
        .where(Asset.path == path, Asset.state.in_(LIVE))
    )
    return list(session.scalars(statement.order_by(Unit.id)))


def live_ids(session: Session, space_id: int, kinds: Sequence[UnitKind], rules: tuple[Rule, ...] = ()) -> Ids:
    """The ids, ascending, of live units of these kinds that have a vector in a space and match the rules."""
    statement = (
        select(Unit.id)
        .join(Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id))
        .where(Unit.kind.in_(kinds), matching(rules) if rules else _is_live())
    )
    return np.fromiter(session.scalars(statement.order_by(Unit.id)), dtype=np.int64)


def newest(session: Session, ids: Ids, limit: int) -> list[int]:
    """The first unit of each content among these units, most recent content first, at most ``limit``.

    Contents are ordered by when they were taken or, if unknown, when their file changed.
    """
    first: dict[int, tuple[str, int]] = {}
    for batch in chunks(ids.tolist()):
        # ``coalesce`` keeps SQLite from the index of states, of which nearly all files have the same one, and
        # ``json_each`` from scanning a list of ids for every file: both take time quadratic in the library.
        batch_ids = func.json_each(json.dumps(batch)).table_valued("value")
        statement = (
            select(Unit.content_id, func.min(Unit.id), func.min(moment_of_file()))
            .select_from(batch_ids)
            .join(Unit, Unit.id == batch_ids.c.value)
            .join(Content, Content.id == Unit.content_id)
            .join(Asset, and_(Asset.content_id == Content.id, func.coalesce(Asset.state, "").in_(LIVE)))
            .group_by(Unit.content_id)
        )
        for content_id, unit_id, moment in session.execute(statement):
            earliest = first.get(content_id, (moment, unit_id))
            first[content_id] = (min(earliest[0], moment), min(earliest[1], unit_id))
    ranked = sorted(first.values(), key=lambda item: (item[0], -item[1]), reverse=True)
    return [unit_id for _, unit_id in ranked[:limit]]


def vectors(session: Session, space_id: int, ids: Ids) -> Vectors:
    """The stored vectors of these units, (n, dim) float32 in the order of ``ids``.

    Raises:
        LibraryError: a unit has no vector in this space.
    """
    packed: dict[int, bytes] = {}
    for batch in chunks(ids.tolist()):
        statement = select(Embedding.unit_id, Embedding.vector).where(
            Embedding.space_id == space_id, Embedding.unit_id.in_(batch)
        )
        packed.update(session.execute(statement).all())
    if len(packed) != len(set(ids.tolist())):
        raise LibraryError("some units have no vector in this space", "Run: trove rebuild")
    dim = session.scalars(select(Space.dim).where(Space.id == space_id)).one()
    if any(len(blob) != 2 * dim for blob in packed.values()):
        raise LibraryDamagedError(
            "a vector in the database is damaged", "Run: trove doctor --recover COPY.db"
        )
    stacked = np.frombuffer(b"".join(packed[i] for i in ids.tolist()), dtype="<f2")
    return stacked.astype(np.float32).reshape(len(ids), dim)


def counts(session: Session) -> dict[UnitKind, int]:
    """The number of live units of each kind."""
    statement = select(Unit.kind, func.count()).where(_is_live()).group_by(Unit.kind)
    counts: dict[UnitKind, int] = {"image": 0, "frame": 0, "speech": 0}
    return counts | dict(session.execute(statement).all())


def is_bare(space_id: int | None) -> ColumnElement[bool]:
    """SQL condition on ``Unit``: it has no vector in this space."""
    return ~exists().where(Embedding.unit_id == Unit.id, Embedding.space_id == space_id)


def _is_live() -> ColumnElement[bool]:
    return exists().where(Asset.content_id == Unit.content_id, Asset.state.in_(LIVE))


def chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    """Slices of ids that are short enough to be bound to one statement."""
    return (ids[start : start + _SQL_VARIABLES] for start in range(0, len(ids), _SQL_VARIABLES))
