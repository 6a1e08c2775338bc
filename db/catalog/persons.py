"""What users said of people: names, whose a face is and whose it is not, whom they hide.

It is theirs: only they take it back. It hangs on the hash of the content, the second and the region, and
holds for whatever face is found there. Functions take an open session.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from db.catalog import revision
from db.catalog.units import Region, same_region
from db.engine.clock import utc_now
from db.engine.dialect import ME
from db.engine.users import PersonFace, PersonRow

SAME_S = 1.0
"""A face at the same place this soon is the same one: another detector may look at another frame."""


class _Placed(Protocol):
    """A face wherever it is kept."""

    @property
    def at_s(self) -> float | None: ...
    @property
    def region(self) -> Region: ...


class Face(NamedTuple):
    """A face that was found. ``start_s`` and ``end_s``: how long it is seen in a film."""

    unit_id: int
    content_id: int
    sha256: bytes
    start_s: float | None
    end_s: float | None
    at_s: float | None
    region: Region


class Said(NamedTuple):
    """A user's word that a face is a person's, or is not."""

    person_id: int
    is_theirs: bool
    shown: bool
    sha256: bytes
    at_s: float | None
    region: Region


def same_face(one: _Placed, other: _Placed) -> bool:
    """Whether two are the same face of one content: at the same second, and the same place."""
    if (one.at_s is None) != (other.at_s is None) or abs((one.at_s or 0.0) - (other.at_s or 0.0)) > SAME_S:
        return False
    return same_region(one.region, other.region)


def said(session: Session) -> list[Said]:
    """All that users said of faces."""
    return [of_row(row) for row in session.scalars(select(PersonFace).order_by(PersonFace.id))]


def every(session: Session) -> dict[int, str | None]:
    """The people of whom users said something, with the names that they gave."""
    return dict(session.execute(select(PersonRow.id, PersonRow.name).order_by(PersonRow.id)).all())


def hidden(session: Session) -> set[int]:
    """The people who are left out wherever people are listed."""
    return set(session.scalars(select(PersonRow.id).where(PersonRow.hidden)))


def add(session: Session, name: str | None) -> int:
    """Somebody new; returns the id."""
    row = PersonRow(name=name, said_at=utc_now())
    session.add(row)
    session.flush()
    return row.id


def rename(session: Session, person_id: int, name: str | None) -> None:
    """Give a person another name."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(name=name, author=ME))
    revision.touch(session)


def hide(session: Session, person_id: int, *, hidden: bool) -> None:
    """Leave a person out wherever people are listed, or not any more."""
    session.execute(update(PersonRow).where(PersonRow.id == person_id).values(hidden=hidden, author=ME))
    revision.touch(session)


def say(session: Session, person_id: int, own: Iterable[Face], *, is_theirs: bool = True) -> None:
    """Store that faces are a person's, whosever they were before, or that they are not."""
    for one in own:
        for row in session.scalars(select(PersonFace).where(PersonFace.sha256 == one.sha256)).all():
            about_them = row.person_id == person_id
            if same_face(of_row(row), one) and (about_them or (is_theirs and row.is_theirs)):
                session.delete(row)
        session.add(
            PersonFace(
                person_id=person_id,
                is_theirs=is_theirs,
                sha256=one.sha256,
                at_s=one.at_s,
                **one.region._asdict(),
            )
        )
    session.flush()
    revision.touch(session)


def show(session: Session, person_id: int, one: Face) -> None:
    """Let a face of a person stand for them."""
    rows = session.scalars(select(PersonFace).where(PersonFace.person_id == person_id, PersonFace.is_theirs))
    for row in rows:
        row.shown = row.sha256 == one.sha256 and same_face(of_row(row), one)
    revision.touch(session)


def move(session: Session, person_id: int, to_id: int) -> None:
    """Let all that was said of a person hold of another one; the first is no more."""
    session.execute(update(PersonFace).where(PersonFace.person_id == person_id).values(person_id=to_id))
    forget(session, person_id)


def forget(session: Session, person_id: int) -> None:
    """Delete a person, with all that was said of them."""
    session.execute(delete(PersonFace).where(PersonFace.person_id == person_id))
    session.execute(delete(PersonRow).where(PersonRow.id == person_id))
    revision.touch(session)


def forget_all(session: Session) -> None:
    """Delete all that was said of people."""
    session.execute(delete(PersonFace))
    session.execute(delete(PersonRow))
    revision.touch(session)


def of_row(row: PersonFace) -> Said:
    region = Region(row.x, row.y, row.w, row.h)
    return Said(row.person_id, row.is_theirs, row.shown, row.sha256, row.at_s, region)
