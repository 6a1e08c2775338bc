"""People: whose the faces are in pictures and films, and what they are called.

Which faces are of one person is worked out in ``indexer.people``; here is what that reads and leaves. What
users said is in ``db.catalog.persons``. Functions take an open session.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Select, delete, exists, false, insert, select, true, union_all, update
from sqlalchemy.orm import Session, aliased

from db import kinds
from db.arrays import Vectors
from db.catalog import revision, spaces, switches
from db.catalog.persons import Face, of_row, same_face
from db.catalog.units import Region
from db.engine.batches import chunks
from db.engine.schema import Base, Content, Embedding, FaceGroup, FaceMember, LibraryState, Unit
from db.engine.users import PersonFace, PersonRow
from db.kinds import FACE, FACES
from db.words.forms import fold

_FACE: tuple[Any, ...] = (
    *(Unit.id, Unit.content_id, Content.sha256, Unit.start_s, Unit.end_s, Unit.at_s),
    *(Unit.x, Unit.y, Unit.w, Unit.h),
)

LARGE = 0.05
"""The share of the picture that a face has where it is what the picture is about."""


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


@dataclass(frozen=True)
class Person:
    """Somebody, or a group of faces of whom nobody has said who it is.

    ``id``: of the group; ``files``: how many pictures and films they are found in, ``faces`` how many times;
    ``cover``: the unit of the face that stands for them; ``said``: whether users have said something of
    them; ``said_by``: the user who named or hid them last, None where that is who asks.
    """

    id: int
    name: str | None
    files: int
    faces: int
    cover: int | None
    hidden: bool
    said: bool
    said_by: str | None = None


@dataclass(frozen=True)
class FaceSeen:
    """A face of one picture or film, and who it is: the group and its name, where these are known."""

    unit_id: int
    region: Region
    start_s: float | None
    end_s: float | None
    group_id: int | None
    name: str | None


# --- what groups are made of, and what is made


def faces(session: Session) -> tuple[list[Face], Vectors]:
    """All faces with a vector of the model that answers, and the vectors, (n, dim) of unit length."""
    space = spaces.active(session, FACE)
    if space is None:
        return [], np.empty((0, 0), np.float32)
    statement = (
        select(*_FACE, Embedding.vector)
        .join(Content, Content.id == Unit.content_id)
        .join(Embedding, Embedding.unit_id == Unit.id)
        .where(Embedding.space_id == space.id, Unit.kind.in_(_kinds()))
        .where(Unit.x.is_not(None))
        .order_by(Unit.id)
    )
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
        Named(unit.id, unit.content_id, unit.text or "", _region(unit))
        for unit in session.scalars(statement.order_by(Unit.id))
    ]


def groups(session: Session) -> list[Group]:
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


@dataclass(frozen=True)
class EarlierPeople:
    """The people of a library and their faces before something was said, to be put back: rows by table."""

    rows: Mapping[str, Sequence[Mapping[str, Any]]]


_TABLES: tuple[type[Base], ...] = (PersonRow, PersonFace, FaceGroup, FaceMember)


def earlier(session: Session) -> EarlierPeople:
    """All that is known of people, as it is now."""
    tables = [table.__table__ for table in _TABLES]
    return EarlierPeople(
        {
            table.description: [dict(row) for row in session.execute(select(table)).mappings()]
            for table in tables
        }
    )


def put_back(session: Session, before: EarlierPeople) -> None:
    """Let hold what was known of people before, as far as the faces are there, and nothing else."""
    for table in reversed(_TABLES):
        session.execute(delete(table))
    units = set(session.scalars(select(Unit.id).where(Unit.kind.in_(_kinds()))))
    contents = set(session.scalars(select(Content.id)))
    for table in _TABLES:
        rows = [dict(row) for row in before.rows[table.__tablename__]]
        if table is FaceMember:
            rows = [row for row in rows if row["content_id"] in contents]
            for row in rows:
                row["unit_id"] = row["unit_id"] if row["unit_id"] in units else None
        if rows:
            session.execute(insert(table), rows)
    revision.touch(session)


# --- asking


def seen(session: Session, name: str) -> Select[*tuple[Any, ...]]:
    """Where somebody of a name is: the content, and the first and last second, NULL for all of it.

    By a part of the name where nobody has all of it; case and accents do not matter.
    """
    wanted = fold(" ".join(name.split()))
    known = [*{group.name for group in groups(session) if group.name}, *_written(session)]
    same = [one for one in known if fold(one) == wanted] or [one for one in known if wanted in fold(one)]
    unit = aliased(Unit)
    return _spans(session, unit, of_faces=FaceGroup.name.in_(same), written=unit.text.in_(same))


def anybody(session: Session, _name: str) -> Select[*tuple[Any, ...]]:
    """Where anybody is, as ``seen``: each face, and each name of somebody who has none there."""
    unit = aliased(Unit)
    there = (
        exists()
        .where(FaceMember.content_id == unit.content_id, FaceMember.unit_id.is_not(None))
        .where(FaceGroup.id == FaceMember.group_id, FaceGroup.name == unit.text)
        .correlate(unit)
    )
    return _spans(session, unit, of_faces=true(), written=~there)


def large(session: Session, _name: str) -> Select[*tuple[Any, ...]]:
    """Where a face takes much of the picture, as ``seen``."""
    unit = aliased(Unit)
    return _spans(session, unit, of_faces=unit.w * unit.h >= LARGE, written=false())


def _spans(
    session: Session, unit: type[Unit], *, of_faces: ColumnElement[bool], written: ColumnElement[bool]
) -> Select[*tuple[Any, ...]]:
    found = switches.each_findable(session, unit, among_hidden=True)
    span = unit.content_id, unit.start_s, unit.end_s
    faces = (
        select(*span)
        .outerjoin(FaceMember, FaceMember.unit_id == unit.id)
        .outerjoin(FaceGroup, FaceGroup.id == FaceMember.group_id)
        .where(unit.kind.in_(_kinds()), of_faces, found)
    )
    both = union_all(
        faces, select(*span).where(unit.kind.in_(kinds.naming_people()), written, found)
    ).subquery()
    return select(both.c.content_id, both.c.start_s, both.c.end_s)


def every(session: Session) -> list[Person]:
    """All people and unnamed groups of whom anything can be found: those with a name first, by how often."""
    statement = (
        select(FaceMember.group_id, Unit.id, Unit.content_id, FaceMember.w * FaceMember.h)
        .join(Unit, Unit.id == FaceMember.unit_id)
        .where(switches.findable(session))
    )
    seen: dict[int, list[tuple[int, int, float]]] = {}
    for group_id, unit_id, content_id, area in session.connection().execute(statement):
        seen.setdefault(group_id, []).append((unit_id, content_id, area))
    said = {row.id: row for row in session.scalars(select(PersonRow))}
    chosen = _chosen(session)
    found = []
    for group in groups(session):
        if own := seen.get(group.id):
            units = {unit_id for unit_id, _, _ in own}
            cover = next((one for one in chosen.get(group.person_id or 0, ()) if one in units), None)
            row = said.get(group.person_id or 0)
            found.append(
                Person(
                    group.id,
                    group.name,
                    len({content_id for _, content_id, _ in own}),
                    len(own),
                    cover or max(own, key=lambda one: (one[2], -one[0]))[0],
                    row is not None and row.hidden,
                    row is not None,
                    None if row is None else row.said_by,
                )
            )
    return sorted(found, key=lambda one: (one.name is None, -one.files, one.id))


def _chosen(session: Session) -> dict[int, list[int]]:
    """The units of the faces that users chose to stand for each person."""
    statement = (
        select(PersonFace, FaceMember.unit_id, FaceMember.at_s, FaceMember.x, FaceMember.y)
        .add_columns(FaceMember.w, FaceMember.h)
        .join(Content, Content.sha256 == PersonFace.sha256)
        .join(FaceMember, FaceMember.content_id == Content.id)
        .where(PersonFace.shown)
    )
    found: dict[int, list[int]] = {}
    for row, unit_id, at_s, x, y, w, h in session.execute(statement):
        face = Member(0, 0, unit_id, at_s, Region(x, y, w, h))
        if unit_id is not None and same_face(of_row(row), face):
            found.setdefault(row.person_id, []).append(unit_id)
    return found


def of_content(session: Session, content_id: int) -> list[FaceSeen]:
    """The faces of a picture or film that can be found, from the left, in a film by time."""
    statement = (
        select(Unit, FaceGroup.id, FaceGroup.name)
        .outerjoin(FaceMember, FaceMember.unit_id == Unit.id)
        .outerjoin(FaceGroup, FaceGroup.id == FaceMember.group_id)
        .where(Unit.content_id == content_id, Unit.kind.in_(_kinds()))
        .where(switches.each_findable(session, among_hidden=True))
        .order_by(Unit.start_s, Unit.x)
    )
    found = []
    for unit, group_id, name in session.execute(statement):
        if (region := _region(unit)) is not None:
            found.append(FaceSeen(unit.id, region, unit.start_s, unit.end_s, group_id, name))
    return found


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
    seen = Unit.kind.in_(_kinds()), Unit.x.is_not(None)
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
    return next((one for one in groups(session) if one.id == group_id), None)


def names(session: Session) -> tuple[str, ...]:
    """The names of all people who are known and not hidden, by faces or by what is written in files."""
    return revision.remembered(session, "names of people", lambda: _names(session))


def _names(session: Session) -> tuple[str, ...]:
    hidden = {name for name in session.scalars(select(PersonRow.name).where(PersonRow.hidden)) if name}
    of_faces = {group.name for group in groups(session) if group.name}
    return tuple(sorted(of_faces.union(_written(session)) - hidden))


def _written(session: Session) -> set[str]:
    """The names that are written in pictures."""
    found = session.scalars(select(Unit.text).where(Unit.kind.in_(kinds.naming_people())).distinct())
    return {name for name in found if name}


def counts(session: Session) -> dict[str, int]:
    """How many pictures and films people of each name are found in, the most frequent first."""
    shown = set(names(session))
    of_faces = (
        select(FaceGroup.name, Unit.content_id)
        .join(FaceMember, FaceMember.group_id == FaceGroup.id)
        .join(Unit, Unit.id == FaceMember.unit_id)
        .where(FaceGroup.name.is_not(None), switches.findable(session))
    )
    written = select(Unit.text, Unit.content_id).where(
        Unit.kind.in_(kinds.naming_people()), switches.findable(session)
    )
    found: dict[str, set[int]] = {}
    for statement in (of_faces, written):
        for name, content_id in session.connection().execute(statement):
            if name in shown:
                found.setdefault(name, set()).add(content_id)
    numbers = {name: len(contents) for name, contents in found.items()}
    return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))


def _kinds() -> tuple[str, ...]:
    return kinds.of_modality(FACE, FACES)


def _face(row: Sequence[Any]) -> Face:
    unit_id, content_id, sha256, start_s, end_s, at_s, *box = row[:10]
    return Face(unit_id, content_id, sha256, start_s, end_s, at_s, Region(*box))


def _region(unit: Unit) -> Region | None:
    if unit.x is None or unit.y is None or unit.w is None or unit.h is None:
        return None
    return Region(unit.x, unit.y, unit.w, unit.h)
