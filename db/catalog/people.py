"""People: who is in pictures and films, what they are called, and the conditions on them.

Whose faces they are is in ``db.catalog.face_groups``. Functions take an open session.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, select, true, union_all
from sqlalchemy.orm import Session, aliased

from db import kinds
from db.catalog import face_groups, revision, switches
from db.catalog.face_groups import Member, face_kinds
from db.catalog.persons import of_row, same_face
from db.catalog.units import Region, region_of
from db.engine.schema import Content, FaceGroup, FaceMember, Unit
from db.engine.users import PersonFace, PersonRow
from db.words.forms import fold

LARGE = 0.05
"""The share of the picture that a face has where it is what the picture is about."""


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
class NamedHere:
    """Somebody who is named in a picture or film, where no face of theirs was found.

    ``unit_id``: of the name; ``region``: None for somewhere in it; ``by_hand``: users of Trove have said it,
    not the file.
    """

    unit_id: int
    name: str
    region: Region | None
    by_hand: bool


@dataclass(frozen=True)
class FaceSeen:
    """A face of one picture or film, and who it is: the group and its name, where these are known."""

    unit_id: int
    region: Region
    start_s: float | None
    end_s: float | None
    group_id: int | None
    name: str | None


def seen(session: Session, name: str) -> Select[*tuple[Any, ...]]:
    """Where somebody of a name is: the content, and the first and last second, NULL for all of it.

    By a part of the name where nobody has all of it; case and accents do not matter.
    """
    wanted = fold(" ".join(name.split()))
    known = [*{group.name for group in face_groups.every(session) if group.name}, *_written(session)]
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
        .where(unit.kind.in_(face_kinds()), of_faces, found)
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
    for group in face_groups.every(session):
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
        .where(Unit.content_id == content_id, Unit.kind.in_(face_kinds()))
        .where(switches.each_findable(session, among_hidden=True))
        .order_by(Unit.start_s, Unit.x)
    )
    found = []
    for unit, group_id, name in session.execute(statement):
        if (region := region_of(unit)) is not None:
            found.append(FaceSeen(unit.id, region, unit.start_s, unit.end_s, group_id, name))
    return found


def also_in(session: Session, content_id: int) -> list[NamedHere]:
    """Who is named in a picture or film beside those whose faces are found in it, by name."""
    seen = {fold(face.name) for face in of_content(session, content_id) if face.name}
    statement = select(Unit).where(
        Unit.content_id == content_id,
        Unit.kind.in_(kinds.naming_people()),
        switches.each_findable(session, among_hidden=True),
    )
    return [
        NamedHere(unit.id, unit.text, region_of(unit), unit.correction_id is not None)
        for unit in session.scalars(statement.order_by(Unit.text, Unit.id))
        if unit.text and fold(unit.text) not in seen
    ]


def names(session: Session) -> tuple[str, ...]:
    """The names of all people who are known and not hidden, by faces or by what is written in files."""
    return revision.remembered(session, "names of people", lambda: _names(session))


def _names(session: Session) -> tuple[str, ...]:
    hidden = {name for name in session.scalars(select(PersonRow.name).where(PersonRow.hidden)) if name}
    of_faces = {group.name for group in face_groups.every(session) if group.name}
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
