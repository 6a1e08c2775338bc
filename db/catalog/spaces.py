"""Queries on embedding spaces: one for each model, of which one is active. Functions take an open session."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import and_, delete, exists, func, select
from sqlalchemy.orm import Session

from db.catalog import revision
from db.catalog.units import Ids, Vectors, pack
from db.engine.clock import utc_now
from db.engine.schema import LIVE, Asset, Embedding, NullScores, Space, SpaceState, Unit, UnitKind


@dataclass(frozen=True)
class BareUnit:
    """A unit without a vector in some space, with the path of its oldest live file."""

    id: int
    kind: UnitKind
    at_s: float | None
    text: str | None
    path: Path


def active(session: Session) -> Space | None:
    """The space of the model that answers queries, or None before the first indexing."""
    return session.scalar(select(Space).where(Space.state == "active"))


def previous(session: Session) -> Space | None:
    """The space that was active before, or None if there was none or it has been dropped."""
    statement = select(Space).where(Space.state == "retired").order_by(Space.activated_at.desc())
    return session.scalar(statement.limit(1))


def named(session: Session, model: str) -> list[Space]:
    """The spaces of a model; more than one where its weights have changed."""
    return list(session.scalars(select(Space).where(Space.model == model).order_by(Space.id)))


def every(session: Session) -> dict[Space, int]:
    """All spaces with their numbers of vectors."""
    statement = (
        select(Space, func.count(Embedding.unit_id))
        .outerjoin(Embedding, Embedding.space_id == Space.id)
        .group_by(Space.id)
    )
    return dict(session.execute(statement).all())


def add(session: Session, model: str, fingerprint: str, dim: int, state: SpaceState) -> Space:
    """A new space, to be filled while another answers (``building``) or to answer at once (``active``)."""
    space = Space(model=model, fingerprint=fingerprint, dim=dim, state=state)
    space.activated_at = utc_now() if state == "active" else None
    session.add(space)
    session.flush()
    return space


def activate(session: Session, space_id: int) -> None:
    """Make a space the active one and retire the one that was. Part of one transaction: there is no gap."""
    for space in session.scalars(select(Space).where(Space.state == "active")):
        space.state = "retired"
    session.flush()
    new = session.get_one(Space, space_id)
    new.state, new.activated_at = "active", utc_now()
    session.flush()
    revision.touch(session)


def drop(session: Session, space_id: int) -> None:
    """Delete a space with all its vectors."""
    session.execute(delete(Space).where(Space.id == space_id))


def bare_units(session: Session, space_id: int) -> list[BareUnit]:
    """The live units without a vector in a space, in the order of their ids."""
    oldest = (
        select(Asset.path)
        .where(Asset.content_id == Unit.content_id, Asset.state.in_(LIVE))
        .order_by(Asset.id)
        .limit(1)
        .scalar_subquery()
    )
    lacking = ~exists().where(Embedding.unit_id == Unit.id, Embedding.space_id == space_id)
    statement = select(Unit.id, Unit.kind, Unit.at_s, Unit.text, oldest).where(lacking, oldest.is_not(None))
    return [BareUnit(*row) for row in session.execute(statement.order_by(Unit.id))]


def embedded(session: Session, space_id: int, ids: Sequence[int], kinds: Sequence[UnitKind]) -> Ids:
    """The units among ``ids`` of these kinds with a vector in a space, ascending, live or not."""
    statement = (
        select(Unit.id)
        .join(Embedding, and_(Embedding.unit_id == Unit.id, Embedding.space_id == space_id))
        .where(Unit.kind.in_(kinds), Unit.id.in_(ids))
    )
    return np.fromiter(session.scalars(statement.order_by(Unit.id)), dtype=np.int64)


def put_vectors(session: Session, space_id: int, vectors: Mapping[int, Vectors]) -> None:
    """Store vectors by unit id."""
    session.add_all(
        Embedding(space_id=space_id, unit_id=unit_id, vector=pack(vector))
        for unit_id, vector in vectors.items()
    )


def null_scores(session: Session, space_id: int) -> NullScores | None:
    """The null model of a space as it was last fitted, or None."""
    return session.get(NullScores, space_id)


def put_null_scores(session: Session, scores: NullScores) -> None:
    """Store the null model of a space in place of an older one."""
    session.merge(scores)


def newest_unit(session: Session, space_id: int) -> int:
    """The highest id of a unit with a vector in a space; 0 where there is none."""
    statement = select(func.max(Embedding.unit_id)).where(Embedding.space_id == space_id)
    return session.scalar(statement) or 0
