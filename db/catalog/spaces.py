"""Queries on embedding spaces: one for each model and role, one a role active. Functions take a session."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Ids, Vectors
from db.catalog import revision, switches
from db.catalog.units import StoredUnit, is_bare, pack, stored
from db.engine.batches import chunks
from db.engine.clock import utc_now
from db.engine.schema import LIVE, Asset, Embedding, NullScoresRow, SpaceRow, SpaceState, Unit, UnitKind
from db.kinds import CLIP


@dataclass(frozen=True)
class Space:
    """One embedding model in one role, and whether it answers."""

    id: int
    role: str
    model: str
    fingerprint: str
    dim: int
    state: SpaceState


@dataclass(frozen=True)
class NullScores:
    """Null model of a space, see ``NullScoresRow``."""

    texts: str
    pictures: int
    revision: int
    best_mean: float
    best_deviation: float
    spread: float
    near_mean: float | None = None
    near_deviation: float | None = None


@dataclass(frozen=True)
class BareUnit:
    """A unit without a vector in some space, with the path of its oldest readable file, if there is one."""

    unit: StoredUnit
    content_id: int
    path: Path | None


def active(session: Session, role: str = CLIP) -> Space | None:
    """The space of the model that answers in a role, or None before the first indexing."""
    row = session.scalar(select(SpaceRow).where(SpaceRow.state == "active", SpaceRow.role == role))
    return None if row is None else row.values(Space)


def all_active(session: Session) -> list[Space]:
    """The spaces that answer, one a role at most."""
    return [row.values(Space) for row in session.scalars(select(SpaceRow).where(SpaceRow.state == "active"))]


def previous(session: Session, role: str = CLIP) -> Space | None:
    """The space that was active before, or None if there was none or it has been dropped."""
    retired = select(SpaceRow).where(SpaceRow.state == "retired", SpaceRow.role == role)
    row = session.scalar(retired.order_by(SpaceRow.activated_at.desc()).limit(1))
    return None if row is None else row.values(Space)


def named(session: Session, model: str, role: str = CLIP) -> list[Space]:
    """The spaces of a model; more than one where its weights have changed."""
    statement = select(SpaceRow).where(SpaceRow.model == model, SpaceRow.role == role)
    return [row.values(Space) for row in session.scalars(statement.order_by(SpaceRow.id))]


def every(session: Session) -> dict[Space, int]:
    """All spaces with their numbers of vectors."""
    statement = (
        select(SpaceRow, func.count(Embedding.unit_id))
        .outerjoin(Embedding, Embedding.space_id == SpaceRow.id)
        .group_by(SpaceRow.id)
    )
    return {row.values(Space): count for row, count in session.execute(statement)}


def add(
    session: Session, model: str, fingerprint: str, dim: int, state: SpaceState, role: str = CLIP
) -> Space:
    """A new space, to be filled while another answers (``building``) or to answer at once (``active``)."""
    row = SpaceRow(role=role, model=model, fingerprint=fingerprint, dim=dim, state=state)
    row.activated_at = utc_now() if state == "active" else None
    session.add(row)
    session.flush()
    return row.values(Space)


def activate(session: Session, space_id: int) -> None:
    """Make a space the active one of its role and retire the one that was, in one transaction: no gap."""
    new = session.get_one(SpaceRow, space_id)
    for space in session.scalars(
        select(SpaceRow).where(SpaceRow.state == "active", SpaceRow.role == new.role)
    ):
        space.state = "retired"
    session.flush()
    new.state, new.activated_at = "active", utc_now()
    session.flush()
    revision.touch(session)


def drop(session: Session, space_id: int) -> None:
    """Delete a space with all its vectors."""
    session.execute(delete(SpaceRow).where(SpaceRow.id == space_id))


def bare_units(session: Session, space: Space) -> list[BareUnit]:
    """What is left to embed: live units of the kinds with a vector in the space's role, without one there.

    In the order of their contents, so that each file need be opened once.
    """
    oldest = (
        select(Asset.path)
        .where(
            Asset.content_id == Unit.content_id,
            Asset.state.in_(LIVE),
            or_(Unit.asset_id.is_(None), Unit.asset_id == Asset.id),
        )
        # A file that can be read before one whose drive is unplugged.
        .order_by(Asset.state != "indexed", Asset.id)
        .limit(1)
        .scalar_subquery()
    )
    statement = (
        select(Unit, oldest)
        .where(_left(space), switches.each_findable(session, among_hidden=True))
        .order_by(Unit.content_id, Unit.id)
    )
    return [BareUnit(stored(unit), unit.content_id, path) for unit, path in session.execute(statement)]


def _left(space: Space) -> ColumnElement[bool]:
    return and_(Unit.kind.in_(kinds.embedded(space.role)), is_bare(space.id))


def embedded(session: Session, space_id: int, ids: Sequence[int], of_kinds: Sequence[UnitKind]) -> Ids:
    """The units among ``ids`` of these kinds with a vector in a space, ascending, live or not."""
    statement = (
        select(Unit.id)
        .join(Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id))
        .where(Unit.kind.in_(of_kinds), Unit.id.in_(ids))
    )
    return np.fromiter(session.scalars(statement.order_by(Unit.id)), dtype=np.int64)


def of_contents(
    session: Session, space_id: int, content_ids: Sequence[int], of_kinds: Sequence[UnitKind]
) -> dict[int, int]:
    """A unit of these kinds with a vector in a space, by its content; contents without one are not there."""
    found: dict[int, int] = {}
    for batch in chunks(content_ids):
        statement = (
            select(Unit.content_id, func.min(Unit.id))
            .join(Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id))
            .where(Unit.kind.in_(of_kinds), Unit.content_id.in_(batch))
        )
        found.update(session.execute(statement.group_by(Unit.content_id)).all())
    return found


def put_vectors(session: Session, space_id: int, vectors: Mapping[int, Vectors]) -> None:
    """Store vectors by unit id."""
    now = revision.touch(session)
    session.add_all(
        Embedding(space_id=space_id, unit_id=unit_id, vector=pack(vector), revision=now)
        for unit_id, vector in vectors.items()
    )


def null_scores(session: Session, space_id: int) -> NullScores | None:
    """The null model of a space as it was last fitted, or None."""
    row = session.get(NullScoresRow, space_id)
    return None if row is None else row.values(NullScores)


def put_null_scores(session: Session, space_id: int, scores: NullScores) -> None:
    """Store the null model of a space in place of an older one."""
    session.merge(NullScoresRow(space_id=space_id, **asdict(scores)))
