"""Groups of faces as they are stored: what they are made of, and what is made.

Which faces are of one person is worked out in ``indexer.people``; here is what that reads and leaves. What
users said is in ``db.catalog.persons``. Functions take an open session.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from db import kinds
from db.arrays import Vectors
from db.catalog import revision, spaces, switches
from db.catalog.persons import Face
from db.catalog.units import Region, region_of
from db.engine.batches import chunks
from db.engine.schema import Base, Content, Embedding, FaceGroup, FaceMember, LibraryState, Unit
from db.engine.users import PersonFace, PersonRow
from db.kinds import FACE, FACES

_FACE: tuple[Any, ...] = (
    *(Unit.id, Unit.content_id, Content.sha256, Unit.start_s, Unit.end_s, Unit.at_s),
    *(Unit.x, Unit.y, Unit.w, Unit.h),
)


class Named(NamedTuple):
    """A name that people have written in a picture, with its place where that is known."""

    unit_id: int
    content_id: int
    name: str
    region: Region | None


class Group(NamedTuple):
    """A group as it is stored: the person that users say it is, and its name, if it has one."""

    id: int
    person_id: int | None
    name: str | None


class Member(NamedTuple):
    """A face of a group; ``unit_id`` is None until it is found again."""

    group_id: int
    content_id: int
    unit_id: int | None
    at_s: float | None
    region: Region


def faces(session: Session, *, shown: bool = False) -> tuple[list[Face], Vectors]:
    """All faces with a vector of the model that answers, and the vectors, (n, dim) of unit length.

    With ``shown`` only those that can be found now.
    """
    space = spaces.active(session, FACE)
    if space is None:
        return [], np.empty((0, 0), np.float32)
    statement = (
        select(*_FACE, Embedding.vector)
        .join(Content, Content.id == Unit.content_id)
        .join(Embedding, Embedding.unit_id == Unit.id)
        .where(Embedding.space_id == space.id, Unit.kind.in_(face_kinds()))
        .where(Unit.x.is_not(None))
        .order_by(Unit.id)
    )
    if shown:
        statement = statement.where(switches.findable(session))
    # By the connection: a session would make more of each of many rows.
    rows = session.connection().execute(statement).all()
    found = [_face(row) for row in rows]
    data = b"".join(row[-1] for row in rows)
    vectors = np.frombuffer(data, "<f2").astype(np.float32).reshape(len(rows), space.dim)
    return found, vectors


def named(session: Session) -> list[Named]:
    """The names that people have written of who is in a picture, those of hidden files, too."""
    statement = select(Unit).where(
        Unit.kind.in_(kinds.naming_people()), switches.findable(session, among_hidden=True)
    )
    return [
        Named(unit.id, unit.content_id, unit.text or "", region_of(unit))
        for unit in session.scalars(statement.order_by(Unit.id))
    ]


def every(session: Session) -> list[Group]:
    """The groups as they are stored."""
    statement = select(FaceGroup.id, FaceGroup.person_id, FaceGroup.name).order_by(FaceGroup.id)
    return [Group(*row) for row in session.execute(statement)]


def members(session: Session) -> list[Member]:
    """The faces of all groups, in the order in which they came."""
    columns = (FaceMember.group_id, FaceMember.content_id, FaceMember.unit_id, FaceMember.at_s)
    statement = select(*columns, FaceMember.x, FaceMember.y, FaceMember.w, FaceMember.h)
    rows = session.connection().execute(statement.order_by(FaceMember.id)).all()
    return [Member(*row[:4], Region(*row[4:8])) for row in rows]


def put(session: Session, group: Group, own: Sequence[Face]) -> int:
    """Store a group with its faces in place of those it had; one with the id 0 is new. Returns its id."""
    values = {"person_id": group.person_id, "name": group.name}
    group_id = group.id
    if group_id:
        session.execute(update(FaceGroup).where(FaceGroup.id == group_id).values(**values))
        session.execute(delete(FaceMember).where(FaceMember.group_id == group_id))
    else:
        group_id = session.scalars(insert(FaceGroup).values(**values).returning(FaceGroup.id)).one()
    rows = [
        {
            "group_id": group_id,
            "content_id": face.content_id,
            "unit_id": face.unit_id,
            "at_s": face.at_s,
            **face.region._asdict(),
        }
        for face in own
    ]
    if rows:
        session.execute(insert(FaceMember), rows)
    return group_id


def drop(session: Session, group_ids: Collection[int]) -> None:
    """Delete groups; their faces stay."""
    for batch in chunks(list(group_ids)):
        session.execute(delete(FaceMember).where(FaceMember.group_id.in_(batch)))
        session.execute(delete(FaceGroup).where(FaceGroup.id.in_(batch)))


def are_stale(session: Session) -> bool:
    """Whether the library has changed since faces were put in groups."""
    return bool(session.scalars(select(LibraryState.peopled < LibraryState.revision)).one())


def made(session: Session) -> None:
    """Note that groups are those of the library as it is now."""
    session.execute(update(LibraryState).values(peopled=LibraryState.revision))


def in_group(session: Session, group_id: int) -> list[Face]:
    """The faces of a group that can be found, the largest first."""
    statement = (
        select(*_FACE)
        .join(Content, Content.id == Unit.content_id)
        .join(FaceMember, FaceMember.unit_id == Unit.id)
        .where(FaceMember.group_id == group_id, switches.findable(session, among_hidden=True))
        .order_by((Unit.w * Unit.h).desc(), Unit.id)
    )
    return [_face(row) for row in session.execute(statement)]


def face(session: Session, unit_id: int) -> Face | None:
    """A face by its unit; None for another unit, or none."""
    statement = select(*_FACE).join(Content, Content.id == Unit.content_id)
    seen = Unit.kind.in_(face_kinds()), Unit.x.is_not(None)
    row = session.execute(statement.where(Unit.id == unit_id, *seen)).first()
    return None if row is None else _face(row)


def group_of(session: Session, unit_id: int) -> Group | None:
    """The group of a face."""
    statement = (
        select(FaceGroup.id, FaceGroup.person_id, FaceGroup.name)
        .join(FaceMember, FaceMember.group_id == FaceGroup.id)
        .where(FaceMember.unit_id == unit_id)
    )
    row = session.execute(statement).first()
    return None if row is None else Group(*row)


def group(session: Session, group_id: int) -> Group | None:
    """A group by its id."""
    return next((one for one in every(session) if one.id == group_id), None)


StoredPeople = Mapping[str, Sequence[Mapping[str, Any]]]
"""The people of a library and their faces: rows by table."""


_TABLES: tuple[type[Base], ...] = (PersonRow, PersonFace, FaceGroup, FaceMember)


def stored(session: Session) -> StoredPeople:
    """All that is known of people, as it is now."""
    tables = [table.__table__ for table in _TABLES]
    return {
        table.description: [dict(row) for row in session.execute(select(table)).mappings()]
        for table in tables
    }


def put_back(session: Session, before: StoredPeople) -> None:
    """Let hold what was known of people before, as far as the faces are there, and nothing else."""
    for table in reversed(_TABLES):
        session.execute(delete(table))
    units = set(session.scalars(select(Unit.id).where(Unit.kind.in_(face_kinds()))))
    contents = set(session.scalars(select(Content.id)))
    for table in _TABLES:
        rows = [dict(row) for row in before[table.__tablename__]]
        if table is FaceMember:
            rows = [row for row in rows if row["content_id"] in contents]
            for row in rows:
                row["unit_id"] = row["unit_id"] if row["unit_id"] in units else None
        if rows:
            session.execute(insert(table), rows)
    revision.touch(session)


def face_kinds() -> tuple[str, ...]:
    """The kinds of units that are faces."""
    return kinds.of_modality(FACE, FACES)


def _face(row: Sequence[Any]) -> Face:
    unit_id, content_id, sha256, start_s, end_s, at_s, *box = row[:10]
    return Face(unit_id, content_id, sha256, start_s, end_s, at_s, Region(*box))
